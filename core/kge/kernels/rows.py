"""Work on those rows of a table that a batch touched; float32 on the CPU."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from core.kge.kernels.loops import array, loop, part_of_a_loop
from core.types import FloatArray, IntArray

TINY = np.float32(1e-8)  #: least length of a vector, as in torch's cosine similarity


class Uses(NamedTuple):
    """The gradients of all uses of some rows; a row may be used several times."""

    gradients: tuple[FloatArray, ...]  #: each shape (m, d); one after the other they are all uses
    firsts: IntArray  #: the number of the first use in each of them
    order: IntArray  #: shape (sum of m,): uses, those of a row side by side
    edges: IntArray  #: shape (b + 1,): where in ``order`` each row begins, and where the last one ends


def sum_uses(uses: Uses) -> Tensor:
    """Sum the gradients of each row, use after use. Shape (b, d)."""
    result = torch.empty(len(uses.edges) - 1, uses.gradients[0].shape[1])
    _sum_uses(uses, result.numpy())
    return result


def pull_cosine(table: Tensor, text: Tensor, rows: Tensor, gradient: Tensor, weight: float) -> float:
    """Add ``weight`` times the slope of the mean ``1 - cos(e, t)`` over some rows to their gradient; return that mean.

    :param table: shape (n, d): all ``e``
    :param text: shape (n, d): all ``t``
    :param rows: shape (b,), distinct
    :param gradient: shape (b, d), changed in place
    """
    return _pull_cosine(array(table), array(text), rows.numpy(), gradient.numpy(), np.float32(weight / len(rows)))


def step_adagrad(table: Tensor, sums: Tensor, rows: Tensor, gradient: Tensor, rate: float, epsilon: float) -> None:
    """Take a step of row-wise Adagrad, in place. Shapes (n, d), (n,), (b,) and distinct, (b, d)."""
    _step_adagrad(array(table), array(sums), rows.numpy(), array(gradient), np.float32(rate), np.float32(epsilon))


def sum_pull_and_step(
    uses: Uses, table: Tensor, sums: Tensor, rows: Tensor, text: Tensor, weight: float, rate: float, epsilon: float
) -> float:
    """Do :func:`sum_uses`, :func:`pull_cosine` and :func:`step_adagrad` row by row, while a row is in the nearest cache."""
    numbers = np.float32(weight / len(rows)), np.float32(rate), np.float32(epsilon)
    return _sum_pull_and_step(uses, array(table), array(sums), rows.numpy(), array(text), *numbers)


@loop
def _sum_uses(uses, result):
    for i in range(len(result)):
        _sum_row(uses, i, result[i])


@loop
def _pull_cosine(table, text, rows, gradient, weight):
    total = 0.0
    for i in range(len(rows)):
        total += _pull_row(table[rows[i]], text[rows[i]], gradient[i], weight)
    return total / len(rows)


@loop
def _step_adagrad(table, sums, rows, gradient, rate, epsilon):
    for i in range(len(rows)):
        sums[rows[i]] = _step_row(table[rows[i]], gradient[i], sums[rows[i]], rate, epsilon)


@loop
def _sum_pull_and_step(uses, table, sums, rows, text, weight, rate, epsilon):
    total, slope = 0.0, np.empty(table.shape[1], np.float32)
    for i in range(len(rows)):
        _sum_row(uses, i, slope)
        total += _pull_row(table[rows[i]], text[rows[i]], slope, weight)
        sums[rows[i]] = _step_row(table[rows[i]], slope, sums[rows[i]], rate, epsilon)
    return total / len(rows)


@part_of_a_loop
def _sum_row(uses, i, result):
    for place in range(uses.edges[i], uses.edges[i + 1]):
        use = uses.order[place]
        which = np.searchsorted(uses.firsts, use, side="right") - 1
        gradient = uses.gradients[which][use - uses.firsts[which]]
        if place == uses.edges[i]:
            for j in range(len(result)):
                result[j] = gradient[j]
        else:
            for j in range(len(result)):
                result[j] += gradient[j]


@part_of_a_loop
def _pull_row(e, t, slope, weight):
    product, e_square, t_square = np.float32(0), np.float32(0), np.float32(0)
    for j in range(len(e)):
        product += e[j] * t[j]
        e_square += e[j] * e[j]
        t_square += t[j] * t[j]
    e_length, t_length = max(np.sqrt(e_square), TINY), max(np.sqrt(t_square), TINY)
    cosine = product / (e_length * t_length)
    # d cos / de = t / (|e| |t|) - cos e / |e|^2
    along_t, along_e = weight / (e_length * t_length), weight * cosine / (e_length * e_length)
    for j in range(len(e)):
        slope[j] += along_e * e[j] - along_t * t[j]
    return 1 - cosine


@part_of_a_loop
def _step_row(row, slope, total, rate, epsilon):
    square = np.float32(0)
    for j in range(len(slope)):
        square += slope[j] * slope[j]
    total += square / np.float32(len(slope))
    step = rate / (np.sqrt(total) + epsilon)
    for j in range(len(slope)):
        row[j] -= step * slope[j]
    return total
