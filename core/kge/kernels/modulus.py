"""The distance of RotatE, a sum of complex moduli, without a tensor of (k, c, n, d).

On the CPU a numba loop computes it, and its gradient by hand; on CUDA ``torch.compile`` fuses the plain formula.
"""

from functools import cache

import numba
import numpy as np
import torch
from torch import Tensor

SMALLEST = 1e-12  #: added under the square root, so that the gradient is finite where query and candidate coincide


def modulus(queries: Tensor, candidates: Tensor) -> Tensor:
    """Return ``sum_j |q_j - t_j|`` over complex coordinates; real parts first, then imaginary ones.

    Shapes (k, c, d), (k, n, d) -> (k, c, n) with d even.
    """
    if queries.device.type == "cpu" and queries.dtype == torch.float32:
        return _Modulus.apply(queries, candidates)
    return _compiled()(queries, candidates) if queries.is_cuda else plain_modulus(queries, candidates)


def plain_modulus(queries: Tensor, candidates: Tensor) -> Tensor:
    """Compute the same with the tensor of differences: the formula as it is written."""
    real, imaginary = (queries[:, :, None, :] - candidates[:, None, :, :]).chunk(2, dim=-1)
    return (real.square() + imaginary.square() + SMALLEST).sqrt().sum(-1)


@cache
def _compiled():
    return torch.compile(plain_modulus, dynamic=True)


class _Modulus(torch.autograd.Function):
    @staticmethod
    def forward(ctx, queries: Tensor, candidates: Tensor) -> Tensor:
        ctx.save_for_backward(queries, candidates)
        result = torch.empty(*queries.shape[:2], candidates.shape[1])
        _forward(_array(queries), _array(candidates), result.numpy())
        return result

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor]:
        queries, candidates = ctx.saved_tensors
        to_queries, to_candidates = torch.zeros_like(queries), torch.zeros_like(candidates)
        _backward(_array(queries), _array(candidates), _array(gradient), to_queries.numpy(), to_candidates.numpy())
        return to_queries, to_candidates


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().contiguous().numpy()


@numba.njit(cache=True, fastmath=True)
def _forward(queries, candidates, result):
    half = queries.shape[2] // 2
    for k in range(queries.shape[0]):
        for c in range(queries.shape[1]):
            for n in range(candidates.shape[1]):
                total = np.float32(0)
                for j in range(half):
                    real = queries[k, c, j] - candidates[k, n, j]
                    imaginary = queries[k, c, half + j] - candidates[k, n, half + j]
                    total += np.sqrt(real * real + imaginary * imaginary + np.float32(SMALLEST))
                result[k, c, n] = total


@numba.njit(cache=True, fastmath=True)
def _backward(queries, candidates, gradient, to_queries, to_candidates):
    half = queries.shape[2] // 2
    for k in range(queries.shape[0]):
        for c in range(queries.shape[1]):
            for n in range(candidates.shape[1]):
                weight = gradient[k, c, n]
                if weight == 0:
                    continue
                for j in range(half):
                    real = queries[k, c, j] - candidates[k, n, j]
                    imaginary = queries[k, c, half + j] - candidates[k, n, half + j]
                    slope = weight / np.sqrt(real * real + imaginary * imaginary + np.float32(SMALLEST))
                    to_queries[k, c, j] += slope * real
                    to_queries[k, c, half + j] += slope * imaginary
                    to_candidates[k, n, j] -= slope * real
                    to_candidates[k, n, half + j] -= slope * imaginary
