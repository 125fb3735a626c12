"""Say what a check of a graph found: a verdict, a sentence, what to do, the cases."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from core.kg.graph import KnowledgeGraph
from core.types import IntArray

Level = Literal["pass", "warn", "fail"]
SHOWN = 200  #: cases that a check lists; its count is of all


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    level: Level
    found: str  #: one sentence
    advice: str = ""  #: what to do; empty where it passed
    count: int = 0  #: cases
    cases: tuple[str, ...] = ()  #: the first of them, in words


def judged(name: str, cases: Iterable[str], *, good: str, bad: tuple[str, str], advice: str, level: Level = "warn") -> Check:
    """Pass where there is no case; else say what the cases are, how many, and why that matters."""
    listed = list(cases)
    if not listed:
        return Check(name, "pass", good)
    what, why = bad
    return Check(name, level, f"{what}: {len(listed):,}. {why}", advice, len(listed), tuple(listed[:SHOWN]))


def edge_words(graph: KnowledgeGraph, edge: IntArray) -> str:
    """Return an edge as a sentence. Shape (3,)."""
    head, relation, tail = edge.tolist()
    phrase = graph.source.meaning(graph.vocabulary.relations[relation]).phrase
    return f"{graph.names[head]} {phrase} {graph.names[tail]}"


def named(graph: KnowledgeGraph, rows: Iterable[int]) -> list[str]:
    """Return name and identifier of some entities."""
    return [f"{graph.names[row]} ({graph.vocabulary.entities[row]})" for row in rows]
