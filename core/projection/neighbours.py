"""Find exact nearest neighbours: blocks of matrix products, and one pass over each block that keeps the best."""

from dataclasses import dataclass

import numba
import numpy as np

from core.projection.space import unit_rows
from core.types import FloatArray, IntArray, Progress, silent

ROWS_A_BLOCK = 512


@dataclass(frozen=True)
class Neighbours:
    """The nearest other rows of each row, nearest first; ties go to the lower row."""

    rows: IntArray  #: shape (n, k), int32
    closeness: FloatArray  #: shape (n, k), float32; cosine similarity, or minus the squared distance


def nearest_by_cosine(vectors: FloatArray, k: int, *, progress: Progress = silent) -> Neighbours:
    """Return the ``k`` rows with the highest cosine similarity to each row (fewer where there are not so many)."""
    unit = unit_rows(vectors)
    return _nearest(unit, unit, k, progress)


def nearest_by_distance(points: FloatArray, k: int, *, progress: Progress = silent) -> Neighbours:
    """Return the ``k`` rows at the least Euclidean distance to each row.

    ``-|a - b|^2 = 2 a.b - |b|^2 - |a|^2``: two further columns turn the distance into one product.
    """
    points = points.astype(np.float32)
    squares = (points * points).sum(axis=1, keepdims=True)
    ones = np.ones_like(squares)
    return _nearest(np.hstack([2 * points, -squares, -ones]), np.hstack([points, ones, squares]), k, progress)


def _nearest(queries: FloatArray, keys: FloatArray, k: int, progress: Progress) -> Neighbours:
    count = len(keys)
    k = max(min(k, count - 1), 0)
    rows, closeness = np.zeros((count, k), dtype=np.int32), np.full((count, k), -np.inf, dtype=np.float32)
    transposed = np.ascontiguousarray(keys.T)
    for start in range(0, count, ROWS_A_BLOCK):
        block = slice(start, start + ROWS_A_BLOCK)
        _keep_best(queries[block] @ transposed, start, rows[block], closeness[block])
        progress(min(start + ROWS_A_BLOCK, count), count)
    return Neighbours(rows, closeness)


@numba.njit(cache=True, nogil=True)
def _keep_best(block: FloatArray, first: int, rows: IntArray, closeness: FloatArray) -> None:
    """Insert each entry of a block into its row's list of the best. Shapes (b, n), (b, k), (b, k)."""
    k = rows.shape[1]
    if k == 0:
        return
    for query in range(block.shape[0]):
        best, worst = closeness[query], -np.inf
        for key in range(block.shape[1]):
            value = block[query, key]
            if value > worst and key != first + query:
                place = k - 1
                while place > 0 and best[place - 1] < value:
                    best[place], rows[query, place] = best[place - 1], rows[query, place - 1]
                    place -= 1
                best[place], rows[query, place] = value, key
                worst = best[k - 1]
