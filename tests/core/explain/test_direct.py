import pytest

from core.explain.direct import direct_facts
from tests.toy import ALZHEIMER, ASPIRIN, DONEPEZIL, EDGES, HALOPERIDOL, PARKINSON, graph_of, row_of


def texts(graph, drug, disease, *roles):
    return [item.text for item in direct_facts(graph, row_of(graph, drug), row_of(graph, disease), *roles)]


def test_all_edges_between_the_two_are_read(toy):
    expected = ["donepezil treats Alzheimer's disease", "donepezil relieves symptoms of Alzheimer's disease"]
    assert texts(toy, DONEPEZIL, ALZHEIMER) == expected


def test_a_detail_is_read_too(toy):
    assert texts(toy, HALOPERIDOL, PARKINSON) == ["haloperidol is contraindicated in Parkinson's disease (blocks dopamine)"]


@pytest.mark.parametrize(
    ("roles", "count"), [(("treats",), 1), (("palliates",), 1), (("treats", "palliates"), 2), (("cautioned",), 0)]
)
def test_roles_choose(toy, roles, count):
    assert len(texts(toy, DONEPEZIL, ALZHEIMER, *roles)) == count


def test_a_pair_without_an_edge_has_no_fact(toy):
    assert texts(toy, ASPIRIN, PARKINSON) == []


def test_each_edge_between_a_drug_and_a_disease_is_a_fact_of_its_pair(toy):
    for drug in toy.drugs.tolist():
        for disease in toy.diseases.tolist():
            ids = {toy.vocabulary.entities[drug], toy.vocabulary.entities[disease]}
            expected = [edge for edge in EDGES if {edge[0], edge[2]} == ids]
            found = direct_facts(toy, drug, disease)
            assert [(item.detail, item.provenance) for item in found] == [edge[3:] for edge in expected]


def test_an_edge_from_the_disease_is_read_backwards():
    nodes = [("d", "d", "Compound", ""), ("x", "x", "Disease", "")]
    graph = graph_of(nodes, [("d", "treats", "x", "", ""), ("x", "presents", "d", "", "")])
    assert texts(graph, "d", "x") == ["d treats x", "d is a symptom of x"]
