"""Rank candidates; ties get the mean of the best and the worst place (the realistic rank of Berrendorf et al. 2020)."""

from dataclasses import dataclass

import numpy as np

from core.types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Ranks:
    """The places of one candidate in each query."""

    realistic: FloatArray  #: shape (n_queries,); one-based; ties get the mean of best and worst
    candidates: IntArray  #: shape (n_queries,); how many candidates competed, itself included

    @classmethod
    def of_targets(cls, scores: FloatArray, targets: IntArray, left_out: BoolArray | None = None) -> "Ranks":
        """Rank one target in each row.

        :param scores: shape (n_queries, n_candidates); no NaN
        :param targets: shape (n_queries,); columns
        :param left_out: shape (n_queries, n_candidates); True does not compete; a target itself always does
        :raises ValueError: if a score is NaN
        """
        if np.isnan(scores).any():
            message = "scores have NaN: they cannot be ranked"
            raise ValueError(message)
        rows = np.arange(len(scores))
        competing = np.ones(scores.shape, dtype=bool) if left_out is None else ~left_out
        competing[rows, targets] = True
        own = scores[rows, targets][:, None]
        better = ((scores > own) & competing).sum(1)
        equal = ((scores == own) & competing).sum(1)
        return cls(better + (equal + 1) / 2, competing.sum(1))


def realistic_ranks(scores: FloatArray) -> FloatArray:
    """Rank all candidates of one query, highest score first; one-based. Shape (n,) -> (n,)."""
    ascending = np.sort(scores)
    better = len(scores) - np.searchsorted(ascending, scores, side="right")
    equal = np.searchsorted(ascending, scores, side="right") - np.searchsorted(ascending, scores, side="left")
    return better + (equal + 1) / 2


def filtered_ranks(scores: FloatArray, left_out: BoolArray) -> tuple[FloatArray, int]:
    """Rank every candidate of one query among itself and those that are not left out.

    :param scores: shape (n,)
    :param left_out: shape (n,); True does not compete with others
    :returns: ranks, shape (n,), and the number of candidates that compete with everyone
    """
    competitors = np.sort(scores[~left_out])
    right, left = (np.searchsorted(competitors, scores, side=side) for side in ("right", "left"))
    better = len(competitors) - right
    equal = right - left + left_out  # a left-out candidate is equal to itself
    return better + (equal + 1) / 2, len(competitors)


def percentiles(ranks: FloatArray, candidates: IntArray | int) -> FloatArray:
    """Return the share of the other candidates that stand below, in percent: 100 for the first, 0 for the last."""
    return 100 * (candidates - ranks) / np.maximum(np.asarray(candidates) - 1, 1)
