"""Say how sure and how special a place is: interval over an ensemble, and the place that popularity does not explain."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from core.evaluate.baselines import degree
from core.evaluate.ranks import percentiles, realistic_ranks
from core.fusion.ensemble import standardised
from core.kg.graph import KnowledgeGraph
from core.types import BoolArray, FloatArray, IntArray, Scorer

DISEASES_FOR_POPULARITY = 300  #: at most so many diseases, evenly spaced, say how a drug scores in general


@runtime_checkable
class ManyScores(Protocol):
    """A scorer whose members disagree, and say so."""

    def member_scores(self, drugs: IntArray, diseases: IntArray) -> FloatArray:
        """Return each member's scores. Shape (n_members, n_diseases, n_drugs)."""
        ...


@dataclass(frozen=True)
class Interval:
    """Between which percentiles the members of an ensemble place each drug."""

    low: FloatArray  #: shape (n_drugs,), 0 to 100
    high: FloatArray  #: shape (n_drugs,)
    members: int


def percentile_interval(scorer: Scorer, drugs: IntArray, disease: int) -> Interval | None:
    """Return the lowest and the highest percentile over the members; None where there is one member only.

    These are the extremes of so few trainings, no confidence interval.
    """
    if not isinstance(scorer, ManyScores):
        return None
    scores = scorer.member_scores(drugs, np.array([disease]))[:, 0]
    places = np.stack([percentiles(realistic_ranks(each), len(drugs)) for each in scores])
    return Interval(places.min(0), places.max(0), len(places)) if len(places) > 1 else None


@dataclass(frozen=True)
class Popularity:
    """How each drug scores for diseases in general."""

    diseases: IntArray  #: shape (k,): those that were looked at
    mean: FloatArray  #: shape (n_drugs,): of the scores, standardised within each disease
    spread: FloatArray  #: shape (n_drugs,)

    @classmethod
    def of(cls, scorer: Scorer, graph: KnowledgeGraph) -> "Popularity":
        """Score all drugs for many diseases."""
        places = np.linspace(0, len(graph.diseases) - 1, min(len(graph.diseases), DISEASES_FOR_POPULARITY)).astype(int)
        diseases = graph.diseases[np.unique(places)]
        scores = standardised(scorer.scores(graph.drugs, diseases))
        return cls(diseases, scores.mean(0), scores.std(0))

    def adjusted_ranks(self, scores: FloatArray) -> FloatArray:
        """Rank by how far a drug scores above its own mean, in units of its own spread. Shape (n_drugs,) -> (n_drugs,)."""
        own = standardised(scores[None])[0]
        return realistic_ranks((own - self.mean) / np.maximum(self.spread, 1e-9))


def beats_popularity(graph: KnowledgeGraph, disease: int, ranks: FloatArray) -> BoolArray:
    """Return which drugs stand higher than by their number of known uses alone. Shape (n_drugs,).

    :param ranks: shape (n_drugs,): of the scorer, one-based
    """
    by_degree = realistic_ranks(degree(graph).scores(graph.drugs, np.array([disease]))[0])
    return ranks < by_degree
