"""Rank a pair as if some facts and some sentences were not there."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.casestudy.attribution.edges import left_out_shifts, median_place, moving_rows
from core.casestudy.attribution.ranker import Place, Ranker, Shifts
from core.casestudy.attribution.texts import Sentence, Wording, text_shifts, why_no_text
from core.evaluate import baselines
from core.evaluate.walks import page_rank
from core.kg.graph import KnowledgeGraph
from core.types import Scorer

CHEAP_EDGES = 200_000  #: up to so many facts the simple components of a fusion are made anew within a second

SIMPLE: Mapping[str, Callable[[KnowledgeGraph], Scorer]] = {
    "gba-drug": baselines.guilt_by_association,
    "gba-disease": baselines.similar_diseases,
    "paths": baselines.path_counts,
    "pagerank": page_rank,
}


@dataclass(frozen=True)
class WhatIf:
    """Where a drug stands as it is, and where it would stand."""

    before: Place
    after: Place
    held: tuple[str, ...]  #: components of the fusion that were not made anew
    ignored: str = ""  #: why left-out sentences change nothing; empty where they count

    @property
    def moved(self) -> float:
        """Return by how many places the drug falls; below zero it rises."""
        return self.after.rank - self.before.rank


def what_if(
    ranker: Ranker,
    wording: Wording | None,
    drug: int,
    disease: int,
    *,
    edges: Collection[int] = (),
    sentences: Collection[Sentence] = (),
    seed: int = 0,
) -> WhatIf:
    """Leave out facts and sentences together.

    :param wording: None where the run has no text; then sentences change nothing
    :param edges: rows of the triples
    """
    before = ranker.place(drug, disease)
    ignored = why_no_text(ranker, wording) if sentences else ""
    moved: list[list[Shifts]] = []  #: what is moved, each in one version or one a repeat
    if edges:
        rows = np.array(moving_rows(ranker.graph, drug, disease, sorted(edges)))
        moved.append(left_out_shifts(ranker, rows, [np.array(sorted(edges))], seed=seed)[0])
    if sentences and not ignored:
        moved.append([_reworded(ranker, wording, sentences)])
    if not moved:
        return WhatIf(before, before, (), ignored)
    anew = _made_anew(ranker, edges)
    models = [together(parts).models(ranker.members) for parts in _aligned(moved)]
    after = median_place([ranker.place(drug, disease, each, anew) for each in models])
    return WhatIf(before, after, tuple(name for name in ranker.held if name not in anew), ignored)


def _aligned(moved: Sequence[Sequence[Shifts]]) -> list[tuple[Shifts, ...]]:
    """Put the repeats of one change beside the only version of another."""
    count = max(map(len, moved))
    return list(zip(*(list(parts) * (count if len(parts) == 1 else 1) for parts in moved), strict=True))


def together(shifts: Sequence[Shifts]) -> Shifts:
    """Add shifts of different rows to one."""
    rows = np.unique(np.concatenate([each.rows for each in shifts]))
    moves = []
    for parts in zip(*(each.moves for each in shifts), strict=True):
        total = np.zeros((len(rows), parts[0].shape[1]), dtype=np.float32)
        for each, part in zip(shifts, parts, strict=True):
            total[np.searchsorted(rows, each.rows)] += part
        moves.append(total)
    return Shifts(rows, moves)


def _reworded(ranker: Ranker, wording: Wording, sentences: Collection[Sentence]) -> Shifts:
    rows = sorted({sentence.row for sentence in sentences})
    vectors = wording.vectors([(row, wording.without(row, sentences)) for row in rows])
    return text_shifts(ranker, np.array(rows), vectors)


def _made_anew(ranker: Ranker, edges: Collection[int]) -> dict[str, Scorer]:
    """Make those simple components anew, without the facts, that do not take long."""
    graph = ranker.graph
    names = [name for name in ranker.held if name in SIMPLE]
    if not edges or not names or len(graph.triples) > CHEAP_EDGES:
        return {}
    kept = np.ones(len(graph.triples), dtype=bool)
    kept[list(edges)] = False
    return {name: SIMPLE[name](graph.kept(kept)) for name in names}
