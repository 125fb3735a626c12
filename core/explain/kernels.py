"""Walk all typed paths of a pair; compiled. The callers are :mod:`core.explain.search` and :mod:`core.explain.significance`."""

from typing import NamedTuple

import numba
import numpy as np

from core.types import FloatArray, IntArray

compiled = numba.njit(cache=True, nogil=True)


class Layout(NamedTuple):
    """The arrays of :class:`~core.explain.typed.TypedEdges`."""

    first: IntArray
    kinds: IntArray
    rows: IntArray
    indptr: IntArray
    half: FloatArray
    reverse: IntArray


class Tree(NamedTuple):
    """The arrays of :class:`~core.explain.schema.MetapathTree`, and the longest path."""

    following: IntArray
    place: IntArray
    edges: int


class Goal(NamedTuple):
    """The entries of the far end, sorted by the node they lead to. The near end is never among these nodes."""

    node: int
    around: IntArray  #: shape (n_around,); ascending, without repeats
    low: IntArray  #: shape (n_entities,); -1 where a node is not around
    high: IntArray
    entries: IntArray
    along: IntArray  #: metaedge towards the far end


class Tally(NamedTuple):
    """What is counted on the way."""

    counts: IntArray  #: shape (n_metapaths,)
    dwpc: FloatArray  #: shape (n_metapaths,)
    filled: IntArray  #: shape (n_metapaths,); how many of the best paths are kept
    least: FloatArray  #: shape (n_metapaths,); rank of the last of them
    ranks: FloatArray  #: shape (n_metapaths, top)
    products: FloatArray  #: shape (n_metapaths, top)
    entries: IntArray  #: shape (n_metapaths, top, 4)
    listed_places: IntArray  #: shape (room,)
    listed_products: FloatArray  #: shape (room,)
    listed_entries: IntArray  #: shape (room, 4)
    total: IntArray  #: shape (1,); may be more than the room


@compiled
def walk(layout: Layout, ends: IntArray, tree: Tree, factor: FloatArray, start: int, stop: int, tally: Tally) -> None:
    """Visit each path of two to ``tree.edges`` edges from start to stop that meets no node twice.

    :param factor: shape (n_entries of the start,); factor of a path's rank by its first edge
    """
    goal = _goal(layout, ends, start, stop)
    path = np.full(4, -1, dtype=np.int32)
    kind = layout.kinds[start]
    begin = layout.indptr[layout.rows[start] + layout.first[kind]]
    for m in range(layout.first[kind], layout.first[kind + 1]):
        state, row = tree.following[0, m], layout.rows[start] + m
        if state < 0:
            continue
        for a in range(layout.indptr[row], layout.indptr[row + 1]):
            u = ends[a]
            if u == stop:
                continue
            path[0], path[1], path[2], path[3] = a, -1, -1, -1
            product = layout.half[row] * layout.half[layout.rows[u] + layout.reverse[m]]
            _last(layout, tree, goal, u, state, 1, product, factor[a - begin], path, tally)
            if tree.edges > 2:
                _last_two(layout, ends, tree, goal, u, u, state, 1, product, factor[a - begin], path, tally)
            if tree.edges > 3:
                _last_three(layout, ends, tree, goal, start, u, state, product, factor[a - begin], path, tally)


@compiled
def walk_each(layout: Layout, ends: IntArray, tree: Tree, start: int, stop: int, tally: Tally) -> FloatArray:
    """Return the DWPC of every metapath in many graphs of the same degrees.

    :param ends: shape (n_graphs, n_entries)
    :param tally: without room for paths; overwritten
    :returns: shape (n_graphs, n_metapaths)
    """
    kind = layout.kinds[start]
    begin, end = layout.rows[start] + layout.first[kind], layout.rows[start] + layout.first[kind + 1]
    factor = np.ones(layout.indptr[end] - layout.indptr[begin])
    dwpc = np.zeros((len(ends), len(tally.dwpc)))
    for graph in range(len(ends)):
        tally.dwpc[:] = 0
        walk(layout, ends[graph], tree, factor, start, stop, tally)
        dwpc[graph] = tally.dwpc
    return dwpc


@compiled
def _goal(layout: Layout, ends: IntArray, start: int, stop: int) -> Goal:
    kind = layout.kinds[stop]
    begin = layout.indptr[layout.rows[stop] + layout.first[kind]]
    finish = layout.indptr[layout.rows[stop] + layout.first[kind + 1]]
    along = np.empty(finish - begin, dtype=np.int64)
    for m in range(layout.first[kind], layout.first[kind + 1]):
        row = layout.rows[stop] + m
        along[layout.indptr[row] - begin : layout.indptr[row + 1] - begin] = layout.reverse[m]
    order = np.argsort(ends[begin:finish], kind="mergesort")
    low, high = np.full(len(layout.rows), -1, dtype=np.int32), np.zeros(len(layout.rows), dtype=np.int32)
    around, count = np.empty(len(order), dtype=np.int32), 0
    for place in range(len(order)):
        v = ends[begin + order[place]]
        if v == start:
            continue
        if low[v] < 0:
            low[v] = place
            around[count] = v
            count += 1
        high[v] = place + 1
    return Goal(stop, around[:count], low, high, begin + order, along[order])


