import numpy as np
import pytest

from tests.toy import (
    ALZHEIMER,
    ASPIRIN,
    DIABETES,
    DONEPEZIL,
    EDGES,
    HALOPERIDOL,
    LEVODOPA,
    MEMANTINE,
    METFORMIN,
    NODES,
    PARKINSON,
    graph_of,
    row_of,
)


def identifiers(graph, pairs):
    return {tuple(graph.vocabulary.entities[row] for row in pair) for pair in pairs}


def slow_neighbours(graph, node):
    """Walk over all edges: (neighbour, directed relation, edge) in both directions."""
    found = []
    for edge, (head, relation, tail) in enumerate(graph.triples.tolist()):
        if head == node:
            found.append((tail, relation, edge))
        if tail == node:
            found.append((head, relation + graph.n_relations, edge))
    return sorted(found)


@pytest.mark.parametrize("node", range(len(NODES)))
def test_adjacency_lists_each_edge_at_both_ends(toy, node):
    adjacency = toy.adjacency
    entries = adjacency.entries(node)
    listed = zip(adjacency.neighbours[entries], adjacency.relations[entries], adjacency.edges[entries], strict=True)
    assert sorted(tuple(map(int, entry)) for entry in listed) == slow_neighbours(toy, node)


def test_a_loop_is_listed_in_both_directions(toy):
    graph = graph_of(NODES, [*EDGES, (ALZHEIMER, "resembles", ALZHEIMER, "", "")])
    node = row_of(graph, ALZHEIMER)
    entries = graph.adjacency.entries(node)
    assert sum(graph.adjacency.neighbours[entries] == node) == 2
    assert len(slow_neighbours(graph, node)) == entries.stop - entries.start


def test_kinds_have_their_rows(toy):
    assert toy.drugs.tolist() == [0, 1, 2, 3, 4, 5]
    assert toy.diseases.tolist() == [6, 7, 8, 9]
    assert [toy.kind_names[code] for code in toy.kind_codes] == [node[2] for node in NODES]


def test_pairs_are_those_of_the_declared_roles(toy):
    expected = {(DONEPEZIL, ALZHEIMER), (MEMANTINE, ALZHEIMER), (METFORMIN, DIABETES), (LEVODOPA, PARKINSON)}
    assert identifiers(toy, toy.pairs("treats")) == expected
    assert identifiers(toy, toy.pairs("contraindicated")) == {(HALOPERIDOL, PARKINSON)}
    assert identifiers(toy, toy.pairs("investigated")) == {(METFORMIN, ALZHEIMER), (ASPIRIN, ALZHEIMER)}


def test_a_pair_of_two_relations_is_known_once(toy):
    slow = {(head, tail) for head, relation, tail, _, _ in EDGES if relation in ("treats", "palliates")}
    assert identifiers(toy, toy.known) == slow
    assert len(toy.known) == len(slow) == 6


def test_a_role_that_no_edge_has_gives_no_pairs():
    graph = graph_of(NODES, [edge for edge in EDGES if edge[1] != "cautioned_in"])
    assert graph.pairs("cautioned").shape == (0, 2)


def test_a_head_that_is_no_drug_makes_no_pair():
    graph = graph_of(NODES, [*EDGES, ("Gene::ACHE", "treats", ALZHEIMER, "", "")])
    assert ("Gene::ACHE", ALZHEIMER) not in identifiers(graph, graph.pairs("treats"))


def test_relations_that_are_never_trained_are_no_training_triples(toy):
    investigated = toy.vocabulary.relation_row["investigated_for"]
    assert investigated not in toy.training_triples[:, 1]
    assert len(toy.training_triples) == sum(edge[1] != "investigated_for" for edge in EDGES)


def test_kept_edges_bring_their_detail_and_provenance(toy):
    keep = np.array([edge[3] != "" for edge in EDGES])
    kept = toy.kept(keep)
    assert kept.detail == tuple(edge[3] for edge in EDGES if edge[3])
    assert kept.provenance == tuple(edge[4] for edge in EDGES if edge[3])
    assert kept.vocabulary.fingerprint == toy.vocabulary.fingerprint
    assert kept.n_entities == toy.n_entities


def test_fingerprint_changes_with_the_row_order(toy):
    assert graph_of(NODES[::-1], EDGES).vocabulary.fingerprint != toy.vocabulary.fingerprint


def test_pair_codes_do_not_overflow(toy):
    pairs = np.array([[2**31 - 1, 5]], dtype=np.int32)
    assert toy.pair_codes(pairs).tolist() == [(2**31 - 1) * len(NODES) + 5]
