"""Align name and description vectors to a vocabulary, in the text mode of an experiment."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from core.config import TextSettings
from core.errors import ConfigError, FingerprintError, WeightsError
from core.kg.graph import KnowledgeGraph
from core.kg.vocabulary import Vocabulary
from core.text.descriptions import BLIND_FIELDS, FIELDS, Description, Field
from core.types import Embedder, FloatArray, IntArray, Progress, TextMode, silent
from core.workspace import write_bytes

ROWS_A_BLOCK = 8192  #: rows that are centred at once

MODE_FIELDS: dict[TextMode, tuple[Field, ...]] = {
    "full": FIELDS,
    "blind": BLIND_FIELDS,
    "shuffled": FIELDS,
    "name": (),
}


@dataclass(frozen=True)
class TextMatrix:
    """One text vector an entity, in the row order of a vocabulary."""

    vectors: FloatArray  #: shape (n_entities, dim), float32; rows are unit vectors
    fingerprint: str  #: of the vocabulary
    history: dict[str, str]  #: what was done, in words: mode, encoder, fields, reduction

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2:
            message = f"a text matrix has two axes, not shape {self.vectors.shape}"
            raise ValueError(message)

    def reduced(self, dim: int) -> "TextMatrix":
        """Reduce to ``dim`` columns by PCA and give each row unit length again; never cuts columns off.

        Where there are fewer columns (or entities) than ``dim``, the rest is zero.
        """
        axes = self.principal_axes(dim)
        scores = self.centred(axes)
        kept = float(scores.var(axis=0, dtype=np.float64).sum() / max(self.vectors.var(axis=0, dtype=np.float64).sum(), 1e-12))
        padded = _unit_rows(scores, dim)
        size = f"{self.vectors.shape[1]} -> {min(dim, scores.shape[1])} of {dim} columns"
        note = f"PCA {size}, {kept:.1%} of variance, rows renormalised"
        return TextMatrix(padded, self.fingerprint, {**self.history, "reduction": note})

    def principal_axes(self, dim: int) -> FloatArray:
        """Return the first principal axes. Shape (columns, at most dim), float64."""
        covariance = sum(block.T @ block for block in self._centred_blocks())
        variances, axes = np.linalg.eigh(covariance)
        return _fixed_signs(axes[:, np.argsort(-variances)[:dim]])

    def centred(self, axes: FloatArray | None = None) -> FloatArray:
        """Return the vectors without their mean, or that along some axes. Shapes (columns, k) -> (n_entities, k), float32."""
        blocks = self._centred_blocks()
        return np.concatenate([(block if axes is None else block @ axes).astype(np.float32) for block in blocks])

    def _centred_blocks(self) -> Iterator[FloatArray]:
        """Yield rows without their mean, float64: all of them at once would take twice the matrix once more."""
        mean = self.vectors.mean(axis=0, dtype=np.float64)
        for start in range(0, len(self.vectors), ROWS_A_BLOCK):
            yield self.vectors[start : start + ROWS_A_BLOCK] - mean

    def project(self, vectors: FloatArray, dim: int) -> FloatArray:
        """Reduce other vectors of the same encoder as :meth:`reduced` does with its own. Shapes (k, columns) -> (k, dim)."""
        return _unit_rows((vectors - self.vectors.mean(axis=0, dtype=np.float64)) @ self.principal_axes(dim), dim)

    def save(self, path: Path) -> None:
        """Write matrix, fingerprint and history as one safetensors file."""
        metadata = {"fingerprint": self.fingerprint, "history": json.dumps(self.history)}
        write_bytes(path, save({"vectors": np.ascontiguousarray(self.vectors)}, metadata=metadata))

    @classmethod
    def load(cls, path: Path, vocabulary: Vocabulary) -> "TextMatrix":
        """Read a matrix that follows this vocabulary.

        :raises WeightsError: if the file is damaged
        :raises FingerprintError: if it follows another vocabulary
        """
        try:
            with safe_open(path, "numpy") as file:
                metadata = file.metadata() or {}
                matrix = cls(file.get_tensor("vectors"), metadata["fingerprint"], json.loads(metadata["history"]))
        except (OSError, SafetensorError, KeyError, json.JSONDecodeError) as error:
            raise WeightsError(f"The text matrix {path} is damaged: {error}.", advice="train the run again.") from error
        if matrix.fingerprint != vocabulary.fingerprint:
            raise FingerprintError(f"The text matrix {path}", matrix.fingerprint, vocabulary.fingerprint)
        return matrix


def _unit_rows(scores: FloatArray, dim: int) -> FloatArray:
    """Give each row unit length, and zeros up to ``dim`` columns. Shape (n, at most dim) -> (n, dim), float32."""
    padded = np.zeros((len(scores), dim), dtype=np.float32)
    padded[:, : scores.shape[1]] = scores / np.maximum(np.linalg.norm(scores, axis=1, keepdims=True), 1e-9)
    return padded


def _fixed_signs(axes: FloatArray) -> FloatArray:
    """Turn each axis so that its largest entry is positive: the sign of an eigenvector is arbitrary."""
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    return axes * np.where(largest < 0, -1.0, 1.0)


def build_text_matrix(
    graph: KnowledgeGraph,
    descriptions: dict[int, Description],
    embedder: Embedder,
    settings: TextSettings,
    *,
    progress: Progress = silent,
) -> TextMatrix:
    """Build ``[f(name); f(description)]`` for every entity (LLaDR, step 1).

    ``f(description)`` is the renormalised mean of its fields' vectors: fields are short enough for the encoder, which would
    cut a whole description (11 % of the starter's) and lose its last field; and ``blind`` reuses the vectors of ``full``.
    Entities without description have their name's vector in both halves.

    :returns: shape (n_entities, 2 * encoder dim)
    :raises ConfigError: if the mode is ``none``, which has no matrix
    """
    if settings.mode == "none":
        raise ConfigError("Text mode 'none' has no text matrix.", expected="full, blind, name or shuffled")
    parts = [_texts(descriptions.get(row), MODE_FIELDS[settings.mode]) or [name] for row, name in enumerate(graph.names)]
    flat = [text for texts in parts for text in texts]
    distinct = list(dict.fromkeys([*graph.names, *flat]))
    encoded = embedder.encode(distinct, progress=progress)
    place = {text: number for number, text in enumerate(distinct)}
    names = encoded[[place[name] for name in graph.names]]
    means = _segment_means(encoded[[place[text] for text in flat]], [len(texts) for texts in parts])
    vectors = np.concatenate([names, means], axis=1) / np.sqrt(2, dtype=np.float32)
    if settings.mode == "shuffled":
        vectors = vectors[permutation_within_kinds(graph.kind_codes, settings.shuffle_seed)]
    described = sum(bool(_texts(descriptions.get(row), MODE_FIELDS[settings.mode])) for row in range(graph.n_entities))
    history = {
        "mode": settings.mode + (f", seed {settings.shuffle_seed}" if settings.mode == "shuffled" else ""),
        "encoder": embedder.name,
        "fields": ", ".join(MODE_FIELDS[settings.mode]) or "name only",
        "coverage": f"{described} of {graph.n_entities} entities have a description in these fields",
    }
    return TextMatrix(vectors, graph.vocabulary.fingerprint, history)


def relation_vectors(graph: KnowledgeGraph, embedder: Embedder) -> FloatArray:
    """Embed how each relation reads, then how each inverse reads. Shape (2 * n_relations, 2 * encoder dim)."""
    meanings = [graph.source.meaning(relation) for relation in graph.vocabulary.relations]
    encoded = embedder.encode([meaning.phrase for meaning in meanings] + [meaning.inverse for meaning in meanings])
    return np.concatenate([encoded, encoded], axis=1) / np.sqrt(2, dtype=np.float32)


def _texts(description: Description | None, fields: tuple[Field, ...]) -> list[str]:
    return list(description.parts(fields).values()) if description else []


def _segment_means(vectors: FloatArray, lengths: Sequence[int]) -> FloatArray:
    """Average consecutive groups of rows and renormalise. Shape (sum(lengths), dim) -> (len(lengths), dim)."""
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    sums = np.add.reduceat(vectors, starts, axis=0)
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)


def permutation_within_kinds(kind_codes: IntArray, seed: int) -> IntArray:
    """Permute rows within each kind: the vectors stay, their meaning goes. Shape (n,) -> (n,)."""
    generator = np.random.default_rng(seed)
    permutation = np.arange(len(kind_codes))
    for kind in np.unique(kind_codes):
        rows = np.flatnonzero(kind_codes == kind)
        permutation[rows] = generator.permutation(rows)
    return permutation
