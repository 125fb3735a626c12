from dataclasses import replace

import numpy as np
import pytest

from core.errors import ConfigError, LeakError, TrainingError, UnknownNameError
from core.kg.areas import areas
from core.kg.splits import (
    Split,
    area_split,
    check_no_leak,
    external_split,
    part_split,
    random_split,
    without_pairs,
    zero_shot_split,
)
from tests.toy import ALZHEIMER, ASPIRIN, DIABETES, DONEPEZIL, EDGES, METFORMIN, NODES, PARKINSON, PRION, graph_of, row_of


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


def test_the_parts_hold_every_treatment_once(starter):
    parts = [part_split(starter, number=number).test for number in range(5)]
    assert sorted(np.concatenate(parts).tolist()) == sorted(starter.pairs("treats").tolist())
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_part_is_the_same_each_time_and_the_next_five_are_others(starter):
    assert np.array_equal(part_split(starter, number=3).test, part_split(starter, number=3).test)
    assert not np.array_equal(part_split(starter, number=3).test, part_split(starter, number=8).test)


def test_fewer_treatments_than_parts_are_refused(toy):
    with pytest.raises(TrainingError, match="at least 5"):
        part_split(toy, number=0)


@pytest.mark.parametrize("seed", range(3))
def test_zero_shot_leaves_no_treatment_of_the_chosen_diseases(toy, seed):
    split = zero_shot_split(toy, seed=seed, fraction=0.34)
    (disease,) = set(split.test[:, 1].tolist())  # one of three treated diseases
    assert disease not in split.graph.known[:, 1]
    treats = {tuple(pair) for pair in toy.pairs("treats").tolist() if pair[1] == disease}
    assert {tuple(pair) for pair in split.test.tolist()} == treats
    others = [pair for pair in toy.known.tolist() if pair[1] != disease]
    assert split.graph.known.tolist() == others


def test_zero_shot_chooses_a_fifth_of_the_treated_diseases(starter):
    first, again, other = (zero_shot_split(starter, seed=seed) for seed in (1, 1, 2))
    treated = np.unique(starter.pairs("treats")[:, 1])
    assert len(np.unique(first.test[:, 1])) == round(len(treated) / 5)
    np.testing.assert_array_equal(first.test, again.test)
    assert not np.array_equal(first.test, other.test)


def test_zero_shot_needs_several_treated_diseases(toy):
    with pytest.raises(TrainingError, match="3 treated diseases"):
        zero_shot_split(toy, seed=0, fraction=0.1)


BRAIN, PANCREAS = "Anatomy::brain", "Anatomy::pancreas"
ORGANS = [(BRAIN, "brain", "Anatomy", "encephalon"), (PANCREAS, "pancreas", "Anatomy", "")]
PLACES = [(ALZHEIMER, BRAIN), (PARKINSON, BRAIN), (PRION, BRAIN), (DIABETES, PANCREAS)]


@pytest.fixture
def with_areas():
    edges = [(disease, "localizes_to", organ, "", "") for disease, organ in PLACES]
    return graph_of([*NODES, *ORGANS], [*EDGES, *edges])


def test_an_area_is_all_diseases_of_an_organ(with_areas):
    found = areas(with_areas)
    assert [(area.name, area.n_treatments) for area in found] == [("brain", 3), ("pancreas", 1)]
    assert found[0].diseases.tolist() == [row_of(with_areas, d) for d in (ALZHEIMER, PARKINSON, PRION)]


@pytest.mark.parametrize("name", ["brain", "Brain", "encephalon", BRAIN])
def test_an_area_is_held_out_as_a_whole(with_areas, name):
    split = area_split(with_areas, name)
    brain = {row_of(with_areas, disease) for disease, organ in PLACES if organ == BRAIN}
    assert set(split.graph.known[:, 1].tolist()) == {row_of(with_areas, DIABETES)}
    assert {tuple(p) for p in split.test.tolist()} == {tuple(p) for p in with_areas.pairs("treats").tolist() if p[1] in brain}
    assert "area brain (3 diseases)" in split.name


def test_an_unknown_area_names_those_that_there_are(with_areas):
    with pytest.raises(UnknownNameError, match=r"brain \(3 diseases\); pancreas \(1 diseases\)"):
        area_split(with_areas, "lung")


def test_a_graph_without_areas_says_what_to_declare(toy):
    with pytest.raises(ConfigError, match="has none of its area relations \\(localizes_to\\)"):
        area_split(toy, "brain")
    undeclared = replace(toy, source=toy.source.replace(area_relations=()))
    with pytest.raises(ConfigError, match="declares no area relation"):
        area_split(undeclared, "brain")


def test_an_area_with_all_treatments_leaves_nothing_to_learn(with_areas):
    only = with_areas.kept(with_areas.triples[:, 2] != row_of(with_areas, DIABETES))
    with pytest.raises(TrainingError, match="3 of the graph's 3 treatments"):
        area_split(only, "brain")


def test_shipped_areas_are_organs(starter):
    found = {area.name: area for area in areas(starter)}
    assert {"brain", "kidney", "lung", "heart"} <= set(found)
    assert starter.kinds[found["brain"].row] == "Anatomy"


def pairs_of(graph, *pairs):
    return np.array([[row_of(graph, drug), row_of(graph, disease)] for drug, disease in pairs])


def test_pairs_from_outside_are_asked_of_the_graph_as_it_is(toy):
    split = external_split(toy, pairs_of(toy, (ASPIRIN, PRION), (ASPIRIN, PRION), (METFORMIN, PRION)), "file")
    assert split.graph is toy
    assert len(split.test) == 2  # one pair is one pair


@pytest.mark.parametrize("relation", ["treats", "palliates", "contraindicated_in", "resembles"])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_pair_that_the_graph_joins_is_a_leak_whatever_the_relation(relation, reverse):
    ends = (PRION, ASPIRIN) if reverse else (ASPIRIN, PRION)
    graph = graph_of(NODES, [*EDGES, (ends[0], relation, ends[1], "", "")])
    asked = pairs_of(graph, (ASPIRIN, PRION), (METFORMIN, PRION))
    with pytest.raises(LeakError, match=r"1 of 2 test pairs are in the graph.*aspirin - prion disease"):
        external_split(graph, asked, "file")


def test_a_relation_that_no_model_learns_from_is_no_leak(toy):
    check_no_leak(toy, pairs_of(toy, (METFORMIN, ALZHEIMER)))  # investigated for


def test_a_leak_names_the_first_pairs_and_counts_the_rest(toy):
    with pytest.raises(LeakError, match=r"6 of 6 test pairs.*; .* and 1 more"):
        Split("broken", toy, toy.known)
