"""Inner products: DistMult and ComplEx as matrix products."""

import torch
from torch import Tensor


def dot(queries: Tensor, candidates: Tensor) -> Tensor:
    """Return inner products. Shapes (k, c, d), (k, n, d) -> (k, c, n)."""
    return torch.bmm(queries, candidates.transpose(1, 2))
