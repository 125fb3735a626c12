"""Lay out by UMAP (McInnes, Healy and Melville 2018, arXiv 1802.03426) from known neighbours and given places.

The same method as umap-learn, written again for three reasons: that library compiles for some five to ten seconds in every
process before it lays out anything, which is longer than the whole work on a small graph; its descent computes a dozen powers for
each pair and epoch, where a table serves; and it reports no progress to a program. The tests hold the graph and the picture
against umap-learn's.
"""

from functools import cache

import numba
import numpy as np
from scipy.optimize import curve_fit
from scipy.sparse import coo_array, csr_array

from core.projection.neighbours import Neighbours
from core.types import FloatArray, IntArray, Progress, silent

SPREAD = 1.0  #: scale of the picture
PUSHES = 5  #: random entities from which one is pushed for each pull
BISECTIONS = 64
LEAST_WIDTH = 1e-3  #: of a neighbourhood, relative to its mean distance
FURTHEST_STEP = 4.0
EPOCHS_A_REPORT = 10
CELL_BITS = 16  #: of a float32 that a cell of the table of forces leaves out: 128 cells from a number to its double
LEAST_CELL, LAST_CELL = (int(np.float32(edge).view(np.int32)) >> CELL_BITS for edge in (2.0**-24, 2.0**14))


def fuzzy_graph(near: Neighbours, distances: FloatArray) -> csr_array:
    """Return how strongly entities belong together, symmetric, 0 to 1. Shape (n, n).

    Each entity sees its nearest neighbour at strength 1, and the others at strengths that sum to ``log2(k + 1)`` together
    (section 3.1 of the paper); two views of one pair are joined as the probability that either holds, ``a + b - ab``.

    :param distances: shape (n, k); to ``near.rows``, ascending
    """
    count, k = near.rows.shape
    nearest = _least_positive(distances)
    excess = np.maximum(distances - nearest[:, None], 0)
    strength = np.exp(-excess / _widths(excess, distances, nearest)[:, None])
    rows = np.repeat(np.arange(count), k)
    seen = coo_array((strength.ravel(), (rows, near.rows.ravel())), shape=(count, count)).tocsr()
    return csr_array(seen + seen.T - seen * seen.T)


def _least_positive(distances: FloatArray) -> FloatArray:
    """Return each row's least distance above zero; zero where all are zero. Shape (n, k) -> (n,)."""
    least = np.where(distances > 0, distances, np.inf).min(axis=1)
    return np.where(np.isfinite(least), least, 0)


def _widths(excess: FloatArray, distances: FloatArray, nearest: FloatArray) -> FloatArray:
    """Return the width of each neighbourhood by bisection: strengths ``exp(-excess / width)`` sum to ``log2(k + 1)``."""
    target = np.log2(excess.shape[1] + 1)
    low, high, width = np.zeros(len(excess)), np.full(len(excess), np.inf), np.ones(len(excess))
    for _ in range(BISECTIONS):
        too_wide = np.exp(-excess / width[:, None]).sum(axis=1) > target
        low, high = np.where(too_wide, low, width), np.where(too_wide, width, high)
        width = np.where(np.isinf(high), 2 * width, (low + high) / 2)
    of_row = distances.sum(axis=1) / (excess.shape[1] + 1)  # umap-learn counts the entity itself, at distance zero
    return np.maximum(width, LEAST_WIDTH * np.where(nearest > 0, of_row, of_row.mean()))


@cache
def curve(min_dist: float) -> tuple[float, float]:
    """Return a, b of ``1 / (1 + a d^2b)``, fitted to strength 1 up to ``min_dist`` and an exponential fall beyond it."""
    distances = np.linspace(0, 3 * SPREAD, 300)
    wanted = np.where(distances < min_dist, 1.0, np.exp(-(distances - min_dist) / SPREAD))
    (a, b), _ = curve_fit(lambda d, a, b: 1 / (1 + a * d ** (2 * b)), distances, wanted)
    return float(a), float(b)


