import pytest

from core.casestudy.overview import GraphCounts, count_graph, summarise_disease, untreated_diseases
from tests.toy import ALZHEIMER, DIABETES, DONEPEZIL, EDGES, HALOPERIDOL, PARKINSON, PRION, graph_of, row_of


def test_the_toy_graph_is_counted(toy):
    assert count_graph(toy) == GraphCounts(drugs=6, diseases=4, facts=26, corroborated=sum(bool(edge[4]) for edge in EDGES))


def test_a_disease_by_hand(toy):
    """Two treat it, two relieve it (donepezil both), metformin and aspirin are in trials, levodopa is cautioned."""
    summary = summarise_disease(toy, row_of(toy, ALZHEIMER))
    assert (summary.name, summary.synonyms, summary.genes) == ("Alzheimer's disease", ("AD", "dementia"), 2)
    assert summary.drugs == {"treats": 2, "palliates": 2, "investigated": 2, "contraindicated": 0, "cautioned": 1}
    assert summary.similar == ("prion disease",)
    assert not summary.untreated


@pytest.mark.parametrize(("disease", "untreated"), [(PRION, True), (PARKINSON, False), (DIABETES, False)])
def test_a_disease_without_a_treatment_is_said_to_be_so(toy, disease, untreated):
    assert summarise_disease(toy, row_of(toy, disease)).untreated is untreated
    assert (row_of(toy, disease) in untreated_diseases(toy)) is untreated


def test_a_disease_that_is_only_relieved_is_not_untreated(toy):
    relations = toy.vocabulary.relation_row
    only_relieved = toy.kept(toy.triples[:, 1] != relations["treats"])
    assert not summarise_disease(only_relieved, row_of(toy, ALZHEIMER)).untreated
    assert untreated_diseases(only_relieved) == [row_of(toy, PRION), row_of(toy, DIABETES)]  # two facts, then one


def test_roles_that_a_graph_does_not_have_count_nothing(toy):
    relations = toy.vocabulary.relation_row
    nodes = [("d", "d", "Compound", ""), ("x", "x", "Disease", "")]
    summary = summarise_disease(graph_of(nodes, [("d", "treats", "x", "", "")]), 1)
    assert summary.drugs == dict.fromkeys(summary.drugs, 0) | {"treats": 1}
    assert {DONEPEZIL, HALOPERIDOL} < set(toy.vocabulary.entities)
    assert "treats" in relations
