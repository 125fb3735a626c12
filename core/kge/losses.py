"""The two losses of LLaDR (Xiang et al. 2025, step 2): link and anchor."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional

from core.kge.kernels.loops import is_fast
from core.kge.kernels.rows import pull_cosine

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
    return _Link.apply(positive, negative, known, weights / weights.sum(), temperature)


class _Link(Function):
    """The slopes are ``-w sigma(-pos)`` and ``w w_j sigma(neg_j)``; autograd goes over the block twice as often."""

    @staticmethod
    def forward(ctx, positive: Tensor, negative: Tensor, known: Tensor, weights: Tensor, temperature: float) -> Tensor:
        logits = (temperature * negative).masked_fill_(known, -torch.inf)
        shares = logits.softmax(-1).nan_to_num_()  # a positive without any corruption has no share to give
        right, wrong = functional.softplus(-positive), (shares * functional.softplus(negative)).sum(-1)
        to_negative = negative.sigmoid().mul_(shares).mul_(weights[..., None])
        ctx.save_for_backward(-weights * torch.sigmoid(-positive), to_negative)
        return (weights * (right + wrong)).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        to_positive, to_negative = ctx.saved_tensors
        return gradient * to_positive, gradient * to_negative, None, None, None


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


def add_anchor(name: AnchorName, table: Tensor, text: Tensor, rows: Tensor, gradient: Tensor, *, weight: float) -> Tensor:
    """Return the mean anchor loss of some rows, and add ``weight`` times its slope to their gradient.

    :param table: shape (n, d): the entities
    :param text: shape (n, d): their text
    :param rows: shape (b,), distinct
    :param gradient: shape (b, d), changed in place
    :returns: shape ()
    """
    if name == "cosine" and is_fast(table, text, gradient):
        return torch.tensor(pull_cosine(table, text, rows, gradient, weight))
    entities = table[rows].requires_grad_()
    loss = ANCHORS[name](entities, text[rows]).mean()
    gradient.add_(torch.autograd.grad(loss, entities)[0], alpha=weight)
    return loss.detach()
