from collections import Counter

import numpy as np
import pytest

from core.config import TrainingSettings
from core.errors import TrainingError
from core.kge.sampling import ChunkSampler, frequency_weights, with_inverses
from tests.core.kge.tables import run_settings
from tests.toy import toy_graph

TOY = toy_graph()
FILLED = TrainingSettings(batch_size=8, chunk_size=4, negatives=3)
SHAPES = [
    FILLED,
    FILLED.replace(type_constrained=False),
    FILLED.replace(negatives=40),  # more than there are entities
    FILLED.replace(chunk_size=100, batch_size=100),  # more than there are triples
    FILLED.replace(chunk_size=1, batch_size=1, negatives=1),
]


def sampler(settings):
    return ChunkSampler(TOY.training_triples, TOY.kind_codes, TOY.n_relations, settings)


def slow_directed():
    """All true triples in both directions."""
    triples = [tuple(map(int, triple)) for triple in TOY.training_triples]
    return [*triples, *((t, r + TOY.n_relations, h) for h, r, t in triples)]


def positives(batch):
    """Yield (chunk, place, triple) of all places that are filled."""
    for k, c in zip(*np.nonzero(batch.weights), strict=True):
        yield k, c, (int(batch.heads[k, c]), int(batch.relations[k, c]), int(batch.tails[k, c]))


@pytest.mark.parametrize("settings", SHAPES)
def test_an_epoch_asks_each_triple_once_in_each_direction(settings):
    seen = [triple for batch in sampler(settings).epoch(0) for _, _, triple in positives(batch)]
    assert Counter(seen) == Counter(slow_directed())
    assert len(seen) == sampler(settings).n_positives == 2 * len(TOY.training_triples)


@pytest.mark.parametrize("settings", SHAPES)
def test_what_fills_up_a_chunk_has_no_weight(settings):
    for batch in sampler(settings).epoch(0):
        assert (batch.weights >= 0).all()
        assert batch.weights.any(axis=1).all()  # no chunk is empty


@pytest.mark.parametrize("settings", SHAPES)
def test_a_corruption_is_left_out_if_and_only_if_it_is_true_or_a_filler(settings):
    true = set(slow_directed())
    for batch in sampler(settings).epoch(1):
        for k, c, (head, relation, _) in positives(batch):
            drawn = len(allowed_tails(relation, settings))  # there is no more to draw: what comes after only fills up
            expected = [
                place >= drawn or (head, relation, tail) in true for place, tail in enumerate(batch.negatives[k].tolist())
            ]
            assert batch.known[k, c].tolist() == expected


@pytest.mark.parametrize("settings", SHAPES)
def test_corruptions_of_a_chunk_are_distinct_and_as_many_as_can_be(settings):
    for batch in sampler(settings).epoch(0):
        for k, _, (_, relation, _) in positives(batch):
            allowed = allowed_tails(relation, settings)
            drawn = batch.negatives[k, : min(settings.negatives, len(allowed))].tolist()
            assert len(set(drawn)) == len(drawn)
            assert set(drawn) <= allowed
            assert batch.known[k, :, len(drawn) :].all()


def allowed_tails(relation, settings):
    """Entities of the kinds that stand at the end of a directed relation."""
    kinds = {TOY.kinds[tail] for _, r, tail in slow_directed() if r == relation}
    return {row for row in range(TOY.n_entities) if TOY.kinds[row] in kinds or not settings.type_constrained}


def test_every_allowed_entity_is_drawn_about_equally_often():
    drawn = Counter()
    for epoch in range(300):
        for batch in sampler(FILLED).epoch(epoch):
            for k in range(len(batch.negatives)):
                if TOY.kinds[batch.tails[k, 0]] == "Gene":
                    drawn.update(batch.negatives[k].tolist())
    share = np.array([drawn[row] for row in TOY.of_kind("Gene")]) / sum(drawn.values())
    np.testing.assert_allclose(share, 1 / 5, atol=0.02)
    assert set(drawn) == set(TOY.of_kind("Gene").tolist())


