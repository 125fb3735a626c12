"""Name the array types and the protocols at which the rooms of the core meet."""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Task = TypeVar("Task")
Result = TypeVar("Result")

FloatArray = NDArray[np.floating]
IntArray = NDArray[np.integer]
BoolArray = NDArray[np.bool_]

Progress = Callable[[int, int], None]  #: called with (done, total); both in the caller's own unit
NamedProgress = Callable[[str, int, int], None]  #: called with (what comes next, in words; done; total)

TextMode = Literal["full", "blind", "name", "shuffled", "none"]
TEXT_MODES: tuple[TextMode, ...] = ("full", "blind", "name", "shuffled", "none")


def silent(done: int, total: int) -> None:
    """Ignore progress."""


class Scorer(Protocol):
    """Score drugs for diseases: the one thing that a run, a baseline and a fake have in common."""

    name: str

    def scores(self, drugs: IntArray, diseases: IntArray) -> FloatArray:
        """Score every pair; higher is better.

        :param drugs: shape (n_drugs,); entity rows
        :param diseases: shape (n_diseases,); entity rows
        :returns: shape (n_diseases, n_drugs)
        """
        ...


class Embedder(Protocol):
    """Turn texts into unit vectors."""

    name: str  #: identifies encoder and version; part of the cache key

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> FloatArray:
        """Return one unit vector a text. Shape (n_texts, dim), float32."""
        ...


class Engine(Protocol):
    """Do independent pieces of work: in this process, in several, on a cluster."""

    def map(self, work: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[tuple[int, Result | Exception]]:
        """Yield the place of each task with its result, in the order in which they are done.

        A user's error (:class:`core.errors.LladrError`) is the result of its task and does not touch the others; any other
        exception is a bug and is raised. Closing the iterator gives up what is not done.

        :param work: a function of a module, which other processes can import
        :param tasks: values that can be pickled
        """
        ...
