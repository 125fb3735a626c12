"""Slopes of the distances that numba computes, for queries and candidates at once.

A loop over pairs of rows reads and writes both rows of a pair. So rows are cut into tiles that lie close together: numbers, and
beside them the slopes that are added up. In tiles of a fixed width the compiler sees that the two do not overlap, so that four
queries share each candidate's numbers and slopes while these are in registers. All of it stands in one file, because numba looks
at no other one when it asks whether a compiled loop is still the right one.
"""

import numpy as np

from core.kge.kernels.loops import loop, part_of_a_loop

SMALLEST = np.float32(1e-12)  #: added under the square root, so that the gradient is finite where both coincide
WIDTH = 256  #: most numbers of a part in a tile; a loop over four queries stays in the nearest cache
LANES = 16  #: tiles are used in steps of so many numbers; what fills up a step is never added to a row


@loop
def l1_slopes(queries, candidates, weights, to_queries, to_candidates):
    """Add ``w sign(q - t)`` to the slope of each query and take it from each candidate's; -1 stands for the sign of 0."""
    c = queries.shape[1]
    whole, query_tiles, candidate_tiles = c - c % 4, _new_tiles(c, 1), _new_tiles(candidates.shape[1], 1)
    for k in range(queries.shape[0]):
        to_queries[k], to_candidates[k] = 0, 0
        for first in range(0, queries.shape[2] if whole else 0, WIDTH):
            _cut(queries[k], 1, first, query_tiles)
            _cut(candidates[k], 1, first, candidate_tiles)
            for four in range(0, whole, 4):
                _four_l1_slopes(
                    query_tiles[four : four + 4].ravel(),
                    candidate_tiles,
                    weights[k, four : four + 4],
                    _used(first, queries.shape[2]),
                )
            _add_slopes(query_tiles, 1, first, to_queries[k])
            _add_slopes(candidate_tiles, 1, first, to_candidates[k])
        for last in range(whole, c):
            query, to_query = queries[k, last], to_queries[k, last]
            for n in range(candidates.shape[1]):
                candidate, to_candidate, weight = candidates[k, n], to_candidates[k, n], weights[k, last, n]
                for j in range(len(query)):
                    slope = weight if query[j] > candidate[j] else -weight
                    to_query[j] += slope
                    to_candidate[j] -= slope


@part_of_a_loop
def _four_l1_slopes(queries, candidates, weights, width):
    for n in range(len(candidates)):
        candidate = candidates[n]
        w0, w1, w2, w3 = weights[0, n], weights[1, n], weights[2, n], weights[3, n]
        for j in range(width):
            x = candidate[j]
            s0 = w0 if queries[j] > x else -w0
            s1 = w1 if queries[2 * WIDTH + j] > x else -w1
            s2 = w2 if queries[4 * WIDTH + j] > x else -w2
            s3 = w3 if queries[6 * WIDTH + j] > x else -w3
            queries[WIDTH + j] += s0
            queries[3 * WIDTH + j] += s1
            queries[5 * WIDTH + j] += s2
            queries[7 * WIDTH + j] += s3
            candidate[WIDTH + j] -= (s0 + s1) + (s2 + s3)


@loop
def modulus_slopes(queries, candidates, weights, to_queries, to_candidates):
    """Add ``w (q - t) / |q - t|`` to the slope of each query and take it from each candidate's."""
    c, half = queries.shape[1], queries.shape[2] // 2
    whole, query_tiles, candidate_tiles = c - c % 4, _new_tiles(c, 2), _new_tiles(candidates.shape[1], 2)
    for k in range(queries.shape[0]):
        to_queries[k], to_candidates[k] = 0, 0
        for first in range(0, half if whole else 0, WIDTH):
            _cut(queries[k], 2, first, query_tiles)
            _cut(candidates[k], 2, first, candidate_tiles)
            for four in range(0, whole, 4):
                _four_modulus_slopes(
                    query_tiles[four : four + 4].ravel(), candidate_tiles, weights[k, four : four + 4], _used(first, half)
                )
            _add_slopes(query_tiles, 2, first, to_queries[k])
            _add_slopes(candidate_tiles, 2, first, to_candidates[k])
        for last in range(whole, c):
            _last_modulus_slopes(queries[k, last], candidates[k], weights[k, last], to_queries[k, last], to_candidates[k])


