import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from core import pipeline
from core.errors import ConfigError, FingerprintError, GraphFormatError, TrainingError, WeightsError, WorkspaceError
from core.kge.training import Trainer
from core.pipeline import Hooks, is_being_trained, run_status, single, train_run
from core.text.matrix import TextMatrix
from core.workspace import Workspace
from tests.core.kge.tables import INTERACTION_NAMES
from tests.core.pipeline.runs import assert_same_run, files_of, record_of, stop_after, toy_settings
from tests.core.text.fakes import SpyEmbedder
from tests.toy import EDGES, NODES, write_table

ROOT = Path(__file__).parents[3]


@pytest.fixture
def checkpoint_each_epoch(monkeypatch):
    monkeypatch.setattr(single, "SECONDS_BETWEEN_CHECKPOINTS", -1)


def test_a_run_leaves_settings_status_trace_weights_and_text(workspace, toy_folder):
    settings = toy_settings(toy_folder, text="full")
    run = train_run(workspace, "a", settings)
    assert json.loads(run.settings_file.read_text()) == settings.model_dump(mode="json")
    status = json.loads(run.status_file.read_text())
    assert (status["state"], status["epoch"], status["epochs"], status["pid"]) == ("finished", 6, 6, os.getpid())
    assert status["started"] <= status["ended"] <= time.time()
    assert status["made_with"]["torch"] == torch.__version__
    assert [line["epoch"] for line in run.trace()] == [1, 2, 3, 4, 5, 6]
    assert {path.name for path in run.path.iterdir()} == {
        *("settings.json", "status.json", "trace.jsonl", "model.safetensors", "text.safetensors", "lock")
    }


def test_settings_and_status_are_there_before_anything_slow_begins(workspace, toy_folder):
    seen = []

    def look(_done, _total):
        run = workspace.run("a")
        seen.append((run.settings_file.exists(), run_status(run)["state"], run_status(run)["pid"], run.model_file.exists()))

    train_run(workspace, "a", toy_settings(toy_folder, text="full"), hooks=Hooks(on_text=look))
    assert set(seen) == {(True, "running", os.getpid(), False)}


@pytest.mark.parametrize("interaction", INTERACTION_NAMES)
@pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
def test_a_stopped_run_goes_on_bit_for_bit(workspace, toy_folder, interaction, optimizer):
    settings = toy_settings(toy_folder, text="full", model={"interaction": interaction}, optimizer=optimizer, learning_rate=0.05)
    straight = train_run(workspace, "straight", settings)
    run = train_run(workspace, "stopped", settings, hooks=stop_after(2))
    assert (run_status(run)["state"], run_status(run)["epoch"]) == ("stopped", 2)
    assert len(run.trace()) == 2
    events = []
    train_run(workspace, "stopped", settings, hooks=Hooks(on_epoch=events.append))
    assert [event.epoch for event in events] == [3, 4, 5, 6]
    assert run_status(run)["state"] == "finished"
    assert_same_run(run, straight)


def test_a_run_may_be_stopped_at_every_epoch(workspace, toy_folder):
    settings = toy_settings(toy_folder, text="shuffled", objective="softmax", n3_weight=0.01)
    straight = train_run(workspace, "straight", settings)
    for _ in range(6):
        run = train_run(workspace, "often", settings, hooks=stop_after(1))
    assert run_status(run)["state"] == "finished"
    assert_same_run(run, straight)


def test_a_stop_file_stops_after_the_epoch_and_is_taken_away(workspace, toy_folder):
    run = workspace.run("a")
    hooks = Hooks(on_epoch=lambda event: run.stop_file.touch() if event.epoch == 3 else None)
    train_run(workspace, "a", toy_settings(toy_folder), hooks=hooks)
    assert (run_status(run)["state"], run_status(run)["epoch"]) == ("stopped", 4)
    assert not run.stop_file.exists()
    train_run(workspace, "a", toy_settings(toy_folder))
    assert run_status(run)["state"] == "finished"


def test_a_stop_in_the_last_epoch_is_an_end(workspace, toy_folder):
    run = train_run(workspace, "a", toy_settings(toy_folder), hooks=stop_after(6))
    assert run_status(run)["state"] == "finished"


class PullThePlug(BaseException):
    """What no code catches by kind."""


