import numpy as np
import pytest
import torch

from core.kge.checkpoints import save_checkpoint
from core.kge.model import new_model
from core.kge.retext import Retext
from core.text.matrix import TextMatrix
from tests.core.kge.tables import new_trainer, random_text, run_settings

ROWS = np.array([2, 7])


@pytest.fixture
def text(toy):
    return random_text(toy, 12)


@pytest.fixture
def other(toy):
    return random_text(toy, 12, seed=1).vectors[ROWS]


def test_the_reduced_text_is_that_of_the_anchor(toy, text, tmp_path):
    retext = Retext(text, run_settings(text={"mode": "full"}), tmp_path / "none", toy.kind_codes)
    np.testing.assert_allclose(retext.reduced(), text.reduced(8).vectors, atol=1e-6)


def test_with_blend_a_row_moves_as_if_it_had_started_with_the_other_text(toy, text, other, tmp_path):
    settings = run_settings(text={"mode": "full", "rho": 0.3})
    retext = Retext(text, settings, tmp_path / "none", toy.kind_codes)
    reduced = text.reduced(8).vectors.copy()
    reduced[ROWS] = text.project(other, 8)
    swapped = TextMatrix(reduced, text.fingerprint, {})
    before, after = (new_model(toy.vocabulary, settings.model, settings.text, each, seed=0).entities for each in (text, swapped))
    torch.testing.assert_close(retext.shift(ROWS, other), (after - before)[ROWS], rtol=1e-4, atol=1e-5)


def test_without_text_a_row_keeps_what_it_learned(toy, text, tmp_path):
    settings = run_settings(text={"mode": "full", "rho": 0.3})
    shift = Retext(text, settings, tmp_path / "none", toy.kind_codes).shift(ROWS, None)
    torch.testing.assert_close(shift, torch.from_numpy(-0.7 * text.reduced(8).vectors[ROWS]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("injection", ["projection", "gate"])
def test_a_learned_projection_is_asked_itself(toy, text, other, tmp_path, injection):
    """The trainer computes all rows from u, P and g; it is given the other text, and computes them again."""
    settings = run_settings(text={"mode": "full", "injection": injection}, epochs=3)
    trainer = new_trainer(toy, settings, text)
    for _ in trainer.run():
        pass
    save_checkpoint(trainer, toy.vocabulary, tmp_path / "model.safetensors")
    shift = Retext(text, settings, tmp_path / "model.safetensors", toy.kind_codes).shift(ROWS, other)
    before = trainer.model.entities.data.clone()
    trainer.model.full_text[ROWS] = torch.from_numpy(other - text.vectors.mean(0))
    trainer.entities.settle()
    torch.testing.assert_close(shift, (trainer.model.entities.data - before)[ROWS], rtol=1e-3, atol=1e-5)


def test_the_same_text_moves_nothing(toy, text, tmp_path):
    retext = Retext(text, run_settings(text={"mode": "full"}), tmp_path / "none", toy.kind_codes)
    assert retext.shift(ROWS, text.vectors[ROWS]).abs().max() == 0
