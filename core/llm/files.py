"""Read descriptions with their lists of facts from a file or from the store."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from core.config import Settings
from core.errors import GraphFormatError
from core.kg.graph import KnowledgeGraph
from core.llm.grounding import Described
from core.llm.store import LIST_FIELDS, TEXT_FIELDS, DescriptionStore


class _Line(Settings, extra="ignore"):
    id: str
    name: str = ""
    background: str = ""
    mechanism: str = ""
    indications: str = ""
    contraindications: str = ""
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

    Where several lines have one id, the one that has the entity's name wins, else the first: sources merge entities.

    :raises GraphFormatError: if the file cannot be read or a line is no description; names the line
    """
    lines: dict[int, _Line] = {}
    left_out = 0
    for line in _lines(path):
        row = graph.vocabulary.entity_row.get(line.id)
        if row is None:
            left_out += 1
        elif row not in lines or line.name == graph.names[row] != lines[row].name:
            lines[row] = line
    return DescribedGraph(
        {row: _described(line) for row, line in lines.items()},
        {row: line.name for row, line in lines.items() if line.name},
        left_out,
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


def _lines(path: Path) -> Iterator[_Line]:
    try:
        texts = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise GraphFormatError(path, None, f"cannot be read: {error}.", advice="check the path; write it as UTF-8.") from error
    for number, text in enumerate(texts, start=1):
        if text.strip():
            try:
                yield _Line.model_validate(json.loads(text))
            except (json.JSONDecodeError, ValidationError) as error:
                expected = 'one JSON object a line with "id" and texts ' + ", ".join(TEXT_FIELDS)
                raise GraphFormatError(path, number, f"no description: {text[:100]!r}.", expected=expected) from error
