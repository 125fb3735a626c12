"""Say how often chance alone would give a pair as much: p-values of metapaths against graphs shuffled with all degrees kept.

Empirical where enough shuffled graphs reach the observed DWPC, ``(1 + reached) / (1 + graphs)`` (Davison and Hinkley 1997);
beyond that the gamma-hurdle of Himmelstein et al. 2023 (doi 10.1093/gigascience/giad047): the share of shuffled graphs with any
path, times the tail of a gamma distribution with mean and variance of those. Which of the two it was, and from how many graphs,
is part of the answer.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from scipy import special

from core.explain.metapaths import MetapathGroup
from core.explain.permutation import permuted_ends
from core.explain.search import PathSearch
from core.explain.typed import TypedEdges
from core.types import FloatArray, IntArray, Progress, silent
from core.workspace import Workspace, atomic

MOST, FEWEST = 400, 20  #: shuffled graphs by default, at most and at least
BUDGET = 300_000_000  #: bytes on disk that the default number may take
ENOUGH_REACHED = 5  #: shuffled graphs that reach the observed value, from which on their share is taken as it is
ENOUGH_POSITIVE = 20  #: shuffled graphs with any path, from which on a gamma distribution is fitted
ROUNDING = 1e-9
FINEST = 1e-9  #: a smaller p-value is not told from 0


@dataclass(frozen=True)
class Chance:
    """How often a shuffled graph gives the pair as much."""

    p: float
    method: Literal["empirical", "gamma-hurdle"]
    graphs: int  #: shuffled graphs that were looked at
    reached: int  #: of them, those that reach the observed DWPC

    @property
    def words(self) -> str:
        """Say it in a clause."""
        if self.method == "empirical" and not self.reached:
            return f"none of {self.graphs:,} random graphs has this much"
        if self.p > 0.67:
            return "nearly every random graph has this much"
        often = f"1 in {round(1 / max(self.p, FINEST)):,} random graphs has this much"
        return often if self.method == "empirical" else f"{often} (gamma-hurdle, from {self.graphs:,})"


class NullModel:
    """Compare pairs with shuffled graphs.

    :param search: over the true graph
    :param ends: shape (n_graphs, n_entries), int32: what takes the place of the layout's ends
    """

    def __init__(self, search: PathSearch, ends: IntArray) -> None:
        self._search, self.ends = search, ends

    def chances(self, drug: int, disease: int, groups: Sequence[MetapathGroup], *, edges: int = 3) -> dict[str, Chance]:
        """Return the chance of each metapath of a pair, by its code."""
        null = self._search.dwpc_in(self.ends, drug, disease, edges=edges)
        place = {metapath: place for place, metapath in enumerate(self._search.tree(drug, disease, edges).metapaths)}
        return {group.code: chance(group.dwpc, null[:, place[group.metapath]]) for group in groups}


def chance(observed: float, null: FloatArray) -> Chance:
    """Return the p-value of one DWPC.

    :param null: shape (n_graphs,); the DWPC in each shuffled graph
    """
    graphs, reached = len(null), int((null >= observed * (1 - ROUNDING)).sum())
    positive = null[null > 0]
    if reached >= ENOUGH_REACHED or len(positive) < ENOUGH_POSITIVE or positive.std() <= ROUNDING * positive.mean():
        return Chance((1 + reached) / (1 + graphs), "empirical", graphs, reached)
    mean, variance = positive.mean(), positive.var(ddof=1)
    tail = float(special.gammaincc(mean**2 / variance, observed * mean / variance))
    return Chance(len(positive) / graphs * tail, "gamma-hurdle", graphs, reached)


def default_count(typed: TypedEdges) -> int:
    """Return how many shuffled graphs to make: as many as the disk budget takes."""
    return int(np.clip(BUDGET // max(4 * len(typed.ends), 1), FEWEST, MOST))


def null_model(
    workspace: Workspace, search: PathSearch, *, seed: int = 0, count: int | None = None, progress: Progress = silent
) -> NullModel:
    """Return the null model of a graph; shuffled graphs are kept in the workspace and read as they are needed.

    :raises WorkspaceError: if they cannot be written
    """
    count = count or default_count(search.typed)
    path = workspace.root / "cache" / "permutations" / f"{layout_fingerprint(search)[:24]}-seed{seed}-{count}.npy"
    if not path.exists():
        with atomic(path) as temporary:
            _write(temporary, search.typed, seed=seed, count=count, progress=progress)
    return NullModel(search, np.load(path, mmap_mode="r"))


def is_cached(workspace: Workspace, search: PathSearch, *, seed: int = 0, count: int | None = None) -> bool:
    """Return whether the shuffled graphs are there already."""
    name = f"{layout_fingerprint(search)[:24]}-seed{seed}-{count or default_count(search.typed)}.npy"
    return (workspace.root / "cache" / "permutations" / name).exists()


def layout_fingerprint(search: PathSearch) -> str:
    """Return the SHA-256 of what shuffling depends on: the entities, and every edge that a path may take."""
    digest = hashlib.sha256(search.graph.vocabulary.fingerprint.encode())
    for array in (search.typed.rows, search.typed.indptr, search.typed.ends):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _write(path: Path, typed: TypedEdges, *, seed: int, count: int, progress: Progress) -> None:
    with path.open("wb") as file:
        header = {"descr": "<i4", "fortran_order": False, "shape": (count, len(typed.ends))}
        np.lib.format.write_array_header_1_0(file, header)
        for done, ends in enumerate(permuted_ends(typed, seed=seed, count=count), start=1):
            file.write(ends.astype("<i4").tobytes())
            progress(done, count)
