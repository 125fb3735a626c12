"""Measure how well a space separates kinds and classes, what of it a picture shows, and how much two spaces have in common.

All but the trustworthiness is measured in the original space, not in the picture.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist
from sklearn.metrics import silhouette_samples

from core.projection.space import unit_rows
from core.types import FloatArray, IntArray

NEIGHBOURS = 15  #: that count as a neighbourhood
SILHOUETTE_SAMPLE = 2000
TRUST_SAMPLE = 600
QUERIES_A_BLOCK = 200


@dataclass(frozen=True)
class Measure:
    """A mean over entities with its bootstrap interval, and between what it can lie."""

    value: float
    low: float  #: 2.5 % of the resampled means
    high: float  #: 97.5 %
    n: int  #: entities measured
    chance: float | None = None  #: what neighbours drawn at random would give
    best: float | None = None  #: what a perfect order would give, where groups may be smaller than the neighbourhood


def averaged(
    values: FloatArray, *, seed: int = 0, resamples: int = 1000, chance: float | None = None, best: float | None = None
) -> Measure:
    """Return a mean with its 95 % bootstrap interval over entities. Shape (n,).

    Resampling n entities is drawing how often each distinct value occurs: few values make it fast, whatever n is.
    """
    distinct, counts = np.unique(values, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(values), counts / len(values), size=resamples)
    low, high = np.quantile(drawn @ distinct / len(values), [0.025, 0.975])
    return Measure(float(np.mean(values)), float(low), float(high), len(values), chance, best)


def kind_purity(neighbours: IntArray, kinds: IntArray) -> Measure:
    """Return the share of an entity's neighbours that are of its own kind. Shapes (n, k), (n,)."""
    sizes = np.bincount(kinds)[kinds]
    mates = (sizes - 1) / max(len(kinds) - 1, 1)
    best = np.minimum(sizes - 1, neighbours.shape[1]) / max(neighbours.shape[1], 1)
    share = (kinds[neighbours] == kinds[:, None]).mean(axis=1)
    return averaged(share, chance=float(mates.mean()), best=float(best.mean()))


def class_purity(neighbours: IntArray, classes: csr_array) -> Measure | None:
    """Return the share of a drug's neighbours, among drugs, that share a class with it; None where no two drugs do.

    Drugs without a companion in their class are left out: nothing could find one.

    :param neighbours: shape (n_drugs, k); among these drugs
    :param classes: shape (n_drugs, n_classes); 1 where a drug belongs to a class
    """
    mates = np.diff((classes @ classes.T).tocsr().indptr) - 1
    if not (kept := np.flatnonzero(mates > 0)).size:
        return None
    k = neighbours.shape[1]
    pairs = classes[np.repeat(kept, k)].multiply(classes[neighbours[kept].ravel()])
    share = (pairs.sum(axis=1) > 0).reshape(-1, k).mean(axis=1)
    best = np.minimum(mates[kept], k) / k
    return averaged(share, chance=float(mates[kept].mean() / (len(mates) - 1)), best=float(best.mean()))


def silhouette(vectors: FloatArray, kinds: IntArray, *, seed: int = 0) -> Measure | None:
    """Return the mean silhouette of kinds by cosine distance, on a sample (Rousseeuw 1987, doi 10.1016/0377-0427(87)90125-7).

    Above 0 an entity is nearer to its own kind than to any other; None where there is only one kind.
    """
    sample = _sample(len(vectors), SILHOUETTE_SAMPLE, seed)
    found = len(np.unique(kinds[sample]))
    if not 1 < found < len(sample):
        return None
    return averaged(silhouette_samples(vectors[sample], kinds[sample], metric="cosine"), chance=0.0, best=1.0)


def trustworthiness(vectors: FloatArray, picture: FloatArray, *, k: int = NEIGHBOURS, seed: int = 0) -> Measure:
    """Return how far the neighbours in the picture are neighbours in the space: 1 is all, a random picture gives about a half.

    Each strange neighbour costs its rank in the space beyond k (Venna and Kaski 2001, doi 10.1007/3-540-44668-0_68). Asked of
    a sample, against all entities.

    :param vectors: shape (n, dim)
    :param picture: shape (n, 2)
    """
    count = len(vectors)
    k = min(k, max((count - 1) // 2, 1))
    sample, unit = _sample(count, TRUST_SAMPLE, seed), unit_rows(vectors)
    blocks = np.array_split(sample, -(-len(sample) // QUERIES_A_BLOCK))
    costs = np.concatenate([_rank_costs(unit, picture, block, k) for block in blocks])
    return averaged(1 - costs * 2 / (k * (2 * count - 3 * k - 1)), chance=0.5, best=1.0)


def _rank_costs(unit: FloatArray, picture: FloatArray, queries: IntArray, k: int) -> FloatArray:
    """Return, a query, the sum of the ranks beyond k of its k neighbours in the picture. Shape (q,)."""
    here = np.arange(len(queries))
    apart = cdist(picture[queries], picture)
    apart[here, queries] = np.inf
    shown = np.argpartition(apart, k - 1, axis=1)[:, :k]
    similar = unit[queries] @ unit.T
    similar[here, queries] = -np.inf
    ranks = np.stack([1 + (similar > similar[here, shown[:, place]][:, None]).sum(axis=1) for place in range(k)], axis=1)
    return np.maximum(ranks - k, 0).sum(axis=1)


def overlap(before: IntArray, after: IntArray) -> FloatArray:
    """Return the share of each entity's neighbours that two spaces have in common. Shapes (n, k), (n, k) -> (n,)."""
    rows = np.arange(len(before))[:, None] * len(before)
    common = np.isin(rows + before, rows + after, assume_unique=True)
    return common.reshape(before.shape).mean(axis=1)


def mean_overlap(shares: FloatArray, k: int) -> Measure:
    """Return the mean of :func:`overlap` over entities; chance is k of all others."""
    return averaged(shares, chance=min(k / max(len(shares) - 1, 1), 1.0), best=1.0)


def _sample(count: int, size: int, seed: int) -> IntArray:
    return np.sort(np.random.default_rng(seed).permutation(count)[:size])
