"""Counts, against slow obvious loops and networkx."""

from collections import Counter
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from core.kg.census import count_kinds, count_relations, count_treatments, degrees, hubs
from tests.toy import ACHE, ALZHEIMER, DONEPEZIL, EDGES, NODES, PRION, graph_of, row_of

LOOP = (ACHE, "interacts_with", ACHE, "", "")
LONELY = ("Gene::lonely", "lonely", "Gene", "")


@pytest.fixture
def odd():
    """The toy graph with a self loop and a gene that nothing touches."""
    return graph_of([*NODES, LONELY], [*EDGES, LOOP])


def test_kinds_are_counted_with_their_facts(odd):
    kind = {node[0]: node[2] for node in NODES}
    touched = Counter(each for head, _, tail, *_ in [*EDGES, LOOP] for each in {kind[head], kind[tail]})
    counts = count_kinds(odd, described=[row_of(odd, ACHE), row_of(odd, DONEPEZIL)])
    assert {each.kind: each.entities for each in counts} == Counter(node[2] for node in [*NODES, LONELY])
    assert {each.kind: each.facts for each in counts} == touched
    assert {each.kind: each.isolated for each in counts} == {"Compound": 0, "Disease": 0, "Gene": 1, "Pharmacologic Class": 0}
    assert {each.kind: each.described for each in counts} == {"Compound": 1, "Disease": 0, "Gene": 1, "Pharmacologic Class": 0}
    assert [each.entities for each in counts] == sorted((each.entities for each in counts), reverse=True)


def test_relations_are_counted_by_the_kinds_that_they_join(toy):
    kind = {node[0]: node[2] for node in NODES}
    expected = Counter((kind[head], relation, kind[tail]) for head, relation, tail, *_ in EDGES)
    counts = count_relations(toy)
    assert {(each.start, each.relation, each.end): each.edges for each in counts} == expected
    assert [each.edges for each in counts] == sorted(expected.values(), reverse=True)


def test_a_relation_says_what_it_means(toy):
    by_name = {each.relation: each for each in count_relations(toy)}
    assert by_name["treats"].roles == ("treats",)
    assert by_name["contraindicated_in"].roles == ("contraindicated",)
    assert by_name["inhibits"].roles == ()
    assert (by_name["has_class"].phrase, by_name["has_class"].inverse) == ("belongs to the class", "is the class of")
    assert [each.relation for each in by_name.values() if not each.trained] == ["investigated_for"]
    assert all(each.declared for each in by_name.values())


def test_an_undeclared_relation_is_told():
    graph = graph_of(NODES, [*EDGES, (ACHE, "made_up", ALZHEIMER, "", "")])
    assert [each.relation for each in count_relations(graph) if not each.declared] == ["made_up"]


def test_treatments_are_counted_as_in_the_drawing_of_the_toy(toy):
    """Four diseases: Alzheimer's, Parkinson's and diabetes are treated; prion disease is not. Five drugs have a use."""
    counts = count_treatments(toy)
    assert (counts.diseases, counts.treated, counts.relieved, counts.untreated) == (4, 3, 0, 1)
    assert (counts.drugs, counts.used, counts.pairs) == (6, 5, 6)


def test_a_disease_that_is_only_relieved_is_counted_apart(toy):
    graph = graph_of(NODES, [*EDGES, (DONEPEZIL, "palliates", PRION, "", "")])
    assert (count_treatments(graph).treated, count_treatments(graph).relieved, count_treatments(graph).untreated) == (3, 1, 0)


def test_degrees_and_hubs_are_those_of_networkx(odd):
    multigraph = nx.MultiGraph()
    multigraph.add_nodes_from(range(odd.n_entities))
    multigraph.add_edges_from(odd.triples[:, [0, 2]].tolist())
    loops = Counter(head for head, _, tail in odd.triples.tolist() if head == tail)
    expected = [multigraph.degree(row) - loops[row] for row in range(odd.n_entities)]  # networkx counts a loop twice
    np.testing.assert_array_equal(degrees(odd), expected)
    assert hubs(odd, top=1) == [(row_of(odd, ALZHEIMER), max(expected))]
    assert [edges for _, edges in hubs(odd, top=99)] == sorted(expected, reverse=True)


def test_a_graph_without_drugs_is_counted(toy):
    none = count_treatments(replace(toy, kinds=tuple("Thing" for _ in toy.kinds)))
    assert (none.diseases, none.drugs, none.pairs, none.untreated) == (0, 0, 0, 0)
