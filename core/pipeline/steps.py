"""Follow what an evaluation measures one after another, from other processes too, and stop between two of these."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import TrainingError, WorkspaceError
from core.types import NamedProgress
from core.workspace import RunFolder, read_json, write_json


@dataclass(frozen=True)
class Step:
    """How far an evaluation is."""

    words: str  #: what is measured now; empty while it trains
    done: int  #: measurements
    total: int
    seconds: float  #: that those took
    pid: int  #: of the process that measures


@dataclass
class Steps:
    """Count measurements; each is told to the caller and, in a file of the run, to other processes."""

    run: RunFolder
    report: NamedProgress
    stop: Callable[[], bool]  #: asked before each measurement
    done: int = 0
    total: int = 0
    seconds: float = 0.0

    @contextmanager
    def planned(self, total: int) -> Iterator[None]:
        """Count up to a total inside; afterwards nothing says that something is measured."""
        self.total = total
        try:
            yield
        finally:
            _file(self.run).unlink(missing_ok=True)

    @contextmanager
    def measuring(self, words: str) -> Iterator[None]:
        """Say what is measured inside.

        :raises TrainingError: if a stop is wished
        """
        self.check()
        began = time.monotonic()
        self._tell(words)
        yield
        self.done, self.seconds = self.done + 1, self.seconds + time.monotonic() - began
        self._tell("")

    def each(self, words: Iterable[str]) -> Iterator[str]:
        """Yield words while each of them is measured."""
        for what in words:
            with self.measuring(what):
                yield what

    def check(self) -> None:
        """Go on, unless a stop is wished.

        :raises TrainingError: if it is
        """
        if self.stop():
            raise stopped()

    def _tell(self, words: str) -> None:
        write_json(_file(self.run), asdict(Step(words, self.done, self.total, self.seconds, os.getpid())))
        self.report(words, self.done, self.total)


def current_step(run: RunFolder) -> Step | None:
    """Return how far an evaluation of a run is, or was when it was killed; None where there is none."""
    try:
        return Step(**read_json(_file(run)))
    except (WorkspaceError, TypeError):  # none is there, or another version's
        return None


def stopped() -> TrainingError:
    """Return what an evaluation raises when it was stopped."""
    return TrainingError("The evaluation was stopped.", advice="call it again: it goes on where it stopped.")


def _file(run: RunFolder) -> Path:
    return run.evaluations / "measuring.json"
