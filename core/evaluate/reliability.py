"""Grade how far the ranking of a disease can be trusted, from its own held-out treatments."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.evaluate.results import DiseaseResult

Level = Literal["reliable", "weak", "no evidence"]
FEWEST_PAIRS = 3  #: held-out treatments below which nothing is said
RELIABLE_AUC = 0.9  #: three random places reach this mean with a chance of (3 * 0.1) ** 3 / 6 = 0.45 %
SHARE_IN_FIRST = 0.5  #: of the held-out treatments that must stand among the first fifty, where people look


@dataclass(frozen=True)
class Reliability:
    """How far the ranking of one disease can be trusted, and why."""

    id: str
    name: str
    level: Level
    reason: str  #: one sentence
    n_pairs: int
    auc: float | None  #: mean over its held-out pairs; None where there are none


def reliability(results: Iterable[Sequence[DiseaseResult]]) -> list[Reliability]:
    """Grade each disease that has held-out treatments, over one or more evaluations together (several split seeds).

    A disease with fewer than three held-out treatments has no evidence; it is reliable if these stand above nine tenths of
    the other drugs on average and half of them are among the first fifty, and weak otherwise.
    """
    gathered: dict[str, list[DiseaseResult]] = {}
    for part in results:
        for result in part:
            gathered.setdefault(result.id, []).append(result)
    return [_graded(parts) for parts in gathered.values()]


def not_held_out(identifier: str, name: str) -> Reliability:
    """Return the grade of a disease that no evaluation asked for."""
    reason = "None of its treatments was held out, so nothing says how well its ranking can be trusted."
    return Reliability(identifier, name, "no evidence", reason, 0, None)


def _graded(parts: Sequence[DiseaseResult]) -> Reliability:
    counts = np.array([part.n_pairs for part in parts])
    pairs = int(counts.sum())
    auc, first = (float(np.average([part.metrics[name] for part in parts], weights=counts)) for name in ("AUC", "H@50"))
    found = f"its {pairs} held-out treatments stand above {auc:.1%} of the other drugs on average, {first:.0%} in the first 50"
    if pairs < FEWEST_PAIRS:
        treatments = "treatment was" if pairs == 1 else "treatments were"
        level, reason = "no evidence", f"Only {pairs} {treatments} held out; {FEWEST_PAIRS} are the least to judge by."
    elif auc >= RELIABLE_AUC and first >= SHARE_IN_FIRST:
        level, reason = "reliable", f"Found again: {found}."
    else:
        needed = f"{RELIABLE_AUC:.0%} and {SHARE_IN_FIRST:.0%} are needed"
        level, reason = "weak", f"Not found well enough: {found}; {needed}."
    return Reliability(parts[0].id, parts[0].name, level, reason, pairs, auc)