@part_of_a_loop
def _last_modulus_slopes(query, candidates, weights, to_query, to_candidates):
    half = len(query) // 2
    q, qi, to_q, to_qi = query[:half], query[half:], to_query[:half], to_query[half:]
    for n in range(len(candidates)):
        t, ti, to_t, to_ti = candidates[n, :half], candidates[n, half:], to_candidates[n, :half], to_candidates[n, half:]
        for j in range(half):
            x, y = q[j] - t[j], qi[j] - ti[j]
            slope = weights[n] / np.sqrt(x * x + y * y + SMALLEST)
            to_q[j] += slope * x
            to_qi[j] += slope * y
            to_t[j] -= slope * x
            to_ti[j] -= slope * y


@part_of_a_loop
def _four_modulus_slopes(queries, candidates, weights, width):
    for n in range(len(candidates)):
        candidate = candidates[n]
        w0, w1, w2, w3 = weights[0, n], weights[1, n], weights[2, n], weights[3, n]
        for j in range(width):
            t, ti = candidate[j], candidate[WIDTH + j]
            x0, y0 = queries[j] - t, queries[WIDTH + j] - ti
            x1, y1 = queries[4 * WIDTH + j] - t, queries[5 * WIDTH + j] - ti
            x2, y2 = queries[8 * WIDTH + j] - t, queries[9 * WIDTH + j] - ti
            x3, y3 = queries[12 * WIDTH + j] - t, queries[13 * WIDTH + j] - ti
            s0, s1 = w0 / np.sqrt(x0 * x0 + y0 * y0 + SMALLEST), w1 / np.sqrt(x1 * x1 + y1 * y1 + SMALLEST)
            s2, s3 = w2 / np.sqrt(x2 * x2 + y2 * y2 + SMALLEST), w3 / np.sqrt(x3 * x3 + y3 * y3 + SMALLEST)
            queries[2 * WIDTH + j] += s0 * x0
            queries[3 * WIDTH + j] += s0 * y0
            queries[6 * WIDTH + j] += s1 * x1
            queries[7 * WIDTH + j] += s1 * y1
            queries[10 * WIDTH + j] += s2 * x2
            queries[11 * WIDTH + j] += s2 * y2
            queries[14 * WIDTH + j] += s3 * x3
            queries[15 * WIDTH + j] += s3 * y3
            candidate[2 * WIDTH + j] -= (s0 * x0 + s1 * x1) + (s2 * x2 + s3 * x3)
            candidate[3 * WIDTH + j] -= (s0 * y0 + s1 * y1) + (s2 * y2 + s3 * y3)


@part_of_a_loop
def _new_tiles(rows, parts):
    """Return room for tiles of rows that have so many parts, real and imaginary ones. Shape (rows, 2 * parts * WIDTH)."""
    return np.zeros((rows, 2 * parts * WIDTH), np.float32)


@part_of_a_loop
def _used(first, size):
    """Return how many numbers of a part the tile that begins there uses."""
    return min(WIDTH, -(-(size - first) // LANES) * LANES)


@part_of_a_loop
def _cut(rows, parts, first, tiles):
    """Copy numbers of each part into tiles, and begin their slopes at 0."""
    size = rows.shape[1] // parts
    here = min(WIDTH, size - first)
    for i in range(len(rows)):
        for part in range(parts):
            start, slope = part * WIDTH, (parts + part) * WIDTH
            tiles[i, start : start + here] = rows[i, part * size + first : part * size + first + here]
            tiles[i, slope : slope + WIDTH] = 0


@part_of_a_loop
def _add_slopes(tiles, parts, first, slopes):
    """Add the slopes of tiles to those of the rows they were cut from."""
    size = slopes.shape[1] // parts
    here = min(WIDTH, size - first)
    for i in range(len(slopes)):
        for part in range(parts):
            slope = (parts + part) * WIDTH
            slopes[i, part * size + first : part * size + first + here] += tiles[i, slope : slope + here]
