"""Hold what one protocol said of one scorer: overall with intervals, and disease by disease."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from core.evaluate.metrics import Metric, with_interval
from core.kg.graph import KnowledgeGraph
from core.types import FloatArray, IntArray


@dataclass(frozen=True)
class DiseaseResult:
    """What a protocol said of one disease."""

    id: str
    name: str
    n_pairs: int  #: held-out drugs of this disease
    metrics: dict[str, float]  #: means over its pairs, or of the disease as a whole


@dataclass(frozen=True)
class Evaluation:
    """The result of one protocol."""

    protocol: str  #: in words: queries, candidates, filter, ties, seed
    scorer: str
    n_pairs: int
    n_diseases: int
    n_candidates: int
    metrics: dict[str, Metric]
    name: str = ""  #: of the protocol, as the command line knows it
    per_disease: tuple[DiseaseResult, ...] = field(default=(), repr=False)  #: ascending by entity row

    def as_record(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self) | {"per_disease": [asdict(result) for result in self.per_disease]}


def collect(
    graph: KnowledgeGraph,
    test: IntArray,
    of_pairs: Mapping[str, FloatArray],
    of_diseases: Mapping[str, FloatArray] | None = None,
    *,
    seed: int = 0,
) -> tuple[dict[str, Metric], tuple[DiseaseResult, ...]]:
    """Summarise values of pairs and of diseases, with bootstrap intervals over diseases.

    :param test: shape (k, 2): drug, disease
    :param of_pairs: shape (k,) each; the overall value is the mean over pairs
    :param of_diseases: shape (n_diseases,) each, ascending by entity row; the overall value is the mean over diseases
    :param seed: of the bootstrap
    """
    of_diseases = of_diseases or {}
    diseases, group, counts = np.unique(test[:, 1], return_inverse=True, return_counts=True)
    metrics = {name: with_interval(values, group, seed=seed) for name, values in of_pairs.items()}
    metrics |= {name: with_interval(values, np.arange(len(diseases)), seed=seed) for name, values in of_diseases.items()}
    columns = {name: np.bincount(group, values) / counts for name, values in of_pairs.items()} | dict(of_diseases)
    return metrics, tuple(
        DiseaseResult(
            graph.vocabulary.entities[disease],
            graph.names[disease],
            int(counts[place]),
            {name: float(values[place]) for name, values in columns.items()},
        )
        for place, disease in enumerate(diseases)
    )
