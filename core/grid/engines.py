"""Do tasks in this process, or in several of this machine; :class:`core.types.Engine` says what an engine is."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial

from core.errors import ConfigError, EngineError, LladrError
from core.grid.attempts import attempt, opened
from core.grid.cluster import RayEngine
from core.types import Engine, Result, Task

ENGINES = ("local", "processes", "ray")


def engine_named(name: str, *, workers: int | None = None, address: str | None = None, gpus: float = 0.0) -> Engine:
    """Return an engine.

    :param workers: how many tasks at once; None is one a core (on a cluster: all that it has)
    :param address: of a running Ray cluster; None starts one on this machine
    :param gpus: GPUs, or a share of one, that Ray keeps for each task
    :raises ConfigError: if there is no such engine, or it has no such option
    :raises EngineError: if Ray is asked for and not installed
    """
    if name not in ENGINES:
        raise ConfigError(f"There is no engine {name!r}.", expected=", ".join(ENGINES))
    if name != "ray" and (address or gpus):
        raise ConfigError(f"The engine {name} has neither address nor GPUs.", advice="add --engine ray, or leave them out.")
    if name == "local" and (workers or 1) > 1:
        raise ConfigError(f"The engine local does one task at a time, not {workers}.", advice="add --engine processes.")
    if name == "ray":
        return RayEngine(workers=workers, address=address, gpus=gpus)
    return LocalEngine() if name == "local" else ProcessEngine(workers)


class LocalEngine:
    """Do one task after another in this process."""

    def map(self, work: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[tuple[int, Result | LladrError]]:
        """Yield place and result of each task."""
        for place, task in enumerate(tasks):
            yield place, opened(attempt(work, task))


class ProcessEngine:
    """Do tasks in processes of this machine that share nothing with this one.

    :param workers: how many; None is one a core
    """

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or os.cpu_count() or 1

    def map(self, work: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[tuple[int, Result | LladrError]]:
        """Yield place and result of each task.

        :raises EngineError: if a process is killed, such as for want of memory
        """
        if not tasks:
            return
        before = set(multiprocessing.active_children())
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(min(self._workers, len(tasks)), context, _prepare)
        try:
            places = {pool.submit(partial(attempt, work), task): place for place, task in enumerate(tasks)}
            for future in as_completed(places):
                yield places[future], opened(future.result())
            pool.shutdown()
        except BaseException as error:  # a bug, Ctrl-C, or nobody wants the rest: nothing may go on alone
            _end(pool, before)
            if isinstance(error, BrokenProcessPool):
                raise EngineError(
                    "A worker process was killed.",
                    expected="memory for all tasks that are done at the same time",
                    advice="give the same command again with fewer --workers: what is done stays done.",
                ) from error
            raise


def _end(pool: ProcessPoolExecutor, before: set[multiprocessing.Process]) -> None:
    for process in set(multiprocessing.active_children()) - before:
        process.terminate()
    pool.shutdown(cancel_futures=True)


def _prepare() -> None:
    """Leave Ctrl-C to the parent, and end when it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)
