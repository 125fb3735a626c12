"""Read what a language model wrote about the entities of a graph."""

import json
from pathlib import Path
from typing import Literal, get_args

from pydantic import ValidationError

from core.config import Settings
from core.errors import GraphFormatError
from core.kg.graph import KnowledgeGraph

Field = Literal["background", "mechanism", "indications", "contraindications"]
FIELDS: tuple[Field, ...] = get_args(Field)
BLIND_FIELDS: tuple[Field, ...] = ("background", "mechanism")  #: those that name no use


class Description(Settings, extra="ignore"):
    """One entity's text, field by field; a field may be empty."""

    id: str
    name: str = ""
    background: str = ""
    mechanism: str = ""
    indications: str = ""
    contraindications: str = ""

    def parts(self, fields: tuple[Field, ...] = FIELDS) -> dict[Field, str]:
        """Return the fields that have a text."""
        return {field: text for field in fields if (text := getattr(self, field).strip())}


def load_descriptions(graph: KnowledgeGraph) -> dict[int, Description]:
    """Read ``descriptions.jsonl`` of the graph's folder; empty where there is none.

    Where several lines have one id, the one that has the entity's name wins, else the first: sources merge entities.

    :returns: by entity row; lines about entities that the graph does not have are left out
    :raises GraphFormatError: if a line is no description; names the line
    """
    path = graph.folder / "descriptions.jsonl" if graph.folder else None
    if path is None or not path.exists():
        return {}
    rows = graph.vocabulary.entity_row
    found: dict[int, Description] = {}
    for description in _read(path):
        row = rows.get(description.id)
        if row is not None and (row not in found or description.name == graph.names[row] != found[row].name):
            found[row] = description
    return found


def _read(path: Path) -> list[Description]:
    descriptions = []
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise GraphFormatError(path, None, f"cannot be read: {error}.", advice="write it as UTF-8.") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                descriptions.append(Description.model_validate(json.loads(line)))
            except (json.JSONDecodeError, ValidationError) as error:
                raise GraphFormatError(
                    path,
                    number,
                    f"no description: {line[:100]!r}.",
                    expected='one JSON object a line with "id" and texts ' + ", ".join(FIELDS),
                    advice="mend or remove this line.",
                ) from error
    return descriptions
