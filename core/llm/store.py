"""Keep every description that was ever written, with who wrote it and how; nothing is overwritten."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path

from core.errors import ConfigError
from core.kg.graph import KnowledgeGraph
from core.llm.database import Database
from core.workspace import atomic

MODEL = "model"  #: the author of what no person touched
TEXT_FIELDS = ("background", "mechanism", "indications", "contraindications")
LIST_FIELDS = ("indicated_for", "contraindicated_in", "targets")

Fields = Mapping[str, str | Sequence[str]]  #: texts by :data:`TEXT_FIELDS`, names by :data:`LIST_FIELDS`


def now() -> str:
    """Return the time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, kw_only=True)
class Version:
    """One description of one entity as it was written once."""

    graph: str  #: name of the graph, as it is loaded
    entity: str  #: identifier
    name: str
    kind: str
    prompt: str
    prompt_version: int
    model: str
    fields: Fields
    temperature: float | None = None
    seed: int | None = None
    neighbours: bool = False  #: whether facts of the graph were in the prompt
    date: str = field(default_factory=now)  #: UTC, ISO 8601
    author: str = MODEL  #: ``model``, or the person who wrote it by hand
    reason: str = ""  #: why a person changed it
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0  #: US dollars; 0 where the price is not known
    reply: bytes | None = None  #: key of the reply it was read from
    number: int = 0  #: given by the store, ascending

    @property
    def by_hand(self) -> bool:
        """Return whether a person wrote it."""
        return self.author != MODEL

    def edited(self, changes: Fields, *, author: str, reason: str) -> "Version":
        """Return the next version, by a person.

        :raises ConfigError: if author or reason is missing
        """
        if not author.strip() or not reason.strip() or author.strip() == MODEL:
            raise ConfigError("An edit needs to say who made it and why.", expected="an author (a person) and a reason")
        paid = {"prompt_tokens": 0, "completion_tokens": 0, "cost": 0.0, "reply": None, "number": 0, "date": now()}
        return replace(self, fields={**self.fields, **changes}, author=author.strip(), reason=reason.strip(), **paid)


@dataclass(frozen=True)
class SourceOfDescriptions:
    """A prompt and a model that have written about a graph."""

    prompt: str
    model: str
    entities: int


_COLUMNS = tuple(each.name for each in fields(Version) if each.name != "number")
_CURRENT = """
    SELECT number FROM (
        SELECT number, entity, ROW_NUMBER() OVER (PARTITION BY entity ORDER BY author <> 'model' DESC, number DESC) AS place
        FROM version WHERE graph = ? AND prompt = ? AND model = ?
    ) WHERE place = 1
"""


class DescriptionStore:
    """All versions of all descriptions of a workspace; any number of threads and processes may use it.

    Of one entity, prompt and model the latest version is current, and one written by hand stands above those of the model.

    :param path: the SQLite file; made where it is missing
    """

    def __init__(self, path: Path) -> None:
        self.database = Database(path)

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def add(self, version: Version) -> bool:
        """Append a version; what was read from the same reply before is not added again.

        :returns: whether it is new
        """
        values = asdict(version) | {"fields": json.dumps(dict(version.fields), ensure_ascii=False)}
        marks = ", ".join("?" * len(_COLUMNS))
        query = f"INSERT OR IGNORE INTO version ({', '.join(_COLUMNS)}) VALUES ({marks})"  # noqa: S608 - our own columns
        with self.database.writing(durable=version.reply is None) as connection:  # what a reply says is in the cache already
            return connection.execute(query, [values[column] for column in _COLUMNS]).rowcount == 1

    def versions(self, entity: str, *, graph: str) -> list[Version]:
        """Return everything that was written about an entity, the latest first."""
        query = "SELECT * FROM version WHERE graph = ? AND entity = ? ORDER BY number DESC"
        return [_version(row) for row in self.database.rows(query, (graph, entity))]

    def current(self, *, graph: str, prompt: str, model: str) -> dict[str, Version]:
        """Return the current version of each described entity, by identifier."""
        query = f"SELECT * FROM version WHERE number IN ({_CURRENT})"  # noqa: S608 - our own query
        return {row["entity"]: _version(row) for row in self.database.stream(query, (graph, prompt, model))}

    def sources(self, graph: str) -> list[SourceOfDescriptions]:
        """Return which prompts and models have written about a graph."""
        query = """SELECT prompt, model, COUNT(DISTINCT entity) AS entities FROM version WHERE graph = ?
                   GROUP BY prompt, model ORDER BY prompt, model"""
        return [SourceOfDescriptions(**dict(row)) for row in self.database.rows(query, (graph,))]

    def export(self, graph: KnowledgeGraph, path: Path, *, prompt: str, model: str) -> int:
        """Write the current versions as JSON lines in the form of the starter's ``descriptions.jsonl``, in the graph's order.

        :returns: how many
        """
        query = f"SELECT number, entity FROM version WHERE number IN ({_CURRENT})"  # noqa: S608 - our own query
        numbers = {row["entity"]: row["number"] for row in self.database.stream(query, (graph.name, prompt, model))}
        wanted = [numbers[entity] for entity in graph.vocabulary.entities if entity in numbers]
        with atomic(path) as temporary, temporary.open("w", encoding="utf-8") as file:
            for number in wanted:
                row = self.database.rows("SELECT * FROM version WHERE number = ?", (number,))[0]
                file.write(json.dumps(_exported(_version(row)), ensure_ascii=False) + "\n")
        return len(wanted)

    def stream(self, *, graph: str, prompt: str, model: str) -> Iterator[Version]:
        """Yield the current versions one by one: they need not fit into memory."""
        query = f"SELECT * FROM version WHERE number IN ({_CURRENT}) ORDER BY number"  # noqa: S608 - our own query
        yield from (_version(row) for row in self.database.stream(query, (graph, prompt, model)))


def _version(row: sqlite3.Row) -> Version:
    values = dict(row)
    return Version(**values | {"fields": json.loads(values["fields"]), "neighbours": bool(values["neighbours"])})


def _exported(version: Version) -> dict[str, object]:
    texts = {name: version.fields.get(name, "") for name in TEXT_FIELDS}
    lists = {name: list(names) for name in LIST_FIELDS if (names := version.fields.get(name))}
    how = ("prompt", "prompt_version", "model", "temperature", "date", "author", "reason")
    made = {name: value for name in how if (value := getattr(version, name)) not in (None, "")}
    return {"id": version.entity, "name": version.name, "kind": version.kind, **texts, **lists, **made}
