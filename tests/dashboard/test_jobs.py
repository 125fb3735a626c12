import subprocess
import sys
import time
import tomllib
from collections.abc import Callable

import pytest

from core.config import RunSettings
from core.errors import WorkspaceError
from core.pipeline import read_settings, run_status
from core.workspace import Workspace
from dashboard import jobs
from dashboard.jobs import atlas, newcomer

SMALL = {"model": {"dim": 8}, "training": {"threads": 1}, "text": {"mode": "none"}}


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path / "workspace")


def settings(folder, epochs: int = 2) -> RunSettings:
    return RunSettings.parse(SMALL | {"kg": str(folder), "training": {"threads": 1, "epochs": epochs}})


def until(holds: Callable[[], bool], workspace: Workspace, seconds: float = 60) -> None:
    """Wait until something holds; shows the run's log if it never does."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            pytest.fail(f"waited in vain; the log: {jobs.log_tail(workspace, 'mine')}")
        time.sleep(0.1)


def wait(workspace: Workspace) -> jobs.Job:
    """Wait until the run does not run any more."""
    until(lambda: not any(job.running for job in jobs.jobs(workspace)), workspace)
    return jobs.jobs(workspace)[0]


def test_settings_survive_toml():
    there = RunSettings.parse({"kg": 'a "quoted"\n\\ folder \u00e9', "text": {"mode": "blind"}}).model_dump(mode="json")
    assert RunSettings.parse(tomllib.loads(jobs.as_toml(there))).model_dump(mode="json") == there
    assert tomllib.loads(jobs.as_toml({"a": None, "b": {"c": None, "d": 1}})) == {"b": {"d": 1}}


@pytest.mark.slow
def test_a_run_is_started_refused_a_second_time_stopped_and_resumed(workspace, toy_folder):
    jobs.start(workspace, "mine", settings(toy_folder, epochs=100_000))
    with pytest.raises(WorkspaceError, match="is being trained now"):
        jobs.start(workspace, "mine", settings(toy_folder))
    until(lambda: bool(workspace.run("mine").trace()), workspace)
    assert jobs.jobs(workspace)[0].seconds_left > 0
    jobs.stop(workspace, "mine")
    stopped = wait(workspace)
    assert stopped.state == "stopped"
    assert stopped.epoch > 0
    jobs.resume(workspace, "mine")
    assert jobs.job(workspace.run("mine")).running
    until(lambda: run_status(workspace.run("mine"))["epoch"] > stopped.epoch, workspace)
    jobs.stop(workspace, "mine")
    assert wait(workspace).epoch > stopped.epoch


@pytest.mark.slow
def test_a_run_ends_with_the_settings_it_was_given(workspace, toy_folder):
    given = settings(toy_folder)
    jobs.start(workspace, "mine", given)
    done = wait(workspace)
    assert (done.state, done.share, done.seconds_left) == ("finished", 1.0, None)
    assert read_settings(workspace.run("mine")) == given
    with pytest.raises(WorkspaceError, match="there already"):
        jobs.start(workspace, "mine", given)


@pytest.mark.slow
def test_a_start_that_fails_leaves_its_log(workspace, tmp_path):
    jobs.start(workspace, "mine", settings(tmp_path / "nothing"))
    assert [job.name for job in jobs.jobs(workspace)] == ["mine"]
    until(lambda: bool(jobs.failed_starts(workspace)), workspace)
    assert jobs.failed_starts(workspace) == ["mine"]
    assert "there is no such graph or folder" in jobs.log_tail(workspace, "mine").replace("\n", " ")


def test_a_bad_name_is_refused(workspace, toy_folder):
    with pytest.raises(WorkspaceError, match="no usable run name"):
        jobs.start(workspace, "../mine", settings(toy_folder))
    assert not workspace.root.exists()


def test_time_left_is_the_pace_of_the_last_epochs():
    trace = [{"epoch": epoch, "seconds": 99.0 if epoch < 5 else 2.0} for epoch in range(1, 15)]
    assert jobs._seconds_left(trace, 20) == 2.0 * (20 - 14)
    assert jobs._seconds_left([], 20) is None


def test_time_left_of_several_models_is_the_pace_since_the_start(workspace):
    """The trace of such a run is written in the end only; the first 20 epochs were there before this process began."""
    status = {"epoch": 50, "first_epoch": 20, "started": time.time() - 60}
    assert jobs._left(workspace.run("mine"), status, 100) == pytest.approx(60 / 30 * 50, rel=0.01)
    assert jobs._left(workspace.run("mine"), status | {"epoch": 20}, 100) is None


def test_epochs_of_all_models_are_counted(workspace, toy_folder):
    run = workspace.run("mine")
    run.path.mkdir(parents=True)
    three = settings(toy_folder, epochs=4).replace(seeds=3)
    run.settings_file.write_text(three.model_dump_json())
    run.status_file.write_text('{"state": "stopped", "epoch": 6, "epochs": 12}')
    assert (jobs.job(run).epochs, jobs.job(run).share) == (12, 0.5)


def test_no_preparation_was_started(workspace):
    assert jobs.preparation(workspace) is None
    assert jobs.combination(workspace) is None


@pytest.mark.parametrize(
    ("log", "followed"),
    [
        ("prepare.log", jobs.preparation),
        ("combine.log", jobs.combination),
        ("atlas.log", atlas.computation),
        ("runs/mine/newcomers.log", lambda workspace: newcomer.measurement(workspace, "mine")),
    ],
)
@pytest.mark.parametrize(("code", "said"), [(0, ""), (3, "first\nlast")])
def test_a_process_that_failed_is_told_by_the_end_of_its_log(tmp_path, monkeypatch, log, followed, code, said):
    path = tmp_path / log
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("first\n\nlast\n")
    assert followed(Workspace(tmp_path)) is None
    process = subprocess.Popen([sys.executable, "-S", "-c", f"raise SystemExit({code})"])  # noqa: S603 - written here
    process.wait()
    monkeypatch.setitem(jobs._processes, path, process)
    assert (followed(Workspace(tmp_path)).running, followed(Workspace(tmp_path)).error) == (False, said)
