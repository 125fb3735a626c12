import numpy as np
import pytest

from core.errors import TrainingError
from core.kg.splits import random_split, without_pairs
from tests.toy import ALZHEIMER, DONEPEZIL, EDGES, NODES, graph_of, row_of


def edges_between(graph, pair):
    return [edge for edge in graph.triples.tolist() if {edge[0], edge[2]} == set(pair)]


@pytest.mark.parametrize("seed", range(6))
def test_no_edge_joins_a_held_out_pair(toy, seed):
    split = random_split(toy, fraction=0.5, seed=seed)
    assert len(split.test) == 2
    for pair in split.test.tolist():
        assert edges_between(toy, pair)
        assert not edges_between(split.graph, pair)


def test_only_the_edges_between_held_out_pairs_are_missing(toy):
    split = random_split(toy, fraction=0.5, seed=1)
    held_out = sum(len(edges_between(toy, pair)) for pair in split.test.tolist())
    assert len(split.graph.triples) == len(EDGES) - held_out


def test_a_pair_of_two_relations_is_one_pair_and_leaves_as_a_whole():
    reverse = (ALZHEIMER, "resembles", DONEPEZIL, "", "")  # an edge against the direction leaks as well
    graph = graph_of(NODES, [*EDGES, reverse])
    pair = np.array([[row_of(graph, DONEPEZIL), row_of(graph, ALZHEIMER)]])
    assert len(edges_between(graph, pair[0].tolist())) == 3  # treats, palliates, the reverse one
    assert len(without_pairs(graph, pair).triples) == len(graph.triples) - 3
    assert len(graph.pairs("treats")) == 4


def test_rows_and_fingerprint_stay(toy):
    split = random_split(toy, fraction=0.25, seed=0)
    assert split.graph.vocabulary.fingerprint == toy.vocabulary.fingerprint
    assert split.graph.names == toy.names


def test_training_and_test_pairs_together_are_all_pairs(toy):
    split = random_split(toy, fraction=0.5, seed=3)
    together = {tuple(pair) for pair in [*split.graph.pairs("treats").tolist(), *split.test.tolist()]}
    assert together == {tuple(pair) for pair in toy.pairs("treats").tolist()}


def test_the_same_seed_gives_the_same_split(starter):
    first, again, other = (random_split(starter, fraction=0.1, seed=seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first.test, again.test)
    assert not np.array_equal(first.test, other.test)
    assert len(first.test) == round(0.1 * len(starter.pairs("treats")))


@pytest.mark.parametrize("fraction", [0.0, 0.01, 1.0])
def test_too_few_treatments_for_two_parts_are_refused(toy, fraction):
    with pytest.raises(TrainingError, match="4 known treatments"):
        random_split(toy, fraction=fraction, seed=0)
