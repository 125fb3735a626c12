"""Run an extraction in threads: in order, to the end, a stop, a spent budget, or an error that ends it."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from core.errors import ChatError, LladrError
from core.llm.budget import BudgetSpentError
from core.llm.extraction import Outcome, Writer
from core.llm.following import Tally, followed_files, save_tally
from core.llm.limits import StoppedError
from core.workspace import ExtractionFiles

SECONDS_BETWEEN_REPORTS = 0.5
FEWEST_FAILURES = 5  #: in a row, and as many as there are threads: the server is taken to be gone


def extract(
    writer: Writer,
    rows: Sequence[int],
    files: ExtractionFiles,
    *,
    concurrency: int = 16,
    stop: threading.Event | None = None,
    report: Callable[[Tally], None] = lambda tally: None,
) -> Tally:
    """Describe entities; what is answered is kept whatever happens.

    :param concurrency: requests at the same time
    :param stop: set to end after the requests that are in flight; so does a stop file; default: that of the client's limits
    :param report: called twice a second with how far it is
    :returns: the counts; ``state`` says how it ended
    :raises LladrError: if no request can succeed any more
    """
    tally = writer.tally(len(rows))
    crew = _Crew(writer, rows, tally, concurrency, stop or (writer.client.limits.stop if writer.client else threading.Event()))
    with followed_files(files, tally) as mine:
        try:
            for _ in crew.work(files if mine else None):
                tally.count_money(writer.budget)
                report(tally)
                if mine:
                    save_tally(files, tally)
            tally.state = crew.state
        except BaseException as error:
            tally.state, tally.message = "failed", str(error) or type(error).__name__
            raise
        finally:
            tally.count_money(writer.budget)
            tally.seconds_left = None
            report(tally)
    return tally


@dataclass
class _Crew:
    """Threads that take entities one by one; the memory does not grow with their number."""

    writer: Writer
    rows: Sequence[int]
    tally: Tally
    size: int
    stop: threading.Event
    error: BaseException | None = None
    spent: bool = False
    failures: int = 0  #: in a row
    first_asked: float | None = None
    asked: int = 0
    asked_then: int = 0  #: when the clock of the pace began
    _next: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def state(self) -> str:
        """Return how it ended."""
        if self.spent:
            return "budget spent"
        return "finished" if self.tally.done == self.tally.total else "stopped"

    def work(self, files: ExtractionFiles | None) -> Iterator[None]:
        """Yield now and then until all threads have ended; then raise what ended them."""
        threads = [threading.Thread(target=self._take, daemon=True) for _ in range(min(self.size, len(self.rows)))]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            if files and files.stop_file.exists():
                self.stop.set()
            self._estimate_time()
            yield
            _join(threads, SECONDS_BETWEEN_REPORTS)
        if self.error:
            raise self.error

    def _take(self) -> None:
        while (row := self._next_row()) is not None:
            try:
                self._count(row, self.writer.describe(row))
            except StoppedError:
                return
            except BudgetSpentError:
                self.spent = True
                self.stop.set()
            except ChatError as error:
                self._failed(row, error)
            except BaseException as error:  # noqa: BLE001 - the main thread raises it
                self._abort(error)

    def _next_row(self) -> int | None:
        with self._lock:
            if self.stop.is_set() or self._next == len(self.rows):
                return None
            self._next += 1
            return self.rows[self._next - 1]

    def _count(self, row: int, outcome: Outcome) -> None:
        with self._lock:
            self.tally.settle(outcome.state, **self.writer.identity(row), reason=outcome.reason)
            if outcome.state == "written":
                self.failures = 0
                self.asked += 1

    def _failed(self, row: int, error: ChatError) -> None:
        with self._lock:
            self.failures += 1
            self.tally.settle("failed", **self.writer.identity(row), reason=error.found)
            hopeless = self.failures >= max(FEWEST_FAILURES, self.size)
        if error.fatal or hopeless:
            self._abort(error)

    def _abort(self, error: BaseException) -> None:
        with self._lock:
            if self.error is None or not isinstance(error, LladrError):
                self.error = error
        self.stop.set()

    def _estimate_time(self) -> None:
        """Reckon with the pace since the first new description: what was there before took no time."""
        now = time.monotonic()
        if self.asked and self.first_asked is None:
            self.first_asked, self.asked_then = now, self.asked
        elif self.first_asked is not None and (new := self.asked - self.asked_then) > 0:
            self.tally.seconds_left = (self.tally.total - self.tally.done) * (now - self.first_asked) / new


def _join(threads: Sequence[threading.Thread], seconds: float) -> None:
    """Wait for the threads to end, but not longer than this."""
    end = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