@pytest.mark.usefixtures("checkpoint_each_epoch")
@pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
def test_a_run_that_broke_off_after_a_checkpoint_goes_on_bit_for_bit(workspace, toy_folder, monkeypatch, optimizer):
    """The last checkpoint is that of epoch 2, the trace is two epochs further: it is cut and written again."""
    settings = toy_settings(toy_folder, text="full", optimizer=optimizer)
    straight = train_run(workspace, "straight", settings)

    def break_off(event):
        if event.epoch == 2:
            monkeypatch.setattr(single, "SECONDS_BETWEEN_CHECKPOINTS", math.inf)
        if event.epoch == 4:
            raise PullThePlug

    with pytest.raises(PullThePlug):
        train_run(workspace, "broken", settings, hooks=Hooks(on_epoch=break_off))
    run = workspace.run("broken")
    assert len(run.trace()) == 4
    with run.trace_file.open("a") as file:
        file.write('{"epoch": 5, "lo')  # torn by the kill
    events = []
    train_run(workspace, "broken", settings, hooks=Hooks(on_epoch=events.append))
    assert [event.epoch for event in events] == [3, 4, 5, 6]
    assert_same_run(run, straight)


KILLED = """
import os, signal, sys, time
from pathlib import Path
from core.config import RunSettings
from core.pipeline import Hooks, single, train_run
from core.workspace import Workspace

single.SECONDS_BETWEEN_CHECKPOINTS = -1
home, settings, where = sys.argv[1:]
replace = Path.replace

def killing(source, target):
    if where == "while saving" and target.name == "model.safetensors" and len(workspace.run("killed").trace()) == 3:
        Path(home, "reached").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(source, target)

def wait(event):
    if where == "after an epoch" and event.epoch == 3:
        Path(home, "reached").touch()
        time.sleep(60)

Path.replace = killing
workspace = Workspace(Path(home))
train_run(workspace, "killed", RunSettings.model_validate_json(settings), hooks=Hooks(on_epoch=wait))
"""


@pytest.mark.parametrize(("where", "saved"), [("after an epoch", 3), ("while saving", 2)])
def test_a_killed_process_is_seen_and_its_run_goes_on_bit_for_bit(workspace, toy_folder, where, saved):
    settings = toy_settings(toy_folder, text="full", optimizer="adam")
    workspace.root.mkdir()
    arguments = [sys.executable, "-c", KILLED, str(workspace.root), settings.model_dump_json(), where]
    with subprocess.Popen(arguments, cwd=ROOT) as child:  # noqa: S603 - written here
        run = workspace.run("killed")
        try:
            wait_for((workspace.root / "reached").exists, child)
            if where == "after an epoch":
                assert (run_status(run)["state"], run_status(run)["pid"], is_being_trained(run)) == ("running", child.pid, True)
                with pytest.raises(WorkspaceError, match="being trained by another process"):
                    train_run(workspace, "killed", settings, restart=True)
                child.send_signal(signal.SIGKILL)
        finally:
            child.kill()
    assert child.returncode == -signal.SIGKILL
    assert (run_status(run)["state"], is_being_trained(run)) == ("interrupted", False)
    events = []
    train_run(workspace, "killed", settings, hooks=Hooks(on_epoch=events.append))
    assert events[0].epoch == saved + 1
    assert_same_run(run, train_run(workspace, "straight", settings))


def wait_for(condition, child):
    until = time.monotonic() + 30
    while not condition():
        assert child.poll() in (None, -signal.SIGKILL)
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_second_training_of_one_run_is_refused_while_the_first_goes_on(workspace, toy_folder):
    settings, refused = toy_settings(toy_folder), []

    def again(_event):
        with pytest.raises(WorkspaceError, match="'a' is being trained by another process") as caught:
            train_run(workspace, "a", settings)
        refused.append(caught.value)

    run = train_run(workspace, "a", settings, hooks=Hooks(on_epoch=again))
    assert len(refused) == 6
    assert_same_run(run, train_run(workspace, "alone", settings))


def test_a_finished_run_is_left_untouched(workspace, toy_folder):
    settings = toy_settings(toy_folder, text="full")
    run = train_run(workspace, "a", settings)
    before, times = files_of(run.path), {p.name: p.stat().st_mtime_ns for p in run.path.iterdir() if p.name != "lock"}
    train_run(workspace, "a", settings, hooks=Hooks(on_epoch=lambda _: pytest.fail("it trained again")))
    assert files_of(run.path) == before
    assert {p.name: p.stat().st_mtime_ns for p in run.path.iterdir() if p.name != "lock"} == times


