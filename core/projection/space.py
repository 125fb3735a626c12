"""Say how the entity vectors of each interaction are to be compared."""

import numpy as np

from core.types import FloatArray

SHIFT_FREE = ("transe", "transe-l2")  #: ``h + r - t`` stays the same when all entities move by one vector


def comparable(entities: FloatArray, interaction: str = "") -> FloatArray:
    """Return entity vectors whose cosine similarity says what the interaction can tell apart. Shape (n, dim), float32.

    - ComplEx and RotatE keep complex vectors as [real half, imaginary half]. The cosine of these real vectors is
      ``Re <x, y> / (|x| |y|)``, the cosine of the complex ones, and their norm is the complex norm: they are taken as they are.
      The angles of RotatE are relations, which no panel shows.
    - TransE scores differences only, so that the origin means nothing: the mean is taken out first.
    - DistMult compares by products, and text vectors were made for the cosine: both are taken as they are.
    """
    vectors = np.ascontiguousarray(entities, dtype=np.float32)
    return vectors - vectors.mean(axis=0, dtype=np.float64).astype(np.float32) if interaction in SHIFT_FREE else vectors


def unit_rows(vectors: FloatArray) -> FloatArray:
    """Give each row unit length; a row of zeros stays one. Shape (n, dim), float32."""
    return (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)).astype(np.float32)
