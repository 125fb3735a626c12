"""Rank one drug in every disease: where it would stand among all drugs."""

import numpy as np
import pandas as pd

from core.casestudy.marks import NEW, STATUS_ORDER
from core.evaluate.ranks import Ranks, percentiles
from core.kg.graph import KnowledgeGraph
from core.types import FloatArray, Scorer

DISEASES_A_BLOCK = 256  #: all drugs of so many diseases are scored at once, about 2 MB a thousand drugs


def across_diseases(graph: KnowledgeGraph, scorer: Scorer, drug: int) -> pd.DataFrame:
    """Return one row a disease, the best place first.

    Places are comparable between diseases because each counts all drugs of its disease; scores would not be.

    :param drug: entity row
    :returns: columns row, id, name, rank, percentile, status
    """
    ranks = np.concatenate([_ranks(graph, scorer, drug, start) for start in range(0, len(graph.diseases), DISEASES_A_BLOCK)])
    table = pd.DataFrame(
        {
            "row": graph.diseases,
            "id": [graph.vocabulary.entities[row] for row in graph.diseases],
            "name": [graph.names[row] for row in graph.diseases],
            "rank": ranks,
            "percentile": percentiles(ranks, len(graph.drugs)),
            "status": _status(graph, drug),
        }
    )
    return table.sort_values(["rank", "id"], ignore_index=True)


def _ranks(graph: KnowledgeGraph, scorer: Scorer, drug: int, start: int) -> FloatArray:
    scores = scorer.scores(graph.drugs, graph.diseases[start : start + DISEASES_A_BLOCK])
    return Ranks.of_targets(scores, np.full(len(scores), np.searchsorted(graph.drugs, drug))).realistic


def _status(graph: KnowledgeGraph, drug: int) -> list[str]:
    """Return the leading word of each disease: a role, or ``new``."""
    words = np.full(len(graph.diseases), NEW, dtype=object)
    for role in reversed(STATUS_ORDER):
        pairs = graph.pairs(role)
        words[np.isin(graph.diseases, pairs[pairs[:, 0] == drug, 1])] = role
    return words.tolist()
