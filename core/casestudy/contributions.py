"""Say which part of a fusion carried a rank."""

from dataclasses import dataclass

import numpy as np

from core.fusion import FusionScorer
from core.types import Scorer

COMPONENT_WORDS = {
    "gba-drug": "shares targets, classes or processes with known drugs of the disease",
    "gba-disease": "is known for diseases that share genes or symptoms with it",
    "paths": "is joined to it by specific paths in the graph",
    "pagerank": "is often met on random walks from the disease",
    "text-drug": "is described like known drugs of the disease",
    "text-disease": "is known for diseases that are described like it",
    "text-direct": "has a text like that of the disease",
}


@dataclass(frozen=True)
class Contribution:
    """What one component adds to a drug's score, compared with an average drug (log odds)."""

    component: str
    words: str
    value: float


def weights_words(scorer: Scorer, disease: int) -> str:
    """Say which weights of a fusion a disease gets, and why; empty for any other scorer."""
    return scorer.fusion.words(scorer.regime(disease)) if isinstance(scorer, FusionScorer) else ""


def contributions(scorer: Scorer, drug: int, disease: int) -> list[Contribution]:
    """Return the contributions of a fusion, largest first; empty for any other scorer.

    :param drug: entity row
    :param disease: entity row
    """
    if not isinstance(scorer, FusionScorer):
        return []
    values = scorer.contributions(np.array([drug]), np.array([disease]))[0, 0]
    items = [
        Contribution(name, COMPONENT_WORDS.get(name, f"scores high in the embedding ({name})"), float(value))
        for name, value in zip(scorer.fusion.components, values, strict=True)
    ]
    return sorted(items, key=lambda item: -item.value)
