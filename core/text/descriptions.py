"""Read what a language model wrote about the entities of a graph."""

import hashlib
from pathlib import Path

from core.config import TextSettings
from core.errors import GraphFormatError, WorkspaceError
from core.kg.descriptions import FIELDS, Field, Line, lines_of
from core.kg.graph import KnowledgeGraph

BLIND_FIELDS: tuple[Field, ...] = ("background", "mechanism")  #: those that name no use


class Description(Line):
    """One entity's text, field by field; a field may be empty."""

    def parts(self, fields: tuple[Field, ...] = FIELDS) -> dict[Field, str]:
        """Return the fields that have a text."""
        return {field: text for field in fields if (text := getattr(self, field).strip())}


def load_descriptions(graph: KnowledgeGraph, path: Path | None = None) -> dict[int, Description]:
    """Read a file of descriptions, or ``descriptions.jsonl`` of the graph's folder; empty where that is not there.

    :returns: by entity row; lines about entities that the graph does not have are left out
    :raises GraphFormatError: if the given file is missing, or a line is no description; names the line
    """
    if path is None:
        path = graph.folder / "descriptions.jsonl" if graph.folder else None
        if path is None or not path.exists():
            return {}
    return lines_of(graph, path, Description).by_row


def descriptions_of(graph: KnowledgeGraph, settings: TextSettings) -> dict[int, Description]:
    """Read the descriptions that a run uses.

    :raises WorkspaceError: if the file has changed since the run began
    """
    if settings.descriptions is None:
        return load_descriptions(graph)
    path = Path(settings.descriptions)
    found = load_descriptions(graph, path)
    if settings.descriptions_sha256 not in (None, there := _sha256(path)):
        raise WorkspaceError(
            f"{path} has changed since the run began.",
            expected=f"the content with SHA-256 {settings.descriptions_sha256[:12]}, not {there[:12]}",
            advice="put the old file back, or train another run with the new one.",
        )
    return found


def pinned(settings: TextSettings) -> TextSettings:
    """Return the settings with the whole path and the content of the file of descriptions, where there is one.

    :raises GraphFormatError: if it cannot be read
    """
    if settings.descriptions is None:
        return settings.replace(descriptions_sha256=None)
    path = Path(settings.descriptions).expanduser().resolve()
    return settings.replace(descriptions=str(path), descriptions_sha256=_sha256(path))


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise GraphFormatError(path, None, f"cannot be read: {error}.", advice="check the path of --descriptions.") from error
