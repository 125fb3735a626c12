import fcntl
import os
import threading
import time

import pytest

from core.errors import UnknownNameError, WorkspaceError
from core.pipeline import base_of, default_run, finished_runs, is_being_trained, read_settings, run_status, train_run
from core.pipeline.runs import claimed
from core.workspace import write_json
from tests.core.pipeline.runs import stop_after, toy_settings
from tests.toy import NODES, write_table


def pretend(workspace, name, settings, *, state="finished", ended=0.0, fingerprint="f"):
    """Write what a run leaves, without training it."""
    run = workspace.run(name)
    write_json(run.settings_file, settings.model_dump(mode="json"))
    write_json(run.status_file, {"state": state, "epoch": 1, "ended": ended, "fingerprint": fingerprint})
    return run


@pytest.fixture
def settings(toy_folder):
    return toy_settings(toy_folder, text="full")


def test_a_run_that_says_running_is_running_while_its_lock_is_held(workspace, settings):
    run = pretend(workspace, "a", settings, state="running")
    assert run_status(run)["state"] == "interrupted"
    with claimed(run):
        assert is_being_trained(run)
        assert run_status(run)["state"] == "running"
    assert not is_being_trained(run)
    assert run_status(run)["state"] == "interrupted"


@pytest.mark.parametrize("state", ["stopped", "failed", "finished"])
def test_another_state_stays_as_it_was_written(workspace, settings, state):
    run = pretend(workspace, "a", settings, state=state)
    assert run_status(run)["state"] == state


def test_a_run_that_died_before_its_status_is_interrupted(workspace, settings):
    run = workspace.run("a")
    assert run_status(run) == {"state": "interrupted", "epoch": 0}
    write_json(run.settings_file, settings.model_dump(mode="json"))
    assert run_status(run) == {"state": "interrupted", "epoch": 0}


def test_a_lock_is_held_by_one_only_and_let_go_after_an_error(workspace):
    run = workspace.run("a")

    def fail_while_it_is_held():
        with claimed(run):
            with pytest.raises(WorkspaceError, match="'a' is being trained"), claimed(run):
                pytest.fail("two at once")
            raise RuntimeError("of the test")

    with pytest.raises(RuntimeError, match="of the test"):
        fail_while_it_is_held()
    with claimed(run):
        pass


def test_a_look_does_not_take_the_lock(workspace):
    run = workspace.run("a")
    assert not is_being_trained(run)
    with claimed(run):
        assert is_being_trained(run)
        assert is_being_trained(run)
    with claimed(run):
        pass


def test_a_look_of_another_process_does_not_forbid_a_start(workspace):
    """The dashboard asks is_being_trained() every second: a shared lock, held for a moment."""
    run = workspace.run("a")
    run.path.mkdir(parents=True)
    run.lock_file.touch()
    looking = os.open(run.lock_file, os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH | fcntl.LOCK_NB)
    closing = threading.Timer(0.03, os.close, [looking])
    closing.start()
    try:
        with claimed(run):
            pass
    finally:
        closing.join()


def test_a_lock_that_cannot_be_made_is_explained(workspace):
    workspace.root.mkdir()
    (workspace.root / "runs").write_text("a file")
    with pytest.raises(WorkspaceError, match="could not be written"), claimed(workspace.run("a")):
        pytest.fail("claimed")


def test_damaged_settings_and_status_are_refused(workspace, settings):
    run = pretend(workspace, "a", settings)
    run.status_file.write_text("{")
    with pytest.raises(WorkspaceError, match=r"status\.json"):
        run_status(run)
    run.settings_file.write_bytes(b"\xff")
    with pytest.raises(WorkspaceError, match=r"settings\.json"):
        read_settings(run)


def test_finished_runs_come_in_the_order_of_their_end(workspace, settings):
    for name, ended in [("a", 30), ("b", 10), ("c", 20)]:
        pretend(workspace, name, settings, ended=ended)
    pretend(workspace, "d", settings, state="stopped", ended=99)
    assert [run.name for run in finished_runs(workspace)] == ["b", "c", "a"]
    assert default_run(workspace) == "a"


