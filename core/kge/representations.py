"""Hold the entity vectors while they are trained: as one table, or with a learned projection of the whole text vector.

A representation hands the rows of a batch to autograd (``touch``), moves them against their gradient (``move``), and at the
end of an epoch brings ``model.entities`` up to date (``settle``), which is all that scoring needs.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from core.config import TextSettings
from core.kge.kernels.loops import is_fast
from core.kge.losses import add_anchor
from core.kge.model import Model
from core.kge.optimizers import Optimizer, RowwiseAdagrad, all_rows, optimizer_state
from core.kge.touched import TouchedRows, on_device
from core.types import IntArray

MakeOptimizer = Callable[[Tensor, float], Optimizer]
PROJECTION_RATE = 0.02  #: of the learning rate: the projection moves all entities at once


class Representation(Protocol):
    """What the training loop needs of the entities."""

    def touch(self, *uses: IntArray) -> TouchedRows:
        """Hand the rows that a batch uses to autograd."""
        ...

    def move(self, touched: TouchedRows) -> Tensor:
        """Add the pull of the anchor, step against the gradient; return the mean anchor loss, shape ()."""
        ...

    def settle(self) -> None:
        """Bring the model's entity table up to date."""
        ...

    def state(self) -> dict[str, Tensor]:
        """Return all tensors that training changes, by name, for checkpoints."""
        ...


def representation_of(model: Model, settings: TextSettings, make: MakeOptimizer, rate: float) -> Representation:
    """Return the representation that the settings ask for."""
    if settings.mode == "none" or settings.injection == "blend":
        return OneTable(model, settings, make, rate)
    return Projected(model, settings, make, rate)


class OneTable:
    """Keep ``e = rho * u + (1 - rho) * t`` as one table: a step on ``u`` is a step on ``e`` scaled by rho."""

    def __init__(self, model: Model, settings: TextSettings, make: MakeOptimizer, rate: float) -> None:
        self._model = model
        self._settings = settings
        self.optimizer = make(model.entities.data, rate * (settings.rho if settings.mode != "none" else 1))

    def touch(self, *uses: IntArray) -> TouchedRows:
        """Hand rows of the table to autograd."""
        return TouchedRows(self._model.entities.data, *uses)

    def move(self, touched: TouchedRows) -> Tensor:
        """Add the pull of the anchor, step against the gradient; return the mean anchor loss, shape ()."""
        table, text, weight = self._model.entities.data, self._model.text, self._settings.anchor_weight
        if text is None or not weight:
            self.optimizer.step(touched.rows, touched.gradient())
            return table.new_zeros(())
        if self._settings.anchor == "cosine" and isinstance(self.optimizer, RowwiseAdagrad) and is_fast(table, text):
            return self.optimizer.step_to_text(touched.rows, touched.uses(), text, weight)
        gradient = touched.gradient()
        anchor = add_anchor(self._settings.anchor, table, text, touched.rows, gradient, weight=weight)
        self.optimizer.step(touched.rows, gradient)
        return anchor

    def settle(self) -> None:
        """Do nothing: the table is the model's."""

    def state(self) -> dict[str, Tensor]:
        """Return table and optimiser."""
        return {"entities": self._model.entities.data} | optimizer_state("entity", self.optimizer)


class Projected:
    """Keep ``e = g * u + (1 - g) * P t`` with the whole text vector ``t`` and a learned projection ``P``.

    ``P`` starts as the PCA that the blend uses. The gate ``g`` is rho, or with injection ``gate`` learned for each kind of
    entity: how much structure, how much text. The anchor pulls to the PCA text, as in the blend. Slower than one table: every
    step projects the rows of the batch.
    """

    def __init__(self, model: Model, settings: TextSettings, make: MakeOptimizer, rate: float) -> None:
        self._model = model
        self._settings = settings
        self._own = model.entities.data.clone()
        self._projection = model.projection.clone()
        self._gates = torch.logit(torch.full((model.n_kinds, 1), settings.rho)).to(self._own.device)
        self._rows = np.empty(0, dtype=np.int64)
        self.optimizer = make(self._own, rate)
        self._projection_optimizer = make(self._projection, rate * PROJECTION_RATE)
        self._gate_optimizer = make(self._gates, rate if settings.injection == "gate" else 0.0)

    def touch(self, *uses: IntArray) -> TouchedRows:
        """Compute the vectors of the batch's rows and hand them to autograd."""
        self._rows, places = np.unique(np.concatenate([use.ravel() for use in uses]), return_inverse=True)
        parts = np.split(places, np.cumsum([use.size for use in uses])[:-1])
        vectors = self._vectors(on_device(self._rows, self._own.device))
        return TouchedRows(vectors, *(part.reshape(use.shape) for part, use in zip(parts, uses, strict=True)))

    def move(self, touched: TouchedRows) -> Tensor:
        """Pass the gradient on to ``u``, ``P`` and ``g`` by the chain rule; return the mean anchor loss, shape ()."""
        rows = on_device(self._rows, self._own.device)
        gradient, anchor = self._pulled(touched, rows)
        text, gate = self._model.full_text[rows], self._gate(rows)
        difference = self._own[rows] - text @ self._projection
        to_gate = (gradient * difference).sum(-1, keepdim=True) * gate * (1 - gate)
        to_gates = torch.zeros_like(self._gates).index_add_(0, self._model.kinds[rows], to_gate)
        self.optimizer.step(rows, gate * gradient)
        self._projection_optimizer.step(all_rows(self._projection), text.T @ ((1 - gate) * gradient))
        self._gate_optimizer.step(all_rows(self._gates), to_gates)
        return anchor

    def settle(self) -> None:
        """Compute all vectors into the model's table."""
        for rows in torch.arange(len(self._own), device=self._own.device).split(8192):
            self._model.entities.data[rows] = self._vectors(rows)

    def state(self) -> dict[str, Tensor]:
        """Return ``u``, ``P``, ``g`` and the optimisers; the model's table follows from them."""
        return {
            "own": self._own,
            "projection": self._projection,
            "gates": self._gates,
            **optimizer_state("entity", self.optimizer),
            **optimizer_state("projection", self._projection_optimizer),
            **optimizer_state("gate", self._gate_optimizer),
        }

    def _pulled(self, touched: TouchedRows, rows: Tensor) -> tuple[Tensor, Tensor]:
        gradient, weight = touched.gradient(), self._settings.anchor_weight
        if not weight:
            return gradient, gradient.new_zeros(())
        vectors = self._vectors(rows)
        anchor = add_anchor(self._settings.anchor, vectors, self._model.text[rows], all_rows(vectors), gradient, weight=weight)
        return gradient, anchor

    def _vectors(self, rows: Tensor) -> Tensor:
        gate = self._gate(rows)
        return gate * self._own[rows] + (1 - gate) * (self._model.full_text[rows] @ self._projection)

    def _gate(self, rows: Tensor) -> Tensor:
        return torch.sigmoid(self._gates[self._model.kinds[rows]])
