"""Count how many drugs of a list stand near the top, beside what chance would give."""

from dataclasses import dataclass

import numpy as np

from core.errors import LladrError, UnknownNameError
from core.evaluate.ranks import filtered_ranks
from core.kg.search import EntityIndex
from core.types import BoolArray, FloatArray, IntArray

DEPTHS = (10, 50, 100)


@dataclass(frozen=True)
class Recovered:
    """How many of a list stand among the first ``depth``."""

    depth: int
    found: int
    of: int  #: drugs of the list that were ranked
    chance: float  #: expected number if the order were random: of * depth / candidates
    p: float  #: probability of so many or more in a random order (hypergeometric)

    @property
    def recall(self) -> float:
        """Return the share of the list that was found."""
        return self.found / self.of if self.of else float("nan")


@dataclass(frozen=True)
class Recovery:
    """Where the drugs of a list stand among all drugs of a disease."""

    places: FloatArray  #: shape (n_listed,); one-based, in the order of the list; those left out do not compete
    candidates: int  #: drugs that were ranked
    at: tuple[Recovered, ...]

    def curve(self) -> tuple[IntArray, IntArray]:
        """Return at which depth how many are found. Shapes (n,), (n,): depths 1 to the number of candidates."""
        depths = np.arange(1, self.candidates + 1)
        return depths, np.searchsorted(np.sort(self.places), depths, side="right")


def recovery(
    scores: FloatArray, listed: IntArray, left_out: BoolArray | None = None, *, depths: tuple[int, ...] = DEPTHS
) -> Recovery:
    """Rank the drugs of a list among all that are not left out.

    :param scores: shape (n_drugs,); higher is better
    :param listed: shape (n_listed,); places in ``scores``, distinct
    :param left_out: shape (n_drugs,); True does not compete, such as what the model was trained on; a listed drug always does
    """
    apart = np.zeros(len(scores), dtype=bool) if left_out is None else left_out.copy()
    apart[listed] = False
    ranks, candidates = filtered_ranks(scores, apart)
    places = ranks[listed]
    return Recovery(places, candidates, tuple(_recovered(places, depth, candidates) for depth in depths))


def _recovered(places: FloatArray, depth: int, candidates: int) -> Recovered:
    from scipy.stats import hypergeom  # here: it takes a second, and pages that only rank do without

    found, within = int((places <= depth).sum()), min(depth, candidates)
    p = float(hypergeom.sf(found - 1, candidates, len(places), within))
    return Recovered(depth, found, len(places), len(places) * within / max(candidates, 1), p)


@dataclass(frozen=True)
class Listed:
    """Drugs that a reader named."""

    rows: tuple[int, ...]  #: entity rows, each once, in the order of the text
    unknown: tuple[str, ...]  #: why a name was not found, with the nearest ones


def read_drug_list(text: str, index: EntityIndex) -> Listed:
    """Read drug names or identifiers, one a line or separated by commas, semicolons or tabs; the first cell of a line is enough.

    A line that names a drug as a whole is taken as a whole: names may hold commas.
    """
    rows: dict[int, None] = {}
    unknown: list[str] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        for name in _names(line, index):
            try:
                rows[index.resolve(name)] = None
            except LladrError as error:
                unknown.append(error.message.replace("\n", " "))
    return Listed(tuple(rows), tuple(unknown))


def _names(line: str, index: EntityIndex) -> list[str]:
    try:
        index.resolve(line)
    except UnknownNameError:
        for separator in ("\t", ";", ","):
            if separator in line:
                return [part.strip() for part in line.split(separator) if part.strip()]
    except LladrError:
        pass  # ambiguous as a whole: the caller resolves it again and reports it
    return [line]
