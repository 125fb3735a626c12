"""Measure what single facts did to the place of a drug: leave one out, train the rows of the pair on, rank again.

A fact *supports* a drug only where leaving it out measurably lowers the drug, never because it lies on a path.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.casestudy.attribution.ranker import Place, Ranker, Shifts
from core.kg.graph import KnowledgeGraph
from core.types import FloatArray, IntArray, Progress, silent

REPEATS = 3  #: trainings with other corrupted entities; they must agree
MEASURABLE = 0.01  #: standard deviations between drugs: below, retrainings with two seeds do not agree on the sign themselves

Verdict = Literal["supports", "speaks against", "no measurable effect", "not learned from"]


@dataclass(frozen=True)
class EdgeEffect:
    """What one fact did to the place of a drug."""

    edge: int  #: row of the triples
    change: float  #: by how much the fact lifts the drug, in standard deviations between drugs; median of the repeats
    spread: float  #: standard deviation over the repeats
    rank: float  #: as it is
    rank_without: float  #: without the fact
    verdict: Verdict


def edge_effects(
    ranker: Ranker, drug: int, disease: int, edges: Sequence[int], *, seed: int = 0, progress: Progress = silent
) -> list[EdgeEffect]:
    """Leave each fact out, one at a time; the largest effects first.

    The rows of drug and disease are trained on; for a fact that touches neither, those of its ends, too.

    :param edges: rows of the triples
    """
    before = ranker.place(drug, disease)
    effects: dict[int, EdgeEffect] = {}
    for rows, group in _by_rows(ranker.graph, drug, disease, edges).items():
        moves = left_out_shifts(ranker, np.array(rows), [np.array([edge]) for edge in group], seed=seed)
        for edge, repeats in zip(group, moves, strict=True):
            effects[edge] = _effect(ranker, drug, disease, edge, before, repeats)
            progress(len(effects), len(edges))
    return sorted(effects.values(), key=lambda effect: (-abs(effect.change), effect.edge))


def left_out_shifts(ranker: Ranker, rows: IntArray, left_out: Sequence[IntArray], *, seed: int) -> list[list[Shifts]]:
    """Return how the rows move without some facts: for each set of facts, one answer a repeat.

    :param rows: shape (k,): those that may move
    :param left_out: rows of the triples, shape (m,) each
    """
    facts = [ranker.graph.triples[edges] for edges in left_out]
    repeats = [
        [member.trainer.shifts(rows, facts, seed=REPEATS * seed + repeat) for member in ranker.members]
        for repeat in range(REPEATS)
    ]
    return [[Shifts(rows, [member[number].numpy() for member in members]) for members in repeats] for number in range(len(facts))]


def moving_rows(graph: KnowledgeGraph, drug: int, disease: int, edges: Sequence[int]) -> tuple[int, ...]:
    """Return drug, disease and the ends of those facts that touch neither."""
    ends = graph.triples[np.asarray(edges, dtype=np.int64)][:, [0, 2]].tolist()
    return tuple(dict.fromkeys([drug, disease, *(end for pair in ends if not {drug, disease} & set(pair) for end in pair)]))


def _by_rows(graph: KnowledgeGraph, drug: int, disease: int, edges: Sequence[int]) -> dict[tuple[int, ...], list[int]]:
    """Put facts together that move the same rows: they share the training with all facts."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for edge in dict.fromkeys(edges):
        groups.setdefault(moving_rows(graph, drug, disease, [edge]), []).append(edge)
    return groups


def _effect(ranker: Ranker, drug: int, disease: int, edge: int, before: Place, repeats: list[Shifts]) -> EdgeEffect:
    if not any(move.any() for shifts in repeats for move in shifts.moves):
        return EdgeEffect(edge, 0.0, 0.0, before.rank, before.rank, "not learned from")
    places = [ranker.place(drug, disease, shifts.models(ranker.members)) for shifts in repeats]
    changes = np.array([before.height - place.height for place in places])
    without = median_place(places)
    change = before.height - without.height
    return EdgeEffect(edge, change, float(changes.std(ddof=1)), before.rank, without.rank, _verdict(change, changes))


def median_place(places: Sequence[Place]) -> Place:
    """Return the place of median height: one training that went astray does not count."""
    return sorted(places, key=lambda place: place.height)[len(places) // 2]


def _verdict(change: float, changes: FloatArray) -> Verdict:
    """Say what the repeats agree on. Shape (REPEATS,)."""
    if abs(change) < MEASURABLE or len(set(np.sign(changes))) > 1:
        return "no measurable effect"
    return "supports" if change > 0 else "speaks against"