@pytest.mark.parametrize("epochs", [2, 6])
def test_other_settings_are_refused_by_name_and_change_nothing(workspace, toy_folder, epochs):
    run = train_run(workspace, "a", toy_settings(toy_folder), hooks=stop_after(epochs))
    before = files_of(run.path)
    other = toy_settings(toy_folder, text="name", learning_rate=0.5)
    with pytest.raises(WorkspaceError, match="exists with other settings") as caught:
        train_run(workspace, "a", other)
    assert "text.mode: none there, name now" in str(caught.value)
    assert "training.learning_rate: 0.03 there, 0.5 now" in str(caught.value)
    assert "dim" not in str(caught.value)
    assert "--restart" in caught.value.advice
    assert files_of(run.path) == before


def test_restart_forgets(workspace, toy_folder):
    train_run(workspace, "a", toy_settings(toy_folder, text="full"))
    other = toy_settings(toy_folder, seed=5)
    run = train_run(workspace, "a", other, restart=True)
    assert_same_run(run, train_run(workspace, "b", other))
    assert not run.text_file.exists()
    assert pipeline.read_settings(run) == other


def test_restart_forgets_a_run_that_cannot_be_read(workspace, toy_folder):
    settings = toy_settings(toy_folder)
    run = train_run(workspace, "a", settings, hooks=stop_after(2))
    run.model_file.write_bytes(b"x")
    run.status_file.write_text("{")
    train_run(workspace, "a", settings, restart=True)
    assert_same_run(run, train_run(workspace, "b", settings))


def test_a_failure_is_recorded_with_its_error(workspace, toy_folder, monkeypatch):
    steps = []

    def diverge(trainer, batch):
        steps.append(batch)
        return torch.full((3,), torch.nan if len(steps) > 20 else 1.0)

    monkeypatch.setattr(Trainer, "step", diverge)
    with pytest.raises(TrainingError, match="The loss became nan"):
        train_run(workspace, "a", toy_settings(toy_folder))
    status = run_status(workspace.run("a"))
    assert status["state"] == "failed"
    assert status["error"].startswith("The loss became nan")


def test_a_failure_names_the_checkpoint_from_which_a_resumed_run_went_on(workspace, toy_folder, monkeypatch):
    settings = toy_settings(toy_folder)
    run = train_run(workspace, "a", settings, hooks=stop_after(2))
    before = run.model_file.read_bytes()
    monkeypatch.setattr(Trainer, "step", lambda *_: torch.full((3,), torch.inf))
    with pytest.raises(TrainingError, match=r"in step 1 of epoch 3(.|\n)*the checkpoint of epoch 2 is kept"):
        train_run(workspace, "a", settings)
    assert run.model_file.read_bytes() == before


def test_an_error_without_words_is_recorded_by_its_kind(workspace, toy_folder):
    def interrupt(_event):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_run(workspace, "a", toy_settings(toy_folder), hooks=Hooks(on_epoch=interrupt))
    status = run_status(workspace.run("a"))
    assert (status["state"], status["error"]) == ("failed", "KeyboardInterrupt")


def test_a_failure_says_how_far_it_came(workspace, toy_folder):
    def fail(event):
        if event.epoch == 3:
            raise RuntimeError("of the test")

    with pytest.raises(RuntimeError, match="of the test"):
        train_run(workspace, "a", toy_settings(toy_folder), hooks=Hooks(on_epoch=fail))
    assert run_status(workspace.run("a"))["epoch"] == 3


def test_a_resumed_run_says_at_once_how_far_it_is(workspace, toy_folder):
    settings, seen = toy_settings(toy_folder), []
    run = train_run(workspace, "a", settings, hooks=stop_after(4))
    step = Trainer.step

    def look(trainer, batch):
        seen.append(run_status(run)["epoch"])
        return step(trainer, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "step", look)
        train_run(workspace, "a", settings)
    assert seen[0] == 4


@pytest.mark.usefixtures("checkpoint_each_epoch")
def test_a_full_disk_fails_with_the_old_weights_and_goes_on_later(workspace, toy_folder, monkeypatch):
    settings = toy_settings(toy_folder, text="full")
    saves, save = [], single.save_checkpoint

    def full_at_the_third(trainer, vocabulary, path):
        saves.append(path)
        if len(saves) == 3:
            raise WorkspaceError(f"{path} could not be written: No space left on device.")
        save(trainer, vocabulary, path)

    monkeypatch.setattr(single, "save_checkpoint", full_at_the_third)
    with pytest.raises(WorkspaceError, match="No space left"):
        train_run(workspace, "a", settings)
    run = workspace.run("a")
    assert run_status(run)["state"] == "failed"
    assert "No space left" in run_status(run)["error"]
    events = []
    train_run(workspace, "a", settings, hooks=Hooks(on_epoch=events.append))
    assert events[0].epoch == 3
    assert_same_run(run, train_run(workspace, "b", settings))


