"""Read files of what was written about the entities of a graph: one JSON object a line."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar, get_args

from pydantic import ValidationError

from core.config import Settings
from core.errors import GraphFormatError
from core.kg.graph import KnowledgeGraph

Field = Literal["background", "mechanism", "indications", "contraindications"]
FIELDS: tuple[Field, ...] = get_args(Field)


class Line(Settings, extra="ignore"):
    """What every line says: whom it is about, and texts field by field; a field may be empty."""

    id: str
    name: str = ""
    background: str = ""
    mechanism: str = ""
    indications: str = ""
    contraindications: str = ""


AnyLine = TypeVar("AnyLine", bound=Line)


@dataclass(frozen=True)
class LinesOfGraph(Generic[AnyLine]):
    """What a file has of a graph."""

    by_row: dict[int, AnyLine]
    left_out: int  #: lines about entities that the graph does not have


def lines_of(graph: KnowledgeGraph, path: Path, kind: type[AnyLine]) -> LinesOfGraph[AnyLine]:
    """Read what a file has of a graph.

    Where several lines have one id, the one that has the entity's name wins, else the first: sources merge entities.

    :param kind: what of a line is read
    :raises GraphFormatError: if the file cannot be read or a line is no description; names the line
    """
    rows, found, left_out = graph.vocabulary.entity_row, {}, 0
    for line in read_lines(path, kind):
        row = rows.get(line.id)
        if row is None:
            left_out += 1
        elif row not in found or line.name == graph.names[row] != found[row].name:
            found[row] = line
    return LinesOfGraph(found, left_out)


def read_lines(path: Path, kind: type[AnyLine] = Line) -> Iterator[AnyLine]:
    """Yield the lines of a file, whomever they are about.

    :raises GraphFormatError: if the file cannot be read or a line is no description; names the line
    """
    try:
        texts = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise GraphFormatError(path, None, f"cannot be read: {error}.", advice="check the path; write it as UTF-8.") from error
    for number, text in enumerate(texts, start=1):
        if text.strip():
            try:
                yield kind.model_validate(json.loads(text))
            except (json.JSONDecodeError, ValidationError) as error:
                raise GraphFormatError(
                    path,
                    number,
                    f"no description: {text[:100]!r}.",
                    expected='one JSON object a line with "id" and texts ' + ", ".join(FIELDS),
                    advice="mend or remove this line.",
                ) from error
