"""Damage a graph on purpose: delete triples, or add false ones, to see what a model bears."""

from dataclasses import replace

import numpy as np

from core.errors import TrainingError
from core.kg.graph import KnowledgeGraph
from core.types import BoolArray, IntArray

ROUNDS = 200  #: of drawing, before a graph counts as too small for so many false triples


def with_triples_deleted(graph: KnowledgeGraph, share: float, *, seed: int) -> KnowledgeGraph:
    """Delete a random share of the triples that a model learns from.

    :param share: of them, 0 to 1
    """
    rows = np.flatnonzero(~np.isin(graph.triples[:, 1], graph.relation_rows(graph.source.never_trained)))
    chosen = np.random.default_rng(seed).permutation(rows)[: round(share * len(rows))]
    keep = np.ones(len(graph.triples), dtype=bool)
    keep[chosen] = False
    return graph.kept(keep)


def with_triples_added(graph: KnowledgeGraph, share: float, *, whole: KnowledgeGraph, seed: int) -> KnowledgeGraph:
    """Add random false triples, as many as a share of those that a model learns from.

    They look like facts: relations occur as often as in the graph, and head and tail are entities that stand there in some fact
    of the relation, each as likely as the other. None joins two entities that the whole graph joins in any way, so that
    neither a known fact nor a held-out pair is ever added.

    :param share: at least 0
    :param whole: the graph with its held-out pairs
    :raises TrainingError: if the graph has not so many pairs that nothing joins
    """
    wanted = round(share * len(graph.training_triples))
    generator = np.random.default_rng(seed)
    found = np.empty((0, 3), dtype=np.int32)
    for _ in range(ROUNDS):
        if len(found) >= wanted:
            break
        drawn = _drawn(graph.training_triples, wanted, generator)
        false = drawn[~_joined(whole, drawn) & (drawn[:, 0] != drawn[:, 2])]
        found = _distinct(np.concatenate([found, false]))
    if len(found) < wanted:
        raise TrainingError(
            f"Only {len(found)} of {wanted} false triples could be drawn.",
            expected="a graph with more pairs that nothing joins",
            advice="take a larger graph, or leave out this part of the table.",
        )
    empty = [""] * wanted
    return replace(
        graph,
        triples=np.concatenate([graph.triples, found[:wanted]]),
        detail=[*graph.detail, *empty],
        provenance=[*graph.provenance, *empty],
    )


def _drawn(triples: IntArray, count: int, generator: np.random.Generator) -> IntArray:
    """Draw triples whose ends stand where they stand in some triple of the relation. Shape (count, 3)."""
    relations = generator.choice(triples[:, 1], count)
    drawn = np.empty((count, 3), dtype=np.int32)
    drawn[:, 1] = relations
    for relation in np.unique(relations):
        here, facts = relations == relation, triples[triples[:, 1] == relation]
        for end in (0, 2):
            drawn[here, end] = generator.choice(np.unique(facts[:, end]), here.sum())
    return drawn


def _joined(graph: KnowledgeGraph, triples: IntArray) -> BoolArray:
    """Return which triples join entities that the graph joins, in either direction. Shape (n,)."""
    edges = graph.triples[:, [0, 2]]
    codes = np.concatenate([graph.pair_codes(edges), graph.pair_codes(edges[:, ::-1])])
    return np.isin(graph.pair_codes(triples[:, [0, 2]]), codes)


def _distinct(triples: IntArray) -> IntArray:
    """Return distinct triples in the order of their first occurrence."""
    _, first = np.unique(triples, axis=0, return_index=True)
    return triples[np.sort(first)]
