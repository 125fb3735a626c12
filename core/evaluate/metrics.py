"""Summarise ranks, with bootstrap intervals over diseases."""

from dataclasses import asdict, dataclass

import numpy as np

from core.evaluate.ranks import Ranks
from core.types import FloatArray, IntArray

HITS_AT = (1, 3, 10, 50)


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
    return {name: _with_interval(values, groups, seed=seed, resamples=resamples) for name, values in per_query(ranks).items()}


def per_query(ranks: Ranks) -> dict[str, FloatArray]:
    """Return each metric of each query. AUC is the share of the other candidates that the target beats, ties half."""
    values = {"MRR": 1 / ranks.realistic}
    values |= {f"H@{k}": (ranks.realistic <= k).astype(float) for k in HITS_AT}
    values["AUC"] = (ranks.candidates - ranks.realistic) / np.maximum(ranks.candidates - 1, 1)
    return values


def as_dict(metrics: dict[str, Metric]) -> dict[str, dict[str, float]]:
    """Return plain numbers for JSON."""
    return {name: asdict(metric) for name, metric in metrics.items()}


def _with_interval(values: FloatArray, groups: IntArray, *, seed: int, resamples: int) -> Metric:
    _, group = np.unique(groups, return_inverse=True)
    sums, counts = np.bincount(group, values), np.bincount(group)
    drawn = np.random.default_rng(seed).integers(len(sums), size=(resamples, len(sums)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Metric(float(values.mean()), float(low), float(high))
