"""Distances of TransE.

L2 is a matrix product anywhere. L1 is a numba loop on the CPU, with its gradient by hand, and ``torch.cdist`` elsewhere.
"""

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from core.kge.kernels.loops import array, in_chunks, is_fast, loop, part_of_a_loop
from core.kge.kernels.slopes import l1_slopes

SMALLEST = 1e-12  #: least square of an L2 distance; where query and candidate coincide, the slope is nothing


def l1(queries: Tensor, candidates: Tensor) -> Tensor:
    """Return L1 distances without a tensor of (k, c, n, d). Shapes (k, c, d), (k, n, d) -> (k, c, n)."""
    if is_fast(queries, candidates):
        return _L1.apply(queries, candidates)
    return torch.cdist(queries, candidates, p=1.0)


def l2(queries: Tensor, candidates: Tensor) -> Tensor:
    """Return Euclidean distances as one matrix product. Shapes (k, c, d), (k, n, d) -> (k, c, n)."""
    if queries.shape[1] == candidates.shape[1] == 1:  # a pair each: the difference itself is exact, and as fast
        return _PairL2.apply(queries, candidates)
    return _L2.apply(queries, candidates)


class _L1(Function):
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
        in_chunks(l1_slopes, queries, candidates, array(gradient), to_queries.numpy(), to_candidates.numpy())
        return to_queries, to_candidates


@loop
def _distances(queries, candidates, result):
    for k in range(queries.shape[0]):
        c = queries.shape[1]
        for first in range(0, c - 3, 4):  # four at a time, so that each candidate is loaded less often
            _four_distances(queries[k], candidates[k], result[k], first)
        for last in range(c - c % 4, c):
            for n in range(candidates.shape[1]):
                query, candidate, total = queries[k, last], candidates[k, n], np.float32(0)
                for j in range(len(query)):
                    total += abs(query[j] - candidate[j])
                result[k, last, n] = total


@part_of_a_loop
def _four_distances(queries, candidates, result, first):
    q0, q1, q2, q3 = queries[first], queries[first + 1], queries[first + 2], queries[first + 3]
    for n in range(len(candidates)):
        candidate = candidates[n]
        d0, d1, d2, d3 = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        for j in range(len(candidate)):
            x = candidate[j]
            d0 += abs(q0[j] - x)
            d1 += abs(q1[j] - x)
            d2 += abs(q2[j] - x)
            d3 += abs(q3[j] - x)
        result[first, n], result[first + 1, n], result[first + 2, n], result[first + 3, n] = d0, d1, d2, d3


class _L2(Function):
    @staticmethod
    def forward(ctx, queries: Tensor, candidates: Tensor) -> Tensor:
        lengths = [torch.linalg.vector_norm(tensor, dim=-1).square() for tensor in (queries, candidates)]
        products = torch.bmm(queries, candidates.transpose(1, 2))
        squares = lengths[0][:, :, None] + lengths[1][:, None, :] - 2 * products
        distances = squares.clamp_min_(SMALLEST).sqrt_()
        ctx.save_for_backward(queries, candidates, distances)
        return distances

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """Use ``d|q - t| / dq = (q - t) / |q - t|``, summed over candidates as one more matrix product."""
        queries, candidates, distances = ctx.saved_tensors
        weights = torch.where(distances.square() > 1.01 * SMALLEST, -gradient / distances, 0)
        turned = weights.transpose(1, 2)
        to_queries = torch.bmm(weights, candidates).addcmul_(queries, weights.sum(2)[:, :, None], value=-1)
        to_candidates = torch.bmm(turned, queries).addcmul_(candidates, turned.sum(2)[:, :, None], value=-1)
        return to_queries, to_candidates


class _PairL2(Function):
    @staticmethod
    def forward(ctx, queries: Tensor, candidates: Tensor) -> Tensor:
        differences = queries - candidates
        distances = torch.linalg.vector_norm(differences, dim=-1, keepdim=True)
        ctx.save_for_backward(differences, distances)
        return distances

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor]:
        differences, distances = ctx.saved_tensors
        weights = torch.where(distances > 0, gradient / distances, 0)
        return differences * weights, differences * -weights