def test_the_same_epoch_repeats_exactly_and_another_differs():
    first, again, other = (list(sampler(FILLED).epoch(number)) for number in (3, 3, 4))
    for one, two in zip(first, again, strict=True):
        for name, array in vars(one).items():
            np.testing.assert_array_equal(array, getattr(two, name))
    assert any(not np.array_equal(one.heads, two.heads) for one, two in zip(first, other, strict=True))


def test_an_epoch_does_not_depend_on_those_before_it():
    used, fresh = sampler(FILLED), sampler(FILLED)
    list(used.epoch(0))
    for one, two in zip(used.epoch(1), fresh.epoch(1), strict=True):
        np.testing.assert_array_equal(one.negatives, two.negatives)
        np.testing.assert_array_equal(one.known, two.known)


def test_another_seed_is_another_order():
    one, two = (next(iter(sampler(FILLED.replace(seed=seed)).epoch(0))) for seed in (0, 1))
    assert not np.array_equal(one.heads, two.heads)


def test_a_relation_of_one_vs_all_competes_with_every_entity_of_its_kind():
    treats = TOY.vocabulary.relation_row["treats"]
    whole = ChunkSampler(TOY.training_triples, TOY.kind_codes, TOY.n_relations, FILLED, one_vs_all=[treats])
    batches = list(whole.epoch(0))
    assert Counter(triple for batch in batches for _, _, triple in positives(batch)) == Counter(slow_directed())
    for batch in batches:
        for k, c, (head, relation, _) in positives(batch):
            if relation % TOY.n_relations == treats:
                assert set(batch.negatives[k].tolist()) == allowed_tails(relation, FILLED)
                expected = [(head, relation, tail) in set(slow_directed()) for tail in batch.negatives[k].tolist()]
                assert batch.known[k, c].tolist() == expected
            else:
                assert batch.negatives.shape[1] == FILLED.negatives


def test_inverses_stand_below():
    directed = with_inverses(np.array([[0, 1, 2], [3, 0, 4]], dtype=np.int32), 5)
    assert directed.tolist() == [[0, 1, 2], [3, 0, 4], [2, 6, 0], [4, 5, 3]]


def test_frequency_weights_are_the_slow_loop():
    directed = slow_directed()
    half = len(directed) // 2
    forward = [
        (sum(a[:2] == (h, r) for a in directed[:half]) + sum(a[1:] == (r, t) for a in directed[:half])) ** -0.5
        for h, r, t in directed[:half]
    ]
    expected = np.array(forward + forward)  # a triple weighs the same in both directions
    np.testing.assert_allclose(frequency_weights(np.array(directed)), expected / expected.mean(), rtol=1e-12)


def test_weights_reach_the_batch_or_are_one():
    weighed = dict(zip(slow_directed(), frequency_weights(np.array(slow_directed())), strict=True))
    for batch, plain in zip(sampler(FILLED).epoch(0), sampler(FILLED.replace(frequency_weights=False)).epoch(0), strict=True):
        for k, c, triple in positives(batch):
            assert batch.weights[k, c] == pytest.approx(weighed[triple], rel=1e-6)
            assert plain.weights[k, c] == 1


def test_a_graph_without_edges_is_refused():
    with pytest.raises(TrainingError, match="no edges"):
        ChunkSampler(np.empty((0, 3), dtype=np.int32), TOY.kind_codes, TOY.n_relations, FILLED)


@pytest.mark.parametrize("one_vs_all", [(), (0, 3)])
@pytest.mark.parametrize("chunk_size", [3, 4, 64])
def test_the_number_of_batches_is_told_before(toy, one_vs_all, chunk_size):
    settings = run_settings(chunk_size=chunk_size).training
    sampler = ChunkSampler(toy.training_triples, toy.kind_codes, toy.n_relations, settings, one_vs_all=one_vs_all)
    assert len(list(sampler.epoch(5))) == sampler.n_batches


@pytest.mark.parametrize(("batch_size", "notices"), [(10_000, 1), (2 * len(TOY.training_triples), 0)])
def test_a_batch_larger_than_the_graph_is_said(caplog, batch_size, notices):
    sampler(FILLED.replace(batch_size=batch_size))
    assert len(caplog.records) == notices
    assert caplog.text.count(f"has {2 * len(TOY.training_triples)} edges counted in both directions") == notices
