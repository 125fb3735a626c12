"""Inner products: DistMult and ComplEx as matrix products."""

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable


def dot(queries: Tensor, candidates: Tensor) -> Tensor:
    """Return inner products. Shapes (k, c, d), (k, n, d) -> (k, c, n)."""
    return _Dot.apply(queries, candidates)


class _Dot(Function):
    """Leave both gradients row after row; autograd's own would come out transposed, at twice the time."""

    @staticmethod
    def forward(ctx, queries: Tensor, candidates: Tensor) -> Tensor:
        ctx.save_for_backward(queries, candidates)
        return torch.bmm(queries, candidates.transpose(1, 2))

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor]:
        queries, candidates = ctx.saved_tensors
        return torch.bmm(gradient, candidates), torch.bmm(gradient.transpose(1, 2), queries)
