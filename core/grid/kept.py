"""Keep each result on disk under the content of its task, so that a second start does only what is missing."""

import dataclasses
import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel

from core.errors import LladrError, WorkspaceError
from core.types import Engine, Task
from core.workspace import read_json, write_json

logger = logging.getLogger(__name__)

Record = dict[str, Any]  #: a result: what JSON can hold
Outcome = Record | Exception


class KeptEngine:
    """Give tasks to another engine, and keep what comes back in a folder: one JSON file a task.

    Tasks of the same content are done once. A task that failed is tried again at the next start; its error is kept beside.

    :param engine: does what is missing
    :param folder: of the results
    :param version: of the work: results of another version are not used
    """

    def __init__(self, engine: Engine, folder: Path, *, version: str) -> None:
        self._engine = engine
        self._folder = folder
        self._version = version

    def map(self, work: Callable[[Task], Record], tasks: Sequence[Task]) -> Iterator[tuple[int, Outcome]]:
        """Yield place and result of each task, kept ones first."""
        places: dict[str, list[int]] = {}
        for place, task in enumerate(tasks):
            places.setdefault(content_key(task, work, version=self._version), []).append(place)
        missing = []
        for key, same in places.items():
            if (kept := self._read(key)) is None:
                missing.append(key)
            else:
                yield from ((place, kept) for place in same)
        chosen = [tasks[places[key][0]] for key in missing]
        for number, timed in self._engine.map(partial(_timed, work), chosen):
            outcome = self._write(missing[number], chosen[number], timed)
            yield from ((place, outcome) for place in places[missing[number]])

    def n_missing(self, work: Callable[[Task], Record], tasks: Sequence[Task]) -> int:
        """Return how many different tasks have no result yet."""
        keys = {content_key(task, work, version=self._version) for task in tasks}
        return sum(self._read(key) is None for key in keys)

    def _file(self, key: str) -> Path:
        return self._folder / f"{key}.json"

    def _error_file(self, key: str) -> Path:
        return self._folder / f"{key}.error.json"

    def _read(self, key: str) -> Record | None:
        """Return a kept result; a damaged file counts as none, and its task is done again."""
        path = self._file(key)
        if not path.exists():
            return None
        try:
            return read_json(path)["result"]
        except (WorkspaceError, KeyError, TypeError) as error:
            logger.warning("%s is damaged and its task is done again: %s", path, error)
            return None

    def _write(self, key: str, task: object, timed: "tuple[Record, float] | Exception") -> Outcome:
        about = {"version": self._version, "task": plain(task)}
        if isinstance(timed, LladrError):
            told = {"found": timed.found, "expected": timed.expected, "advice": timed.advice}
            write_json(self._error_file(key), about | {"error": told})
            return timed
        record, seconds = timed
        write_json(self._file(key), about | {"seconds": round(seconds, 3), "result": record})
        self._error_file(key).unlink(missing_ok=True)
        return json.loads(json.dumps(record))  # as it will be read the next time


def _timed(work: Callable[[Task], Record], task: Task) -> tuple[Record, float]:
    began = time.perf_counter()
    return work(task), time.perf_counter() - began


def content_key(task: object, work: Callable, *, version: str) -> str:
    """Return a name made of all that determines a result: the work, its version, the task."""
    text = json.dumps([_name(work), version, plain(task)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _name(work: Callable) -> str:
    """Return the name of a function; what a partial one was given (where to work) does not change its results."""
    while isinstance(work, partial):
        work = work.func
    return f"{work.__module__}.{work.__qualname__}"


def plain(task: object) -> Any:
    """Return a task as JSON can hold it."""
    if isinstance(task, BaseModel):
        return task.model_dump(mode="json")
    return dataclasses.asdict(task) if dataclasses.is_dataclass(task) and not isinstance(task, type) else task


def tidy(tasks: Sequence[object], outcomes: Mapping[int, Outcome]) -> pd.DataFrame:
    """Return one row a task: its settings and its results with dots in the names, and its error where it failed.

    :param outcomes: by place; a task without one was not done
    """
    rows = []
    for place, task in enumerate(tasks):
        outcome = outcomes.get(place)
        values = flat(outcome) if isinstance(outcome, Mapping) else {}
        rows.append(flat(plain(task)) | values | {"error": outcome.found if isinstance(outcome, LladrError) else ""})
    return pd.DataFrame(rows)


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested values with dots in the names."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return found
