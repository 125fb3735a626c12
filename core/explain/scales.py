"""Make metapaths comparable: the mean DWPC of each over all pairs of drug and disease."""

from functools import cache

import numpy as np
from scipy import sparse

from core.explain.schema import Metapath
from core.explain.typed import TypedEdges
from core.types import FloatArray


class MetapathScales:
    """Compute mean DWPCs from sparse products.

    For two and three edges the mean is exact: walks that meet a node twice are taken out. For four edges those walks stay in.

    :param kind_sizes: shape (n_kinds,); entities of each kind
    """

    def __init__(self, typed: TypedEdges, kind_sizes: FloatArray) -> None:
        self._typed, self._sizes = typed, kind_sizes
        self._starts, self._along, self._factors = typed.starts(), typed.along(), typed.damped()
        self.mean = cache(self._mean)
        self._matrix = cache(self._damped)

    def _mean(self, metapath: Metapath) -> float:
        """Return the mean DWPC over all pairs of the kinds at the ends; zeros count."""
        kinds = self._typed.metaedges
        pairs = self._sizes[kinds.start_kind[metapath[0]]] * self._sizes[kinds.end_kind[metapath[-1]]]
        return float(self._total(metapath) / pairs)

    def _total(self, metapath: Metapath) -> float:
        tables = [self._matrix(metaedge) for metaedge in metapath]
        total = _walks(tables).sum()
        if len(tables) != 3:
            return total
        one, two, three = tables
        repeated_start = _there_and_back(one, two) @ _walks([three])
        repeated_end = _walks([one.T]) @ _there_and_back(two, three)
        both = one.multiply(two.T).multiply(three).sum()
        return total - repeated_start - repeated_end + both

    def _damped(self, metaedge: int) -> sparse.csr_matrix:
        here, n = self._along == metaedge, len(self._typed.rows)
        places = self._starts[here], self._typed.ends[here]
        return sparse.csr_matrix((self._factors[here], places), shape=(n, n))


def _walks(tables: list[sparse.csr_matrix]) -> FloatArray:
    """Return the weight of all walks from each node. Shape (n_entities,)."""
    weight = np.ones(tables[0].shape[0])
    for table in reversed(tables):
        weight = table @ weight
    return weight


def _there_and_back(out: sparse.csr_matrix, back: sparse.csr_matrix) -> FloatArray:
    """Return the weight of the walks of two edges that come back to where they began. Shape (n_entities,)."""
    return np.asarray(out.multiply(back.T).sum(1)).ravel()
