"""Training on CUDA against training on the CPU; skipped where there is no CUDA."""

import pytest
import torch

from core.kge.checkpoints import restore, save_checkpoint
from core.kge.scoring import KgeScorer
from tests.core.kge.tables import INTERACTION_NAMES, new_trainer, random_text, run_settings

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")]
DEVICE = "cuda"


def settings_on(device: str, interaction: str, **training):
    return run_settings(text={"mode": "full"}, model={"interaction": interaction}, **{"epochs": 2, "device": device} | training)


def tables_after_training(toy, settings):
    trainer = new_trainer(toy, settings, random_text(toy, 8))
    losses = [event.loss for event in trainer.run()]
    return losses, trainer.model.entities.data.cpu(), trainer.model.relations.data.cpu()


@pytest.mark.parametrize("optimizer", ["adagrad", "adam"])
@pytest.mark.parametrize("objective", ["sigmoid", "softmax"])
@pytest.mark.parametrize("interaction", INTERACTION_NAMES)
def test_the_tables_are_those_of_the_cpu(toy, interaction, objective, optimizer):
    changes = {"objective": objective, "optimizer": optimizer, "learning_rate": 0.01}
    found = tables_after_training(toy, settings_on(DEVICE, interaction, **changes))
    expected = tables_after_training(toy, settings_on("cpu", interaction, **changes))
    assert found[0] == pytest.approx(expected[0], rel=1e-3)
    for ours, theirs in zip(found[1:], expected[1:], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("injection", ["blend", "projection", "gate"])
@pytest.mark.parametrize("interaction", ["transe", "complex", "pykeen:TuckER"])
def test_no_step_waits_for_the_device(toy, interaction, injection):
    settings = settings_on(DEVICE, interaction).replace(text={"injection": injection})
    trainer = new_trainer(toy, settings, random_text(toy, 16))
    batches = list(trainer.sampler.epoch(0))
    trainer.step(batches[0])  # the first one may set up libraries
    torch.cuda.set_sync_debug_mode("error")
    try:
        for batch in batches[1:]:
            trainer.step(batch)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("interaction", ["complex", "pykeen:TuckER", "pykeen:QuatE"])
def test_a_checkpoint_goes_on_and_is_scored_where_it_was_trained(toy, tmp_path, interaction):
    settings = settings_on(DEVICE, interaction)
    trainer = new_trainer(toy, settings, random_text(toy, 8))
    next(trainer.run())
    save_checkpoint(trainer, toy.vocabulary, tmp_path / "model.safetensors")
    again = new_trainer(toy, settings, random_text(toy, 8))
    restore(again, toy.vocabulary, tmp_path / "model.safetensors")
    assert (again.epoch, again.model.entities.device.type) == (1, DEVICE)
    assert torch.equal(again.model.entities.data, trainer.model.entities.data)
    scores = [
        KgeScorer("", each.model, toy.role_relations("treats")).scores(toy.drugs, toy.diseases) for each in (trainer, again)
    ]
    assert (scores[0] == scores[1]).all()
