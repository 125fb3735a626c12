import numpy as np
import pytest
from scipy import stats

from core.errors import LladrError
from core.evaluate.results import DiseaseResult
from core.evaluate.significance import compare, sign_flip_p


def results(values, pairs, metric="MRR"):
    return [DiseaseResult(f"D{i}", f"disease {i}", n, {metric: v}) for i, (v, n) in enumerate(zip(values, pairs, strict=True))]


def test_the_exact_test_by_hand():
    assert sign_flip_p(np.array([1.0, 1.0, 1.0])) == 2 / 8  # only + + + and - - - are as far
    assert sign_flip_p(np.array([1.0, -1.0])) == 1.0
    assert sign_flip_p(np.array([3.0, 1.0])) == 2 / 4


@pytest.mark.parametrize("n", [9, 40])
def test_it_is_scipys_permutation_test(n):
    parts = np.random.default_rng(n).normal(0.25, 1, n)
    expected = stats.permutation_test(
        (parts,), np.sum, permutation_type="samples", n_resamples=20_000, rng=np.random.default_rng(1)
    ).pvalue
    assert sign_flip_p(parts) == pytest.approx(expected, abs=0.015)


def test_chance_is_uniform():
    generator = np.random.default_rng(7)
    values = np.array([sign_flip_p(generator.normal(size=10)) for _ in range(200)])
    assert (values < 0.05).mean() < 0.1
    assert 0.4 < values.mean() < 0.6


def test_pairs_weigh_diseases_where_the_metric_is_a_mean_over_pairs():
    one, other, pairs = [0.5, 0.1], [0.2, 0.3], [3, 1]
    (found,) = compare(results(one, pairs), results(other, pairs))
    assert found.difference == pytest.approx((3 * 0.3 - 0.2) / 4)
    (found,) = compare(results(one, pairs, "AUPRC"), results(other, pairs, "AUPRC"))
    assert found.difference == pytest.approx((0.3 - 0.2) / 2)
    assert found.n_diseases == 2


def test_the_interval_is_about_the_normal_one():
    differences = np.random.default_rng(3).normal(0.1, 0.2, 400)
    (found,) = compare(results(differences, [1] * 400), results(np.zeros(400), [1] * 400))
    half = 1.96 * differences.std() / 20
    assert found.low == pytest.approx(found.difference - half, abs=0.004)
    assert found.high == pytest.approx(found.difference + half, abs=0.004)
    assert found.p_value < 0.001


def test_a_run_does_not_differ_from_itself():
    same = results([0.1, 0.4, 0.9], [1, 2, 3])
    (found,) = compare(same, same)
    assert (found.difference, found.low, found.high, found.p_value) == (0, 0, 0, 1)


@pytest.mark.parametrize("other", [results([0.1], [1]), results([0.1, 0.2], [1, 2]), []])
def test_other_queries_are_refused(other):
    with pytest.raises(LladrError, match="do not ask for the same pairs"):
        compare(results([0.1, 0.2], [1, 1]), other)
