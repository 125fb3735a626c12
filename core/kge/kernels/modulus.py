"""The distance of RotatE, a sum of complex moduli, without a tensor of (k, c, n, d).

On the CPU a numba loop computes it, and its gradient by hand; on CUDA ``torch.compile`` fuses the plain formula.
"""

from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from core.kge.kernels.loops import array, in_chunks, is_fast, loop

SMALLEST = np.float32(1e-12)  #: added under the square root, so that the gradient is finite where both coincide


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
        to_queries, to_candidates = (torch.zeros_like(tensor) for tensor in ctx.saved_tensors)
        in_chunks(_slopes, queries, candidates, array(gradient), to_queries.numpy(), to_candidates.numpy())
        return to_queries, to_candidates


@loop
def _distances(queries, candidates, result):
    half = queries.shape[2] // 2
    for k in range(queries.shape[0]):
        for c in range(queries.shape[1]):
            q, q_imaginary = queries[k, c, :half], queries[k, c, half:]
            for n in range(candidates.shape[1]):
                t, t_imaginary, total = candidates[k, n, :half], candidates[k, n, half:], np.float32(0)
                for j in range(half):
                    x, y = q[j] - t[j], q_imaginary[j] - t_imaginary[j]
                    total += np.sqrt(x * x + y * y + SMALLEST)
                result[k, c, n] = total


@loop
def _slopes(queries, candidates, gradient, to_queries, to_candidates):
    half = queries.shape[2] // 2
    for k in range(queries.shape[0]):
        for c in range(queries.shape[1]):
            q, q_imaginary = queries[k, c, :half], queries[k, c, half:]
            to_q, to_q_imaginary = to_queries[k, c, :half], to_queries[k, c, half:]
            for n in range(candidates.shape[1]):
                t, t_imaginary = candidates[k, n, :half], candidates[k, n, half:]
                to_t, to_t_imaginary = to_candidates[k, n, :half], to_candidates[k, n, half:]
                weight = gradient[k, c, n]
                for j in range(half):
                    x, y = q[j] - t[j], q_imaginary[j] - t_imaginary[j]
                    slope = weight / np.sqrt(x * x + y * y + SMALLEST)
                    to_q[j] += slope * x
                    to_q_imaginary[j] += slope * y
                    to_t[j] -= slope * x
                    to_t_imaginary[j] -= slope * y
