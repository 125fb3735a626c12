"""Lay entities out in two dimensions: PCA, then UMAP from given places with a fixed seed, so that panels can be compared."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.decomposition import PCA

from core.errors import ConfigError
from core.projection.neighbours import nearest_by_distance
from core.projection.space import unit_rows
from core.projection.umap import descend, fuzzy_graph
from core.types import FloatArray, Progress, silent

FEWEST = 5  #: entities that can be laid out
SPAN = 10.0  #: of the start, as umap-learn scales it


@dataclass(frozen=True, kw_only=True)
class LayoutSettings:
    """What determines a layout beside the vectors."""

    components: int = 50  #: of the PCA before UMAP
    neighbours: int = 15  #: that UMAP keeps together
    min_dist: float = 0.1  #: of UMAP (McInnes et al. 2018, arXiv 1802.03426)
    draft_epochs: int = 200  #: of the first layout, from the PCA
    epochs: int = 300  #: of every panel, from the first layout
    seed: int = 0
    method: Literal["fast", "umap-learn"] = "fast"  #: our descent, or the library's own, for comparison (several times slower)


def principal_components(vectors: FloatArray, count: int) -> FloatArray:
    """Return the first principal components of the unit vectors. Shape (n, at most count), float32."""
    unit = unit_rows(vectors)
    pca = PCA(n_components=min(count, *unit.shape), svd_solver="covariance_eigh")
    return np.ascontiguousarray(pca.fit_transform(unit), dtype=np.float32)


def draft(points: FloatArray, settings: LayoutSettings, *, progress: Progress = silent) -> FloatArray:
    """Lay out from the first two principal components, which keep the large distances. Shapes (n, c) -> (n, 2).

    All panels start from one draft, the panel "before" too: equal vectors then end at equal places, and what differs between
    two panels is due to their vectors.
    """
    return _umap(points, _two_columns(points), settings.draft_epochs, settings, progress)


def lay_out(points: FloatArray, start: FloatArray, settings: LayoutSettings, *, progress: Progress = silent) -> FloatArray:
    """Lay out from given places. Shapes (n, c), (n, 2) -> (n, 2), float32."""
    return _umap(points, start, settings.epochs, settings, progress)


def _two_columns(points: FloatArray) -> FloatArray:
    columns = np.zeros((len(points), 2), dtype=np.float32)
    columns[:, : points.shape[1]] = points[:, :2]
    return columns


def _umap(points: FloatArray, start: FloatArray, epochs: int, settings: LayoutSettings, progress: Progress) -> FloatArray:
    """Run UMAP on exact neighbours, on one thread: the same seed gives the same bits."""
    if len(points) < FEWEST:
        raise ConfigError(f"{len(points)} entities cannot be laid out.", expected=f"a graph of at least {FEWEST}")
    if settings.method == "umap-learn":
        return _by_the_library(points, start, epochs, settings)
    near = nearest_by_distance(points, settings.neighbours)
    graph = fuzzy_graph(near, np.sqrt(np.maximum(-near.closeness, 0)))
    places = _spread(start, settings.seed)
    return descend(graph, places, epochs=epochs, min_dist=settings.min_dist, seed=settings.seed, progress=progress)


def _by_the_library(points: FloatArray, start: FloatArray, epochs: int, settings: LayoutSettings) -> FloatArray:
    """Let umap-learn do the whole of it from the same start."""
    from umap.umap_ import UMAP

    umap = UMAP(
        n_neighbors=min(settings.neighbours + 1, len(points) - 1),  # it counts the entity itself
        min_dist=settings.min_dist,
        init=_spread(start, settings.seed),
        n_epochs=epochs,
        random_state=settings.seed,
        n_jobs=1,
    )
    return np.asarray(umap.fit_transform(points), dtype=np.float32)


def _spread(start: FloatArray, seed: int) -> FloatArray:
    """Scale a start to 0..10 with a little noise, so that no two entities stand at one place and no axis is empty."""
    span = max(float(np.ptp(start, axis=0).max()), 1e-9)
    noise = np.random.default_rng(seed).normal(scale=1e-4 * SPAN, size=start.shape)
    return ((start - start.min(axis=0)) * (SPAN / span) + noise).astype(np.float32)


@dataclass(frozen=True)
class Aligned:
    """A layout moved onto another."""

    coordinates: FloatArray  #: shape (n, 2), float32
    residual: float  #: 0: the same shape; 1: nothing in common (the share of the spread that no move explains)


def align(moving: FloatArray, fixed: FloatArray) -> Aligned:
    """Shift, turn, mirror and scale a layout onto another as well as can be (Procrustes; Gower 1975, doi 10.1007/BF02291478).

    :param moving: shape (n, 2)
    :param fixed: shape (n, 2); the same entities
    """
    middle = fixed.mean(axis=0, dtype=np.float64)
    target, source = fixed - middle, moving - moving.mean(axis=0, dtype=np.float64)
    left, values, right = np.linalg.svd(source.T @ target)
    spread, others = (source**2).sum(), (target**2).sum()
    turned = source @ (left @ right) * (values.sum() / max(spread, 1e-30))
    residual = 1 - values.sum() ** 2 / max(spread * others, 1e-30)
    return Aligned((turned + middle).astype(np.float32), max(float(residual), 0.0))
