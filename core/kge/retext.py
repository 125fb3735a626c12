"""Say how the row of a trained model would be with another text: no training, only the text's share of the row is swapped.

With injection ``blend`` the row began as ``rho * u + (1 - rho) * t``; with ``projection`` and ``gate`` it is
``g * u + (1 - g) * P t`` to the end. What training has since learned from the old text stays in the row, so this is a
counterfactual, not a retraining.
"""

from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

from core.config import RunSettings
from core.text.matrix import TextMatrix
from core.types import FloatArray, IntArray


class Retext:
    """Hold what one model does with text.

    :param text: of the run, not reduced
    :param settings: of the run
    :param weights_file: of the model; read where the injection learned a projection
    :param kind_codes: shape (n_entities,)
    """

    def __init__(self, text: TextMatrix, settings: RunSettings, weights_file: Path, kind_codes: IntArray) -> None:
        self._dim = settings.model.dim
        self._share = 1 - settings.text.rho
        self._mean = text.vectors.mean(axis=0, dtype=np.float64)
        self._axes = text.principal_axes(self._dim)
        self._vectors = text.vectors
        self._kinds = torch.from_numpy(kind_codes.astype(np.int64))
        self._learned: dict[str, Tensor] = {}
        if settings.text.injection != "blend":
            with safe_open(weights_file, "pt") as file:
                self._learned = {name: file.get_tensor(name) for name in ("projection", "gates")}

    def reduced(self) -> FloatArray:
        """Return the text that the anchor pulls to. Shape (n_entities, dim), float32."""
        return self._reduce(self._vectors)

    def shift(self, rows: IntArray, vectors: FloatArray | None) -> Tensor:
        """Return by how much other texts move rows; None takes the text away. Shapes (k,), (k, columns) -> (k, dim)."""
        before, after = self._part(rows, self._vectors[rows]), self._part(rows, vectors)
        return after - before

    def _part(self, rows: IntArray, vectors: FloatArray | None) -> Tensor:
        """Return the text's part of rows. Shape (k, dim)."""
        if vectors is None:
            return torch.zeros(len(rows), self._dim)
        if not self._learned:
            return self._share * torch.from_numpy(self._reduce(vectors))
        gates = torch.sigmoid(self._learned["gates"][self._kinds[torch.from_numpy(np.asarray(rows))]])
        centred = torch.from_numpy((vectors - self._mean).astype(np.float32))
        return (1 - gates) * (centred @ self._learned["projection"])

    def _reduce(self, vectors: FloatArray) -> FloatArray:
        """Project as :meth:`core.text.matrix.TextMatrix.reduced` does, along axes found once. Shape (k, columns) -> (k, dim)."""
        scores = (vectors - self._mean) @ self._axes
        padded = np.zeros((len(scores), self._dim), dtype=np.float32)
        padded[:, : scores.shape[1]] = scores / np.maximum(np.linalg.norm(scores, axis=1, keepdims=True), 1e-9)
        return padded
