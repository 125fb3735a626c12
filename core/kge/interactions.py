"""State each model as a query and a comparison, so that one kernel ranks any number of candidates.

``f(h, r, t) = compare(query(h, r), t)``. Asking for the head of a triple is asking for the tail of its inverse,
``f(h, r, t) = compare(query(t, invert(r)), h)``, so nothing else is needed.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.config import InteractionName
from core.kge import kernels


@dataclass(frozen=True)
class Interaction:
    """One scoring function; vectors of ``d`` real numbers, complex ones as real half, imaginary half."""

    name: str
    source: str  #: paper and equation
    query: Callable[[Tensor, Tensor], Tensor]  #: (..., d), (..., relation width) -> (..., d)
    invert: Callable[[Tensor], Tensor]  #: relation vectors -> those of the inverse relations
    compare: Callable[[Tensor, Tensor], Tensor]  #: kernel, (k, c, d), (k, n, d) -> (k, c, n)
    is_distance: bool  #: then the score is gamma minus it
    is_complex: bool = False  #: vectors are complex: real half, imaginary half
    relations_are_angles: bool = False
    relation_width: Callable[[int], int] = lambda dim: dim  #: numbers an entity -> numbers a relation
    weights: nn.Module | None = None  #: what ``compare`` uses beside the vectors: saved, moved and trained with them

    def scores(self, queries: Tensor, candidates: Tensor, gamma: float) -> Tensor:
        """Score candidates for queries; higher is better. Shapes (k, c, d), (k, n, d) -> (k, c, n)."""
        compared = self.compare(queries, candidates)
        return gamma - compared if self.is_distance else compared

    def triple_scores(self, heads: Tensor, relations: Tensor, tails: Tensor, gamma: float) -> Tensor:
        """Score triples one by one. Shapes (b, d), (b, relation width), (b, d) -> (b,)."""
        queries = self.query(heads, relations)
        return self.scores(queries[:, None], tails[:, None], gamma)[:, 0, 0]


def _translate(heads: Tensor, relations: Tensor) -> Tensor:
    return heads + relations


def _multiply(heads: Tensor, relations: Tensor) -> Tensor:
    return heads * relations


def _rotate(heads: Tensor, angles: Tensor) -> Tensor:
    return kernels.complex_product(heads, torch.cat([angles.cos(), angles.sin()], dim=-1))


def _conjugate(relations: Tensor) -> Tensor:
    real, imaginary = relations.chunk(2, dim=-1)
    return torch.cat([real, -imaginary], dim=-1)


INTERACTIONS: dict[InteractionName, Interaction] = {
    "transe": Interaction("TransE", "Bordes et al. 2013, eq. 1; L1", _translate, torch.neg, kernels.l1, is_distance=True),
    "transe-l2": Interaction("TransE-L2", "Bordes et al. 2013, eq. 1; L2", _translate, torch.neg, kernels.l2, is_distance=True),
    "distmult": Interaction("DistMult", "Yang et al. 2015, eq. 2", _multiply, torch.clone, kernels.dot, is_distance=False),
    "complex": Interaction(
        "ComplEx",
        "Trouillon et al. 2016, eq. 9",
        kernels.complex_product,
        _conjugate,
        kernels.dot,
        is_distance=False,
        is_complex=True,
    ),
    "rotate": Interaction(
        "RotatE",
        "Sun et al. 2019, eq. 2",
        _rotate,
        torch.neg,
        kernels.modulus,
        is_distance=True,
        is_complex=True,
        relations_are_angles=True,
        relation_width=lambda dim: dim // 2,
    ),
}


def start_width(name: InteractionName, dim: int, gamma: float) -> tuple[float, float]:
    """Return the half-widths of the uniform start values of entities and relations.

    (gamma + 2) / dim for both, as in LLaDR's reference and RotatE's code; the angles of RotatE start anywhere on the circle.
    """
    width = (gamma + 2) / dim
    return width, math.pi if name == "rotate" else width
