"""Weights on disk: what comes back, what is refused, and that a stop leaves no mark."""

import itertools
import json
import os
import struct
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from core.errors import FingerprintError, WeightsError, WorkspaceError
from core.kg.vocabulary import Vocabulary
from core.kge.checkpoints import FORMAT, load_model, restore, save_checkpoint
from tests.core.kge.tables import INTERACTION_NAMES, new_trainer, random_text, run_settings

OPTIMIZER_NAMES = ("adagrad", "adam")


def state_of(trainer):
    """Return copies of all that a training changes, found by looking at the objects, not by the code under test."""
    owners = {"model": trainer.model, "entity": trainer.entities.optimizer, "relation": trainer.relation_optimizer}
    tables = {"model.entities": trainer.model.entities.data, "model.relations": trainer.model.relations.data}
    for owner in ("entity", "relation"):
        tables |= {f"{owner}.{k}": v for k, v in vars(owners[owner]).items() if isinstance(v, torch.Tensor)}
    return {name: table.clone() for name, table in tables.items()} | {"epoch": torch.tensor(trainer.epoch)}


def assert_same_bits(one, other):
    assert one.keys() == other.keys()
    different = [name for name in one if not torch.equal(one[name], other[name])]
    assert not different


def advance(trainer, epochs):
    """Train some epochs; return what the events say, without the seconds."""
    return [replace(event, seconds=0) for event in itertools.islice(trainer.run(), epochs)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture
def stopped(toy, path):
    """A checkpoint after one epoch, and its settings."""
    settings = run_settings(epochs=3, optimizer="adam", learning_rate=0.01)
    trainer = new_trainer(toy, settings)
    advance(trainer, 1)
    save_checkpoint(trainer, toy.vocabulary, path)
    return settings, trainer


@pytest.mark.parametrize("interaction", INTERACTION_NAMES)
@pytest.mark.parametrize("optimizer", OPTIMIZER_NAMES)
@pytest.mark.parametrize("mode", ["none", "full"])
def test_stop_and_resume_is_bit_for_bit(toy, path, interaction, optimizer, mode):
    shape = {"model": {"interaction": interaction}, "optimizer": optimizer, "learning_rate": 0.05}
    settings = run_settings(text={"mode": mode}, epochs=6, seed=3, **shape)
    text = random_text(toy, 8) if mode == "full" else None
    straight = new_trainer(toy, settings, text)
    events = advance(straight, 6)

    first = new_trainer(toy, settings, text)
    before = advance(first, 2)
    save_checkpoint(first, toy.vocabulary, path)
    again = new_trainer(toy, settings, text)
    restore(again, toy.vocabulary, path)
    assert_same_bits(state_of(again), state_of(first))
    after = advance(again, 99)

    assert_same_bits(state_of(again), state_of(straight))
    assert before + after == events
    assert [event.epoch for event in after] == [3, 4, 5, 6]


@pytest.mark.parametrize("training", [{"objective": "softmax", "n3_weight": 0.1}, {"frequency_weights": False}])
def test_resuming_is_bit_for_bit_with_the_other_objective(toy, path, training):
    settings = run_settings(epochs=4, **training)
    straight, first, again = (new_trainer(toy, settings) for _ in range(3))
    advance(straight, 4)
    advance(first, 3)
    save_checkpoint(first, toy.vocabulary, path)
    restore(again, toy.vocabulary, path)
    advance(again, 4)
    assert_same_bits(state_of(again), state_of(straight))


def test_a_finished_training_has_nothing_left_to_do(toy, path):
    settings = run_settings(epochs=2)
    trainer, again = new_trainer(toy, settings), new_trainer(toy, settings)
    advance(trainer, 2)
    save_checkpoint(trainer, toy.vocabulary, path)
    restore(again, toy.vocabulary, path)
    assert advance(again, 1) == []
    assert_same_bits(state_of(again), state_of(trainer))


def test_a_resumed_training_differs_without_the_optimisers_state(toy, path, stopped):
    """The test above would see it if the state of the optimiser were lost."""
    settings, trainer = stopped
    restored, forgetful = new_trainer(toy, settings), new_trainer(toy, settings)
    for one in (restored, forgetful):
        restore(one, toy.vocabulary, path)
    for name in ("first", "second", "steps"):
        getattr(forgetful.entities.optimizer, name).zero_()
    for one in (restored, forgetful, trainer):
        advance(one, 1)
    assert torch.equal(restored.model.entities, trainer.model.entities)
    assert not torch.equal(forgetful.model.entities, trainer.model.entities)


def test_a_model_comes_back_to_score_with(toy, path, stopped):
    settings, trainer = stopped
    model = load_model(path, toy.vocabulary, settings)
    assert torch.equal(model.entities, trainer.model.entities)
    assert torch.equal(model.relations, trainer.model.relations)


def test_the_file_is_plain_safetensors_that_says_what_it_is(toy, path, stopped):
    settings, trainer = stopped
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        assert torch.equal(file.get_tensor("entities"), trainer.model.entities)
    assert metadata["fingerprint"] == toy.vocabulary.fingerprint
    assert json.loads(metadata["settings"]) == json.loads(settings.model_dump_json())
    assert (metadata["epoch"], json.loads(metadata["random_state"])) == ("1", {"seed": 0, "next_epoch": 1})


def header_claims_more_than_there_is(data):
    return struct.pack("<Q", 2**40) + data[8:]


DAMAGE = {
    "empty": lambda data: b"",
    "half": lambda data: data[: len(data) // 2],
    "last byte missing": lambda data: data[:-1],
    "only a header": lambda data: data[:64],
    "garbage": lambda data: b"this is no weights file " * 99,
    "zeros": lambda data: bytes(len(data)),
    "header too long": header_claims_more_than_there_is,
    "a byte too many": lambda data: data + b"x",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_refused_and_nothing_changes(toy, path, stopped, damage):
    settings, _ = stopped
    path.write_bytes(damage(path.read_bytes()))
    refused(toy, path, settings, WeightsError, r"model\.safetensors")


@pytest.mark.parametrize("there", [None, "folder"])
def test_a_file_that_is_not_there_is_refused(toy, path, there):
    if there:
        path.mkdir()
    refused(toy, path, run_settings(), WeightsError, r"model\.safetensors")


def refused(graph, path, settings, kind, words, vocabulary=None):
    """See that neither reader takes the file, and that the trainer stays as it was."""
    trainer = new_trainer(graph, settings)
    before = state_of(trainer)
    with pytest.raises(kind, match=words):
        restore(trainer, vocabulary or graph.vocabulary, path)
    assert_same_bits(state_of(trainer), before)
    with pytest.raises(kind, match=words):
        load_model(path, vocabulary or graph.vocabulary, settings)


@pytest.mark.parametrize("part", ["entities", "relations"])
def test_a_file_of_another_row_order_is_refused(toy, path, stopped, part):
    settings, _ = stopped
    orders = {name: list(getattr(toy.vocabulary, name)) for name in ("entities", "relations")}
    orders[part][:2] = orders[part][1::-1]
    other = Vocabulary(tuple(orders["entities"]), tuple(orders["relations"]))
    refused(toy, path, settings, FingerprintError, "another graph", other)


@pytest.mark.parametrize("changes", [{"training": {"seed": 4}}, {"training": {"epochs": 9}}, {"text": {"rho": 0.5}}])
def test_a_training_with_other_settings_is_refused(toy, path, stopped, changes):
    settings, _ = stopped
    trainer = new_trainer(toy, settings.replace(**changes))
    before = state_of(trainer)
    with pytest.raises(WeightsError, match="other settings"):
        restore(trainer, toy.vocabulary, path)
    assert_same_bits(state_of(trainer), before)


@pytest.mark.parametrize("model", [{"dim": 10}, {"interaction": "rotate"}, {"reciprocal": False}])
def test_tables_of_another_shape_are_refused(toy, path, stopped, model):
    settings, _ = stopped
    with pytest.raises(WeightsError, match="shape"):
        load_model(path, toy.vocabulary, settings.replace(model=model))


def rewritten(path, *, tensors=(), metadata=(), without=()):
    """Write the file again with some parts changed."""
    with safe_open(path, "pt") as file:
        parts, words = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118 - no mapping
    parts, words = parts | dict(tensors), words | dict(metadata)
    save_file({k: v for k, v in parts.items() if k not in without}, path, {k: v for k, v in words.items() if k not in without})


@pytest.mark.parametrize("missing", ["entities", "relations"])
def test_a_file_without_a_table_is_refused(toy, path, stopped, missing):
    rewritten(path, without=(missing,))
    refused(toy, path, stopped[0], WeightsError, missing)


def test_a_checkpoint_without_the_optimisers_state_is_refused(toy, path, stopped):
    settings, _ = stopped
    rewritten(path, without=("relation.second",))
    trainer = new_trainer(toy, settings)
    before = state_of(trainer)
    with pytest.raises(WeightsError, match=r"relation\.second"):
        restore(trainer, toy.vocabulary, path)
    assert_same_bits(state_of(trainer), before)


@pytest.mark.parametrize("words", [{"format": "lladr-model-0"}, {"format": ""}])
def test_a_file_of_another_format_is_refused(toy, path, stopped, words):
    rewritten(path, metadata=words)
    refused(toy, path, stopped[0], WeightsError, FORMAT)


def test_a_file_of_another_program_is_refused(toy, path, stopped):
    rewritten(path, without=("format", "fingerprint", "settings", "epoch", "random_state"))
    refused(toy, path, stopped[0], WeightsError, "format")


@pytest.mark.parametrize("missing", ["fingerprint", "settings", "epoch"])
def test_a_checkpoint_that_lacks_a_word_is_refused(toy, path, stopped, missing):
    settings, _ = stopped
    rewritten(path, without=(missing,))
    trainer = new_trainer(toy, settings)
    before = state_of(trainer)
    with pytest.raises(WeightsError):
        restore(trainer, toy.vocabulary, path)
    assert_same_bits(state_of(trainer), before)


STATE_TABLES = ["entities", "relations", "entity.first", "entity.steps", "relation.second"]


@pytest.mark.parametrize("table", STATE_TABLES)
@pytest.mark.parametrize("shape", [(1,), (3, 8)])
def test_a_checkpoint_with_a_table_of_another_shape_changes_nothing(toy, path, stopped, table, shape):
    """Under the right settings and fingerprint, as only a writer with a bug would leave it; (1,) would be broadcast."""
    settings, _ = stopped
    rewritten(path, tensors={table: torch.full(shape, 7.0)})
    trainer = new_trainer(toy, settings)
    before = state_of(trainer)
    with pytest.raises(WeightsError, match="shape"):
        restore(trainer, toy.vocabulary, path)
    assert_same_bits(state_of(trainer), before)


def test_a_full_disk_leaves_the_old_checkpoint(toy, path, stopped, small_files):
    _, trainer = stopped
    old = path.read_bytes()
    advance(trainer, 1)
    with small_files(len(old) // 2), pytest.raises(WorkspaceError, match="could not be written"):
        save_checkpoint(trainer, toy.vocabulary, path)
    assert path.read_bytes() == old
    assert list(path.parent.iterdir()) == [path]


def test_a_checkpoint_is_on_the_disk_before_it_takes_its_place(toy, path, stopped, monkeypatch):
    """A machine that loses power must find the old file or the new one whole."""
    order = []
    synced, replaced = os.fsync, type(path).replace
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append("fsync"), synced(handle))[1])
    monkeypatch.setattr(type(path), "replace", lambda source, target: (order.append("replace"), replaced(source, target))[1])
    save_checkpoint(stopped[1], toy.vocabulary, path)
    assert order[:2] == ["fsync", "replace"]