def test_no_room_for_the_weights_is_explained_and_half_a_file_is_not_left(workspace, toy_folder, small_files):
    with small_files(20_000), pytest.raises(WorkspaceError, match=r"model\.safetensors could not be written"):
        train_run(workspace, "a", toy_settings(toy_folder, model={"dim": 512}, epochs=1))
    run = workspace.run("a")
    assert run_status(run)["state"] == "failed"
    assert {path.name for path in run.path.iterdir()} == {"settings.json", "status.json", "trace.jsonl", "lock"}


@pytest.mark.parametrize("epochs", [2, 6])
def test_a_run_of_another_graph_is_refused_and_left_as_it_is(workspace, toy_folder, epochs):
    """The folder is the same, the rows are not: the same model would give other scores without any error."""
    settings = toy_settings(toy_folder, text="full")
    run = train_run(workspace, "a", settings, hooks=stop_after(epochs))
    before = files_of(run.path)
    write_table(toy_folder / "nodes.tsv", ["id", "name", "kind", "synonyms"], NODES[::-1])
    with pytest.raises(FingerprintError, match="another graph"):
        train_run(workspace, "a", settings)
    assert files_of(run.path) == before


def test_a_damaged_checkpoint_fails_and_says_so(workspace, toy_folder):
    settings = toy_settings(toy_folder)
    run = train_run(workspace, "a", settings, hooks=stop_after(2))
    run.model_file.write_bytes(run.model_file.read_bytes()[:-5])
    with pytest.raises(WeightsError, match="damaged"):
        train_run(workspace, "a", settings)
    assert run_status(run)["state"] == "failed"
    assert len(run.trace()) == 2


def test_damaged_text_vectors_are_refused(workspace, toy_folder):
    settings = toy_settings(toy_folder, text="full")
    run = train_run(workspace, "a", settings, hooks=stop_after(2))
    run.text_file.write_bytes(b"x" * 50)
    with pytest.raises(WeightsError, match="text matrix"):
        train_run(workspace, "a", settings)


@pytest.mark.parametrize(
    ("name", "changes", "error"),
    [
        ("../a", {}, WorkspaceError),
        ("a", {"kg": "/nowhere"}, GraphFormatError),
        ("a", {"kg": "no\0name"}, GraphFormatError),
    ],
)
def test_what_cannot_begin_leaves_nothing(workspace, toy_folder, name, changes, error):
    with pytest.raises(error):
        train_run(workspace, name, toy_settings(toy_folder).replace(**changes))
    assert not workspace.root.exists()


@pytest.mark.parametrize("changes", [{"training": {"device": "abacus"}}, {"text": {"mode": "full", "encoder": "abacus"}}])
def test_a_mistyped_setting_may_be_corrected_without_restart(workspace, toy_folder, changes):
    """Nothing was trained under the mistake, so nothing is lost when the command is given again, corrected."""
    with pytest.raises((TrainingError, ConfigError)):
        train_run(workspace, "a", toy_settings(toy_folder).replace(**changes))
    train_run(workspace, "a", toy_settings(toy_folder))


def test_the_text_that_was_injected_is_kept_and_not_made_again(workspace, toy_folder, monkeypatch):
    spy = SpyEmbedder(8)
    monkeypatch.setattr(single, "embedder_named", lambda name: spy)
    settings = toy_settings(toy_folder, text="full")
    run = train_run(workspace, "a", settings, hooks=stop_after(2))
    asked = len(spy.texts)
    assert asked == len(set(spy.texts)) > 0
    train_run(workspace, "a", settings)
    train_run(workspace, "b", settings.replace(text={"mode": "blind"}))
    assert len(spy.texts) == asked  # the fields of blind are among those of full
    vectors = TextMatrix.load(run.text_file, pipeline.load_run(workspace, "a").graph.vocabulary).vectors
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert vectors.shape == (len(NODES), 16)  # name and description; the model reduces them


def test_a_base_run_asks_no_encoder(workspace, toy_folder, monkeypatch):
    monkeypatch.setattr(single, "embedder_named", lambda name: pytest.fail("asked"))
    train_run(workspace, "a", toy_settings(toy_folder, epochs=1))
    assert not workspace.vector_cache.exists()


def batches_of(workspace, monkeypatch, settings):
    """Return the batches that reach the loop."""
    seen, step = [], Trainer.step
    monkeypatch.setattr(Trainer, "step", lambda trainer, batch: (seen.append(batch), step(trainer, batch))[1])
    train_run(workspace, "a", settings)
    return seen


