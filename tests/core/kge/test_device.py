"""What can be seen of another device without having one: torch's ``meta`` device has shapes and types, but no numbers.

Whatever mixes devices fails there, and so does whatever asks the device for a number, which on CUDA would wait for it.
"""

from itertools import islice

import pytest
import torch

from core.kge import training
from tests.core.kge.tables import INTERACTION_NAMES, new_trainer, random_text, run_settings

META = torch.device("meta")
ADAPTED = ["pykeen:TuckER", "pykeen:ConvKB", "pykeen:QuatE", "pykeen:RotatE", "pykeen:KG2E", "pykeen:TransR"]


@pytest.fixture
def elsewhere(monkeypatch):
    """Let a trainer choose the meta device."""
    monkeypatch.setattr(training, "choose_device", lambda name: META)


def steps(toy, settings):
    """Take two steps; return the trainer and the last losses."""
    text = random_text(toy, 16) if settings.text.mode != "none" else None
    trainer = new_trainer(toy, settings, text)
    for batch in islice(trainer.sampler.epoch(0), 2):
        losses = trainer.step(batch)
    return trainer, losses


@pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
@pytest.mark.parametrize("objective", ["sigmoid", "softmax"])
@pytest.mark.parametrize("interaction", [*INTERACTION_NAMES, *ADAPTED])
def test_a_step_stays_on_the_device(toy, elsewhere, interaction, objective, optimizer):
    shape = {"objective": objective, "optimizer": optimizer, "n3_weight": 0.1}
    trainer, losses = steps(toy, run_settings(model={"interaction": interaction}, **shape))
    assert (losses.shape, losses.device) == ((3,), META)
    tables = trainer.entities.state() | trainer.weights.state() | {"relations": trainer.model.relations.data}
    assert {tensor.device for tensor in tables.values()} == {META}


@pytest.mark.parametrize("anchor", ["cosine", "euclidean", "kl"])
@pytest.mark.parametrize("injection", ["blend", "projection", "gate"])
def test_a_step_with_text_stays_on_the_device(toy, elsewhere, injection, anchor):
    trainer, losses = steps(toy, run_settings(text={"mode": "full", "injection": injection, "anchor": anchor}))
    assert losses.device == META
    assert {tensor.device for tensor in trainer.entities.state().values()} == {META}


@pytest.mark.parametrize("reciprocal", [True, False])
@pytest.mark.parametrize("interaction", INTERACTION_NAMES)
def test_inverse_relations_are_found_on_the_device(toy, elsewhere, interaction, reciprocal):
    _, losses = steps(toy, run_settings(model={"interaction": interaction, "reciprocal": reciprocal}))
    assert losses.device == META


def test_the_meta_device_shows_what_it_is_here_to_show():
    """Without these two, the tests above could not fail."""
    with pytest.raises(RuntimeError):
        torch.empty(2, device=META).sum().item()
    with pytest.raises(RuntimeError, match="device"):
        torch.empty(2, device=META) + torch.empty(2)
