"""Say whether two evaluations of the same queries differ by more than chance: no bold number without it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from core.errors import LladrError
from core.evaluate.metrics import OVER_DISEASES
from core.evaluate.results import DiseaseResult
from core.types import FloatArray

EXACT_UP_TO = 12  #: diseases; beyond, sign flips are drawn
FLIPS = 10_000
RESAMPLES = 2_000


@dataclass(frozen=True)
class Difference:
    """One metric of one evaluation minus that of another, on the same queries."""

    metric: str
    difference: float
    low: float  #: 2.5 % of the resampled differences
    high: float  #: 97.5 %
    p_value: float  #: paired permutation test, two-sided
    n_diseases: int


def compare(
    one: Sequence[DiseaseResult], other: Sequence[DiseaseResult], metrics: Sequence[str] | None = None, *, seed: int = 0
) -> list[Difference]:
    """Compare two evaluations disease by disease.

    The permutation test swaps the two evaluations within whole diseases at random (sign flips); the interval resamples
    diseases.

    :param one: each disease's results; ``other`` has the same diseases with as many pairs
    :param metrics: None takes all that both have
    :raises LladrError: if the queries are not the same
    """
    if [(result.id, result.n_pairs) for result in one] != [(result.id, result.n_pairs) for result in other] or not one:
        raise LladrError(
            "The two evaluations do not ask for the same pairs, so they cannot be compared pair by pair.",
            expected="the same graph, protocol and split seed",
            advice="evaluate both runs with the same --protocol and --split-seed.",
        )
    names = metrics or [name for name in one[0].metrics if name in other[0].metrics]
    pairs = np.array([result.n_pairs for result in one], dtype=float)
    return [
        _difference(
            name,
            np.array([a.metrics[name] - b.metrics[name] for a, b in zip(one, other, strict=True)]),
            np.ones_like(pairs) if name in OVER_DISEASES else pairs,
            seed,
        )
        for name in names
    ]


def _difference(name: str, differences: FloatArray, weights: FloatArray, seed: int) -> Difference:
    """Test one metric. Shapes (n_diseases,): the differences, and how much each disease counts."""
    parts = differences * weights
    observed = parts.sum() / weights.sum()
    drawn = np.random.default_rng(seed).integers(len(parts), size=(RESAMPLES, len(parts)))
    low, high = np.quantile(parts[drawn].sum(1) / weights[drawn].sum(1), [0.025, 0.975])
    return Difference(name, float(observed), float(low), float(high), sign_flip_p(parts, seed=seed), len(parts))


def sign_flip_p(parts: FloatArray, *, seed: int = 0) -> float:
    """Return how often random signs give a sum at least as far from zero: exact for few parts, drawn for many.

    :param parts: shape (n,)
    """
    if len(parts) <= EXACT_UP_TO:
        sums = np.array(list(product((-1, 1), repeat=len(parts)))) @ parts
        return float((np.abs(sums) >= abs(parts.sum()) - 1e-12).mean())
    generator = np.random.default_rng(seed)
    far = 0
    for _ in range(0, FLIPS, 1000):
        signs = generator.integers(0, 2, size=(1000, len(parts))) * 2 - 1
        far += int((np.abs(signs @ parts) >= abs(parts.sum()) - 1e-12).sum())
    return (far + 1) / (FLIPS + 1)
