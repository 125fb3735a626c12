"""Judge a claim by the edges between its two ends."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from core.kg.graph import KnowledgeGraph
from core.kg.sources import Role
from core.llm.mentions import class_rows
from core.llm.statements import Relation
from core.types import IntArray

Verdict = Literal["supported", "contradicted", "unknown"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

SUPPORT: dict[Relation, tuple[Role, ...]] = {
    "indicated_for": ("treats", "palliates"),
    "investigated_for": ("investigated", "palliates", "treats"),
    "contraindicated_in": ("contraindicated", "cautioned"),
    "cautioned_in": ("cautioned", "contraindicated"),
    "may_cause": ("cautioned",),
}
AGAINST: dict[Relation, tuple[Role, ...]] = {
    "indicated_for": ("contraindicated",),
    "no_use_in": ("treats", "palliates"),
    "contraindicated_in": ("treats",),
}
TARGET_WEIGHT = 0.5  #: evidence weight from which a relation between drug and gene means a target (metabolism has 0.05)


class Judge:
    """Find the edges between two entities, and what they say of a claim."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph
        heads, _, tails = graph.triples.T.astype(np.int64)
        low, high = np.minimum(heads, tails), np.maximum(heads, tails)
        codes = low * graph.n_entities + high
        self._order = np.argsort(codes, kind="stable")
        self._codes: IntArray = codes[self._order]
        self._roles = {role: set(graph.role_relations(role).tolist()) for role in graph.source.roles}
        self._targets = {
            row
            for row, name in enumerate(graph.vocabulary.relations)
            if not (meaning := graph.source.meaning(name)).correlation and meaning.evidence_weight >= TARGET_WEIGHT
        }
        self._treatment = set().union(*self._roles.values())
        self._memberships = set(graph.relation_rows(graph.source.class_relations).tolist())
        self.classes = frozenset(class_rows(graph))

    def between(self, one: int, other: int) -> list[int]:
        """Return the edges that join two entities in either direction."""
        code = min(one, other) * self._graph.n_entities + max(one, other)
        start, stop = np.searchsorted(self._codes, (code, code + 1))
        return self._order[start:stop].tolist()

    def members(self, drug_class: int) -> list[int]:
        """Return the drugs of a class."""
        adjacency = self._graph.adjacency
        here = adjacency.entries(drug_class)
        relations = adjacency.relations[here] % self._graph.n_relations
        return [
            int(row) for row, relation in zip(adjacency.neighbours[here], relations, strict=True) if relation in self._memberships
        ]

    def of_roles(self, edges: Sequence[int], roles: Sequence[Role]) -> list[int]:
        """Return those edges that have one of these roles, in the order of the roles."""
        relation = self._graph.triples[:, 1]
        return [edge for role in roles for edge in edges if int(relation[edge]) in self._roles.get(role, ())]

    def supporting(self, relation: Relation, edges: Sequence[int]) -> list[int]:
        """Return the edges that say the same as a claim."""
        if relation == "targets":
            return [edge for edge in edges if int(self._graph.triples[edge, 1]) in self._targets]
        if relation == "involves":
            return list(edges)
        support = self.of_roles(edges, SUPPORT.get(relation, ()))
        if relation == "may_cause":
            support += [edge for edge in edges if int(self._graph.triples[edge, 1]) not in self._treatment]
        return support

    def verdict(self, relation: Relation, head: int, tail: int, *, qualifier: str = "") -> tuple[Verdict, int | None]:
        """Judge a claim; return the verdict and the edge behind it, of an unknown one a weaker tie of the two.

        What an edge says of the whole cannot contradict a claim on a narrowed entity. What is said of a class is supported by any
        drug of it, and a single drug cannot contradict it.
        """
        if head in self.classes:
            return self._verdict_of_class(relation, head, tail)
        edges = self.between(head, tail)
        if support := self.supporting(relation, edges):
            return "supported", support[0]
        against = self.of_roles(edges, AGAINST.get(relation, ()))
        if against and not qualifier:
            return "contradicted", against[0]
        return "unknown", edges[0] if edges else None

    def _verdict_of_class(self, relation: Relation, drug_class: int, disease: int) -> tuple[Verdict, int | None]:
        for drug in self.members(drug_class):
            if support := self.supporting(relation, self.between(drug, disease)):
                return "supported", support[0]
        return "unknown", None
