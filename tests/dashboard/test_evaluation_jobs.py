import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from core.cli import app
from core.config import RunSettings
from core.errors import WorkspaceError
from core.pipeline.questions import Question
from core.workspace import RunFolder, Workspace
from dashboard import jobs
from dashboard.jobs import evaluation as work


@pytest.fixture
def workspace(tmp_path):
    """A run that took 100 s to train, and is no fusion."""
    run = Workspace(tmp_path).run("a")
    written(run, {"state": "finished", "epoch": 16, "epochs": 16, "started": 1000.0, "ended": 1100.0})
    return Workspace(tmp_path)


def written(run: RunFolder, status: dict, settings: RunSettings | None = None) -> None:
    run.path.mkdir(parents=True, exist_ok=True)
    settings = settings or RunSettings.parse({"training": {"epochs": 16}})
    run.settings_file.write_text(json.dumps(settings.model_dump(mode="json")))
    run.status_file.write_text(json.dumps(status))


@pytest.fixture
def spawned(monkeypatch):
    """Processes that are started: arguments and a process that runs on until its return code is set."""
    found = []

    def spawn(workspace, arguments, log):
        process = SimpleNamespace(returncode=None, poll=lambda: process.returncode, terminated=False, pid=4711)
        process.terminate = lambda: setattr(process, "terminated", True)
        monkeypatch.setitem(jobs._processes, log, process)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("the last words\n")
        found.append((arguments, process))

    monkeypatch.setattr(work, "_spawn", spawn)
    return found


def parsed(arguments: list[str]) -> dict:
    """Read arguments as the command itself does."""
    command = typer.main.get_command(app).commands[arguments[0]]
    return command.make_context("evaluate", arguments[1:]).params


def test_the_command_asks_the_same_question(workspace, spawned, tmp_path):
    questions = [
        Question("zero-shot", "base", 3),
        Question("area", area="the brain"),
        Question("external", positives=tmp_path / "p.tsv", negatives=tmp_path / "n.tsv", skip_unknown=True),
    ]
    for question, with_controls in zip(questions, (False, True, False), strict=True):
        work.start(workspace, "a", question, 14_000, with_controls=with_controls)
        arguments, process = spawned[-1]
        process.returncode = 0
        read = parsed(arguments)
        asked = [read[name] for name in ("protocol", "scorer", "split_seed", "area", "positives", "negatives", "skip_unknown")]
        assert Question(*(Path(x) if isinstance(x, Path) else x for x in asked)) == question
        assert (read["run"], read["baselines"], read["controls"]) == ("a", True, with_controls)


def test_a_run_is_measured_once_at_a_time(workspace, spawned):
    work.start(workspace, "a", Question(), 14_000)
    with pytest.raises(WorkspaceError, match="being measured"):
        work.start(workspace, "a", Question("zero-shot"), 14_000)


def test_half_a_training_is_half_of_its_time(workspace, spawned):
    """100 s of training and 35 s of asking: with 8 of 16 epochs, 85 s are left."""
    work.start(workspace, "a", Question(), 14_000)
    before = work.measurement(workspace, "a")
    assert (before.share, before.seconds_left) == (0, pytest.approx(135))
    folder = Question().folder(workspace.run("a"))
    written(folder, {"state": "running", "epoch": 8, "epochs": 16})
    now = work.measurement(workspace, "a")
    assert now.running
    assert now.stage == "training it once more without the held-out pairs"
    assert now.seconds_left == pytest.approx(85)
    assert now.share == pytest.approx(50 / 135)


def measuring(run: RunFolder, pid: int, **changes) -> None:
    step = {"words": "popularity", "done": 2, "total": 8, "seconds": 30.0, "pid": pid}
    (run.evaluations / "measuring.json").write_text(json.dumps(step | changes))


def test_asking_goes_on_at_the_pace_of_what_is_measured_and_never_seems_done(workspace, spawned):
    """Two of eight measurements took 30 s: six more take 90 s, and 130 s of 220 s are done."""
    work.start(workspace, "a", Question(), 14_000)
    run, pid = workspace.run("a"), spawned[-1][1].pid
    written(Question().folder(run), {"state": "finished", "epoch": 16, "epochs": 16})
    assert work.measurement(workspace, "a").stage == "asking it and the simple methods"
    assert work.measurement(workspace, "a").seconds_left == pytest.approx(35)
    measuring(run, pid)
    now = work.measurement(workspace, "a")
    assert (now.stage, now.seconds_left) == ("asking, 3 of 8: popularity", pytest.approx(90))
    assert now.share == pytest.approx(130 / 220)
    measuring(run, pid, words="", done=8)
    assert 0 < work.measurement(workspace, "a").seconds_left < 5
    before = work.measurement(workspace, "a")
    assert before.share < 1
    (run.evaluations / "measuring.json").unlink()  # all is measured, and the process ends
    assert work.measurement(workspace, "a") == before
    spawned[-1][1].returncode = 0
    work.start(workspace, "a", Question(), 14_000)
    assert work.measurement(workspace, "a").seconds_left == pytest.approx(35)


def test_between_two_measurements_it_says_what_is_trained(workspace, spawned):
    """Controls are trained one by one, each between two measurements."""
    work.start(workspace, "a", Question(), 14_000, with_controls=True)
    run, pid = workspace.run("a"), spawned[-1][1].pid
    written(Question().folder(run), {"state": "finished", "epoch": 16, "epochs": 16})
    measuring(run, pid)
    assert "popularity" in work.measurement(workspace, "a").stage
    measuring(run, pid, words="")
    assert work.measurement(workspace, "a").stage == "training the same embedding without text (base)"


def test_what_a_killed_process_left_behind_does_not_count(workspace, spawned):
    work.start(workspace, "a", Question(), 14_000)
    Question().folder(workspace.run("a")).path.mkdir(parents=True)
    measuring(workspace.run("a"), spawned[-1][1].pid + 1)
    now = work.measurement(workspace, "a")
    assert (now.stage, now.share) == ("training it once more without the held-out pairs", 0)


def test_what_is_trained_already_takes_no_time(workspace):
    assert work.expected_seconds(workspace, "a", Question(), 14_000) == pytest.approx(135)
    folder = Question().folder(workspace.run("a"))
    written(folder, {"state": "finished", "epoch": 16, "epochs": 16})
    assert work.expected_seconds(workspace, "a", Question(), 14_000) == pytest.approx(35)
    with_others = work.expected_seconds(workspace, "a", Question(), 14_000, with_controls=True)
    assert with_others == pytest.approx(5 * 100 + 35)  # none, name, blind, shuffled, init


def test_a_failure_shows_the_end_of_the_log_and_a_stop_is_none(workspace, spawned):
    work.start(workspace, "a", Question(), 14_000)
    spawned[-1][1].returncode = 1
    assert work.measurement(workspace, "a").error == "the last words"
    work.start(workspace, "a", Question(), 14_000)
    work.stop(workspace, "a")
    _, process = spawned[-1]
    assert process.terminated
    process.returncode = 1
    found = work.measurement(workspace, "a")
    assert (found.running, found.error) == (False, "")


def test_nothing_is_said_of_what_this_server_did_not_start(workspace):
    assert work.measurement(workspace, "a") is None
