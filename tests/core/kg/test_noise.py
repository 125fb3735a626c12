import numpy as np
import pytest

from core.errors import TrainingError
from core.kg.noise import with_triples_added, with_triples_deleted
from core.kg.splits import random_split
from tests.toy import ACHE, DIABETES, DRD2, EDGES, GRIN1, METFORMIN, NODES, graph_of


def as_set(triples):
    return {tuple(triple) for triple in triples.tolist()}


def test_a_share_of_what_is_learned_from_is_deleted_and_nothing_else(starter):
    noisy = with_triples_deleted(starter, 0.4, seed=3)
    before, after = len(starter.training_triples), len(noisy.training_triples)
    assert before - after == round(0.4 * before)
    assert as_set(noisy.triples) < as_set(starter.triples)
    marks = starter.relation_rows(starter.source.never_trained)
    assert np.isin(noisy.triples[:, 1], marks).sum() == np.isin(starter.triples[:, 1], marks).sum() > 0


def test_added_triples_are_new_false_and_of_the_right_kinds(starter):
    split = random_split(starter, fraction=0.1, seed=5)
    noisy = with_triples_added(split.graph, 0.2, whole=starter, seed=5)
    added = noisy.triples[len(split.graph.triples) :].tolist()
    assert len(added) == round(0.2 * len(split.graph.training_triples)) == len({tuple(triple) for triple in added})
    joined = {frozenset((h, t)) for h, _, t in starter.triples.tolist()}  # the held-out pairs among them
    heads, tails = set(), set()
    for h, r, t in split.graph.training_triples.tolist():
        heads.add((r, h))
        tails.add((r, t))
    for h, r, t in added:
        assert h != t
        assert frozenset((h, t)) not in joined
        assert (r, h) in heads
        assert (r, t) in tails


def test_relations_are_added_as_often_as_they_occur(starter):
    noisy = with_triples_added(starter, 0.5, whole=starter, seed=0)
    share = lambda triples: np.bincount(triples[:, 1], minlength=starter.n_relations) / len(triples)  # noqa: E731
    assert share(noisy.triples[len(starter.triples) :]) == pytest.approx(share(starter.training_triples), abs=0.01)


@pytest.mark.parametrize("damage", [with_triples_deleted, lambda *a, **k: with_triples_added(*a, whole=a[0], **k)])
def test_the_seed_decides(starter, damage):
    one, same, other = (damage(starter, 0.2, seed=seed).triples for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert as_set(one) != as_set(other)


def test_texts_of_edges_stay_with_their_edges(toy):
    noisy = with_triples_added(toy, 0.2, whole=toy, seed=0)
    assert [*noisy.detail[: len(toy.triples)]] == [*toy.detail]
    assert len(noisy.triples) == len(noisy.detail) == len(noisy.provenance) > len(toy.triples)


def test_neither_the_other_direction_of_a_fact_nor_a_loop_is_added():
    """A ring of three genes: every two are joined, in one direction or the other."""
    ring = [(ACHE, "interacts_with", GRIN1), (GRIN1, "interacts_with", DRD2), (DRD2, "interacts_with", ACHE)]
    whole = graph_of(NODES, [(*edge, "", "") for edge in [*ring, (METFORMIN, "treats", DIABETES)]])
    with pytest.raises(TrainingError, match="Only 0 of 4 false triples"):
        with_triples_added(whole, 1.0, whole=whole, seed=0)


def test_a_graph_without_room_for_falsehood_is_refused():
    whole = graph_of(NODES, [edge for edge in EDGES if edge[1] == "treats"][2:3])  # one drug, one disease: joined
    with pytest.raises(TrainingError, match="Only 0 of 1 false triples"):
        with_triples_added(whole, 1.0, whole=whole, seed=0)
