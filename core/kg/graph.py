"""Hold a knowledge graph: typed entities, integer triples, provenance per edge, adjacency."""

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as dataclass_replace
from functools import cached_property
from pathlib import Path

import numpy as np

from core.kg.coded import CodedTexts
from core.kg.sources import Role, Source
from core.kg.vocabulary import Vocabulary
from core.types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Adjacency:
    """List each node's neighbours in both directions (compressed sparse rows).

    Entries ``indptr[i]:indptr[i + 1]`` belong to node ``i``. An edge seen against its direction has ``relation + n_relations``.
    """

    indptr: IntArray  #: shape (n_entities + 1,)
    neighbours: IntArray  #: shape (2 * n_edges,)
    relations: IntArray  #: shape (2 * n_edges,); directed relation rows
    edges: IntArray  #: shape (2 * n_edges,); rows of the triples

    @classmethod
    def of(cls, triples: IntArray, n_entities: int, n_relations: int) -> "Adjacency":
        """Build the lists from triples, shape (n, 3)."""
        heads, relations, tails = triples.T
        start = np.concatenate([heads, tails])
        order = np.argsort(start, kind="stable")
        return cls(
            indptr=np.concatenate([[0], np.cumsum(np.bincount(start, minlength=n_entities))]),
            neighbours=np.concatenate([tails, heads])[order],
            relations=np.concatenate([relations, relations + n_relations])[order],
            edges=np.tile(np.arange(len(triples)), 2)[order],
        )

    def entries(self, node: int) -> slice:
        """Return where the entries of a node stand."""
        return slice(int(self.indptr[node]), int(self.indptr[node + 1]))


@dataclass(frozen=True)
class KnowledgeGraph:
    """A directed, typed multigraph of drugs, diseases and what connects them."""

    name: str  #: how to load it again: the name of a shipped graph or a path
    source: Source
    vocabulary: Vocabulary
    names: tuple[str, ...]  #: one an entity
    kinds: tuple[str, ...]  #: one an entity
    synonyms: tuple[tuple[str, ...], ...]  #: one tuple an entity
    triples: IntArray  #: shape (n, 3), int32: head, relation, tail
    detail: Sequence[str]  #: one an edge: the action of a drug, the role of a gene
    provenance: Sequence[str]  #: one an edge: databases that have it too, or its source; may be empty
    folder: Path | None = None  #: where descriptions lie
    duplicates: int = 0  #: repeated edges that the loader met and dropped

    def __post_init__(self) -> None:
        for name in ("detail", "provenance"):
            object.__setattr__(self, name, CodedTexts.of(getattr(self, name)))

    @property
    def n_entities(self) -> int:
        """Return the number of entities."""
        return len(self.names)

    @property
    def n_relations(self) -> int:
        """Return the number of relations."""
        return len(self.vocabulary.relations)

    @cached_property
    def kind_names(self) -> tuple[str, ...]:
        """Return the kinds that occur, sorted."""
        return tuple(sorted(set(self.kinds)))

    @cached_property
    def kind_codes(self) -> IntArray:
        """Return each entity's place in :attr:`kind_names`. Shape (n_entities,)."""
        code = {kind: number for number, kind in enumerate(self.kind_names)}
        return np.array([code[kind] for kind in self.kinds], dtype=np.int32)

    def of_kind(self, kind: str) -> IntArray:
        """Return the rows of all entities of a kind, ascending."""
        return np.flatnonzero(np.array(self.kinds) == kind).astype(np.int32)

    @cached_property
    def drugs(self) -> IntArray:
        """Return the rows of all candidate drugs."""
        return self.of_kind(self.source.drug_kind)

    @cached_property
    def diseases(self) -> IntArray:
        """Return the rows of all diseases."""
        return self.of_kind(self.source.disease_kind)

    @cached_property
    def adjacency(self) -> Adjacency:
        """Return the neighbours of every node, in both directions."""
        return Adjacency.of(self.triples, self.n_entities, self.n_relations)

    def relation_rows(self, names: Sequence[str]) -> IntArray:
        """Return the rows of those of these relations that the graph has."""
        rows = self.vocabulary.relation_row
        return np.array([rows[name] for name in names if name in rows], dtype=np.int32)

    def role_relations(self, role: Role) -> IntArray:
        """Return the rows of the relations that the source declares for a role."""
        return self.relation_rows(self.source.roles.get(role, ()))

    def pairs(self, *roles: Role) -> IntArray:
        """Return the distinct (drug, disease) pairs that some relation of these roles joins. Shape (k, 2)."""
        wanted = np.concatenate([self.role_relations(role) for role in roles])
        edges = self.triples[np.isin(self.triples[:, 1], wanted)]
        joins_both = np.isin(edges[:, 0], self.drugs) & np.isin(edges[:, 2], self.diseases)
        return np.unique(edges[joins_both][:, [0, 2]], axis=0)

    @cached_property
    def known(self) -> IntArray:
        """Return the known therapeutic pairs: treats or palliates. Shape (k, 2)."""
        return self.pairs("treats", "palliates")

    @cached_property
    def training_triples(self) -> IntArray:
        """Return the edges that a model may learn from. Shape (n, 3)."""
        never = self.relation_rows(self.source.never_trained)
        return self.triples[~np.isin(self.triples[:, 1], never)]

    def kept(self, keep: BoolArray) -> "KnowledgeGraph":
        """Return the same graph with some edges only; rows and fingerprint stay.

        :param keep: shape (n_edges,)
        """
        rows = np.flatnonzero(keep)
        return dataclass_replace(
            self,
            triples=self.triples[rows],
            detail=self.detail.taken(rows),
            provenance=self.provenance.taken(rows),
        )

    def pair_codes(self, pairs: IntArray) -> IntArray:
        """Return one integer a (drug, disease) pair, for set operations. Shape (k,)."""
        return pairs[:, 0].astype(np.int64) * self.n_entities + pairs[:, 1]


def edge_degree_products(graph: KnowledgeGraph) -> FloatArray:
    """Return, for each edge, the degree of its head times that of its tail, counted along the edge's relation.

    A symmetric relation is stored once in an arbitrary direction, so both of its ends count there. Shape (n_edges,), float64.
    """
    heads, relations, tails = graph.triples.T.astype(np.int64)
    symmetric = np.array([graph.source.meaning(name).symmetric for name in graph.vocabulary.relations], dtype=bool)[relations]
    out, into = heads * graph.n_relations + relations, tails * graph.n_relations + relations
    size = graph.n_entities * graph.n_relations
    as_head, as_tail = np.bincount(out, minlength=size), np.bincount(into, minlength=size)
    of_head = as_head[out] + np.where(symmetric, as_tail[out], 0)
    of_tail = as_tail[into] + np.where(symmetric, as_head[into], 0)
    return of_head.astype(float) * of_tail
