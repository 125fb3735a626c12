"""List the kinds of path (metapaths) that a graph can have between two kinds of node, as a tree that a search walks down."""

from dataclasses import dataclass

import numpy as np

from core.explain.typed import Metaedges
from core.types import IntArray

Metapath = tuple[int, ...]  #: metaedges in the order of walking


@dataclass(frozen=True)
class MetapathTree:
    """Say which metaedge may follow, and which metapath has been walked."""

    metapaths: tuple[Metapath, ...]
    following: IntArray  #: shape (n_states, n_metaedges), int32; the next state, -1 where no metapath goes on
    place: IntArray  #: shape (n_states,), int32; the metapath that ends here, -1 where none does


def metapath_tree(metaedges: Metaedges, start_kind: int, end_kind: int, edges: int) -> MetapathTree:
    """List the metapaths of two to ``edges`` edges between two kinds."""
    near = _within_reach(metaedges, end_kind, edges)
    states: list[tuple[Metapath, int]] = [((), start_kind)]
    following: list[IntArray] = []
    for walked, kind in states:  # grows while it is walked: breadth first
        row = np.full(len(metaedges), -1, dtype=np.int32)
        for metaedge in np.flatnonzero((metaedges.start_kind == kind) & near[edges - len(walked)][metaedges.end_kind]).tolist():
            row[metaedge] = len(states)
            states.append(((*walked, metaedge), int(metaedges.end_kind[metaedge])))
        following.append(row)
    ends = [place for place, (walked, kind) in enumerate(states) if len(walked) > 1 and kind == end_kind]
    place = np.full(len(states), -1, dtype=np.int32)
    place[ends] = np.arange(len(ends))
    return MetapathTree(tuple(states[end][0] for end in ends), np.stack(following), place)


def _within_reach(metaedges: Metaedges, end_kind: int, edges: int) -> list[IntArray]:
    """Return, by the edges left before an edge is walked, which kinds it may lead to. Each shape (n_kinds,), bool."""
    n_kinds = int(max(metaedges.start_kind.max(initial=0), metaedges.end_kind.max(initial=0), end_kind)) + 1
    reach = [np.zeros(n_kinds, dtype=bool)]
    here = np.arange(n_kinds) == end_kind
    for _ in range(edges):
        reach.append(here)
        back = here.copy()
        back[metaedges.start_kind[here[metaedges.end_kind]]] = True
        here = back
    return reach
