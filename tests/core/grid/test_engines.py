import multiprocessing
import os
import sys
import time
from functools import partial

import pytest
import torch

from core.errors import ConfigError, EngineError, LladrError
from core.grid import LocalEngine, ProcessEngine, engine_named
from tests.core.grid.work import Number, killed, slow, square, where

TASKS = [Number(value=value) for value in (4, 3, 2, 1)]


@pytest.fixture(autouse=True)
def _no_process_is_left():
    before = set(multiprocessing.active_children())
    yield
    end = time.monotonic() + 10
    while left := set(multiprocessing.active_children()) - before:
        assert time.monotonic() < end, f"{left} are still there"
        time.sleep(0.05)


def test_a_user_s_error_is_the_result_of_its_task_only():
    outcomes = dict(LocalEngine().map(square, TASKS))
    assert [outcomes[place]["square"] for place in (0, 2, 3)] == [16, 4, 1]
    assert outcomes[1].message == "Three was found.\nExpected: any other number\nWhat to do: take four."


def test_a_bug_shows_itself():
    with pytest.raises(ZeroDivisionError, match="a bug"):
        list(LocalEngine().map(square, [Number(value=13), *TASKS]))


def test_work_has_one_thread_and_the_caller_its_own_again():
    torch.set_num_threads(2)
    (_, told) = next(LocalEngine().map(where, TASKS[:1]))
    assert (told["torch"], set(told["pools"])) == (1, {1})
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize(
    ("name", "options", "found"),
    [("spark", {}, "no engine 'spark'"), ("local", {"workers": 2}, "one task at a time"),
     ("processes", {"address": "auto"}, "neither address"), ("local", {"gpus": 0.5}, "neither address")],
)  # fmt: skip
def test_an_engine_without_the_option_is_refused(name, options, found):
    with pytest.raises(ConfigError, match=found):
        engine_named(name, **options)


def test_ray_is_optional(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EngineError, match=r"Ray is not installed[^!]*requirements-ray"):
        engine_named("ray")


@pytest.mark.slow
def test_processes_do_the_same_in_other_processes_on_one_thread():
    local, processes = (dict(engine.map(square, TASKS)) for engine in (LocalEngine(), ProcessEngine(2)))
    assert isinstance(processes.pop(1), LladrError)
    assert processes == {place: local[place] for place in (0, 2, 3)}
    told = [outcome for _, outcome in ProcessEngine(2).map(where, TASKS)]
    assert os.getpid() not in {one["pid"] for one in told}
    assert {threads for one in told for threads in (one["torch"], *one["pools"])} == {1}


@pytest.mark.slow
def test_a_bug_in_a_process_shows_itself_and_ends_the_others(tmp_path):
    with pytest.raises(ZeroDivisionError, match="a bug"):
        list(ProcessEngine(2).map(square, [Number(value=13), *TASKS]))


@pytest.mark.slow
def test_who_closes_the_iterator_ends_the_processes(tmp_path):
    results = ProcessEngine(2).map(partial(slow, tmp_path), [Number(value=0), Number(value=1), Number(value=2)])
    assert next(results) == (0, {})
    began = time.monotonic()
    results.close()
    assert time.monotonic() - began < 20  # the others take a minute


@pytest.mark.slow
def test_a_killed_process_is_said():
    with pytest.raises(EngineError, match="was killed"):
        list(ProcessEngine(1).map(killed, TASKS[:1]))
