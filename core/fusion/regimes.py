"""Hold the weights of a fusion: one set for diseases that have a known treatment, one for those that have none."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np

from core.kg.graph import KnowledgeGraph
from core.types import BoolArray, IntArray

Regime = Literal["treated", "untreated"]
REGIMES: tuple[Regime, ...] = ("treated", "untreated")
REGIME_WORDS: dict[Regime, str] = {
    "treated": "the graph knows drugs for this disease, so its weights were learned from treatments held out at random",
    "untreated": "the graph knows no drug for this disease, so its weights were learned from diseases that lost all treatments",
}
OLD_WORDS = "the graph knows no drug for this disease, but this run has no weights for such diseases yet: train it anew"


@dataclass(frozen=True)
class Weights:
    """What a regression learned in one regime."""

    values: tuple[float, ...]  #: one a component, on scores standardised within a disease
    intercept: float
    strength: float  #: inverse regularisation strength that was chosen
    n_positives: int  #: held-out treatments that were learned from

    @classmethod
    def parse(cls, record: Mapping[str, Any]) -> Self:
        """Read plain values from JSON."""
        return cls(**{**record, "values": tuple(record["values"])})


@dataclass(frozen=True)
class Fusion:
    """Weights of the components in both regimes; the fusion is the log odds that a pair is a known treatment."""

    components: tuple[str, ...]
    treated: Weights
    untreated: Weights

    def of(self, regime: Regime) -> Weights:
        """Return the weights of a regime."""
        return self.treated if regime == "treated" else self.untreated

    def words(self, regime: Regime) -> str:
        """Say which weights are used, and why."""
        return OLD_WORDS if regime == "untreated" and self.treated == self.untreated else REGIME_WORDS[regime]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"components": self.components, "regimes": {regime: asdict(self.of(regime)) for regime in REGIMES}}

    @classmethod
    def parse(cls, record: Mapping[str, Any]) -> Self:
        """Read what :meth:`as_dict` made, or what was made before there were regimes: one set of weights, used for both."""
        if "regimes" in record:
            return cls(tuple(record["components"]), *(Weights.parse(record["regimes"][regime]) for regime in REGIMES))
        only = {"values": record["weights"], **{key: record[key] for key in ("intercept", "strength", "n_positives")}}
        return cls(tuple(record["components"]), Weights.parse(only), Weights.parse(only))


def have_treatments(graph: KnowledgeGraph, diseases: IntArray) -> BoolArray:
    """Return which diseases some drug is known to treat or relieve. Shape (n_diseases,)."""
    return np.isin(diseases, graph.known[:, 1])
