import numpy as np
import pytest
from scipy.stats import rankdata

from core.evaluate.ranks import Ranks, filtered_ranks, percentiles, realistic_ranks

GENERATOR = np.random.default_rng(0)


def tied_scores(queries=30, candidates=20):
    return GENERATOR.integers(0, 6, (queries, candidates)).astype(float)


def slow_rank(scores, target, left_out=()):
    """Count those above, and half of those beside (Berrendorf et al. 2020): mean of best and worst place."""
    above = equal = 0
    for candidate, score in enumerate(scores):
        if candidate != target and candidate not in left_out:
            above += score > scores[target]
            equal += score == scores[target]
    return ((above + 1) + (above + equal + 1)) / 2


def test_a_constant_scorer_ranks_in_the_middle():
    ranks = Ranks.of_targets(np.zeros((1, 50)), np.array([7]))
    assert ranks.realistic == [25.5]
    assert ranks.candidates == [50]


def test_perfect_and_reversed_scorers_rank_first_and_last():
    scores = np.arange(10.0)[None]
    assert Ranks.of_targets(scores, np.array([9])).realistic == [1]
    assert Ranks.of_targets(-scores, np.array([9])).realistic == [10]


def test_ranks_are_the_slow_loop():
    scores, targets = tied_scores(), GENERATOR.integers(0, 20, 30)
    expected = [slow_rank(row, target) for row, target in zip(scores, targets, strict=True)]
    np.testing.assert_array_equal(Ranks.of_targets(scores, targets).realistic, expected)


def test_what_is_left_out_does_not_compete_but_the_target_always_does():
    scores, targets = tied_scores(), GENERATOR.integers(0, 20, 30)
    left_out = GENERATOR.random(scores.shape) < 0.4
    left_out[np.arange(15), targets[:15]] = True
    ranks = Ranks.of_targets(scores, targets, left_out)
    sets = [set(np.flatnonzero(row)) for row in left_out]
    np.testing.assert_array_equal(ranks.realistic, [slow_rank(*query) for query in zip(scores, targets, sets, strict=True)])
    expected = [20 - len(out - {target}) for out, target in zip(sets, targets, strict=True)]
    np.testing.assert_array_equal(ranks.candidates, expected)


def test_ranks_are_pykeens():
    import torch
    from pykeen.evaluation.ranks import Ranks as PykeenRanks

    scores, targets = tied_scores(), GENERATOR.integers(0, 20, 30)
    theirs = PykeenRanks.from_scores(torch.tensor(scores[np.arange(30), targets])[:, None], torch.tensor(scores))
    np.testing.assert_array_equal(Ranks.of_targets(scores, targets).realistic, theirs.realistic)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinite_scores_can_be_ranked(value):
    scores = np.array([[value, value, 0.0]])
    assert Ranks.of_targets(scores, np.array([0])).realistic == [slow_rank(scores[0], 0)]


def test_nan_is_refused():
    with pytest.raises(ValueError, match="NaN"):
        Ranks.of_targets(np.array([[0.0, np.nan]]), np.array([0]))


def test_all_candidates_are_ranked_as_scipy_ranks_them():
    for scores in tied_scores():
        np.testing.assert_array_equal(realistic_ranks(scores), rankdata(-scores, method="average"))


def test_filtered_ranks_are_the_slow_loop():
    for scores in tied_scores():
        left_out = GENERATOR.random(20) < 0.3
        ranks, competing = filtered_ranks(scores, left_out)
        out = set(np.flatnonzero(left_out))
        np.testing.assert_array_equal(ranks, [slow_rank(scores, place, out) for place in range(20)])
        assert competing == 20 - len(out)


def test_percentiles_are_the_share_of_the_others_that_stand_below():
    scores = GENERATOR.permutation(11).astype(float)
    below = [100 * (scores < score).sum() / 10 for score in scores]
    np.testing.assert_allclose(percentiles(realistic_ranks(scores), 11), below)
