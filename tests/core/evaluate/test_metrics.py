import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from core.evaluate.metrics import (
    HITS_AT,
    OVER_DISEASES,
    WORDS,
    as_dict,
    per_query,
    pooled_auc_parts,
    summarise,
    two_sample_auc,
    with_interval,
)
from core.evaluate.ranks import Ranks
from core.evaluate.screening import SCREENING

RANKS = Ranks(np.array([1.0, 2.0, 3.5, 50.5]), np.array([100, 100, 100, 100]))
GROUPS = np.array([7, 7, 3, 5])


def test_metrics_are_the_arithmetic_of_ranks():
    values = {name: metric.value for name, metric in summarise(RANKS, GROUPS).items()}
    assert values["MRR"] == pytest.approx((1 / 1 + 1 / 2 + 1 / 3.5 + 1 / 50.5) / 4)
    assert [values[f"H@{k}"] for k in HITS_AT] == [1 / 4, 2 / 4, 3 / 4, 3 / 4]
    assert values["AUC"] == pytest.approx((99 + 98 + 96.5 + 49.5) / 99 / 4)


def test_auc_is_scikit_learns_with_ties():
    scores = np.random.default_rng(0).integers(0, 5, (40, 12)).astype(float)
    targets = np.arange(40) % 12
    expected = [roc_auc_score(np.arange(12) == target, row) for target, row in zip(targets, scores, strict=True)]
    np.testing.assert_allclose(per_query(Ranks.of_targets(scores, targets))["AUC"], expected)


def test_perfect_constant_and_reversed_scorers_have_auc_one_half_and_nothing():
    scores = np.arange(10.0)[None]
    for factor, expected in [(1, 1.0), (0, 0.5), (-1, 0.0)]:
        assert per_query(Ranks.of_targets(factor * scores, np.array([9])))["AUC"] == [expected]


def test_an_interval_holds_its_value_and_repeats_with_its_seed():
    generator = np.random.default_rng(1)
    ranks, groups = Ranks(generator.integers(1, 100, 200).astype(float), np.full(200, 100)), generator.integers(0, 40, 200)
    metrics = summarise(ranks, groups)
    assert metrics == summarise(ranks, groups) != summarise(ranks, groups, seed=1)
    for metric in metrics.values():
        assert 0 <= metric.low <= metric.value <= metric.high <= 1


def test_one_disease_has_no_spread():
    metric = summarise(RANKS, np.zeros(4, dtype=int))["MRR"]
    assert metric.low == pytest.approx(metric.value)
    assert metric.high == pytest.approx(metric.value)


def test_an_interval_of_independent_diseases_is_about_the_normal_one():
    generator = np.random.default_rng(2)
    ranks = Ranks(1 / generator.random(400), np.full(400, 100))  # MRR terms are uniform
    metric = summarise(ranks, np.arange(400), resamples=4000)["MRR"]
    half_width = 1.96 * (1 / 12) ** 0.5 / 400**0.5
    assert metric.high - metric.low == pytest.approx(2 * half_width, rel=0.1)


def test_whole_diseases_are_resampled():
    values = np.repeat([1.0, 2.0], 50)  # within a disease all ranks are the same
    metric = summarise(Ranks(values, np.full(100, 10)), np.repeat([0, 1], 50))["MRR"]
    assert (metric.low, metric.high) == (0.5, 1.0)


def test_metrics_become_plain_numbers():
    metrics = summarise(RANKS, GROUPS)
    assert json.loads(json.dumps(as_dict(metrics)))["MRR"]["value"] == metrics["MRR"].value


def resampled_groups(values, groups, statistic, *, resamples=3000):
    """Resample whole groups, the slow way, and return the middle 95 % of a statistic of the rows."""
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    generator = np.random.default_rng(5)
    drawn = (np.concatenate([members[i] for i in generator.integers(len(members), size=len(members))]) for _ in range(resamples))
    return np.quantile([statistic(rows) for rows in drawn], [0.025, 0.975])


def test_parts_of_the_pooled_auc_have_it_as_mean_and_resample_as_it_does():
    generator = np.random.default_rng(3)
    positive = generator.integers(0, 4, 60) + 10.0
    negative = generator.integers(0, 4, (60, 9)) + generator.choice(
        [0.0, 9.0, 14.0], (60, 1)
    )  # queries differ in their negatives
    valid = generator.random((60, 9)) < 0.8

    def pooled(rows):
        kept = negative[rows][valid[rows]]
        return roc_auc_score(np.repeat([1, 0], [len(rows), len(kept)]), np.concatenate([positive[rows], kept]))

    parts = pooled_auc_parts(positive, negative, valid)
    assert parts.mean() == pytest.approx(pooled(np.arange(60)))
    groups = np.arange(60) // 2
    metric = with_interval(parts, groups, resamples=3000)
    np.testing.assert_allclose([metric.low, metric.high], resampled_groups(parts, groups, pooled, resamples=600), atol=0.015)


def test_two_samples_have_scikit_learns_auc_and_the_interval_of_resampled_diseases():
    generator = np.random.default_rng(4)
    positive, negative = generator.integers(0, 9, 120) + 1.0, generator.integers(0, 9, 80).astype(float)
    groups = np.concatenate([np.arange(120) // 4, np.arange(80) // 4 + 10])
    scores, labels = np.concatenate([positive, negative]), np.repeat([1, 0], [120, 80])
    metric = two_sample_auc(positive, negative, groups[:120], groups[120:], resamples=3000)
    assert metric.value == pytest.approx(roc_auc_score(labels, scores))
    slow = resampled_groups(scores, groups, lambda rows: roc_auc_score(labels[rows], scores[rows]), resamples=600)
    np.testing.assert_allclose([metric.low, metric.high], slow, atol=0.015)


def test_every_metric_is_explained():
    assert set(summarise(RANKS, GROUPS)) | set(SCREENING) <= set(WORDS)
    assert set(OVER_DISEASES) == set(SCREENING)
