"""Find the typed paths between a drug and a disease, and put those first that go through the target that matters.

The weight of a path is its path degree product (Himmelstein and Baranzini 2015, doi 10.1371/journal.pcbi.1004259, with damping
0.5): the product over its edges of ``(degree of start * degree of end) ** -0.5``, degrees counted along that metaedge; times the
openly set evidence weights of the relations (``assets/sources``). Its share puts the paths of one pair in order: see
:func:`_shares`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from core.explain.schema import Metapath
from core.explain.search import Found, PathSearch
from core.explain.targets import TargetModel
from core.explain.typed import TypedEdges
from core.kg.graph import KnowledgeGraph
from core.types import FloatArray, IntArray

FURTHER = 0.2  #: each further path through the same first node counts so much less
REMEMBERED = 256  #: pairs whose target weights are kept
OTHER_WAYS = 0.05  #: share of the best path that goes through no target of the drug


@dataclass(frozen=True)
class Step:
    """One edge of a path, seen in the direction of walking."""

    start: int  #: entity row
    end: int
    edge: int  #: row of the triples
    forward: bool  #: False where the path walks from tail to head

    @property
    def reversed(self) -> "Step":
        """Return the same edge, walked the other way."""
        return Step(self.end, self.start, self.edge, not self.forward)


@dataclass(frozen=True)
class Path:
    """A way from a drug to a disease."""

    steps: tuple[Step, ...]
    weight: float  #: path degree product times the evidence weights
    share: float = 0.0  #: what it counts among the paths of its pair, 0 to 1

    @property
    def nodes(self) -> tuple[int, ...]:
        """Return the entity rows from drug to disease."""
        return (self.steps[0].start, *(step.end for step in self.steps))

    @property
    def reversed(self) -> "Path":
        """Return the same path from the disease to the drug."""
        return Path(tuple(step.reversed for step in reversed(self.steps)), self.weight, self.share)


class PathFinder:
    """Search all paths of two and three edges (four on request) and choose the best.

    Edges between the drug and the disease themselves are never part of a path: they are what is to be explained.

    :param graph: the graph; it is laid out once
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.graph = graph
        self.search = PathSearch(graph)
        relation_weight = np.array([graph.source.meaning(r).evidence_weight for r in graph.vocabulary.relations])
        self._metaedge_weight = relation_weight[self.search.typed.metaedges.relation]
        self.target_weights = lru_cache(REMEMBERED)(self._target_weights)

    @cached_property
    def targets(self) -> TargetModel:
        """Return what the graph's treatments teach of targets, learned at the first use."""
        return TargetModel(self.graph)

    def best(self, drug: int, disease: int, *, top: int = 10, edges: int = 3) -> list[Path]:
        """Return the paths with the largest share, best first; at equal share the shorter one, then the earlier row.

        :param edges: longest path, 2 to 4
        """
        if self._is_pair(disease, drug):
            return [path.reversed for path in self.best(disease, drug, top=top, edges=edges)]
        found = self.search.everything(drug, disease, edges=edges)
        if not len(found.kinds):
            return []
        weights = found.products * self.evidence(found)[found.kinds]
        shares = _shares(weights, self.search.typed.ends[found.entries[:, 0]], self.target_weights(drug, disease))
        order = _order(shares, found.entries)[:top]
        return [self.path(drug, found.entries[place], float(weights[place]), float(shares[place])) for place in order.tolist()]

    def all(self, drug: int, disease: int, *, edges: int = 3) -> list[Path]:
        """Return all paths, heaviest first; at equal weight the shorter one, then the earlier row."""
        found = self.search.everything(drug, disease, edges=edges)
        weights = found.products * self.evidence(found)[found.kinds]
        order = _order(weights, found.entries)
        return [self.path(drug, found.entries[place], float(weights[place])) for place in order.tolist()]

    def _target_weights(self, drug: int, disease: int) -> Mapping[int, float]:
        """Return the probability of each target to be the one that matters; empty where the two are no drug and disease."""
        if not self._is_pair(drug, disease):
            return {}
        genes, weights = self.targets.posterior(drug, disease)
        return dict(zip(genes.tolist(), weights.tolist(), strict=True))

    def support_words(self, drug: int, target: int, disease: int) -> str:
        """Say what speaks for a target, in numbers."""
        support = self.targets.support(drug, target, disease)
        drugs = f"{support.treating_here} of {support.treating} other drugs that treat {self.graph.names[disease]}"
        kin = f", and {support.relatives_here} of {support.relatives} others of its class" if support.relatives else ""
        return f"{drugs} act on {self.graph.names[target]}{kin} ({support.share:.1%} of all drugs do)"

    def metapath(self, path: Path) -> Metapath:
        """Return the metaedges of a path."""
        typed = self.search.typed
        return tuple(self._metaedge(typed, step) for step in path.steps)

    @staticmethod
    def _metaedge(typed: TypedEdges, step: Step) -> int:
        kind = int(typed.kinds[step.start])
        for metaedge in range(int(typed.first[kind]), int(typed.first[kind + 1])):
            if (typed.edges[typed.row(step.start, metaedge)] == step.edge).any():
                return metaedge
        message = f"edge {step.edge} is not in the layout"
        raise ValueError(message)

    def evidence(self, found: Found) -> FloatArray:
        """Return how much the relations of each metapath carry for treatment. Shape (n_metapaths,)."""
        return np.array([self._metaedge_weight[list(metapath)].prod() for metapath in found.metapaths])

    def path(self, start: int, entries: IntArray, weight: float, share: float = 0.0) -> Path:
        """Turn the entries of a search into a path."""
        typed, triples = self.search.typed, self.graph.triples
        walked = [int(entry) for entry in entries if entry >= 0]
        steps, here = [], start
        for entry in walked:
            head, _, tail = triples[typed.edges[entry]].tolist()
            there = tail if head == here else head
            steps.append(Step(here, there, int(typed.edges[entry]), head == here))
            here = there
        return Path(tuple(steps), weight, share)

    def _is_pair(self, drug: int, disease: int) -> bool:
        kinds, source = self.graph.kinds, self.graph.source
        return kinds[drug] == source.drug_kind and kinds[disease] == source.disease_kind


def _shares(weights: FloatArray, first: IntArray, targets: Mapping[int, float]) -> FloatArray:
    """Return what each path counts among the paths of its pair.

    A path through a target counts as probable as it is that this target is the one that matters, times its weight over that of
    the heaviest path through the target. Paths that go through none count :data:`OTHER_WAYS` times their weight over that of the
    heaviest of them. Each further path through the same first node counts a fifth of what it would, so that the first ten paths
    tell ten things and not one thing ten times.

    :param weights: shape (n_paths,)
    :param first: shape (n_paths,); the node after the drug
    """
    targeted = np.array([node in targets for node in first.tolist()], dtype=bool)
    group = np.where(targeted, first, -1)
    names, place = np.unique(group, return_inverse=True)
    heaviest = np.zeros(len(names))
    np.maximum.at(heaviest, place, weights)
    others = OTHER_WAYS if targets else 1.0
    factor = np.array([targets.get(name, others) for name in names.tolist()])
    shares = factor[place] * weights / heaviest[place]
    order = np.lexsort((-shares, first))
    starts = np.flatnonzero(np.diff(first[order], prepend=-1))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    shares[order] *= FURTHER**rank
    return shares


def _order(values: FloatArray, entries: IntArray) -> IntArray:
    """Sort by value, largest first; at equal value the shorter path, then the earlier row."""
    return np.lexsort((*entries.T[::-1], (entries >= 0).sum(1), -values))
