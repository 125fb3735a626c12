"""Find the typed paths between a drug and a disease and rank them by how specific they are.

The weight of a path is its degree-weighted path count (Himmelstein and Baranzini 2015, doi 10.1371/journal.pcbi.1004259,
with damping 0.5): the product over its edges of ``(degree of start * degree of end) ** -0.5``, degrees counted along
that kind of edge; times the openly set evidence weights of the relations (``assets/sources``).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.kg.graph import KnowledgeGraph, edge_degree_products
from core.types import BoolArray, FloatArray, IntArray

DAMPING = 0.5


@dataclass(frozen=True)
class Step:
    """One edge of a path, seen in the direction of walking."""

    start: int  #: entity row
    end: int
    edge: int  #: row of the triples
    forward: bool  #: False where the path walks from tail to head


@dataclass(frozen=True)
class Path:
    """A way from a drug to a disease."""

    steps: tuple[Step, ...]
    weight: float  #: degree-weighted, times the evidence weights; comparable within one pair

    @property
    def nodes(self) -> tuple[int, ...]:
        """Return the entity rows from drug to disease."""
        return (self.steps[0].start, *(step.end for step in self.steps))


class PathFinder:
    """Search all paths of two and three edges, from both ends to the middle.

    Edges between the drug and the disease themselves are never part of a path: they are what is to be explained.

    :param graph: the graph; its adjacency and degrees are built once
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        adjacency = graph.adjacency
        relation_weight = np.array([graph.source.meaning(r).evidence_weight for r in graph.vocabulary.relations])
        weights = np.tile(relation_weight, 2)[adjacency.relations] * _edge_damping(graph)
        usable = weights > 0
        starts = np.repeat(np.arange(graph.n_entities), np.diff(adjacency.indptr))[usable]
        self._indptr = np.concatenate([[0], np.cumsum(np.bincount(starts, minlength=graph.n_entities))])
        self._ends = adjacency.neighbours[usable]
        self._edges = adjacency.edges[usable]
        self._weights = weights[usable]
        self._forward = adjacency.relations[usable] < graph.n_relations

    def best(self, drug: int, disease: int, *, top: int = 10) -> list[Path]:
        """Return the heaviest paths, best first; at equal weight the shorter one, then the earlier row."""
        first, last = self._around(drug, disease), self._around(disease, drug)
        found = [*self._two(first, last), *self._three(first, last, drug, disease)]
        entries = sorted(found, key=lambda item: (-item[0], len(item[1]), item[1]))[:top]
        return [self._path(drug, entry, weight) for weight, entry in entries]

    def _around(self, node: int, other: int) -> IntArray:
        """Return the entries of a node whose far end is not the other end of the pair."""
        entries = np.arange(self._indptr[node], self._indptr[node + 1])
        return entries[(self._ends[entries] != other) & (self._ends[entries] != node)]

    def _two(self, first: IntArray, last: IntArray) -> Iterator[tuple[float, tuple[int, ...]]]:
        left, right = _join(self._ends[first], self._ends[last])
        for a, b in zip(first[left], last[right], strict=True):
            yield float(self._weights[a] * self._weights[b]), (int(a), int(b))

    def _three(self, first: IntArray, last: IntArray, drug: int, disease: int) -> Iterator[tuple[float, tuple[int, ...]]]:
        middles = np.unique(self._ends[first])
        middle = _ranges(self._indptr[middles], self._indptr[middles + 1])
        start = np.repeat(middles, self._indptr[middles + 1] - self._indptr[middles])
        inner = (
            self._is_end(last)[self._ends[middle]] & ~np.isin(self._ends[middle], (drug, disease)) & (self._ends[middle] != start)
        )
        middle, start = middle[inner], start[inner]
        entry, edge = _join(self._ends[first], start)
        here, there = _join(self._ends[middle[edge]], self._ends[last])
        a, b, c = first[entry[here]], middle[edge[here]], last[there]
        weights = self._weights[a] * self._weights[b] * self._weights[c]
        for place in _largest(weights, KEPT_THREES):
            yield float(weights[place]), (int(a[place]), int(b[place]), int(c[place]))

    def _is_end(self, entries: IntArray) -> BoolArray:
        mark = np.zeros(self._graph.n_entities, dtype=bool)
        mark[self._ends[entries]] = True
        return mark

    def _path(self, drug: int, entries: tuple[int, ...], weight: float) -> Path:
        """Turn entries, of which the last one was seen from the disease, into steps."""
        steps, here = [], drug
        for entry in entries[:-1]:
            end = int(self._ends[entry])
            steps.append(Step(here, end, int(self._edges[entry]), bool(self._forward[entry])))
            here = end
        disease = int(self._graph.triples[self._edges[entries[-1]], 0 if self._forward[entries[-1]] else 2])
        steps.append(Step(here, disease, int(self._edges[entries[-1]]), not self._forward[entries[-1]]))
        return Path(tuple(steps), weight)


KEPT_THREES = 1000  #: of the paths with three edges, so many of the heaviest are turned into objects


def _edge_damping(graph: KnowledgeGraph) -> FloatArray:
    """Return ``(degree of start * degree of end) ** -DAMPING`` of every adjacency entry, degrees along its directed relation."""
    return (edge_degree_products(graph) ** -DAMPING)[graph.adjacency.edges]


def _join(left: IntArray, right: IntArray) -> tuple[IntArray, IntArray]:
    """Return the places of all pairs of equal values, ordered by the left place."""
    order = np.argsort(right, kind="stable")
    values = right[order]
    low, high = np.searchsorted(values, left, side="left"), np.searchsorted(values, left, side="right")
    return np.repeat(np.arange(len(left)), high - low), order[_ranges(low, high)]


def _ranges(low: IntArray, high: IntArray) -> IntArray:
    """Concatenate ``arange(low[i], high[i])``."""
    lengths = high - low
    total = int(lengths.sum())
    offsets = np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.arange(total) - offsets + np.repeat(low, lengths)


def _largest(values: FloatArray, count: int) -> IntArray:
    if len(values) <= count:
        return np.arange(len(values))
    return np.argsort(-values, kind="stable")[:count]
