"""A Ray cluster of two workers on this machine: skipped where the optional package is not installed."""

import os
import socket
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from core.errors import EngineError, LladrError
from core.grid import LocalEngine, RayEngine
from tests.core.grid.head import ray_head
from tests.core.grid.work import Number, parent, square, where

ray = pytest.importorskip("ray", reason="Ray is optional: pip install -r requirements-ray.txt")
pytestmark = pytest.mark.slow
TASKS = [Number(value=value) for value in (4, 3, 2, 1)]


def test_ray_does_the_same_on_two_workers_of_one_thread_each():
    outcomes = dict(RayEngine(workers=2).map(square, TASKS))
    error = outcomes.pop(1)
    local = dict(LocalEngine().map(square, TASKS))
    assert outcomes == {place: local[place] for place in (0, 2, 3)}
    assert isinstance(error, LladrError)
    assert error.message == local[1].message
    assert not ray.is_initialized()


def test_a_bug_on_ray_shows_itself():
    with pytest.raises(ZeroDivisionError, match="a bug"):
        list(RayEngine(workers=1).map(square, [Number(value=13)]))
    assert not ray.is_initialized()


def test_work_on_ray_is_done_elsewhere_on_one_thread():
    told = [outcome for _, outcome in RayEngine(workers=2).map(where, TASKS)]
    assert os.getpid() not in {one["pid"] for one in told}
    assert {threads for one in told for threads in (one["torch"], *one["pools"])} == {1}


@pytest.fixture(scope="module")
def head():
    """The address of a cluster that runs already."""
    with ray_head() as address:
        yield address


def test_a_running_cluster_does_the_same_and_goes_on_afterwards(head):
    local = dict(LocalEngine().map(square, TASKS))
    for _ in range(2):  # the first use does not end it
        outcomes = dict(RayEngine(address=head, workers=2).map(square, TASKS))
        assert outcomes.pop(1).message == local[1].message
        assert outcomes == {place: local[place] for place in (0, 2, 3)}
        assert not ray.is_initialized()


def test_work_on_a_running_cluster_is_done_by_its_own_processes(head):
    told = [outcome for _, outcome in RayEngine(address=head).map(parent, TASKS)]
    port = head.rpartition(":")[2]
    assert {f"--gcs-address={one['node']}:{port}" in one["parent"] for one in told} == {True}


@pytest.fixture
def listener():
    """The address of something that answers a greeting with other words."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(100)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def test_what_answers_and_is_no_cluster_is_said_at_once(listener):
    assert_said_at_once(listener, "what answers there is no Ray cluster")


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1:nowhere", "the port 'nowhere' is no number"),
        ("127.0.0.1:1", "refused"),
        ("nowhere.invalid:6379", "not known|resolution"),
    ],
)
def test_a_cluster_that_cannot_be_reached_is_said_at_once(address, why):
    assert_said_at_once(address, why)


def assert_said_at_once(address: str, why: str) -> None:
    """Ray itself would wait for three minutes and then end the process."""
    began = time.monotonic()
    with pytest.raises(EngineError, match=rf"{address} cannot be used: .*({why})[^!]*RAY_AUTH_MODE"):
        list(RayEngine(address=address).map(square, TASKS))
    assert time.monotonic() - began < 20
    assert not ray.is_initialized()


def test_an_exit_that_ray_wants_is_an_error_with_advice(monkeypatch):
    """Where it cannot speak with a cluster that answers, Ray calls for the end of the process."""
    engine = RayEngine()
    monkeypatch.setattr(engine, "_ray", SimpleNamespace(init=lambda **_: sys.exit(15)))
    with pytest.raises(EngineError, match="of this machine cannot be used: 15"):
        list(engine.map(square, TASKS))
