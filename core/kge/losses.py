"""The two losses of LLaDR (Xiang et al. 2025, step 2): link and anchor."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

AnchorName = Literal["cosine", "euclidean", "kl"]


def link_loss(positive: Tensor, negative: Tensor, known: Tensor, weights: Tensor, *, temperature: float) -> Tensor:
    """Return ``- log sigma(f(pos)) - sum_j w_j log sigma(-f(neg_j))``, averaged with the positives' weights.

    ``w`` is the softmax of the negative scores at the temperature, without gradient (Sun et al. 2019, eq. 5), or 1/N.

    :param positive: shape (k, c)
    :param negative: shape (k, c, n)
    :param known: shape (k, c, n); True leaves a corrupted triple out, because it is known to be true
    :param weights: shape (k, c); 0 leaves a positive out
    :param temperature: 0 weighs all corrupted triples alike
    """
    logits = (temperature * negative.detach()).masked_fill(known, -torch.inf)
    shares = torch.nan_to_num(logits.softmax(-1))  # a positive without any corruption has no share to give
    wrong = (shares * functional.softplus(negative)).sum(-1)
    right = functional.softplus(-positive)
    return (weights * (right + wrong)).sum() / weights.sum()


def softmax_loss(positive: Tensor, negative: Tensor, known: Tensor, weights: Tensor) -> Tensor:
    """Return ``- log softmax`` of the positive among itself and its corruptions, averaged with the positives' weights.

    With all entities as corruptions this is the 1-vs-all cross-entropy of Lacroix et al. 2018 (arXiv 1806.07297).

    :param positive: shape (k, c)
    :param negative: shape (k, c, n)
    :param known: shape (k, c, n); True leaves a corrupted triple out
    :param weights: shape (k, c); 0 leaves a positive out
    """
    logits = torch.cat([positive[..., None], negative.masked_fill(known, -torch.inf)], dim=-1)
    return (weights * (logits.logsumexp(-1) - positive)).sum() / weights.sum()


def n3(vectors: Tensor, weights: Tensor, *, is_complex: bool) -> Tensor:
    """Return the weighted mean of ``sum_j |v_j| ** 3``, moduli where complex (N3, Lacroix et al. 2018, eq. 4).

    :param vectors: shape (b, d); complex ones as real half, imaginary half
    :param weights: shape (b,)
    """
    squares = sum(half.square() for half in vectors.chunk(2, dim=-1)) if is_complex else vectors.square()
    return (weights * (squares + 1e-12).pow(1.5).sum(-1)).sum() / weights.sum()


def cosine_anchor(entities: Tensor, text: Tensor) -> Tensor:
    """Return ``1 - cos(e, t)``. Shapes (b, d), (b, d) -> (b,)."""
    return 1 - functional.cosine_similarity(entities, text, dim=-1)


def euclidean_anchor(entities: Tensor, text: Tensor) -> Tensor:
    """Return ``||e - t||``. Shapes (b, d), (b, d) -> (b,)."""
    return ((entities - text).square().sum(-1) + 1e-12).sqrt()


def kl_anchor(entities: Tensor, text: Tensor) -> Tensor:
    """Return ``KL(softmax(t) || softmax(e))``. Shapes (b, d), (b, d) -> (b,)."""
    log_e, log_t = entities.log_softmax(-1), text.log_softmax(-1)
    return (log_t.exp() * (log_t - log_e)).sum(-1)


ANCHORS: dict[AnchorName, Callable[[Tensor, Tensor], Tensor]] = {
    "cosine": cosine_anchor,
    "euclidean": euclidean_anchor,
    "kl": kl_anchor,
}
