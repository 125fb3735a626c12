"""A Ray cluster of two workers on this machine: skipped where the optional package is not installed."""

import os

import pytest

from core.errors import EngineError, LladrError
from core.grid import LocalEngine, RayEngine
from tests.core.grid.work import Number, square, where

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


def test_a_cluster_that_cannot_be_reached_is_said():
    with pytest.raises(EngineError, match=r"127.0.0.1:nowhere cannot be used[^!]*RAY_AUTH_MODE"):
        list(RayEngine(address="127.0.0.1:nowhere").map(square, TASKS))
    assert not ray.is_initialized()
