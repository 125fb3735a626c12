"""Scorers that say what they are told."""

import numpy as np

from core.types import FloatArray, IntArray


class RandomScorer:
    """Score every pair by a number that looks random; few levels give many ties."""

    def __init__(self, *, levels: int | None = None) -> None:
        self.name = "random"
        self._levels = levels

    def score(self, drug: int, disease: int) -> float:
        """Score one pair."""
        return float(self.scores(np.array([drug]), np.array([disease]))[0, 0])

    def scores(self, drugs: IntArray, diseases: IntArray) -> FloatArray:
        """Shape (n_diseases, n_drugs)."""
        values = np.sin(drugs[None, :] * 12.9898 + diseases[:, None] * 78.233) * 43758.5453 % 1
        return values if self._levels is None else np.floor(values * self._levels)


class FixedScorer:
    """Score the drugs of any disease by the same numbers, in the order of the graph's drugs."""

    def __init__(self, values: list[float]) -> None:
        self.name = "fixed"
        self.values = np.array(values, dtype=float)

    def scores(self, drugs: IntArray, diseases: IntArray) -> FloatArray:
        """Shape (n_diseases, n_drugs)."""
        assert len(drugs) == len(self.values)
        return np.tile(self.values, (len(diseases), 1))
