"""Each measure against a slow obvious loop, scikit-learn, or what was planted."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn import manifold, metrics

from core.projection import measures
from core.projection.neighbours import nearest_by_cosine

RANDOM = np.random.default_rng(0)


def planted(spread: float = 0.2, per_kind: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Three kinds around three directions."""
    kinds = np.repeat(np.arange(3), per_kind)
    return np.eye(3)[kinds] + np.random.default_rng(1).normal(size=(len(kinds), 3)) * spread, kinds


def test_kind_purity_is_a_count():
    kinds = np.array([0, 0, 0, 1, 1])
    near = np.array([[1, 3], [0, 2], [3, 4], [4, 0], [0, 1]])
    shares = [sum(kinds[other] == kinds[row] for other in near[row]) / 2 for row in range(5)]
    found = measures.kind_purity(near, kinds)
    assert found.value == pytest.approx(np.mean(shares))
    assert found.chance == pytest.approx((3 * 2 / 4 + 2 * 1 / 4) / 5)  # others of the kind among all others
    assert found.best == pytest.approx((3 * 2 / 2 + 2 * 1 / 2) / 5)  # the second kind has one other only


def test_planted_kinds_are_found_and_shuffled_ones_are_not():
    vectors, kinds = planted()
    near = nearest_by_cosine(vectors, 15).rows
    assert measures.kind_purity(near, kinds).low > 0.95
    mixed = measures.kind_purity(near, np.random.default_rng(2).permutation(kinds))
    assert mixed.low < mixed.chance < mixed.high
    assert measures.silhouette(vectors, kinds).low > 0.5
    assert measures.silhouette(vectors, np.random.default_rng(2).permutation(kinds)).high < 0.05


def test_class_purity_leaves_out_who_has_no_companion():
    belongs = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1]])  # the last drug is alone in its class
    near = np.array([[1, 2], [3, 0], [1, 0], [0, 1]])
    shares = [np.mean([bool(belongs[row] @ belongs[other]) for other in near[row]]) for row in range(3)]
    found = measures.class_purity(near, csr_array(belongs))
    assert (found.value, found.n) == (pytest.approx(np.mean(shares)), 3)
    assert found.chance == pytest.approx(np.mean([1 / 3, 2 / 3, 1 / 3]))
    assert found.best == pytest.approx(np.mean([1 / 2, 1, 1 / 2]))
    assert measures.class_purity(near, csr_array(np.eye(4, dtype=int))) is None


def test_the_silhouette_is_scikit_learns():
    vectors, kinds = planted(0.6)
    assert measures.silhouette(vectors, kinds).value == pytest.approx(metrics.silhouette_score(vectors, kinds, metric="cosine"))
    assert measures.silhouette(vectors, np.zeros(len(kinds), dtype=int)) is None


@pytest.mark.parametrize("k", [5, 15])
def test_trustworthiness_is_scikit_learns(k):
    vectors, _ = planted(0.6)
    picture = vectors[:, :2] + RANDOM.normal(size=(len(vectors), 2)) * 0.3
    expected = manifold.trustworthiness(vectors, picture, n_neighbors=k, metric="cosine")
    assert measures.trustworthiness(vectors, picture, k=k).value == pytest.approx(expected, abs=1e-6)


def test_trustworthiness_of_a_sample_is_near_that_of_all(monkeypatch):
    vectors, _ = planted(0.6, per_kind=100)
    picture = vectors[:, :2]
    everything = measures.trustworthiness(vectors, picture)
    monkeypatch.setattr(measures, "TRUST_SAMPLE", 90)
    sampled = measures.trustworthiness(vectors, picture)
    assert sampled.n == 90
    assert sampled.low < everything.value < sampled.high


def test_a_random_picture_is_trusted_by_half():
    vectors = np.random.default_rng(4).normal(size=(500, 5))
    assert measures.trustworthiness(vectors, np.random.default_rng(5).normal(size=(500, 2))).value == pytest.approx(0.5, abs=0.03)


def test_overlap_is_that_of_sets():
    before, after = (np.array([RANDOM.permutation(20)[:6] for _ in range(20)]) for _ in range(2))
    expected = [len(set(one) & set(other)) / 6 for one, other in zip(before.tolist(), after.tolist(), strict=True)]
    assert measures.overlap(before, after).tolist() == pytest.approx(expected)
    assert measures.overlap(before, before[:, ::-1]).tolist() == [1.0] * 20


def test_unrelated_spaces_share_what_chance_gives():
    one, other = (nearest_by_cosine(np.random.default_rng(seed).normal(size=(400, 30)), 15).rows for seed in (6, 7))
    found = measures.mean_overlap(measures.overlap(one, other), 15)
    assert found.low < found.chance < found.high


def test_the_interval_is_that_of_resampled_means():
    values = np.random.default_rng(8).choice([0.0, 0.2, 1.0], size=200)
    draws = np.random.default_rng(9)
    means = [draws.choice(values, size=200).mean() for _ in range(4000)]
    found = measures.averaged(values, resamples=4000)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])), abs=0.01)
    assert found.value == pytest.approx(values.mean())
