"""Our UMAP against umap-learn: the same graph, the same curve, forces of the formula, pictures as good."""

import warnings

import numpy as np
import pytest

from core.projection.measures import trustworthiness
from core.projection.neighbours import Neighbours, nearest_by_distance
from core.projection.umap import CELL_BITS, LEAST_CELL, curve, descend, force_table, fuzzy_graph

MIN_DIST = 0.1


@pytest.fixture(scope="module")
def learn():
    """Import umap-learn, which complains about what it would also like to have."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import umap.umap_
    return umap.umap_


def clustered(rows: int = 400) -> np.ndarray:
    random = np.random.default_rng(0)
    centres = random.normal(size=(8, 10)) * 2
    return (centres[random.integers(8, size=rows)] + random.normal(size=(rows, 10))).astype(np.float32)


def near_of(points: np.ndarray, k: int = 15) -> tuple[Neighbours, np.ndarray]:
    near = nearest_by_distance(points, k)
    return near, np.sqrt(np.maximum(-near.closeness, 0))


def their_graph(learn, points: np.ndarray, near: Neighbours, distances: np.ndarray):
    """Give umap-learn the same neighbours; it counts the entity itself as its first."""
    rows = np.hstack([np.arange(len(points), dtype=np.int32)[:, None], near.rows])
    apart = np.hstack([np.zeros((len(points), 1), dtype=np.float32), distances]).astype(np.float32)
    state = np.random.RandomState(0)
    return learn.fuzzy_simplicial_set(points, rows.shape[1], state, "euclidean", knn_indices=rows, knn_dists=apart)[0]


@pytest.mark.slow
@pytest.mark.parametrize("k", [4, 15])
def test_the_graph_is_that_of_umap_learn(learn, k):
    points = clustered()
    points[:3] = points[3]  # equals, at distance zero
    near, distances = near_of(points, k)
    ours, theirs = fuzzy_graph(near, distances), their_graph(learn, points, near, distances)
    assert abs(ours - theirs).max() < 1e-4
    assert abs(ours - ours.T).max() == 0


@pytest.mark.slow
@pytest.mark.parametrize("min_dist", [0.01, 0.1, 0.5])
def test_the_curve_is_that_of_umap_learn(learn, min_dist):
    assert curve(min_dist) == pytest.approx(learn.find_ab_params(1.0, min_dist), rel=1e-6)


def test_the_table_holds_the_gradients_of_the_loss():
    a, b = curve(MIN_DIST)
    pulls, pushes = force_table(MIN_DIST)
    for squared in np.float32([1e-5, 0.013, 0.7, 1.0, 3.3, 250.0]):
        cell = (int(squared.view(np.int32)) >> CELL_BITS) - LEAST_CELL
        log_p, log_not_p = (
            _slope(f, float(squared)) for f in (lambda s: -np.log1p(a * s**b), lambda s: np.log(_repelled(s, a, b)))
        )
        assert pulls[cell] == pytest.approx(2 * log_p, rel=0.01)  # d/dx of f(x^2) is 2 x f'
        if squared > 0.01:  # nearer, umap-learn's 0.001 keeps the push finite
            assert pushes[cell] == pytest.approx(2 * log_not_p, rel=0.12)


def _slope(function, at: float) -> float:
    step = 1e-4 * at
    return (function(at + step) - function(at - step)) / (2 * step)


def _repelled(squared: float, a: float, b: float) -> float:
    return 1 - 1 / (1 + a * squared**b)


@pytest.mark.slow
def test_the_picture_is_as_true_as_umap_learns(learn):
    points = clustered(1500)
    near, distances = near_of(points)
    start = points[:, :2] + 0.0
    ours = descend(fuzzy_graph(near, distances), start, epochs=200, min_dist=MIN_DIST, seed=0)
    theirs, _ = learn.simplicial_set_embedding(
        points, their_graph(learn, points, near, distances), 2, 1.0, *curve(MIN_DIST), 1.0, 5, 200, start,
        np.random.RandomState(0), "euclidean", {}, False, {}, False,
    )  # fmt: skip
    found, expected = trustworthiness(points, ours), trustworthiness(points, theirs)
    assert found.value == pytest.approx(expected.value, abs=0.01)
    spread = [np.ptp(picture, axis=0).max() for picture in (ours, theirs)]
    assert spread[0] == pytest.approx(spread[1], rel=0.3)


def test_the_same_seed_gives_the_same_bits_and_another_one_others():
    near, distances = near_of(clustered())
    graph, start = fuzzy_graph(near, distances), np.random.default_rng(1).normal(size=(400, 2)).astype(np.float32)
    before = start.copy()
    first, second, other = (descend(graph, start, epochs=20, min_dist=MIN_DIST, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)
    assert np.array_equal(start, before)  # where it starts is the caller's


def test_pairs_that_belong_together_end_together():
    near = Neighbours(np.array([[1], [0], [3], [2], [5], [4]], dtype=np.int32), np.zeros((6, 1), dtype=np.float32))
    graph = fuzzy_graph(near, np.ones((6, 1)))
    assert graph.toarray()[[0, 1, 2, 3, 4, 5], [1, 0, 3, 2, 5, 4]] == pytest.approx(1)
    places = descend(graph, np.random.default_rng(2).normal(size=(6, 2)), epochs=200, min_dist=MIN_DIST, seed=0)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + np.diag([np.inf] * 6)
    assert apart.argmin(axis=1).tolist() == [1, 0, 3, 2, 5, 4]
