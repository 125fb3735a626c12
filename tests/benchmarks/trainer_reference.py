"""A plain implementation of LLaDR's training step, as the paper describes it: what our trainer is compared with.

Independent corruptions for each positive, two tables ``u`` and ``t``, dense Adam over all entities, every formula as it is
written, gradients by autograd. It shares no code with ``core.kge``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


def transe(h: Tensor, r: Tensor, t: Tensor) -> Tensor:
    return (h + r - t).abs().sum(-1)


def transe_l2(h: Tensor, r: Tensor, t: Tensor) -> Tensor:
    return (h + r - t).norm(dim=-1)


def distmult(h: Tensor, r: Tensor, t: Tensor) -> Tensor:
    return (h * r * t).sum(-1)


def complex_(h: Tensor, r: Tensor, t: Tensor) -> Tensor:
    (a, b), (c, d), (x, y) = (v.chunk(2, dim=-1) for v in (h, r, t))
    return ((a * c - b * d) * x + (a * d + b * c) * y).sum(-1)


def rotate(h: Tensor, angles: Tensor, t: Tensor) -> Tensor:
    (a, b), (x, y), cos, sin = h.chunk(2, dim=-1), t.chunk(2, dim=-1), angles.cos(), angles.sin()
    return ((a * cos - b * sin - x).square() + (a * sin + b * cos - y).square()).sqrt().sum(-1)


FORMULAS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "transe": transe,
    "transe-l2": transe_l2,
    "distmult": distmult,
    "complex": complex_,
    "rotate": rotate,
}
DISTANCES = ("transe", "transe-l2", "rotate")


@dataclass(frozen=True)
class Recipe:
    """Settings of a reference run; LLaDR's own where they are not given."""

    interaction: str
    dim: int
    batch_size: int = 512
    negatives: int = 128
    learning_rate: float = 1e-4
    gamma: float = 12.0
    rho: float = 0.6
    anchor_weight: float = 0.5
    link_weight: float = 1.8
    temperature: float = 1.0
    seed: int = 0


class Reference:
    """Hold the tables, and take steps.

    :param triples: shape (n, 3)
    :param kinds: shape (n_entities,); a corrupted entity has a kind that stands at that end of the relation
    :param text: shape (n_entities, dim), or None for a base model
    """

    def __init__(self, triples: np.ndarray, kinds: np.ndarray, n_relations: int, text: Tensor | None, recipe: Recipe) -> None:
        self.recipe, self.text, self.triples = recipe, text, triples.astype(np.int64)
        self._n, self._n_relations = len(kinds), n_relations
        self._random = np.random.default_rng(recipe.seed)
        generator, width = torch.Generator().manual_seed(recipe.seed), (recipe.gamma + 2) / recipe.dim
        of_relation = (recipe.dim // 2, np.pi) if recipe.interaction == "rotate" else (recipe.dim, width)
        self.u = ((torch.rand(self._n, recipe.dim, generator=generator) * 2 - 1) * width).requires_grad_()
        self.r = ((torch.rand(n_relations, of_relation[0], generator=generator) * 2 - 1) * of_relation[1]).requires_grad_()
        self.optimizer = torch.optim.Adam([self.u, self.r], recipe.learning_rate)
        self._known = np.sort(self._code(*self.triples.T))
        self._weights = self._frequency_weights()
        self._pools = [[self._pool(kinds, relation, side) for relation in range(n_relations)] for side in (0, 2)]

    def epoch(self) -> None:
        """Go over all triples twice, once for each end, in batches of one end."""
        order = [(rows, end) for end in (0, 2) for rows in self._cut(self._random.permutation(len(self.triples)))]
        for number in self._random.permutation(len(order)):
            self.step(*order[number])

    def step(self, rows: np.ndarray, end: int) -> None:
        """Corrupt one end of some triples, and move all tables against the gradient of the whole loss."""
        negatives, known = self._corrupted(self.triples[rows], end)
        link = self._link(torch.from_numpy(self.triples[rows]), torch.from_numpy(negatives), torch.from_numpy(known), end, rows)
        loss = self.recipe.link_weight * link
        if self.text is not None:
            anchor = (1 - functional.cosine_similarity(self.entities(), self.text, dim=-1)).mean()
            loss = loss + self.recipe.anchor_weight * anchor
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    def entities(self) -> Tensor:
        """Blend learned and text vectors. Shape (n_entities, dim)."""
        return self.u if self.text is None else self.recipe.rho * self.u + (1 - self.recipe.rho) * self.text

    def score(self, h: Tensor, r: Tensor, t: Tensor) -> Tensor:
        """Score vectors that broadcast; higher is better."""
        value = FORMULAS[self.recipe.interaction](h, r, t)
        return self.recipe.gamma - value if self.recipe.interaction in DISTANCES else value

    def _link(self, triples: Tensor, negatives: Tensor, known: Tensor, end: int, rows: np.ndarray) -> Tensor:
        entities = self.entities()
        h, r, t = entities[triples[:, 0]], self.r[triples[:, 1]], entities[triples[:, 2]]
        corrupted = entities[negatives]
        positive = self.score(h, r, t)
        heads, tails = (corrupted, t[:, None]) if end == 0 else (h[:, None], corrupted)
        negative = self.score(heads, r[:, None], tails)
        logits = (self.recipe.temperature * negative.detach()).masked_fill(known, -torch.inf)
        shares = torch.nan_to_num(logits.softmax(-1))
        losses = -functional.logsigmoid(positive) - (shares * functional.logsigmoid(-negative)).sum(-1)
        weights = torch.from_numpy(self._weights[rows])
        return (weights * losses).sum() / weights.sum()

    def _corrupted(self, triples: np.ndarray, end: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw corruptions of each triple by itself, and mark those that are known to be true. Shapes (b, n)."""
        shares = self._random.random((len(triples), self.recipe.negatives))
        pools = self._pools[0 if end == 0 else 1]
        drawn = np.stack(
            [pools[r][(share * len(pools[r])).astype(np.int64)] for r, share in zip(triples[:, 1], shares, strict=True)]
        )
        h, r, t = (column[:, None] for column in triples.T)
        codes = self._code(drawn, r, t) if end == 0 else self._code(h, r, drawn)
        places = np.searchsorted(self._known, codes).clip(max=len(self._known) - 1)
        return drawn, self._known[places] == codes

    def _code(self, h: np.ndarray, r: np.ndarray, t: np.ndarray) -> np.ndarray:
        return (h * self._n_relations + r) * self._n + t

    def _cut(self, order: np.ndarray) -> list[np.ndarray]:
        return [order[start : start + self.recipe.batch_size] for start in range(0, len(order), self.recipe.batch_size)]

    def _pool(self, kinds: np.ndarray, relation: int, end: int) -> np.ndarray:
        standing = self.triples[self.triples[:, 1] == relation, end]
        return np.flatnonzero(np.isin(kinds, kinds[standing])) if len(standing) else np.arange(self._n)

    def _frequency_weights(self) -> np.ndarray:
        counts = []
        for columns in ([0, 1], [1, 2]):
            _, place, count = np.unique(self.triples[:, columns], axis=0, return_inverse=True, return_counts=True)
            counts.append(count[place.ravel()])
        return (1 / np.sqrt(sum(counts))).astype(np.float32)
