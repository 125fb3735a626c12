import numpy as np
import pytest

from core.fusion import EnsembleScorer, standardised
from tests.core.casestudy.scorers import FixedScorer, RandomScorer

DRUGS = np.array([3, 5, 8, 9])


def test_each_disease_has_mean_zero_and_deviation_one():
    scores = np.random.default_rng(0).standard_normal((5, 40)) * [[1], [1e-6], [1e6], [3], [7]] + 100
    made = standardised(scores)
    np.testing.assert_allclose(made.mean(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(made.std(axis=1), 1, rtol=1e-6)
    for row, result in zip(scores, made, strict=True):
        assert np.argsort(row).tolist() == np.argsort(result).tolist()


@pytest.mark.parametrize("value", [0.0, 0.1, -7.3, 1e6])
def test_equal_scores_become_zero(value):
    assert standardised(np.full((2, 7), value)).tolist() == np.zeros((2, 7)).tolist()


def test_standardised_by_hand():
    assert standardised(np.array([[1.0, 3.0], [5.0, 5.0]])).tolist() == [[-1, 1], [0, 0]]


def test_mean_and_spread_by_hand():
    """Standardised: (-1, -1, 1, 1) and (-1, 1, -1, 1); the scale of a member does not matter."""
    ensemble = EnsembleScorer("both", [FixedScorer([0, 0, 2, 2]), FixedScorer([-700, -300, -700, -300])], DRUGS)
    disease = np.array([1])
    assert ensemble.name == "both"
    assert ensemble.scores(DRUGS, disease).tolist() == [[-1, 0, 0, 1]]
    assert ensemble.spread(DRUGS, disease).tolist() == [[0, 1, 1, 0]]
    assert ensemble.member_scores(DRUGS, disease).tolist() == [[[-1, -1, 1, 1]], [[-1, 1, -1, 1]]]


def test_equal_members_do_not_disagree():
    ensemble = EnsembleScorer("same", [RandomScorer()] * 3, DRUGS)
    np.testing.assert_allclose(ensemble.spread(DRUGS, np.array([1, 2])), 0, atol=1e-12)


def test_some_drugs_score_as_among_all():
    ensemble, diseases = EnsembleScorer("", [RandomScorer(), FixedScorer([4, 3, 2, 9])], DRUGS), np.array([1, 2, 6])
    for ask in (ensemble.scores, ensemble.spread):
        np.testing.assert_array_equal(ask(DRUGS[[2, 0]], diseases), ask(DRUGS, diseases)[:, [2, 0]])
