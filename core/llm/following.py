"""Leave a status file that a page can follow, and look for its wish to stop."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TextIO

from core.llm.budget import Budget
from core.workspace import ExtractionFiles, explained_disk_errors, read_json, write_json

RunState = Literal["running", "stopped", "budget spent", "failed", "finished", "interrupted"]
MOST_PROBLEMS = 20  #: that a status shows; all are counted


@dataclass
class Tally:
    """How far an extraction is."""

    total: int
    graph: str = ""
    prompt: str = ""
    model: str = ""
    state: RunState = "running"
    done: int = 0  #: entities that are settled, one way or another
    written: int = 0  #: new descriptions
    kept: int = 0  #: were there before
    refused: int = 0  #: the model refused, or its reply cannot be used
    waiting: int = 0  #: in a batch at the server
    failed: int = 0  #: the server did not answer; the next start asks again
    tokens: int = 0  #: used by this start
    lost_tokens: int = 0  #: of them, of answers that were lost on the way and may have been paid
    usd: float | None = None  #: spent by this start; None where no price is known
    budget_usd: float | None = None
    budget_tokens: int | None = None
    started: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)
    seconds_left: float | None = None
    pid: int = field(default_factory=os.getpid)
    message: str = ""  #: why it ended
    problems: list[dict[str, str]] = field(default_factory=list)  #: the first: entity, name, reason

    def settle(self, state: str, *, entity: str, name: str, reason: str = "") -> None:
        """Count an entity that is settled: written, kept, refused, waiting or failed."""
        self.done += 1
        setattr(self, state, getattr(self, state) + 1)
        if state in ("refused", "failed"):
            self._problem(entity, name, reason)

    def count_money(self, budget: Budget) -> None:
        """Take over what was spent."""
        self.tokens, self.lost_tokens = budget.spent_tokens, budget.lost_tokens
        self.usd = budget.spent_usd if budget.price else None

    def _problem(self, entity: str, name: str, reason: str) -> None:
        """Remember what went wrong with an entity."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append({"entity": entity, "name": name[:200], "reason": reason[:300]})


@contextmanager
def followed_files(files: ExtractionFiles, tally: Tally) -> Iterator[bool]:
    """Hold the lock of an extraction, and write how it ends.

    Where another process describes the same, this one works too (they share the answers), but leaves no status.

    :returns: whether this process is the one that writes the status
    """
    with explained_disk_errors(files.lock_file):
        files.folder.mkdir(parents=True, exist_ok=True)
        file = files.lock_file.open("w")
    with file:
        mine = _locked(file)
        if mine:
            files.stop_file.unlink(missing_ok=True)
            save_tally(files, tally)
        try:
            yield mine
        finally:
            if mine:
                files.stop_file.unlink(missing_ok=True)
                save_tally(files, tally)


def save_tally(files: ExtractionFiles, tally: Tally) -> None:
    """Write the status file."""
    tally.updated = time.time()
    write_json(files.status_file, asdict(tally))


def extraction_status(files: ExtractionFiles) -> dict[str, Any] | None:
    """Return how far an extraction is, as in :class:`Tally`; None where none was started.

    One whose process died is ``interrupted``.
    """
    if not files.status_file.exists():
        return None
    status = read_json(files.status_file)
    if status["state"] == "running" and not is_running(files):
        status["state"] = "interrupted"
    return status


def ask_to_stop(files: ExtractionFiles) -> None:
    """Ask a running extraction to end after the requests that are in flight."""
    with explained_disk_errors(files.stop_file):
        files.stop_file.touch()


def is_running(files: ExtractionFiles) -> bool:
    """Return whether a process works on this extraction now."""
    if not files.lock_file.exists():
        return False
    with files.lock_file.open("r") as file:
        return not _locked(file, fcntl.LOCK_SH)


def _locked(file: TextIO, kind: int = fcntl.LOCK_EX) -> bool:
    """Try for a moment: who only looks holds the lock, too."""
    for _ in range(5):
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except OSError:
            time.sleep(0.02)
        else:
            return True
    return False
