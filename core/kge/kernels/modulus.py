"""The distance of RotatE, a sum of complex moduli, without a tensor of (k, c, n, d).

On the CPU a numba loop computes it, and its gradient by hand; on CUDA ``torch.compile`` fuses the plain formula.
"""

from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from core.kge.kernels.loops import array, in_chunks, is_fast, loop, part_of_a_loop
from core.kge.kernels.slopes import SMALLEST, modulus_slopes


def modulus(queries: Tensor, candidates: Tensor) -> Tensor:
    """Return ``sum_j |q_j - t_j|`` over complex coordinates; real parts first, then imaginary ones.

    Shapes (k, c, d), (k, n, d) -> (k, c, n) with d even.
    """
    if is_fast(queries, candidates):
        return _Modulus.apply(queries, candidates)
    return _compiled()(queries, candidates) if queries.is_cuda else plain_modulus(queries, candidates)


def plain_modulus(queries: Tensor, candidates: Tensor) -> Tensor:
    """Compute the same with the tensor of differences: the formula as it is written."""
    real, imaginary = (queries[:, :, None, :] - candidates[:, None, :, :]).chunk(2, dim=-1)
    return (real.square() + imaginary.square() + SMALLEST.item()).sqrt().sum(-1)


@cache
def _compiled():
    return torch.compile(plain_modulus, dynamic=True)


class _Modulus(Function):
    @staticmethod
    def forward(ctx, queries: Tensor, candidates: Tensor) -> Tensor:
        ctx.save_for_backward(queries, candidates)
        result = torch.empty(*queries.shape[:2], candidates.shape[1])
        in_chunks(_distances, array(queries), array(candidates), result.numpy())
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor]:
        queries, candidates = (array(tensor) for tensor in ctx.saved_tensors)
        to_queries, to_candidates = torch.empty(queries.shape), torch.empty(candidates.shape)
        in_chunks(modulus_slopes, queries, candidates, array(gradient), to_queries.numpy(), to_candidates.numpy())
        return to_queries, to_candidates


@loop
def _distances(queries, candidates, result):
    half, c = queries.shape[2] // 2, queries.shape[1]
    for k in range(queries.shape[0]):
        for pair in range(0, c - 1, 2):  # two at a time, so that each candidate is loaded less often
            _two_distances(queries[k], candidates[k], result[k], pair)
        for last in range(c - c % 2, c):
            q, qi = queries[k, last, :half], queries[k, last, half:]
            for n in range(candidates.shape[1]):
                t, ti, total = candidates[k, n, :half], candidates[k, n, half:], np.float32(0)
                for j in range(half):
                    square = (q[j] - t[j]) ** 2 + (qi[j] - ti[j]) ** 2
                    total += square / np.sqrt(square + SMALLEST)
                result[k, last, n] = total


@part_of_a_loop
def _two_distances(queries, candidates, result, first):
    half = queries.shape[1] // 2
    q, qi, p, pi = queries[first, :half], queries[first, half:], queries[first + 1, :half], queries[first + 1, half:]
    for n in range(len(candidates)):
        t, ti, total, other = candidates[n, :half], candidates[n, half:], np.float32(0), np.float32(0)
        for j in range(half):
            square, another = (q[j] - t[j]) ** 2 + (qi[j] - ti[j]) ** 2, (p[j] - t[j]) ** 2 + (pi[j] - ti[j]) ** 2
            total += square / np.sqrt(square + SMALLEST)  # an estimated inverse root is faster than the root
            other += another / np.sqrt(another + SMALLEST)
        result[first, n], result[first + 1, n] = total, other
