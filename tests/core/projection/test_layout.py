"""Layouts repeat, keep clusters together, and are moved onto each other as scipy does."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import procrustes
from sklearn.manifold import trustworthiness

from core.errors import ConfigError
from core.projection.layout import LayoutSettings, align, draft, lay_out, principal_components

QUICK = LayoutSettings(draft_epochs=60, epochs=30)


def clusters(per_cluster: int = 40, count: int = 4) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    centres = random.normal(size=(count, 12)) * 4
    labels = np.repeat(np.arange(count), per_cluster)
    return (centres[labels] + random.normal(size=(len(labels), 12))).astype(np.float32), labels


def test_alignment_has_the_residual_of_scipy():
    one, other = np.random.default_rng(2).normal(size=(2, 50, 2))
    *_, disparity = procrustes(other, one)
    assert align(one, other).residual == pytest.approx(disparity, abs=1e-6)


def test_a_picture_that_was_shifted_turned_mirrored_and_scaled_comes_back():
    picture = np.random.default_rng(3).normal(size=(30, 2))
    turn = np.array([[0.0, -1.0], [1.0, 0.0]]) @ np.diag([1.0, -1.0])
    back = align(7 * picture @ turn + [5, -3], picture)
    assert back.residual == pytest.approx(0, abs=1e-9)
    assert back.coordinates == pytest.approx(picture, abs=1e-5)


def test_principal_components_are_those_of_the_unit_vectors():
    vectors, _ = clusters()
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    centred = unit - unit.mean(axis=0)
    singular = np.linalg.svd(centred, compute_uv=False)
    found = principal_components(vectors, 5)
    assert np.linalg.norm(found, axis=0) == pytest.approx(singular[:5], rel=1e-4)
    assert principal_components(vectors, 50).shape == (160, 12)  # no more than there are


def test_the_same_seed_gives_the_same_layout_and_equal_vectors_end_at_equal_places():
    vectors, _ = clusters()
    points = principal_components(vectors, 10)
    start = draft(points, QUICK)
    assert np.array_equal(start, draft(points, QUICK))
    before, after = lay_out(points, start, QUICK), lay_out(principal_components(vectors.copy(), 10), start, QUICK)
    assert np.array_equal(before, after)
    assert align(after, before).residual == pytest.approx(0, abs=1e-9)
    other = lay_out(points, start, LayoutSettings(draft_epochs=60, epochs=30, seed=1))
    assert not np.array_equal(before, other)


def test_planted_clusters_stay_apart_in_the_picture():
    vectors, labels = clusters()
    points = principal_components(vectors, 10)
    picture = lay_out(points, draft(points, QUICK), QUICK)
    apart = np.linalg.norm(picture[:, None] - picture[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (labels[apart.argmin(axis=1)] == labels).mean() == 1


def test_progress_reaches_the_last_epoch():
    vectors, _ = clusters(10)
    told = []
    draft(principal_components(vectors, 10), QUICK, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (60, 60)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize("rows", [5, 17])
def test_small_and_degenerate_spaces_can_be_laid_out(rows):
    points = principal_components(np.ones((rows, 3)), 50)
    assert np.isfinite(draft(points, QUICK)).all()


def test_too_few_entities_are_refused():
    with pytest.raises(ConfigError, match="4 entities cannot be laid out"):
        draft(np.zeros((4, 2), dtype=np.float32), QUICK)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # umap-learn complains about what it would also like to have
def test_the_library_lays_out_as_well_from_the_same_start():
    vectors, _ = clusters()
    points = principal_components(vectors, 8)
    start = draft(points, QUICK)
    ours = lay_out(points, start, replace(QUICK, epochs=200))
    theirs = lay_out(points, start, replace(QUICK, epochs=200, method="umap-learn"))
    assert theirs.shape == ours.shape
    assert not np.allclose(theirs, ours)
    kept = [trustworthiness(points, places, n_neighbors=10) for places in (ours, theirs)]
    assert kept[0] == pytest.approx(kept[1], abs=0.03)
