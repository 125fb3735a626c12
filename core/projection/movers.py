"""Find what moved between two spaces: neighbourhoods that changed, and drugs that came nearer to a disease."""

from dataclasses import dataclass

import numpy as np

from core.projection.measures import NEIGHBOURS, overlap
from core.projection.space import unit_rows
from core.types import FloatArray, IntArray


@dataclass(frozen=True)
class Change:
    """What became of an entity's neighbourhood; nearest first."""

    stayed: list[int]
    came: list[int]
    left: list[int]


def change(before: IntArray, after: IntArray, entity: int, *, k: int = NEIGHBOURS) -> Change:
    """Compare the neighbours of one entity. Shapes (n, at least k), the same."""
    old, new = before[entity, :k].tolist(), after[entity, :k].tolist()
    return Change(
        [row for row in new if row in old], [row for row in new if row not in old], [row for row in old if row not in new]
    )


def most_changed(before: IntArray, after: IntArray, candidates: IntArray, degrees: IntArray, *, k: int = NEIGHBOURS) -> IntArray:
    """Return candidates by how much of their neighbourhood changed, the most first. Shape (c,).

    Ties of the k nearest are settled by all that are given, which are more, then by the number of facts: that a well-known
    entity changes its company says more.

    :param before: shape (n, at least k)
    :param degrees: shape (n,); number of facts
    """
    close, wide = (overlap(before[:, :size], after[:, :size]) for size in (k, before.shape[1]))
    return candidates[np.lexsort((candidates, -degrees[candidates], wide[candidates], close[candidates]))]


@dataclass(frozen=True)
class Approach:
    """Places of candidates by their similarity to one entity, 1 the nearest."""

    candidates: IntArray  #: shape (c,); the entities that came nearer most come first
    before: IntArray  #: shape (c,)
    after: IntArray  #: shape (c,)


def approach(before: FloatArray, after: FloatArray, entity: int, candidates: IntArray) -> Approach:
    """Rank candidates by cosine similarity to an entity in two spaces, and order them by how many times nearer they came.

    From place 80 to 8 counts as much as from 500 to 50, and more than from 500 to 400: near places are what a reader sees.

    :param before: shape (n, dim)
    :param after: shape (n, any dim)
    """
    old, new = (_places(vectors, entity, candidates) for vectors in (before, after))
    order = np.lexsort((new, -np.log(old / new)))
    return Approach(candidates[order], old[order], new[order])


def _places(vectors: FloatArray, entity: int, candidates: IntArray) -> IntArray:
    similar = unit_rows(vectors[candidates]) @ unit_rows(vectors[[entity]])[0]
    places = np.empty(len(candidates), dtype=np.int64)
    places[np.argsort(-similar, kind="stable")] = np.arange(1, len(candidates) + 1)
    return places
