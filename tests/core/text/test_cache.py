import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.errors import EmbeddingError, WorkspaceError
from core.text.cache import BATCH, CachedEmbedder
from core.text.embedders import HashingEmbedder
from tests.core.text.fakes import FixedEmbedder, SpyEmbedder

ANOTHER_PROCESS = """
import sys
from pathlib import Path
from core.text.cache import CachedEmbedder
from core.text.embedders import HashingEmbedder
CachedEmbedder(HashingEmbedder(8), Path(sys.argv[1])).encode(sys.argv[2:])
"""
TEXTS = ["a b", "c", "a b", "日本 💊"]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "cache" / "vectors.sqlite"


def test_vectors_are_those_of_the_encoder_in_order(file):
    vectors = CachedEmbedder(HashingEmbedder(8), file).encode(TEXTS)
    np.testing.assert_array_equal(vectors, HashingEmbedder(8).encode(TEXTS))
    assert vectors.dtype == np.float32


def test_the_second_time_nothing_is_asked(file):
    spy = SpyEmbedder()
    first = CachedEmbedder(spy, file).encode(TEXTS)
    second = CachedEmbedder(spy, file).encode(TEXTS[::-1])
    assert spy.calls == [["a b", "c", "日本 💊"]]  # the repeated text once
    np.testing.assert_array_equal(second[::-1], first)


def test_only_new_texts_are_asked_for(file):
    spy = SpyEmbedder()
    cached = CachedEmbedder(spy, file)
    cached.encode(TEXTS)
    vectors = cached.encode(["new", "c"])
    assert spy.calls[1:] == [["new"]]
    np.testing.assert_array_equal(vectors, HashingEmbedder(8).encode(["new", "c"]))


def test_another_encoder_does_not_get_these_vectors(file):
    CachedEmbedder(SpyEmbedder(8, name="one"), file).encode(TEXTS)
    other = SpyEmbedder(4, name="two")
    assert CachedEmbedder(other, file).encode(TEXTS).shape == (4, 4)
    assert len(other.calls) == 1


def test_another_process_finds_the_vectors(file):
    command = [sys.executable, "-c", ANOTHER_PROCESS, str(file), *TEXTS]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[3])  # noqa: S603 - the command is written here
    spy = SpyEmbedder(8, name=HashingEmbedder(8).name)
    vectors = CachedEmbedder(spy, file).encode(TEXTS)
    assert spy.calls == []
    np.testing.assert_array_equal(vectors, HashingEmbedder(8).encode(TEXTS))


def test_what_came_before_a_failure_is_kept(file):
    class Failing(SpyEmbedder):
        def encode(self, texts, **options):
            if self.calls:
                raise EmbeddingError("the server is gone")
            return super().encode(texts, **options)

    texts = [f"text {number}" for number in range(BATCH + 3)]
    with pytest.raises(EmbeddingError, match="gone"):
        CachedEmbedder(Failing(), file).encode(texts)
    spy = SpyEmbedder()
    CachedEmbedder(spy, file).encode(texts)
    assert spy.texts == texts[BATCH:]


def test_progress_ends_at_the_number_of_distinct_texts(file):
    seen = []
    CachedEmbedder(HashingEmbedder(8), file).encode(TEXTS, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 3)
    assert seen[-1] == (3, 3)


def test_a_damaged_file_is_refused(file):
    file.parent.mkdir()
    file.write_bytes(b"this is no database, " * 200)
    with pytest.raises(WorkspaceError, match="only a cache"):
        CachedEmbedder(HashingEmbedder(8), file).encode(TEXTS)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkspaceError, match="cannot be used"):
        CachedEmbedder(HashingEmbedder(8), tmp_path / "file" / "vectors.sqlite").encode(TEXTS)


@pytest.mark.parametrize("vectors", [np.ones((2, 3)), np.ones(4), np.full((1, 3), np.nan), np.full((1, 3), np.inf)])
def test_vectors_of_another_shape_or_not_finite_are_refused_and_not_kept(file, vectors):
    with pytest.raises(EmbeddingError, match=r"\(1, dim\) finite"):
        CachedEmbedder(FixedEmbedder(vectors), file).encode(["x"])
    with sqlite3.connect(file) as database:
        assert database.execute("SELECT count(*) FROM vector").fetchone() == (0,)
    database.close()


def test_an_encoder_that_changed_its_width_is_explained(file):
    CachedEmbedder(SpyEmbedder(8), file).encode(["x"])
    with pytest.raises((EmbeddingError, WorkspaceError)):
        CachedEmbedder(SpyEmbedder(4), file).encode(["x", "y"])
