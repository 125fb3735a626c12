"""Do one task on one thread, with a user's error as its result."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits

from core.errors import LladrError
from core.types import Result, Task

Told = tuple[str, str, str]  #: found, expected and advice: not every error survives the way between processes


class Failed:
    """Carry a user's error from one process to another by its words."""

    def __init__(self, error: LladrError) -> None:
        self.told: Told = (error.found, error.expected, error.advice)

    def error(self) -> LladrError:
        """Return an error that says the same."""
        found, expected, advice = self.told
        return LladrError(found, expected=expected, advice=advice)


def attempt(work: Callable[[Task], Result], task: Task) -> Result | Failed:
    """Do a task on one thread; bugs come through."""
    with one_thread():
        try:
            return work(task)
        except LladrError as error:
            return Failed(error)


def opened(outcome: Result | Failed) -> Result | LladrError:
    """Return what an engine yields for an outcome."""
    return outcome.error() if isinstance(outcome, Failed) else outcome


@contextmanager
def one_thread() -> Iterator[None]:
    """Let nothing inside use more than one thread: sums come out the same on every machine, and workers do not fight."""
    before = torch.get_num_threads()
    try:
        with threadpool_limits(1):
            torch.set_num_threads(1)
            yield
    finally:
        torch.set_num_threads(before)  # the limits do not give torch its own number back
