"""Name what is asked, who competes and what is filtered; one path for every scorer."""

from dataclasses import dataclass

import numpy as np

from core.evaluate.metrics import Metric, summarise
from core.evaluate.ranks import Ranks
from core.kg.graph import KnowledgeGraph
from core.types import BoolArray, IntArray, Scorer


@dataclass(frozen=True)
class Evaluation:
    """The result of one protocol."""

    protocol: str  #: in words: queries, candidates, filter, ties, seed
    scorer: str
    n_pairs: int
    n_diseases: int
    n_candidates: int
    metrics: dict[str, Metric]


def drugs_for_disease(scorer: Scorer, graph: KnowledgeGraph, test: IntArray, *, split: str) -> Evaluation:
    """Rank each held-out drug among all drugs of its disease; other known pairs, training and test, do not compete.

    :param graph: the whole graph, whose known pairs are filtered
    :param test: shape (k, 2): held-out (drug, disease)
    :param split: name of the split, for the record
    """
    drugs = graph.drugs
    diseases, query = np.unique(test[:, 1], return_inverse=True)
    column = np.searchsorted(drugs, test[:, 0])
    known = known_matrix(graph, diseases)
    ranks = Ranks.of_targets(scorer.scores(drugs, diseases)[query], column, known[query])
    protocol = (
        f"drugs for a disease, {split}; all {len(drugs)} drugs, other known treats/palliates pairs left out, realistic ties"
    )
    return Evaluation(protocol, scorer.name, len(test), len(diseases), len(drugs), summarise(ranks, test[:, 1]))


def known_matrix(graph: KnowledgeGraph, diseases: IntArray) -> BoolArray:
    """Return which drugs are known to treat or palliate these diseases. Shape (n_diseases, n_drugs)."""
    pairs = graph.known[np.isin(graph.known[:, 1], diseases)]
    order = np.argsort(diseases)
    rows = order[np.searchsorted(diseases, pairs[:, 1], sorter=order)]
    matrix = np.zeros((len(diseases), len(graph.drugs)), dtype=bool)
    matrix[rows, np.searchsorted(graph.drugs, pairs[:, 0])] = True
    return matrix
