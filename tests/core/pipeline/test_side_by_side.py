"""Several models at the same time, in processes of their own: the same bits, and nothing left behind."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import TrainingError
from core.pipeline import Hooks, run_status, train_run
from core.workspace import write_text
from dashboard.jobs import as_toml
from tests.core.pipeline.runs import files_of, record_of, toy_settings

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]


def ensemble(folder, **training):
    return toy_settings(folder, text="full", **{"epochs": 3, "seed": 4} | training).replace(seeds=3)


def fusion(folder):
    return toy_settings(folder, text="full", epochs=2).replace(fusion={"backbones": ["complex", "transe"], "folds": 2})


def results_of(run):
    """Return all that the order of the work must not change."""
    members = [type(run)(path) for path in sorted(run.members.iterdir())]
    tensors = {member.name: {key: t.tolist() for key, t in record_of(member)[0].items()} for member in members}
    trace = [{k: v for k, v in line.items() if k != "seconds"} for line in run.trace()]
    return tensors, trace, run.fusion_file.read_bytes() if run.fusion_file.exists() else b""


def epochs_done(run) -> int:
    return sum(run_status(type(run)(path))["epoch"] for path in run.members.glob("*"))


def until(holds, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.fixture(autouse=True)
def _no_process_is_left():
    before = set(multiprocessing.active_children())
    yield
    until(lambda: not set(multiprocessing.active_children()) - before, 10)


@pytest.mark.parametrize("settings", [ensemble, fusion])
def test_the_bits_are_those_of_one_after_another(workspace, toy_folder, settings):
    parts = []
    one = train_run(workspace, "one", settings(toy_folder))
    two = train_run(workspace, "two", settings(toy_folder), jobs=2, hooks=Hooks(on_part=lambda *part: parts.append(part)))
    assert results_of(two) == results_of(one)
    assert {key: run_status(two)[key] for key in ("state", "epoch", "epochs")} == {
        key: run_status(one)[key] for key in ("state", "epoch", "epochs")
    }
    assert [done for done, _ in parts] == sorted(done for done, _ in parts)
    assert parts[-1] == (run_status(one)["epochs"],) * 2
    before = files_of(two.path)
    train_run(workspace, "two", settings(toy_folder), jobs=2)
    assert files_of(two.path) == before


def test_a_wish_to_stop_reaches_all_and_a_resumed_run_ends_the_same(workspace, toy_folder):
    """Most of the epochs are still to be done when the wish comes."""
    run = workspace.run("two")
    settings = ensemble(toy_folder, epochs=400)
    train_run(workspace, "two", settings, jobs=2, hooks=Hooks(stop=lambda: epochs_done(run) > 0))
    assert run_status(run)["state"] == "stopped"
    states = [run_status(type(run)(path))["state"] for path in run.members.glob("*")]
    assert set(states) <= {"stopped", "finished"}
    assert "stopped" in states
    before = epochs_done(run)
    hooks = Hooks(stop=lambda: epochs_done(run) > before)
    train_run(workspace, "two", settings, jobs=3, hooks=hooks)
    assert run_status(run)["first_epoch"] == before < epochs_done(run)
    train_run(workspace, "two", settings, jobs=2)
    assert results_of(run) == results_of(train_run(workspace, "one", settings))


def test_a_stop_file_stops_all(workspace, toy_folder):
    run = workspace.run("two")
    hooks = Hooks(on_part=lambda done, total: run.stop_file.touch())
    train_run(workspace, "two", ensemble(toy_folder, epochs=100_000), jobs=2, hooks=hooks)
    assert run_status(run)["state"] == "stopped"
    assert not run.stop_file.exists()


def test_a_model_that_fails_says_why_and_stops_the_others(workspace, toy_folder):
    settings = ensemble(toy_folder, epochs=100_000, learning_rate=1e38)
    with pytest.raises(TrainingError, match=r"The loss became .* in step .*\n.*finite loss\n.*lower the learning rate"):
        train_run(workspace, "two", settings, jobs=2)
    status = run_status(workspace.run("two"))
    assert status["state"] == "failed"
    assert "The loss became" in status["error"]


def test_a_worker_that_is_killed_is_told_and_the_run_goes_on(workspace, toy_folder):
    run, killed = workspace.run("two"), []
    settings = ensemble(toy_folder, epochs=400)  # enough that it is not over at the first look

    def kill_a_worker(done: float, total: int) -> None:
        if done and not killed:
            killed.append(max(process.pid for process in multiprocessing.active_children()))
            os.kill(killed[0], signal.SIGKILL)

    with pytest.raises(TrainingError, match=r"was killed(.|\n)*--jobs"):
        train_run(workspace, "two", settings, jobs=2, hooks=Hooks(on_part=kill_a_worker))
    assert run_status(run)["state"] == "failed"
    train_run(workspace, "two", settings, jobs=2)
    assert results_of(run) == results_of(train_run(workspace, "one", settings))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_no_worker_outlives_its_parent(workspace, toy_folder, tmp_path, number):
    """Ctrl-C reaches the whole group of processes; a kill only the parent."""
    run, config = workspace.run("two"), tmp_path / "config.toml"
    write_text(config, as_toml(ensemble(toy_folder, epochs=100_000).model_dump(mode="json")))
    command = [sys.executable, "-m", "core.cli", "train", "--config", str(config), "--name", "two", "--jobs", "2"]
    environment = os.environ | {"LLADR_HOME": str(workspace.root)}
    log = tmp_path / "log.txt"
    with log.open("wb") as file:
        parent = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True, stderr=file)  # noqa: S603 - ours
    until(lambda: epochs_done(run) > 0)
    workers = [run_status(type(run)(path))["pid"] for path in run.members.glob("*")]
    (os.kill if number == signal.SIGKILL else os.killpg)(parent.pid, number)
    parent.wait()
    told = log.read_text()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), 10)
    assert parent.pid not in workers
    if number == signal.SIGINT:
        assert run_status(run)["state"] == "stopped"
        assert "it goes on where it stopped" in told.replace("\n", " ")
        assert "Traceback" not in told
    else:
        assert run_status(run)["state"] == "interrupted"
        assert {run_status(type(run)(path))["state"] for path in run.members.glob("*")} == {"interrupted"}


BORN_DEAD = """
import os
from pathlib import Path
if __name__ == "__mp_main__":
    os._exit(3)
from core.config import RunSettings
from core.errors import TrainingError
from core.pipeline import train_run
from core.workspace import Workspace
settings = RunSettings.parse({"text": {"mode": "none"}, "seeds": 2, "training": {"epochs": 1}})
try:
    train_run(Workspace(Path(os.environ["LLADR_HOME"])), "two", settings, jobs=2)
except TrainingError as error:
    print(error.found)
"""


def test_workers_that_die_at_their_birth_do_not_leave_the_parent_waiting(tmp_path):
    """The starter graph does not fit into a pipe: the parent must not be the one who waits to hand it over."""
    script = tmp_path / "script.py"
    script.write_text(BORN_DEAD)
    environment = os.environ | {"LLADR_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(script)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=True)  # noqa: S603 - ours
    assert done.stdout == "A process that trained a model was killed.\n"
