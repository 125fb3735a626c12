"""Train several models of a run at the same time, each in a process of its own.

Every model lies in a folder of its own and depends on nothing but the graph, the text vectors and its settings, so it comes out
bit for bit as one after another. Workers report through the status files of these folders.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import partial
from multiprocessing.synchronize import Event

from core.config import RunSettings
from core.errors import LladrError, TrainingError
from core.kg.graph import KnowledgeGraph
from core.pipeline.members import Member, member_graph
from core.pipeline.runs import State, claimed, run_status
from core.pipeline.single import Hooks, train_single
from core.workspace import RunFolder, Workspace

SECONDS_BETWEEN_LOOKS = 0.5
Outcome = State | tuple[str, str, str]  #: how a model ended, or found, expected and advice of what went wrong

_context = multiprocessing.get_context("spawn")


def train_side_by_side(
    run: RunFolder,
    workspace: Workspace,
    graph: KnowledgeGraph,
    settings: RunSettings,
    parts: Sequence[Member],
    *,
    jobs: int,
    report: Callable[[int], None],
    stop: Callable[[], bool],
) -> State:
    """Train models until all are finished, or until a wish to stop has reached all of them.

    :param settings: of the whole run
    :param jobs: how many processes
    :param report: called with the epochs that all of them together have behind them
    :raises TrainingError: if one of them fails; the others stop, too, and go on when the run is resumed
    """
    folders, before, stopping = [part.folder(run) for part in parts], _children(), _context.Event()
    pool = ProcessPoolExecutor(min(jobs, len(parts)), _context, _prepare, (stopping,))
    try:
        train = partial(_train, run, workspace, replace(graph), settings)  # a fresh graph has nothing cached that would travel
        futures = [pool.submit(train, part) for part in parts]
        _follow(futures, lambda: report(sum(map(epochs_done, folders))), stop)
        stopping.set()
        pool.shutdown(cancel_futures=True)
        outcomes = [future.result() for future in futures if not future.cancelled()]
    except BaseException as error:  # such as a second Ctrl-C: nothing may go on alone
        for process in _children() - before:
            process.terminate()
        if isinstance(error, BrokenProcessPool):
            raise TrainingError(
                "A process that trained a model was killed.",
                expected="memory for all models that are trained at the same time",
                advice="give the same command again with fewer --jobs: it goes on where it stopped.",
            ) from error
        raise
    for outcome in outcomes:
        if isinstance(outcome, tuple):
            raise TrainingError(outcome[0], expected=outcome[1], advice=outcome[2])
    return "finished" if outcomes == ["finished"] * len(parts) else "stopped"


def _follow(futures: list[Future[Outcome]], report: Callable[[], None], stop: Callable[[], bool]) -> None:
    """Return when all models are finished, or at the first one that is not, or at a wish to stop."""
    pending = set(futures)
    while pending and not stop():
        done, pending = wait(pending, SECONDS_BETWEEN_LOOKS, FIRST_EXCEPTION)
        report()
        if any(future.result() != "finished" for future in done):
            return


def _children() -> set[multiprocessing.Process]:
    return set(multiprocessing.active_children())


def epochs_done(folder: RunFolder) -> int:
    """Return how many epochs a model has behind it."""
    return run_status(folder, mine=True)["epoch"]


_stopping: list[Event] = []  #: of a worker


def _prepare(stopping: Event) -> None:
    """Leave Ctrl-C to the parent, and end when it is gone.

    All that is large travels with the tasks: a child that died at its birth would leave the parent waiting to hand it over.
    """
    _stopping.append(stopping)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def _train(run: RunFolder, workspace: Workspace, graph: KnowledgeGraph, settings: RunSettings, part: Member) -> Outcome:
    """Train one model in a worker; a user's error travels as its words, because not every error survives the way."""
    stop, folder = _stopping[0].is_set, part.folder(run)
    if stop():
        return "stopped"
    try:
        with claimed(folder):
            return train_single(folder, workspace, member_graph(graph, settings, part), part.settings, Hooks(stop=stop))
    except LladrError as error:
        return error.found, error.expected, error.advice
