"""Summarise ranks, with bootstrap intervals over diseases."""

from dataclasses import asdict, dataclass

import numpy as np

from core.evaluate.ranks import Ranks
from core.types import BoolArray, FloatArray, IntArray

HITS_AT = (1, 3, 10, 50)
WORDS: dict[str, str] = {
    "MR": "mean rank of the true one; 1 is best",
    "MRR": "mean of 1 / rank: 1 is best, and the first places count most",
    "H@1": "share of held-out pairs whose drug stands first",
    "H@3": "share of held-out pairs among the first three",
    "H@10": "share of held-out pairs among the first ten",
    "H@50": "share of held-out pairs among the first fifty",
    "AUC": "chance that a held-out pair stands above another one, mean over pairs; chance is 0.5",
    "recall@100": "share of a disease's held-out drugs among the first hundred, mean over diseases",
    "AUPRC": "average precision of a disease's list, mean over diseases; chance is the share of true ones",
    "AUROC": "as AUC, but mean over diseases, so that each disease counts alike",
    "BEDROC": "how early the held-out drugs stand (alpha 20: the first 8 % count most), mean over diseases; 1 is best",
    "EF1%": "how many times more held-out drugs the first 1 % has than chance, mean over diseases",
    "AUROC vs negatives": "chance that a positive pair of the files scores above a negative one",
    "AUROC vs negatives, percentile": "the same by the place among all drugs of the disease, so that diseases are comparable",
}  #: what each metric means, for people; not all protocols have all
OVER_DISEASES = ("recall@100", "AUPRC", "AUROC", "BEDROC", "EF1%")  #: means over diseases, the others are over pairs
LOWER_IS_BETTER = ("MR",)


@dataclass(frozen=True)
class Metric:
    """A mean over held-out pairs, with the interval of resampled diseases."""

    value: float
    low: float  #: 2.5 % of the resampled means
    high: float  #: 97.5 %


def summarise(ranks: Ranks, groups: IntArray, *, seed: int = 0, resamples: int = 1000) -> dict[str, Metric]:
    """Return MRR, H@k and AUC with 95 % bootstrap intervals.

    :param groups: shape (n_queries,); the disease of each query: whole diseases are resampled
    :param seed: of the bootstrap
    """
    return {name: with_interval(values, groups, seed=seed, resamples=resamples) for name, values in per_query(ranks).items()}


def per_query(ranks: Ranks) -> dict[str, FloatArray]:
    """Return each metric of each query. AUC is the share of the other candidates that the target beats, ties half."""
    values = {"MRR": 1 / ranks.realistic}
    values |= {f"H@{k}": (ranks.realistic <= k).astype(float) for k in HITS_AT}
    values["AUC"] = (ranks.candidates - ranks.realistic) / np.maximum(ranks.candidates - 1, 1)
    return values


def as_dict(metrics: dict[str, Metric]) -> dict[str, dict[str, float]]:
    """Return plain numbers for JSON."""
    return {name: asdict(metric) for name, metric in metrics.items()}


def with_interval(values: FloatArray, groups: IntArray, *, seed: int = 0, resamples: int = 1000) -> Metric:
    """Return a mean with its 95 % bootstrap interval; whole groups are resampled. Shapes (n,), (n,)."""
    _, group = np.unique(groups, return_inverse=True)
    sums, counts = np.bincount(group, values), np.bincount(group)
    drawn = np.random.default_rng(seed).integers(len(sums), size=(resamples, len(sums)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Metric(float(values.mean()), float(low), float(high))


def pooled_auc_parts(positive: FloatArray, negative: FloatArray, valid: BoolArray) -> FloatArray:
    """Return one part a query, whose mean is the AUC of all positives against all negatives, whatever their query.

    The parts are the structural components of DeLong et al. 1988 (doi 10.2307/2531595), so that resampling them gives
    the interval of the pooled AUC.

    :param positive: shape (n_queries,)
    :param negative: shape (n_queries, n_negatives)
    :param valid: same shape; False is no negative
    """
    flat = negative[valid]
    above = _share_below(positive, flat)
    auc = above.mean()
    of_negatives = np.zeros(negative.shape)
    of_negatives[valid] = 1 - _share_below(flat, positive) - auc
    return above + of_negatives.sum(1) * len(positive) / max(len(flat), 1)


def two_sample_auc(
    positive: FloatArray,
    negative: FloatArray,
    positive_groups: IntArray,
    negative_groups: IntArray,
    *,
    seed: int = 0,
    resamples: int = 1000,
) -> Metric:
    """Return the AUC of positives against negatives, ties half; whole groups are resampled, by DeLong's components.

    :param positive: shape (n,); groups likewise
    :param negative: shape (m,)
    """
    above, beaten = _share_below(positive, negative), 1 - _share_below(negative, positive)
    _, group = np.unique(np.concatenate([positive_groups, negative_groups]), return_inverse=True)
    size = group.max() + 1
    drawn = np.random.default_rng(seed).integers(size, size=(resamples, size))
    parts = [
        _resampled_means(values, part, drawn) for values, part in zip((above, beaten), np.split(group, [len(above)]), strict=True)
    ]
    low, high = np.nanquantile(parts[0] + parts[1] - above.mean(), [0.025, 0.975])
    return Metric(float(above.mean()), float(low), float(high))


def _resampled_means(values: FloatArray, group: IntArray, drawn: IntArray) -> FloatArray:
    """Return the mean over the drawn groups; NaN where none of them has a value. Shape (resamples,)."""
    sums, counts = (np.bincount(group, weights, minlength=drawn.shape[1]) for weights in (values, None))
    total = counts[drawn].sum(1)
    return np.divide(sums[drawn].sum(1), total, out=np.full(len(drawn), np.nan), where=total > 0)


def _share_below(scores: FloatArray, others: FloatArray) -> FloatArray:
    """Return the share of the others that each score beats, ties half; one half where there are none."""
    if not len(others):
        return np.full(len(scores), 0.5)
    ascending = np.sort(others)
    left, right = (np.searchsorted(ascending, scores, side=side) for side in ("left", "right"))
    return (left + right) / (2 * len(others))
