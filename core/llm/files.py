"""Read descriptions with their lists of facts from a file or from the store."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from core.kg.descriptions import Line, lines_of
from core.kg.graph import KnowledgeGraph
from core.llm.grounding import Described
from core.llm.store import LIST_FIELDS, TEXT_FIELDS, DescriptionStore


class _Line(Line):
    indicated_for: list[str] = Field(default_factory=list)
    contraindicated_in: list[str] = Field(default_factory=list)
    targets: list[str] = Field(default_factory=list)


@dataclass(frozen=True)
class DescribedGraph:
    """What a source of descriptions has of a graph."""

    described: dict[int, Described]  #: fields and lists, by entity row
    names: dict[int, str]  #: under which name each was described
    left_out: int  #: descriptions of entities that the graph does not have


def read_described(graph: KnowledgeGraph, path: Path) -> DescribedGraph:
    """Read one JSON object a line: ``id``, ``name``, texts, and lists of names.

    :raises GraphFormatError: if the file cannot be read or a line is no description; names the line
    """
    found = lines_of(graph, path, _Line)
    return DescribedGraph(
        {row: _described(line) for row, line in found.by_row.items()},
        {row: line.name for row, line in found.by_row.items() if line.name},
        found.left_out,
    )


def stored_descriptions(graph: KnowledgeGraph, store: DescriptionStore, *, prompt: str, model: str) -> DescribedGraph:
    """Return the current version of each description that a model wrote under a prompt."""
    described: dict[int, Described] = {}
    names: dict[int, str] = {}
    left_out = 0
    for version in store.stream(graph=graph.name, prompt=prompt, model=model):
        row = graph.vocabulary.entity_row.get(version.entity)
        if row is None:
            left_out += 1
        else:
            described[row], names[row] = {key: value for key, value in version.fields.items() if value}, version.name
    return DescribedGraph(described, names, left_out)


def _described(line: _Line) -> Described:
    values: dict[str, Any] = line.model_dump(include={*TEXT_FIELDS, *LIST_FIELDS})
    return {key: value for key, value in values.items() if value}
