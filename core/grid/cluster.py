"""Do tasks on a Ray cluster: one that runs already, or one of this machine that ends with the work.

Every machine of a cluster needs this project in the same version, and the graph under the same path. Results travel back to
who asks, so no disk needs to be shared. A cluster may want a token (Ray 2.59 and later): who runs the cluster gives it, and
Ray reads it from the environment by itself.
"""

import importlib
import logging
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType

from core.errors import EngineError, LladrError
from core.grid.attempts import attempt, opened
from core.types import Result, Task

INSTALL = "pip install -r requirements-ray.txt, or use --engine processes."
#: No report to Ray's makers; and a task without a GPU of its own still sees those of its machine.
ENVIRONMENT = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
SECONDS_TO_ANSWER = 10.0  #: Ray itself waits for minutes where nothing answers
#: How HTTP/2 begins, which Ray speaks (RFC 9113, section 3.4): a greeting and empty settings; the answer is settings, too.
GREETING, SETTINGS = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 4


class RayEngine:
    """Do each task on a core of a cluster.

    :param workers: how many tasks at once; None is all cores
    :param address: ``HOST:PORT`` of a running cluster, or ``auto`` for one that this machine belongs to; None starts one here
    :param gpus: GPUs, or a share of one, that each task waits for
    :raises EngineError: if Ray is not installed
    """

    def __init__(self, *, workers: int | None = None, address: str | None = None, gpus: float = 0.0) -> None:
        self._ray = _imported()
        self._workers = workers
        self._address = address
        self._gpus = gpus

    def map(self, work: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[tuple[int, Result | LladrError]]:
        """Yield place and result of each task.

        :raises EngineError: if the cluster cannot be reached, or loses a task for good
        """
        if not tasks:
            return
        with self._connected():
            yield from self._results(work, tasks)

    def _results(self, work: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[tuple[int, Result | LladrError]]:
        ray, waiting = self._ray, list(enumerate(tasks))[::-1]
        remote = ray.remote(num_cpus=1, num_gpus=self._gpus)(attempt)
        running: dict = {}
        at_once = self._workers or len(tasks)
        while waiting or running:
            while waiting and len(running) < at_once:
                place, task = waiting.pop()
                running[remote.remote(work, task)] = place
            (done, *_), _ = ray.wait(list(running), num_returns=1)
            yield running.pop(done), opened(self._taken(done))

    def _taken(self, done: object) -> object:
        """Return what a task gave; a bug is raised as it was there."""
        try:
            return self._ray.get(done)
        except self._ray.exceptions.RayTaskError as error:
            raise error.as_instanceof_cause() from error
        except self._ray.exceptions.RayError as error:
            raise EngineError(
                f"The Ray cluster lost a task: {error}",
                expected="workers with enough memory that stay up",
                advice="give the same command again, with fewer --workers: what is done stays done.",
            ) from error

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """Be connected inside; a cluster that was started for this ends with it."""
        options = {"address": self._address} if self._address else {"address": "local", "num_cpus": self._workers}
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        try:
            if self._address and ":" in self._address and "://" not in self._address:
                _greet(self._address)
            self._ray.init(**options, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        except (OSError, RuntimeError, ValueError, SystemExit) as error:  # Ray wants to exit where a cluster does not answer
            raise EngineError(
                f"The Ray cluster {self._address or 'of this machine'} cannot be used: {error}",
                expected="HOST:PORT of a running cluster, or auto",
                advice="check --address and `ray status`; where the cluster wants a token, set RAY_AUTH_MODE=token and the token "
                "that you were given for it; or leave --address out to start a cluster here.",
            ) from error
        try:
            yield
        finally:
            self._ray.shutdown()


def _greet(address: str) -> None:
    """See whether anything at an address speaks as Ray does, which takes a moment.

    :raises OSError: if nothing does
    :raises ValueError: if the port is no number
    """
    host, _, port = address.rpartition(":")
    if not port.isdigit():
        message = f"the port {port!r} is no number"
        raise ValueError(message)
    with socket.create_connection((host.strip("[]"), int(port)), SECONDS_TO_ANSWER) as connection:
        if os.environ.get("RAY_USE_TLS") == "1":
            return  # the greeting would have to be encrypted
        connection.sendall(GREETING)
        answer = connection.recv(9)
    if len(answer) < 4 or answer[3] != SETTINGS:
        message = "what answers there is no Ray cluster"
        raise ConnectionError(message)


def _imported() -> ModuleType:
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise EngineError("Ray is not installed.", expected="the package ray, which is optional", advice=INSTALL) from error
