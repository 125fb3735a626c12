"""Keep text vectors on disk by content, so that each text is embedded once."""

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np

from core.errors import EmbeddingError, WorkspaceError
from core.types import Embedder, FloatArray, Progress, silent

T = TypeVar("T")

BATCH = 256  #: texts embedded between two writes: what a kill can lose
LOOKUP = 500  #: keys a query; SQLite allows 999 on old builds


class CachedEmbedder:
    """Embed through a SQLite file keyed by the SHA-256 of encoder and text; several processes may share it.

    :param embedder: makes the vectors that are not there yet
    :param path: the file; made where it is missing
    """

    def __init__(self, embedder: Embedder, path: Path) -> None:
        self.name = embedder.name
        self._embedder = embedder
        self._path = path

    def encode(self, texts: Sequence[str], *, progress: Progress = silent) -> FloatArray:
        """Return one unit vector a text. Shape (n_texts, dim), float32.

        :raises EmbeddingError: if the encoder gives vectors of another shape, or not finite ones
        """
        keys = [self._key(text) for text in texts]
        with self._opened() as database:
            found = _lookup(database, keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        for batch in _batches(list(missing.items()), BATCH):
            progress(len(found), len(set(keys)))
            vectors = self._checked([text for _, text in batch])
            new = {key: vector for (key, _), vector in zip(batch, vectors, strict=True)}
            with self._opened() as database:
                _store(database, new)
            found |= new
        progress(len(found), len(found))
        if len({len(vector) for vector in found.values()}) > 1:
            raise EmbeddingError(
                f"The encoder {self.name} gave vectors of several lengths.",
                expected="one length",
                advice="delete the vector cache.",
            )
        return np.stack([found[key] for key in keys]) if keys else np.empty((0, 0), dtype=np.float32)

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self.name}\0{text}".encode()).digest()

    def _checked(self, texts: list[str]) -> FloatArray:
        vectors = np.asarray(self._embedder.encode(texts), dtype=np.float32)
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise EmbeddingError(
                f"The encoder {self.name} gave an array of shape {vectors.shape} for {len(texts)} texts, or no finite values.",
                expected=f"({len(texts)}, dim) finite values",
                advice="check the encoder or its server.",
            )
        return vectors

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=60)) as database:
                database.execute("PRAGMA journal_mode=WAL")
                database.execute("CREATE TABLE IF NOT EXISTS vector (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")
                yield database
        except (OSError, sqlite3.Error) as error:
            raise WorkspaceError(
                f"The vector cache {self._path} cannot be used: {error}.",
                expected="a folder with free space and the right to write",
                advice="free some space or set LLADR_HOME; a damaged cache may be deleted, it is only a cache.",
            ) from error


def _lookup(database: sqlite3.Connection, keys: list[bytes]) -> dict[bytes, FloatArray]:
    found = {}
    for batch in _batches(keys, LOOKUP):
        marks = ",".join("?" * len(batch))
        rows = database.execute(f"SELECT key, value FROM vector WHERE key IN ({marks})", batch)  # noqa: S608 - only marks
        found |= {key: np.frombuffer(value, dtype=np.float32) for key, value in rows if len(value) % 4 == 0}
    return found


def _store(database: sqlite3.Connection, vectors: dict[bytes, FloatArray]) -> None:
    with database:
        rows = [(key, vector.tobytes()) for key, vector in vectors.items()]
        database.executemany("INSERT OR REPLACE INTO vector VALUES (?, ?)", rows)


def _batches(items: list[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