def descend(
    graph: csr_array, start: FloatArray, *, epochs: int, min_dist: float, seed: int, progress: Progress = silent
) -> FloatArray:
    """Move places until entities that belong together lie together: the same seed gives the same bits. Shape (n, 2), float32.

    Pairs are pulled as often as they are strong; for each pull, one end is pushed from a few random entities.

    :param start: shape (n, 2)
    """
    edges = graph.tocoo()
    kept = edges.data >= edges.data.max() / epochs  # a weaker pair would never have its turn
    ends = np.stack([edges.coords[end][kept] for end in (0, 1)], axis=1).astype(np.int32)
    period = (edges.data.max() / edges.data[kept]).astype(np.float32)
    places, due = np.array(start, dtype=np.float32), period.copy()
    forces, state = force_table(min_dist), np.array([2 * seed + 1], dtype=np.uint64)
    for epoch in range(epochs):
        _epoch(places, ends, period, due, np.float32(epoch), np.float32(1 - epoch / epochs), forces, state)
        if epoch % EPOCHS_A_REPORT == EPOCHS_A_REPORT - 1 or epoch == epochs - 1:
            progress(epoch + 1, epochs)
    return places


@cache
def force_table(min_dist: float) -> FloatArray:
    """Tabulate pull and push over the squared distance: what both gradients multiply the difference with. Shape (2, cells).

    A power for each of six forces a pair takes most of the time, and places are stochastic anyway: a cell spans 0.8 % of a
    distance squared, so its middle is right within 0.4 %. It is found from the leading bits of the number.
    """
    a, b = curve(min_dist)
    bits = (np.arange(LEAST_CELL, LAST_CELL + 1, dtype=np.int64) << CELL_BITS) + (1 << (CELL_BITS - 1))
    squared = bits.astype(np.int32).view(np.float32).astype(np.float64)
    fall = 1 + a * squared**b
    return np.stack([-2 * a * b * squared ** (b - 1) / fall, 2 * b / ((0.001 + squared) * fall)]).astype(np.float32)


@numba.njit(cache=True, nogil=True, inline="always")
def _cell(squared: np.float32) -> int:
    """Return which cell of the table a squared distance falls into."""
    return min(max((np.float32(squared).view(np.int32) >> CELL_BITS) - LEAST_CELL, 0), LAST_CELL - LEAST_CELL)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _epoch(
    places: FloatArray,
    ends: IntArray,
    period: FloatArray,
    due: FloatArray,
    epoch: np.float32,
    rate: np.float32,
    forces: FloatArray,
    state: IntArray,
) -> None:
    """Pull every pair whose turn it is, and push its head from random entities."""
    limit, count, seed = np.float32(FURTHEST_STEP), np.uint64(len(places)), state[0]
    pulls, pushes = forces[0], forces[1]
    for pair in range(len(ends)):
        if due[pair] > epoch:
            continue
        due[pair] += period[pair]
        head, tail = ends[pair, 0], ends[pair, 1]
        x, y = places[head, 0], places[head, 1]
        dx, dy = x - places[tail, 0], y - places[tail, 1]
        force = pulls[_cell(dx * dx + dy * dy)]
        dx, dy = rate * min(max(force * dx, -limit), limit), rate * min(max(force * dy, -limit), limit)
        x, y = x + dx, y + dy
        places[tail, 0] -= dx
        places[tail, 1] -= dy
        for _ in range(PUSHES):
            seed = seed * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)  # Knuth's generator, MMIX
            other = ((seed >> np.uint64(32)) * count) >> np.uint64(32)
            if other == head:
                continue
            dx, dy = x - places[other, 0], y - places[other, 1]
            force = pushes[_cell(dx * dx + dy * dy)]
            x += rate * min(max(force * dx, -limit), limit)
            y += rate * min(max(force * dy, -limit), limit)
        places[head, 0], places[head, 1] = x, y
    state[0] = seed