def test_the_runs_of_prepare_are_the_default_once_they_are_finished(workspace, settings):
    pretend(workspace, "later", settings, ended=5)
    run = pretend(workspace, "lladr", settings, state="running")
    assert default_run(workspace) == "later"
    pretend(workspace, run.name, settings, ended=1)
    assert default_run(workspace) == "lladr"
    pretend(workspace, "fusion", settings, state="stopped", ended=0)
    assert default_run(workspace) == "lladr"
    pretend(workspace, "fusion", settings, ended=0)
    assert default_run(workspace) == "fusion"


def test_where_nothing_is_trained_the_way_to_a_run_is_told(workspace, settings):
    with pytest.raises(UnknownNameError, match="lladr prepare"):
        default_run(workspace)
    pretend(workspace, "a", settings, state="failed")
    with pytest.raises(UnknownNameError, match="lladr prepare"):
        default_run(workspace)


def base_settings(settings, **changes):
    return settings.replace(text={"mode": "none"}, **changes)


def test_the_base_of_a_run_is_its_twin_without_text(workspace, settings):
    pretend(workspace, "full", settings)
    pretend(workspace, "twin", base_settings(settings))
    assert base_of(workspace, "full") == "twin"


def test_other_text_settings_do_not_matter_to_a_base(workspace, settings):
    pretend(workspace, "full", settings.replace(text={"rho": 0.3, "mode": "blind"}))
    pretend(workspace, "twin", base_settings(settings))
    assert base_of(workspace, "full") == "twin"


@pytest.mark.parametrize(
    "other",
    [
        lambda s: (s, {}),  # has text itself
        lambda s: (base_settings(s, training={"seed": 9}), {}),
        lambda s: (base_settings(s, training={"epochs": 7}), {}),
        lambda s: (base_settings(s, model={"dim": 10}), {}),
        lambda s: (base_settings(s, model={"interaction": "transe"}), {}),
        lambda s: (base_settings(s, kg="starter"), {}),
        lambda s: (base_settings(s), {"state": "stopped"}),
        lambda s: (base_settings(s), {"state": "running"}),
        lambda s: (base_settings(s), {"state": "failed"}),
        lambda s: (base_settings(s), {"fingerprint": "of another graph"}),
    ],
)
def test_nothing_else_is_a_base(workspace, settings, other):
    pretend(workspace, "full", settings)
    theirs, status = other(settings)
    pretend(workspace, "other", theirs, **status)
    assert base_of(workspace, "full") is None


def test_a_base_run_is_not_its_own_base(workspace, settings):
    pretend(workspace, "twin", base_settings(settings))
    assert base_of(workspace, "twin") is None


def test_the_base_of_an_unknown_run_is_an_error(workspace):
    with pytest.raises(UnknownNameError, match="No run is called 'x'"):
        base_of(workspace, "x")


def test_states_of_real_runs(workspace, toy_folder):
    began = time.time()
    stopped = train_run(workspace, "stopped", toy_settings(toy_folder), hooks=stop_after(1))
    finished = train_run(workspace, "finished", toy_settings(toy_folder, epochs=1))
    assert (run_status(stopped)["state"], run_status(finished)["state"]) == ("stopped", "finished")
    assert [run.name for run in finished_runs(workspace)] == ["finished"]
    assert began <= run_status(finished)["started"] <= run_status(finished)["ended"]


def test_real_twins_are_found_unless_the_graph_changed_between(workspace, toy_folder):
    settings = toy_settings(toy_folder, text="full", epochs=1)
    train_run(workspace, "full", settings)
    train_run(workspace, "twin", settings.replace(text={"mode": "none"}))
    assert base_of(workspace, "full") == "twin"
    write_table(toy_folder / "nodes.tsv", ["id", "name", "kind", "synonyms"], NODES[::-1])
    train_run(workspace, "twin", settings.replace(text={"mode": "none"}), restart=True)
    assert base_of(workspace, "full") is None
