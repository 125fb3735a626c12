"""Distances of TransE."""

import torch
from torch import Tensor

SMALLEST = 1e-12  #: keeps the square root's slope finite where query and candidate coincide


def l1(queries: Tensor, candidates: Tensor) -> Tensor:
    """Return L1 distances without a tensor of (k, c, n, d). Shapes (k, c, d), (k, n, d) -> (k, c, n)."""
    return torch.cdist(queries, candidates, p=1.0)


def l2(queries: Tensor, candidates: Tensor) -> Tensor:
    """Return Euclidean distances as one matrix product. Shapes (k, c, d), (k, n, d) -> (k, c, n)."""
    products = torch.bmm(queries, candidates.transpose(1, 2))
    squares = queries.square().sum(-1)[:, :, None] + candidates.square().sum(-1)[:, None, :] - 2 * products
    return squares.clamp_min(SMALLEST).sqrt()