@pytest.mark.parametrize("type_constrained", [True, False])
def test_with_softmax_every_treatment_competes_with_the_whole_pool(workspace, toy, toy_folder, monkeypatch, type_constrained):
    settings = toy_settings(toy_folder, objective="softmax", negatives=3, epochs=1, type_constrained=type_constrained)
    n, treatments = toy.n_relations, {toy.vocabulary.relation_row[name] for name in ("treats", "palliates")}
    true = {(h, r, t) for h, r, t in toy.triples.tolist()} | {(t, r + n, h) for h, r, t in toy.triples.tolist()}
    asked = []
    for batch in batches_of(workspace, monkeypatch, settings):
        for k, c in zip(*np.nonzero(batch.weights), strict=True):
            head, relation, tail = (int(column[k, c]) for column in (batch.heads, batch.relations, batch.tails))
            if relation % n not in treatments:
                assert batch.negatives.shape[1] == 3
                continue
            asked.append((head, relation, tail))
            pool = range(toy.n_entities) if not type_constrained else toy.drugs if relation >= n else toy.diseases
            assert sorted(batch.negatives[k].tolist()) == sorted(int(row) for row in pool)
            competing = set(batch.negatives[k][~batch.known[k, c]].tolist())
            assert competing == {int(row) for row in pool if (head, relation, int(row)) not in true}
    assert sorted(asked) == sorted(triple for triple in true if triple[1] % n in treatments)


@pytest.mark.parametrize("training", [{"objective": "softmax", "one_vs_all": False}, {"objective": "sigmoid"}])
def test_else_a_treatment_competes_with_a_sample(workspace, toy_folder, monkeypatch, training):
    settings = toy_settings(toy_folder, negatives=3, epochs=1, **training)
    assert {batch.negatives.shape[1] for batch in batches_of(workspace, monkeypatch, settings)} == {3}


def test_what_must_never_be_trained_is_not(workspace, toy, toy_folder, monkeypatch):
    batches = batches_of(workspace, monkeypatch, toy_settings(toy_folder, epochs=1))
    trained = {toy.vocabulary.relations[r % toy.n_relations] for batch in batches for r in batch.relations.ravel().tolist()}
    assert trained == {edge[1] for edge in EDGES} - {"investigated_for"}


def test_a_relative_folder_is_found_from_anywhere(tmp_path, toy_folder, monkeypatch):
    workspace = Workspace(tmp_path / "home")
    monkeypatch.chdir(toy_folder.parent)
    run = train_run(workspace, "a", toy_settings(Path(toy_folder.name), epochs=1))
    monkeypatch.chdir(ROOT)
    assert pipeline.load_run(workspace, "a").graph.n_entities == len(NODES)
    assert re.match(r"/.*/toy$", pipeline.read_settings(run).kg)


def test_a_relative_pair_of_files_is_found_from_anywhere(tmp_path, toy_folder, monkeypatch):
    workspace = Workspace(tmp_path / "home")
    monkeypatch.chdir(toy_folder)
    train_run(workspace, "a", toy_settings(toy_folder, epochs=1).replace(kg="nodes.tsv,edges.tsv"))
    monkeypatch.chdir(ROOT)
    assert pipeline.load_run(workspace, "a").graph.n_entities == len(NODES)


def test_losses_fall(workspace, toy_folder):
    run = train_run(workspace, "a", toy_settings(toy_folder, epochs=30, learning_rate=0.1))
    _, trace = record_of(run)
    assert trace[-1]["link"] < 0.5 * trace[0]["link"]


@pytest.mark.parametrize("restart", [False, True])
def test_what_a_kill_left_half_written_is_swept_away(workspace, toy_folder, restart):
    settings = toy_settings(toy_folder)
    run = train_run(workspace, "a", settings, hooks=stop_after(2))
    (run.path / ".model.safetensors.x1y2z3").write_bytes(b"half")
    train_run(workspace, "a", settings, restart=restart)
    assert [path.name for path in run.path.iterdir() if path.name.startswith(".")] == []


def test_relations_that_start_from_text_are_another_run_that_resumes(workspace, toy_folder):
    settings = toy_settings(toy_folder, text="full").replace(text={"relations": True})
    straight = train_run(workspace, "a", settings)
    train_run(workspace, "b", settings, hooks=stop_after(2))
    assert_same_run(train_run(workspace, "b", settings), straight)
    plain = train_run(workspace, "plain", toy_settings(toy_folder, text="full"))
    assert plain.trace()[0]["loss"] != straight.trace()[0]["loss"]


def test_angles_do_not_start_from_text(toy_folder):
    with pytest.raises(ConfigError, match="angles"):
        toy_settings(toy_folder, text="full", model={"interaction": "rotate"}).replace(text={"relations": True})
