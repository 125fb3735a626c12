"""Rank by random walks that start at the disease: personalised PageRank."""

from functools import cached_property

import numpy as np
from scipy import sparse

from core.evaluate.baselines import MatrixScorer
from core.kg.graph import KnowledgeGraph
from core.types import FloatArray, IntArray

DAMPING = 0.85  #: chance of going on, as in Page et al. 1999
STEPS = 30  #: 0.85 ** 30 = 0.8 % of the walkers are still on their way
HARMFUL = ("contraindicated", "cautioned")  #: roles whose edges are no reason for a drug
DISEASES_A_BLOCK = 64
FEWEST_WALKERS = 1e-12  #: share below which a drug is as good as never met


def page_rank(graph: KnowledgeGraph) -> MatrixScorer:
    """Return the logarithm of all walks of a graph, made once: as a component of a fusion it is asked again and again."""
    walked = PageRankScorer(graph).scores(graph.drugs, graph.diseases)
    return MatrixScorer(PageRankScorer.name, graph.drugs, graph.diseases, np.log(walked + FEWEST_WALKERS))


class PageRankScorer:
    """Score a drug by the share of walkers from the disease that are found there.

    Walkers go along any edge that a model may learn from, known treatments included, in both directions; edges that say a
    drug harms are left out. Parallel edges count as often as there are.

    :param graph: without the held-out pairs
    """

    name = "pagerank"

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph

    def scores(self, drugs: IntArray, diseases: IntArray) -> FloatArray:
        """Return shares of walkers. Shape (n_diseases, n_drugs)."""
        blocks = np.split(diseases, range(DISEASES_A_BLOCK, len(diseases), DISEASES_A_BLOCK))
        return np.concatenate([self._walk(block)[drugs].T for block in blocks])

    def _walk(self, starts: IntArray) -> FloatArray:
        """Return where walkers from each start are found. Shape (n_entities, n_starts)."""
        begin = np.zeros((self._graph.n_entities, len(starts)))
        begin[starts, np.arange(len(starts))] = 1
        here = begin
        for _ in range(STEPS):
            here = DAMPING * (self._transitions @ here) + (1 - DAMPING) * begin
        return here

    @cached_property
    def _transitions(self) -> sparse.csr_matrix:
        """Return the chance of a step from column to row."""
        graph = self._graph
        harmful = np.concatenate([graph.role_relations(role) for role in HARMFUL])
        edges = graph.training_triples[~np.isin(graph.training_triples[:, 1], harmful)]
        ends = np.concatenate([edges[:, [0, 2]], edges[:, [2, 0]]])
        shape = (graph.n_entities, graph.n_entities)
        adjacency = sparse.csr_matrix((np.ones(len(ends)), (ends[:, 1], ends[:, 0])), shape=shape)
        leaving = np.asarray(adjacency.sum(0)).ravel()
        return adjacency @ sparse.diags(1 / np.maximum(leaving, 1))
