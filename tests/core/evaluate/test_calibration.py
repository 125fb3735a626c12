import numpy as np
import pytest

from core.evaluate import calibration
from core.evaluate.calibration import calibrate, summarised
from core.kg.splits import random_split
from tests.core.evaluate.scorers import KnownScorer, TableScorer, many_diseases


@pytest.fixture
def graph():
    return many_diseases()


def test_the_error_is_the_weighted_distance_by_hand(monkeypatch):
    monkeypatch.setattr(calibration, "EDGES", (0.0, 0.5, 1.0))
    found = summarised(np.array([0.8, 0.2, 0.0, 0.6]), np.array([True, False, False, False]), "by hand")
    assert found.predicted == pytest.approx([0.1, 0.7])
    assert found.observed == [0.0, 0.5]
    assert found.counts == [2, 2]
    assert found.expected_error == pytest.approx((0.1 + 0.2) / 2)


def test_true_probabilities_have_next_to_no_error():
    generator = np.random.default_rng(0)
    probability = generator.random(40_000) ** 4
    labels = generator.random(40_000) < probability
    found = summarised(probability, labels, "x")
    assert sum(found.counts) == 40_000
    assert found.predicted == sorted(found.predicted)
    assert found.expected_error < 0.01
    assert summarised(np.minimum(probability * 2, 1), labels, "x").expected_error > 0.05


def test_scores_become_shares_on_diseases_that_the_map_did_not_see(graph):
    test = random_split(graph, fraction=0.3, seed=0).test
    found = calibrate(TableScorer(), graph, test)
    diseases = np.unique(test[:, 1])
    known = {tuple(pair) for pair in graph.known.tolist()} - {tuple(pair) for pair in test.tolist()}
    asked = sum((drug, disease) not in known for drug in graph.drugs.tolist() for disease in diseases.tolist())
    assert sum(found.counts) == asked
    share = len(test) / asked
    assert np.average(found.predicted, weights=found.counts) == pytest.approx(share, rel=0.1)  # all equal: the share of each fold
    assert max(found.predicted) < 2 * share
    perfect = calibrate(KnownScorer(test, 1), graph, test)
    assert perfect.observed[-1] == 1.0
    assert perfect.predicted[-1] > 0.8


def test_folds_are_whole_diseases(graph, monkeypatch):
    test = random_split(graph, fraction=0.3, seed=0).test
    seen, fit = [], calibration._platt
    monkeypatch.setattr(calibration, "_platt", lambda v, y, a: (seen.append((len(v), len(a))), fit(v, y, a))[1])
    found = calibrate(TableScorer(), graph, test, folds=4)
    assert len(seen) == 4
    assert {inside + outside for inside, outside in seen} == {sum(found.counts)}
    assert sum(outside for _, outside in seen) == sum(found.counts)


def test_one_disease_cannot_be_judged_by_others(graph):
    test = random_split(graph, fraction=0.3, seed=0).test
    assert calibrate(TableScorer(), graph, test[test[:, 1] == test[0, 1]]) is None
