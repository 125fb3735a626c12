"""Scorers whose answers are known."""

import numpy as np

from tests.toy import graph_of


class TableScorer:
    """Score from a dictionary of (drug, disease) rows; 0 where there is nothing."""

    def __init__(self, table=None):
        self.name = "table"
        self.table = table or {}

    def scores(self, drugs, diseases):
        return np.array([[self.table.get((int(drug), int(disease)), 0.0) for drug in drugs] for disease in diseases])


class NoiseScorer:
    """Score at random, coarsely so that there are ties; the same pair always gets the same score."""

    def __init__(self, graph, levels=7, seed=0):
        self.name = "noise"
        self.table = np.random.default_rng(seed).integers(0, levels, (graph.n_entities, graph.n_entities)).astype(float)

    def scores(self, drugs, diseases):
        return self.table[np.ix_(diseases, drugs)]


class KnownScorer:
    """Score known pairs ``sign``, all others 0: a perfect scorer, or a reversed one."""

    def __init__(self, pairs, sign):
        self.name = "known"
        self.table = {tuple(pair): float(sign) for pair in pairs.tolist()}

    scores = TableScorer.scores


def many_diseases(n_drugs=30, n_diseases=80, treatments=200, seed=0, popularity=None):
    """Return a graph of drugs and diseases with random treatments, read as the starter's.

    :param popularity: shape (n_drugs,): chances with which a treatment is one of each drug
    """
    nodes = [(f"Compound::{i}", f"drug{i}", "Compound", "") for i in range(n_drugs)]
    nodes += [(f"Disease::{i}", f"disease{i}", "Disease", "") for i in range(n_diseases)]
    generator = np.random.default_rng(seed)
    drawn = zip(generator.choice(n_drugs, treatments, p=popularity), generator.integers(n_diseases, size=treatments), strict=True)
    pairs = sorted({(int(drug), int(disease)) for drug, disease in drawn})
    return graph_of(nodes, [(f"Compound::{drug}", "treats", f"Disease::{disease}", "", "") for drug, disease in pairs])
