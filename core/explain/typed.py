"""Lay a graph out for path search: the far ends of each node's edges, one sorted row for each node and metaedge.

A metaedge (Himmelstein and Baranzini 2015, doi 10.1371/journal.pcbi.1004259) is a relation between two kinds, in the direction of
walking; a symmetric relation within one kind is its own way back. Degrees are counted along metaedges. A graph that was permuted
keeps them, so that it differs from the true one in :attr:`TypedEdges.ends` only.
"""

from dataclasses import dataclass, replace

import numpy as np

from core.kg.graph import KnowledgeGraph
from core.types import BoolArray, FloatArray, IntArray

DAMPING = 0.5  #: as in Himmelstein et al. 2017, doi 10.7554/eLife.26726


@dataclass(frozen=True)
class Metaedges:
    """What the metaedges of a graph are, those of one start kind side by side. All arrays have the shape (n_metaedges,)."""

    relation: IntArray  #: rows of the vocabulary
    forward: BoolArray  #: from head to tail; True for a symmetric relation
    start_kind: IntArray  #: places in the graph's kind names
    end_kind: IntArray
    reverse: IntArray  #: the metaedge of the way back

    def __len__(self) -> int:
        return len(self.relation)


@dataclass(frozen=True)
class TypedEdges:
    """List each node's edges in both directions; loops, and relations that are no reason, are left out.

    Node ``i`` has the row ``rows[i] + m`` for each metaedge ``m`` that starts at its kind.
    """

    metaedges: Metaedges
    first: IntArray  #: shape (n_kinds + 1,), int64; the metaedges that start at a kind
    kinds: IntArray  #: shape (n_entities,), int64
    rows: IntArray  #: shape (n_entities,), int64
    indptr: IntArray  #: shape (n_rows + 1,), int64
    half: FloatArray  #: shape (n_rows,); degree ** -damping, 0 where there is no edge
    ends: IntArray  #: shape (n_entries,), int32; ascending within a row
    edges: IntArray  #: shape (n_entries,), int32; rows of the triples

    @classmethod
    def of(cls, graph: KnowledgeGraph) -> "TypedEdges":
        """Lay out a graph."""
        meanings = [graph.source.meaning(name) for name in graph.vocabulary.relations]
        symmetric = np.array([meaning.symmetric for meaning in meanings], dtype=bool)
        reason = np.array([meaning.evidence_weight > 0 for meaning in meanings], dtype=bool)
        used = np.flatnonzero(reason[graph.triples[:, 1]] & (graph.triples[:, 0] != graph.triples[:, 2]))
        used = _without_mirrored(graph.triples, used, symmetric)
        return _laid_out(graph.triples[used], used, graph.kind_codes.astype(np.int64), symmetric, len(graph.kind_names))

    def row(self, node: int, metaedge: int) -> slice:
        """Return where the entries of a node along a metaedge stand."""
        row = int(self.rows[node]) + metaedge
        return slice(int(self.indptr[row]), int(self.indptr[row + 1]))

    def around(self, node: int) -> slice:
        """Return where all entries of a node stand."""
        kind = int(self.kinds[node])
        start, stop = self.rows[node] + self.first[kind], self.rows[node] + self.first[kind + 1]
        return slice(int(self.indptr[start]), int(self.indptr[stop]))

    def with_ends(self, ends: IntArray) -> "TypedEdges":
        """Return the same degrees with other neighbours."""
        return replace(self, ends=ends)

    def starts(self) -> IntArray:
        """Return the node of each entry. Shape (n_entries,), int64."""
        n_rows = self.first[self.kinds + 1] - self.first[self.kinds]
        return np.repeat(np.repeat(np.arange(len(self.rows)), n_rows), np.diff(self.indptr))

    def along(self) -> IntArray:
        """Return the metaedge of each entry. Shape (n_entries,), int64."""
        starts = self.starts()
        entry_row = np.repeat(np.arange(len(self.half)), np.diff(self.indptr))
        return entry_row - self.rows[starts]

    def damped(self) -> FloatArray:
        """Return the factor of each entry in a path degree product. Shape (n_entries,)."""
        starts, along = self.starts(), self.along()
        return self.half[self.rows[starts] + along] * self.half[self.rows[self.ends] + self.metaedges.reverse[along]]


def _without_mirrored(triples: IntArray, used: IntArray, symmetric: BoolArray) -> IntArray:
    """Leave out symmetric edges that are stored in the other direction too; the earlier row stays."""
    heads, relations, tails = triples[used].T
    swap = symmetric[relations] & (heads > tails)
    ends = np.where(swap, tails, heads), relations, np.where(swap, heads, tails)
    order = np.lexsort(ends)
    if not len(used):
        return used
    same = np.append(False, np.all([np.diff(part[order]) == 0 for part in ends], axis=0))
    return np.delete(used, order[same])


def _laid_out(triples: IntArray, used: IntArray, kinds: IntArray, symmetric: BoolArray, n_kinds: int) -> TypedEdges:
    heads, relations, tails = triples.T.astype(np.int64)
    start, end = np.concatenate([heads, tails]), np.concatenate([tails, heads])
    backward = np.concatenate([np.zeros(len(triples), np.int64), (~symmetric[relations]).astype(np.int64)])
    directed, n_directed = np.tile(relations, 2) * 2 + backward, 2 * len(symmetric)
    codes, along = np.unique((kinds[start] * n_directed + directed) * n_kinds + kinds[end], return_inverse=True)
    first = np.searchsorted(codes, np.arange(n_kinds + 1) * n_directed * n_kinds)
    n_rows = np.diff(first)[kinds]
    rows = np.cumsum(n_rows) - n_rows - first[kinds]
    row = rows[start] + along
    kept = np.argsort(row * len(kinds) + end)
    degree = np.bincount(row[kept], minlength=int(n_rows.sum()))
    return TypedEdges(
        _metaedges(codes, symmetric, n_kinds),
        first.astype(np.int64),
        kinds,
        rows.astype(np.int64),
        np.concatenate([[0], np.cumsum(degree)]).astype(np.int64),
        np.where(degree > 0, np.maximum(degree, 1.0) ** -DAMPING, 0.0),
        end[kept].astype(np.int32),
        np.tile(used, 2)[kept].astype(np.int32),
    )


def _metaedges(codes: IntArray, symmetric: BoolArray, n_kinds: int) -> Metaedges:
    n_directed = 2 * len(symmetric)
    end_kind, directed, start_kind = codes % n_kinds, codes // n_kinds % n_directed, codes // n_kinds // n_directed
    back = np.where(symmetric[directed // 2], directed, directed ^ 1) if len(codes) else directed
    reverse = np.searchsorted(codes, (end_kind * n_directed + back) * n_kinds + start_kind)
    return Metaedges(directed // 2, directed % 2 == 0, start_kind, end_kind, reverse.astype(np.int64))
