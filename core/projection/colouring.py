"""Say what a picture may be coloured by: groups of entities, or a value of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from core.kg.graph import KnowledgeGraph
from core.types import FloatArray, IntArray

ColourBy = Literal["kind", "class", "area", "degree", "score", "moved"]
COLOURS_BY: tuple[ColourBy, ...] = get_args(ColourBy)
GROUPS_SHOWN = 8  #: of classes or areas; more cannot be told apart by colour


@dataclass(frozen=True)
class Groups:
    """Groups of entities, and those that belong to none of them."""

    parts: Sequence[tuple[str, IntArray]]  #: label, and its rows
    rest: IntArray
    rest_label: str = "others"


@dataclass(frozen=True)
class Scale:
    """A value for some entities."""

    title: str
    rows: IntArray
    values: FloatArray  #: shape (len(rows),)
    ends: tuple[str, str]  #: what the lowest and the highest value mean, in words
    rest: IntArray  #: rows without a value


def by_kind(graph: KnowledgeGraph) -> Groups:
    """Group by kind, the largest first, so that small kinds are drawn on top."""
    sizes = np.bincount(graph.kind_codes)
    order = np.argsort(-sizes, kind="stable")
    return Groups([(graph.kind_names[code], np.flatnonzero(graph.kind_codes == code)) for code in order], np.empty(0, np.int64))


def by_label(graph: KnowledgeGraph, labels: Mapping[int, str]) -> Groups:
    """Group by the most frequent labels; who has another one, or none, belongs to the rest.

    :param labels: by entity row
    """
    found: dict[str, list[int]] = {}
    for row, label in labels.items():
        found.setdefault(label, []).append(row)
    largest = sorted(found, key=lambda label: (-len(found[label]), label))[:GROUPS_SHOWN]
    parts = [(label, np.array(sorted(found[label]))) for label in largest]
    return Groups(parts, _others(graph, [row for _, rows in parts for row in rows.tolist()]))


def by_degree(graph: KnowledgeGraph) -> Scale:
    """Colour by the number of facts, on a logarithmic scale."""
    return by_value(graph, "facts (log)", np.arange(graph.n_entities), np.log10(1 + degrees(graph)), ("few", "many"))


def by_value(graph: KnowledgeGraph, title: str, rows: IntArray, values: FloatArray, ends: tuple[str, str]) -> Scale:
    """Colour some entities by a value of theirs."""
    return Scale(title, rows, values, ends, _others(graph, rows.tolist()))


def degrees(graph: KnowledgeGraph) -> IntArray:
    """Return how many facts each entity has. Shape (n_entities,)."""
    return np.diff(graph.adjacency.indptr)


def _others(graph: KnowledgeGraph, rows: Sequence[int]) -> IntArray:
    return np.setdiff1d(np.arange(graph.n_entities), np.array(rows, dtype=np.int64))
