"""Projection and gate against autograd through the formula as it is written."""

import numpy as np
import pytest
import torch

from core.kge.losses import cosine_anchor
from core.kge.representations import PROJECTION_RATE, OneTable, Projected
from tests.core.kge.tables import new_trainer, random_text, run_settings

INJECTIONS = ["projection", "gate"]


class Descent:
    """Plain gradient descent with the interface of a row-wise optimiser: a step shows the gradient itself."""

    state_names = ()

    def __init__(self, table, rate):
        self.table, self.rate = table, rate

    def step(self, rows, gradient):
        self.table.index_add_(0, rows, gradient, alpha=-self.rate)


def settings_of(injection, **text):
    return run_settings(text={"mode": "full", "injection": injection, "rho": 0.3, **text}, epochs=2)


def representation(toy, injection, anchor_weight):
    settings = settings_of(injection, anchor_weight=anchor_weight)
    trainer = new_trainer(toy, settings, random_text(toy, 12))
    return trainer.model, Projected(trainer.model, settings.text, Descent, 1.0)


@pytest.mark.parametrize("injection", INJECTIONS)
@pytest.mark.parametrize("anchor_weight", [0.0, 0.7])
def test_a_step_follows_the_gradient_of_the_formula(toy, injection, anchor_weight):
    model, entities = representation(toy, injection, anchor_weight)
    state = {name: entities.state()[name].clone().requires_grad_() for name in ("own", "projection", "gates")}
    uses = np.array([[0, 3, 3], [5, 0, 7]]), np.array([2, 3])
    coefficients = [torch.randn(*use.shape, 8, generator=torch.Generator().manual_seed(1)) for use in uses]

    gate = torch.sigmoid(state["gates"][model.kinds])
    vectors = gate * state["own"] + (1 - gate) * (model.full_text @ state["projection"])
    touched_rows = torch.tensor([0, 2, 3, 5, 7])
    anchor = cosine_anchor(vectors[touched_rows], model.text[touched_rows]).mean()
    loss = sum((vectors[torch.from_numpy(use)] * c).sum() for use, c in zip(uses, coefficients, strict=True))
    (loss + anchor_weight * anchor).backward()

    touched = entities.touch(*uses)
    sum((v * c).sum() for v, c in zip(touched.vectors, coefficients, strict=True)).backward()
    measured = entities.move(touched)
    rates = {"own": 1.0, "projection": PROJECTION_RATE, "gates": float(injection == "gate")}
    for name, rate in rates.items():
        expected = state[name].detach() - rate * state[name].grad
        torch.testing.assert_close(entities.state()[name], expected, rtol=1e-4, atol=1e-6)
    if anchor_weight:
        torch.testing.assert_close(measured, anchor.detach())


@pytest.mark.parametrize("injection", INJECTIONS)
def test_the_models_table_is_brought_up_to_date(toy, injection):
    trainer = new_trainer(toy, settings_of(injection), random_text(toy, 12))
    list(trainer.run())
    state, model = trainer.entities.state(), trainer.model
    gate = torch.sigmoid(state["gates"][model.kinds])
    expected = gate * state["own"] + (1 - gate) * (model.full_text @ state["projection"])
    torch.testing.assert_close(model.entities.data, expected)


def test_gates_of_kinds_part_only_where_they_are_learned(toy):
    for injection, distinct in (("projection", 1), ("gate", None)):
        trainer = new_trainer(toy, settings_of(injection), random_text(toy, 12))
        list(trainer.run())
        gates = trainer.entities.state()["gates"].unique()
        assert len(gates) == distinct if distinct else len(gates) > 1


def test_the_projection_starts_as_the_pca_of_the_blend(toy):
    trainer = new_trainer(toy, settings_of("projection"), random_text(toy, 12))
    projected = trainer.model.full_text @ trainer.entities.state()["projection"]
    unit = projected / projected.norm(dim=1, keepdim=True)
    torch.testing.assert_close(unit, trainer.model.text, rtol=1e-4, atol=1e-5)


def test_the_default_is_one_table(toy):
    assert isinstance(new_trainer(toy, settings_of("blend"), random_text(toy, 8)).entities, OneTable)
