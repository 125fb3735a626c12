"""Read paths aloud: plain words first, the short code in brackets."""

from dataclasses import dataclass

from core.explain.paths import Path, Step
from core.kg.graph import KnowledgeGraph


@dataclass(frozen=True)
class Fact:
    """One edge in words, with what is known of its origin."""

    start: str
    phrase: str
    end: str
    detail: str
    provenance: str  #: databases that have it too; empty if none is known
    correlation: bool  #: found by co-occurrence or expression, not by mechanism
    relation: str = ""  #: identifier in the graph

    @property
    def text(self) -> str:
        """Return the fact as a clause."""
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.start} {self.phrase} {self.end}{detail}"


def fact(graph: KnowledgeGraph, step: Step) -> Fact:
    """Put an edge into words in the direction of walking."""
    relation = graph.vocabulary.relations[graph.triples[step.edge, 1]]
    meaning = graph.source.meaning(relation)
    return Fact(
        start=graph.names[step.start],
        phrase=meaning.phrase if step.forward else meaning.inverse,
        end=graph.names[step.end],
        detail=graph.detail[step.edge],
        provenance=graph.provenance[step.edge],
        correlation=meaning.correlation,
        relation=relation,
    )


def facts(graph: KnowledgeGraph, path: Path) -> list[Fact]:
    """Put all edges of a path into words."""
    return [fact(graph, step) for step in path.steps]


def sentence(graph: KnowledgeGraph, path: Path) -> str:
    """Read a path as one sentence, from its start to its end; ``path.reversed`` is read from the disease."""
    return "; ".join(item.text for item in facts(graph, path)) + "."


def metapath(graph: KnowledgeGraph, path: Path) -> str:
    """Name the kind of a path, such as ``Compound > inhibits > Gene < associated_with < Disease``."""
    words = [graph.kinds[path.steps[0].start]]
    for step in path.steps:
        relation = graph.vocabulary.relations[graph.triples[step.edge, 1]]
        arrow = f"> {relation} >" if step.forward else f"< {relation} <"
        words += [arrow, graph.kinds[step.end]]
    return " ".join(words)


UNSPECIFIC = 0.1  #: a relation with at most this evidence weight says next to nothing of a treatment


def is_unspecific(graph: KnowledgeGraph, path: Path) -> bool:
    """Return whether a path leans on a relation that joins nearly anything, such as a shared metabolising enzyme."""
    relations = (graph.vocabulary.relations[graph.triples[step.edge, 1]] for step in path.steps)
    return any(graph.source.meaning(relation).evidence_weight <= UNSPECIFIC for relation in relations)
