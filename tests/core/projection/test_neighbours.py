import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from core.projection import neighbours
from core.projection.neighbours import nearest_by_cosine, nearest_by_distance


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(neighbours, "ROWS_A_BLOCK", 64)  # so that rows of several blocks are met


def drawn(rows: int = 300, columns: int = 7) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(rows, columns)).astype(np.float32)


@pytest.mark.parametrize(("ours", "metric"), [(nearest_by_cosine, "cosine"), (nearest_by_distance, "euclidean")])
def test_the_same_as_scikit_learn_by_brute_force(ours, metric):
    vectors = drawn() + 0.3
    distances, rows = NearestNeighbors(n_neighbors=16, metric=metric, algorithm="brute").fit(vectors).kneighbors(vectors)
    found = ours(vectors, 15)
    assert found.rows.tolist() == rows[:, 1:].tolist()
    expected = 1 - distances if metric == "cosine" else -(distances**2)
    assert found.closeness == pytest.approx(expected[:, 1:], abs=1e-4)


def test_nobody_is_a_neighbour_of_itself_even_among_equals():
    found = nearest_by_cosine(np.ones((6, 3)), 5)
    for row, near in enumerate(found.rows.tolist()):
        assert near == [other for other in range(6) if other != row]  # ties: the lower row first
    assert nearest_by_cosine(np.ones((6, 3)), 2).rows.tolist() == [[1, 2], [0, 2], [0, 1], [0, 1], [0, 1], [0, 1]]


def test_there_are_no_more_neighbours_than_others():
    assert nearest_by_cosine(drawn(4), 15).rows.shape == (4, 3)
    assert nearest_by_cosine(drawn(1), 15).rows.shape == (1, 0)


def test_progress_counts_rows():
    told = []
    nearest_by_cosine(drawn(150), 3, progress=lambda done, total: told.append((done, total)))
    assert told == [(64, 150), (128, 150), (150, 150)]
