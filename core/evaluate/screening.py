"""Measure a ranked list with several true ones, as virtual screening does; ties count as their mean over all orders."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.types import FloatArray, IntArray

BEDROC_ALPHA = 20.0  #: 80 % of the score comes from the first 8 % of the list (Truchon and Bayly 2007, table 2)
ENRICHED_SHARE = 0.01  #: the top of the list in which true ones should gather
RECALL_AT = 100


@dataclass(frozen=True)
class RankedList:
    """Where the true ones stand in a list."""

    above: IntArray  #: shape (n_true,): how many of the whole list stand above each true one
    equal: IntArray  #: how many of the whole list have its score, itself included
    others_above: IntArray  #: how many of those that are not true stand above it
    others_equal: IntArray
    n_others: int

    @classmethod
    def of(cls, true: FloatArray, others: FloatArray) -> "RankedList":
        """Place the true ones among the others.

        :param true: shape (n_true,): scores, at least one
        :param others: shape (n_others,): scores
        """
        levels, level = np.unique(true, return_inverse=True)
        others_above, others_equal = (counts[level] for counts in _above_and_equal(others, levels))
        true_above, true_equal = (counts[level] for counts in _above_and_equal(true, levels))
        return cls(others_above + true_above, others_equal + true_equal, others_above, others_equal, len(others))

    @property
    def n(self) -> int:
        """Return the length of the list."""
        return len(self.above) + self.n_others

    @property
    def ranks(self) -> FloatArray:
        """Return the realistic rank of each true one among itself and the others. Shape (n_true,)."""
        return self.others_above + self.others_equal / 2 + 1


def _above_and_equal(scores: FloatArray, levels: FloatArray) -> tuple[IntArray, IntArray]:
    """Count scores above, and equal to, each of some ascending levels: no sort of the many scores. Shapes (n_levels,)."""
    above, at_least = (
        np.bincount(np.searchsorted(levels, scores, side=side), minlength=len(levels) + 1)[::-1].cumsum()[::-1][1:]
        for side in ("left", "right")
    )
    return above, at_least - above


def average_precision(ranked: RankedList) -> float:
    """Return the area under precision and recall as scikit-learn's average precision: equal scores are one threshold."""
    misses = ranked.others_above + ranked.others_equal
    hits = ranked.above + ranked.equal - misses
    return float(np.mean(hits / (hits + misses)))


def auroc(ranked: RankedList) -> float:
    """Return the chance that a true one stands above another one, ties half; one half where there are no others."""
    lost = (ranked.others_above + ranked.others_equal / 2).mean()
    return float(1 - lost / ranked.n_others) if ranked.n_others else 0.5


def bedroc(ranked: RankedList, *, alpha: float = BEDROC_ALPHA) -> float:
    """Return the Boltzmann-enhanced discrimination, 0 to 1 (Truchon and Bayly 2007, doi 10.1021/ci600426e, equation 36).

    Nothing but true ones gives 1.
    """
    n, share = ranked.n, len(ranked.above) / ranked.n
    if share == 1:
        return 1.0
    mean_weight = _mean_weights(ranked, alpha / n).mean()
    enhancement = mean_weight * n * np.expm1(alpha / n) / -np.expm1(-alpha)  # RIE, equation 18
    scale = share * np.sinh(alpha / 2) / (np.cosh(alpha / 2) - np.cosh(alpha / 2 - alpha * share))
    return float(enhancement * scale + 1 / (1 - np.exp(alpha * (1 - share))))


def enrichment(ranked: RankedList, *, share: float = ENRICHED_SHARE) -> float:
    """Return how many times more true ones the top of the list has than a random list; 1 is chance.

    The top is the first ``ceil(share * n)`` places.
    """
    top = int(np.ceil(share * ranked.n - 1e-9))
    return float(np.clip((top - ranked.above) / ranked.equal, 0, 1).mean() * ranked.n / top)


def recall(ranked: RankedList, *, at: int = RECALL_AT) -> float:
    """Return the share of the true ones whose place, ties at their mean, is among the first so many."""
    return float((ranked.above + (ranked.equal + 1) / 2 <= at).mean())


SCREENING: dict[str, Callable[[RankedList], float]] = {
    f"recall@{RECALL_AT}": recall,
    "AUPRC": average_precision,
    "AUROC": auroc,
    "BEDROC": bedroc,
    "EF1%": enrichment,
}


def _mean_weights(ranked: RankedList, rate: float) -> FloatArray:
    """Return ``exp(-rate * place)`` of each true one, averaged over the places of its ties: a geometric series."""
    return np.exp(-rate * (ranked.above + 1)) * -np.expm1(-rate * ranked.equal) / (-np.expm1(-rate) * ranked.equal)
