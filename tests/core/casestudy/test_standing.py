import numpy as np
import pytest

from core.casestudy.standing import Popularity, beats_popularity, percentile_interval
from core.fusion.ensemble import EnsembleScorer
from tests.toy import ALZHEIMER, DONEPEZIL


class Table:
    name = "table"

    def __init__(self, graph, values):
        self._graph, self._values = graph, np.asarray(values, dtype=float)

    def scores(self, drugs, diseases):
        return self._values[np.ix_(np.searchsorted(self._graph.diseases, diseases), np.searchsorted(self._graph.drugs, drugs))]


def test_the_interval_spans_the_percentiles_of_the_members(toy):
    """Six drugs; one member has the first drug on top (100), the other at the bottom (0)."""
    up, down = (Table(toy, np.tile(row, (4, 1))) for row in (np.arange(6)[::-1], np.arange(6)))
    found = percentile_interval(EnsembleScorer("two", [up, down], toy.drugs), toy.drugs, int(toy.diseases[0]))
    assert found.low.tolist() == [0, 20, 40, 40, 20, 0]
    assert found.high.tolist() == [100, 80, 60, 60, 80, 100]
    assert found.members == 2


def test_a_scorer_without_members_has_no_interval(toy):
    assert percentile_interval(Table(toy, np.zeros((4, 6))), toy.drugs, int(toy.diseases[0])) is None


def test_a_drug_that_is_high_everywhere_falls_when_popularity_is_taken_out(toy):
    """The first drug has 10 for all diseases; the second has 9 for one disease and 0 elsewhere."""
    values = np.tile(np.array([10.0, 0, 1, 2, 1, 2]), (4, 1)) + np.random.default_rng(0).normal(0, 0.1, (4, 6))
    values[0, 1] = 9
    scores = values[0]
    ranks = Popularity.of(Table(toy, values), toy).adjusted_ranks(scores)
    assert np.argsort(-scores)[0] == 0
    assert ranks[1] == 1
    assert ranks[0] > 1


def test_adjusted_ranks_follow_the_formula(toy):
    values = np.random.default_rng(1).normal(size=(4, 6))
    unit = (values - values.mean(1, keepdims=True)) / values.std(1, keepdims=True)
    expected = (unit[2] - unit.mean(0)) / unit.std(0)
    ranks = Popularity.of(Table(toy, values), toy).adjusted_ranks(values[2])
    assert ranks == pytest.approx(1 + (expected[None] > expected[:, None]).sum(1))


def test_only_a_place_above_that_of_the_degree_beats_popularity(toy):
    """Beside Alzheimer's disease, donepezil, metformin and levodopa have one known use each: they share place 2 by degree."""
    disease = toy.vocabulary.entity_row[ALZHEIMER]
    donepezil = np.searchsorted(toy.drugs, toy.vocabulary.entity_row[DONEPEZIL])
    ranks = np.full(6, 6.0)
    for place, beats in ((1, True), (2, False), (3, False)):
        ranks[donepezil] = place
        assert beats_popularity(toy, disease, ranks)[donepezil] == beats
