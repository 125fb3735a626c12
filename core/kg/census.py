"""Count what a graph holds: kinds, relations between kinds, treatments, hubs."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from core.kg.graph import KnowledgeGraph
from core.kg.sources import ROLES
from core.types import IntArray


@dataclass(frozen=True)
class KindCount:
    """How many entities a kind has."""

    kind: str
    entities: int
    isolated: int  #: those without any edge
    described: int  #: those with a text
    facts: int  #: edges that touch one of them


@dataclass(frozen=True)
class RelationCount:
    """How many edges of a relation run from one kind to another: one line of the schema."""

    relation: str
    start: str  #: kind of the heads
    end: str  #: kind of the tails
    edges: int
    phrase: str  #: head PHRASE tail
    inverse: str  #: tail INVERSE head
    roles: tuple[str, ...]  #: what the source declares it to mean, such as ``treats``; mostly empty
    declared: bool  #: whether the source says how it reads
    trained: bool  #: whether models may learn from it


@dataclass(frozen=True)
class TreatmentCount:
    """How many drugs and diseases have a known use."""

    diseases: int
    treated: int  #: diseases that some drug treats
    relieved: int  #: diseases whose symptoms some drug relieves, treated by none
    drugs: int
    used: int  #: drugs that treat or relieve some disease
    pairs: int  #: drug and disease, treated or relieved

    @property
    def untreated(self) -> int:
        """Return how many diseases no drug treats or relieves."""
        return self.diseases - self.treated - self.relieved


def count_kinds(graph: KnowledgeGraph, described: Collection[int] = ()) -> list[KindCount]:
    """Count the entities of each kind, the largest first.

    :param described: rows of the entities that have a text
    """
    n_kinds = len(graph.kind_names)
    heads, tails = graph.kind_codes[graph.triples[:, 0]], graph.kind_codes[graph.triples[:, 2]]
    facts = np.bincount(heads, minlength=n_kinds) + np.bincount(tails[heads != tails], minlength=n_kinds)
    with_text = np.bincount(graph.kind_codes[sorted(described)], minlength=n_kinds)
    isolated = np.bincount(graph.kind_codes[degrees(graph) == 0], minlength=n_kinds)
    entities = np.bincount(graph.kind_codes, minlength=n_kinds)
    lines = zip(graph.kind_names, *(each.tolist() for each in (entities, isolated, with_text, facts)), strict=True)
    return sorted((KindCount(*line) for line in lines), key=lambda count: -count.entities)


def count_relations(graph: KnowledgeGraph) -> list[RelationCount]:
    """Count the edges of each relation by the kinds that they join, the most frequent first."""
    heads, relations, tails = graph.triples.T
    codes = np.stack([graph.kind_codes[heads], relations, graph.kind_codes[tails]], axis=1)
    distinct, edges = np.unique(codes, axis=0, return_counts=True)
    order = np.argsort(-edges, kind="stable")
    return [_relation_count(graph, *distinct[place].tolist(), int(edges[place])) for place in order]


def _relation_count(graph: KnowledgeGraph, start: int, relation: int, end: int, edges: int) -> RelationCount:
    name, source = graph.vocabulary.relations[relation], graph.source
    meaning = source.meaning(name)
    return RelationCount(
        relation=name,
        start=graph.kind_names[start],
        end=graph.kind_names[end],
        edges=edges,
        phrase=meaning.phrase,
        inverse=meaning.inverse,
        roles=tuple(role for role in ROLES if name in source.roles.get(role, ())),
        declared=name in source.relations,
        trained=name not in source.never_trained,
    )


def count_treatments(graph: KnowledgeGraph) -> TreatmentCount:
    """Count who treats and who is treated."""
    treated, known = np.unique(graph.pairs("treats")[:, 1]), graph.known
    relieved = np.setdiff1d(known[:, 1], treated)
    used = len(np.unique(known[:, 0]))
    return TreatmentCount(len(graph.diseases), len(treated), len(relieved), len(graph.drugs), used, len(known))


def hubs(graph: KnowledgeGraph, top: int = 10) -> list[tuple[int, int]]:
    """Return the rows of the entities with the most edges, each with their number, the largest first."""
    found = degrees(graph)
    order = np.argsort(-found, kind="stable")[:top]
    return [(int(row), int(found[row])) for row in order]


def degrees(graph: KnowledgeGraph) -> IntArray:
    """Return the number of edges of each entity; a self loop counts once. Shape (n_entities,)."""
    heads, tails = graph.triples[:, 0], graph.triples[:, 2]
    ends = np.concatenate([heads, tails[heads != tails]])
    return np.bincount(ends, minlength=graph.n_entities)
