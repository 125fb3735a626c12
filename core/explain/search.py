"""Search all typed paths of up to three edges (four on request) between two nodes; an edge between the two is never walked."""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from core.explain.kernels import Layout, Tally, Tree, walk, walk_each
from core.explain.schema import Metapath, MetapathTree, metapath_tree
from core.explain.typed import TypedEdges
from core.kg.graph import KnowledgeGraph
from core.types import FloatArray, IntArray

KEPT = 10  #: paths of each metapath that are kept
FIRST_ROOM = 4096  #: paths that are listed in the first go


@dataclass(frozen=True)
class Found:
    """The paths of a pair, by metapath.

    The entries of a path are those of the layout; the last one is seen from the far end, and -1 stands behind a short path.
    """

    metapaths: tuple[Metapath, ...]  #: those that occur
    counts: IntArray  #: shape (n_metapaths,); paths
    dwpc: FloatArray  #: shape (n_metapaths,); degree-weighted path counts
    kinds: IntArray  #: shape (n_paths,); places in the metapaths
    products: FloatArray  #: shape (n_paths,); path degree products
    entries: IntArray  #: shape (n_paths, 4), int32


class PathSearch:
    """Walk from one end, and close paths over what is around the other.

    :param graph: the graph; it is laid out once
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.graph = graph
        self.typed = TypedEdges.of(graph)
        self._tree = cache(self._new_tree)

    def best(self, start: int, stop: int, *, edges: int = 3, top: int = KEPT, first: FloatArray | None = None) -> Found:
        """Count all paths and keep the best of each metapath, best first.

        :param first: shape (n_entries of the start,); factor of a path's place by its first edge
        """
        tree = self.tree(start, stop, edges)
        tally = self._walk(tree, start, stop, edges, _tally(len(tree.metapaths), top=top), first)
        occurring = np.flatnonzero(tally.counts)
        slots = np.repeat(occurring, tally.filled[occurring])
        order = [np.argsort(-tally.ranks[slot, : tally.filled[slot]], kind="stable") for slot in occurring.tolist()]
        places = np.concatenate([*order, np.zeros(0, np.int64)])
        return _found(tree, tally, slots, tally.products[slots, places], tally.entries[slots, places])

    def everything(self, start: int, stop: int, *, edges: int = 3) -> Found:
        """List all paths, in the order of walking."""
        tree = self.tree(start, stop, edges)
        room = FIRST_ROOM
        tally = self._walk(tree, start, stop, edges, _tally(len(tree.metapaths), room=room))
        if (total := int(tally.total[0])) > room:
            tally = self._walk(tree, start, stop, edges, _tally(len(tree.metapaths), room=total))
        return _found(tree, tally, tally.listed_places[:total], tally.listed_products[:total], tally.listed_entries[:total])

    def dwpc_in(self, ends: IntArray, start: int, stop: int, *, edges: int = 3) -> FloatArray:
        """Return the DWPC of every metapath of the pair's tree in graphs of the same degrees. Shape (n_graphs, n_metapaths).

        :param ends: shape (n_graphs, n_entries); what takes the place of the layout's ends
        """
        tree = self.tree(start, stop, edges)
        arrays = Tree(tree.following, tree.place, edges)
        return walk_each(self._layout, ends, arrays, int(start), int(stop), _tally(len(tree.metapaths)))

    def tree(self, start: int, stop: int, edges: int) -> MetapathTree:
        """Return the metapaths that may join two nodes."""
        return self._tree(int(self.graph.kind_codes[start]), int(self.graph.kind_codes[stop]), edges)

    def _new_tree(self, start_kind: int, end_kind: int, edges: int) -> MetapathTree:
        return metapath_tree(self.typed.metaedges, start_kind, end_kind, edges)

    @cached_property
    def _layout(self) -> Layout:
        typed = self.typed
        return Layout(typed.first, typed.kinds, typed.rows, typed.indptr, typed.half, typed.metaedges.reverse)

    def _walk(
        self, tree: MetapathTree, start: int, stop: int, edges: int, tally: Tally, first: FloatArray | None = None
    ) -> Tally:
        around = self.typed.around(start)
        factor = np.ones(around.stop - around.start) if first is None else first
        walk(self._layout, self.typed.ends, Tree(tree.following, tree.place, edges), factor, int(start), int(stop), tally)
        return tally


def _tally(n: int, *, top: int = 0, room: int = 0) -> Tally:
    """Return an empty tally for so many metapaths."""
    return Tally(
        np.zeros(n, np.int64), np.zeros(n), np.zeros(n, np.int64), np.zeros(n), np.zeros((n, top)), np.zeros((n, top)),
        np.zeros((n, top, 4), np.int32), np.zeros(room, np.int32), np.zeros(room), np.zeros((room, 4), np.int32),
        np.zeros(1, np.int64),
    )  # fmt: skip


def _found(tree: MetapathTree, tally: Tally, slots: IntArray, products: FloatArray, entries: IntArray) -> Found:
    occurring = np.flatnonzero(tally.counts)
    metapaths = tuple(tree.metapaths[slot] for slot in occurring.tolist())
    kinds = np.searchsorted(occurring, slots)
    return Found(metapaths, tally.counts[occurring], tally.dwpc[occurring], kinds, products, entries)
