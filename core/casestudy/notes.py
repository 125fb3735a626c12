"""Keep what readers decide about candidates: a verdict and why, on lines that are only ever added."""

import datetime
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from pydantic import ValidationError

from core.config import Settings
from core.errors import WorkspaceError
from core.workspace import append_line, write_text

Verdict = Literal["agree", "doubt", "reject"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


class Note(Settings):
    """One reader's verdict on one drug for one disease; the last one of an author holds."""

    graph: str
    disease: str  #: identifier in the graph
    drug: str
    verdict: Verdict
    why: str = ""
    author: str = ""
    date: datetime.datetime

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Return what a later note of the same author replaces."""
        return self.graph, self.disease, self.drug, self.author


@dataclass(frozen=True)
class NoteBook:
    """All notes of a workspace: one JSON line each, the file a reader takes along."""

    path: Path

    def add(self, note: Note) -> None:
        """Add a note; earlier ones stay in the file."""
        append_line(self.path, note.model_dump_json())

    def history(self) -> list[Note]:
        """Return all notes, the first one first.

        :raises WorkspaceError: if a line is no note
        """
        return parse_notes(_read(self.path), str(self.path)) if self.path.exists() else []

    def current(self, graph: str, disease: str) -> list[Note]:
        """Return the note that holds, for each drug and author, of a disease."""
        last = {note.key: note for note in self.history()}
        return [note for note in last.values() if (note.graph, note.disease) == (graph, disease)]

    def export(self, graph: str | None = None) -> str:
        """Return the notes of a graph, or all, as JSON lines."""
        return _lines(note for note in self.history() if graph in (None, note.graph))

    def take_in(self, text: str, name: str = "the file") -> int:
        """Add the notes of another workspace that are not here yet, all or none.

        :param text: JSON lines, as :meth:`export` writes them
        :returns: how many were new
        :raises WorkspaceError: if a line is no note; nothing is taken in then
        """
        mine = self.history()
        new = [note for note in dict.fromkeys(parse_notes(text, name)) if note not in set(mine)]
        if new:
            write_text(self.path, _lines(sorted([*mine, *new], key=lambda note: note.date)))
        return len(new)


def parse_notes(text: str, name: str) -> list[Note]:
    """Read notes from JSON lines.

    :param name: of the source, for the error
    :raises WorkspaceError: names the first line that is no note
    """
    return [_parsed(line, number, name) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WorkspaceError(f"{path} cannot be read: {error}.", advice="make it readable, or move it away.") from error


def _parsed(line: str, number: int, name: str) -> Note:
    try:
        note = Note.model_validate(json.loads(line))
    except (json.JSONDecodeError, ValidationError) as error:
        raise WorkspaceError(
            f"{name}, line {number} is no note: {line[:100]!r}.",
            expected='one JSON object a line with "graph", "disease", "drug", "verdict" (agree, doubt, reject) and "date"',
            advice="mend or remove this line; nothing was changed.",
        ) from error
    return note if note.date.tzinfo else note.replace(date=note.date.replace(tzinfo=datetime.UTC))


def _lines(notes: Iterable[Note]) -> str:
    return "".join(f"{note.model_dump_json()}\n" for note in notes)
