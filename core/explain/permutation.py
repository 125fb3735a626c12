"""Shuffle a graph so that every node keeps its degree along every metaedge: what chance alone would look like.

XSwap (Hanhijaervi et al. 2009; used for Hetionet by Himmelstein et al. 2017): two edges of one kind swap their tails, unless that
would make a loop or an edge that is there already. Attempts that fail count, so that all such graphs are equally probable.
"""

from collections.abc import Iterator

import numba
import numpy as np

from core.explain.typed import TypedEdges
from core.types import IntArray

ATTEMPTS = 10  #: swaps that are tried, for each edge


def permuted_ends(typed: TypedEdges, *, seed: int, count: int) -> Iterator[IntArray]:
    """Give shuffled graphs as what takes the place of the layout's ends, each shape (n_entries,), int32.

    Each goes on from the one before it; the layout itself is not among them.
    """
    generator = np.random.default_rng(seed)
    starts, along, reverse = typed.starts(), typed.along(), typed.metaedges.reverse
    one_way = along <= reverse[along]
    single = one_way & ((along != reverse[along]) | (starts < typed.ends))  # an undirected edge has two entries: take one
    entries = np.flatnonzero(single)[np.argsort(along[single], kind="stable")]
    kinds, first = np.unique(along[entries], return_index=True)
    heads, tails = starts[entries], typed.ends[entries].astype(np.int64)
    bounds = np.append(first, len(entries))
    for _ in range(count):
        for kind, low, high in zip(kinds.tolist(), bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            undirected, within = reverse[kind] == kind, typed.metaedges.start_kind[kind] == typed.metaedges.end_kind[kind]
            swap_number = int(generator.integers(2**62))
            _swap(heads[low:high], tails[low:high], ATTEMPTS * (high - low), swap_number, len(typed.rows), undirected, within)
        yield _ends(typed, heads, tails, along[entries])


def _ends(typed: TypedEdges, heads: IntArray, tails: IntArray, along: IntArray) -> IntArray:
    """Sort the edges into the rows of the layout."""
    row = np.concatenate([typed.rows[heads] + along, typed.rows[tails] + typed.metaedges.reverse[along]])
    end = np.concatenate([tails, heads])
    codes = row * len(typed.rows) + end
    codes.sort()
    return (codes % len(typed.rows)).astype(np.int32)


@numba.njit(cache=True, nogil=True)
def _swap(heads: IntArray, tails: IntArray, attempts: int, seed: int, n: int, undirected: bool, within: bool) -> None:  # noqa: FBT001
    """Swap tails in place.

    :param within: both ends are of one kind, so that a loop is possible
    """
    state = np.uint64(seed) | np.uint64(1)
    n_edges = len(heads)
    if n_edges < 2:
        return
    size = 4
    while size < 4 * n_edges:
        size *= 2
    table = np.full(size, -1, dtype=np.int64)
    for edge in range(n_edges):
        _add(table, _code(heads[edge], tails[edge], n, undirected))
    removed = 0
    for _ in range(attempts):
        state = _next(state)
        one = np.int64((state >> np.uint64(11)) % np.uint64(n_edges))
        state = _next(state)
        other = np.int64((state >> np.uint64(11)) % np.uint64(n_edges))
        a, b, c, d = heads[one], tails[one], heads[other], tails[other]
        if undirected:
            state = _next(state)
            if state >> np.uint64(63):
                c, d = d, c
        if (within and (a == d or c == b)) or (a == c) or (b == d):
            continue
        new, newer = _code(a, d, n, undirected), _code(c, b, n, undirected)
        if new == newer or _has(table, new) or _has(table, newer):
            continue
        _drop(table, _code(a, b, n, undirected))
        _drop(table, _code(c, d, n, undirected))
        removed += 2
        tails[one], heads[other], tails[other] = d, c, b
        _add(table, new)
        _add(table, newer)
        if removed > n_edges:  # what was removed stays in the table as a gap and slows it down
            table[:] = -1
            for edge in range(n_edges):
                _add(table, _code(heads[edge], tails[edge], n, undirected))
            removed = 0


@numba.njit(cache=True, nogil=True)
def _next(state: np.uint64) -> np.uint64:
    """Return the next state of xorshift64 (Marsaglia 2003, doi 10.18637/jss.v008.i14)."""
    state ^= state << np.uint64(13)
    state ^= state >> np.uint64(7)
    state ^= state << np.uint64(17)
    return state


@numba.njit(cache=True, nogil=True)
def _code(head: int, tail: int, n: int, undirected: bool) -> int:  # noqa: FBT001
    if undirected and tail < head:
        return tail * n + head
    return head * n + tail


GAP = -2  #: where an edge was removed


@numba.njit(cache=True, nogil=True)
def _slot(code: int, size: int) -> int:
    mixed = np.uint64(code) * np.uint64(0x9E3779B97F4A7C15)
    return np.int64((mixed >> np.uint64(20)) % np.uint64(size))


@numba.njit(cache=True, nogil=True)
def _add(table: IntArray, code: int) -> None:
    slot = _slot(code, len(table))
    while table[slot] >= 0:
        slot = (slot + 1) % len(table)
    table[slot] = code


@numba.njit(cache=True, nogil=True)
def _has(table: IntArray, code: int) -> bool:
    slot = _slot(code, len(table))
    while table[slot] != -1:
        if table[slot] == code:
            return True
        slot = (slot + 1) % len(table)
    return False


@numba.njit(cache=True, nogil=True)
def _drop(table: IntArray, code: int) -> None:
    slot = _slot(code, len(table))
    while table[slot] != code:
        slot = (slot + 1) % len(table)
    table[slot] = GAP