@compiled
def _last_three(
    layout: Layout, ends: IntArray, tree: Tree, goal: Goal, start: int, u: int, state: int,
    product: float, factor: float, path: IntArray, tally: Tally,
) -> None:  # fmt: skip
    kind = layout.kinds[u]
    for m in range(layout.first[kind], layout.first[kind + 1]):
        deeper, row = tree.following[state, m], layout.rows[u] + m
        if deeper < 0:
            continue
        for b in range(layout.indptr[row], layout.indptr[row + 1]):
            w = ends[b]
            if w == start or w == goal.node:
                continue
            path[1], path[2], path[3] = b, -1, -1
            longer = product * layout.half[row] * layout.half[layout.rows[w] + layout.reverse[m]]
            _last_two(layout, ends, tree, goal, w, u, deeper, 2, longer, factor, path, tally)


@compiled
def _last_two(
    layout: Layout, ends: IntArray, tree: Tree, goal: Goal, here: int, before: int, state: int, length: int,
    product: float, factor: float, path: IntArray, tally: Tally,
) -> None:  # fmt: skip
    """Walk from a node over each node around the far end; through the shorter of the two lists."""
    kind = layout.kinds[here]
    for m in range(layout.first[kind], layout.first[kind + 1]):
        deeper, row = tree.following[state, m], layout.rows[here] + m
        if deeper < 0:
            continue
        begin, finish = layout.indptr[row], layout.indptr[row + 1]
        shorter, back = product * layout.half[row], layout.reverse[m]
        if finish - begin <= len(goal.around) * _steps(finish - begin):
            for b in range(begin, finish):
                v = ends[b]
                if goal.low[v] >= 0 and v != before:
                    path[length] = b
                    longer = shorter * layout.half[layout.rows[v] + back]
                    _last(layout, tree, goal, v, deeper, length + 1, longer, factor, path, tally)
        else:
            for v in goal.around:
                b = begin + np.searchsorted(ends[begin:finish], v)
                if b < finish and ends[b] == v and v != before:
                    path[length] = b
                    longer = shorter * layout.half[layout.rows[v] + back]
                    _last(layout, tree, goal, v, deeper, length + 1, longer, factor, path, tally)


@compiled
def _steps(size: int) -> int:
    """Return how many comparisons a binary search takes."""
    steps = 1
    while size >> steps:
        steps += 1
    return steps


@compiled
def _last(
    layout: Layout, tree: Tree, goal: Goal, v: int, state: int, length: int,
    product: float, factor: float, path: IntArray, tally: Tally,
) -> None:  # fmt: skip
    """Walk the last edge and count the path."""
    if goal.low[v] < 0:
        return
    for place in range(goal.low[v], goal.high[v]):
        m = goal.along[place]
        final = tree.following[state, m]
        if final < 0:
            continue
        slot = tree.place[final]
        value = product * layout.half[layout.rows[v] + m] * layout.half[layout.rows[goal.node] + layout.reverse[m]]
        path[length] = goal.entries[place]
        tally.counts[slot] += 1
        tally.dwpc[slot] += value
        _list(slot, value, path, tally)
        if tally.ranks.shape[1]:
            _keep(slot, value, value * factor, path, tally)
    path[length] = -1


@compiled
def _list(slot: int, value: float, path: IntArray, tally: Tally) -> None:
    total = tally.total[0]
    if total < len(tally.listed_places):
        tally.listed_places[total] = slot
        tally.listed_products[total] = value
        tally.listed_entries[total, :] = path
    tally.total[0] += 1


@compiled
def _keep(slot: int, value: float, rank: float, path: IntArray, tally: Tally) -> None:
    """Keep a path if it is among the best of its metapath; of equal ones the first that was met."""
    where, room = tally.filled[slot], tally.ranks.shape[1]
    if where < room:
        tally.filled[slot] += 1
    elif rank <= tally.least[slot]:
        return
    else:
        where = np.argmin(tally.ranks[slot])
    tally.ranks[slot, where] = rank
    tally.products[slot, where] = value
    tally.entries[slot, where, :] = path
    if tally.filled[slot] == room:
        tally.least[slot] = tally.ranks[slot].min()
