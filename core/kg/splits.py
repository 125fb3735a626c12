"""Hold out known treatments, so that a model can be asked about what it has not seen."""

from dataclasses import dataclass

import numpy as np

from core.errors import TrainingError
from core.kg.graph import KnowledgeGraph
from core.types import IntArray


@dataclass(frozen=True)
class Split:
    """A graph without the held-out pairs, and these pairs."""

    name: str
    graph: KnowledgeGraph  #: same rows and fingerprint as the whole graph
    test: IntArray  #: shape (k, 2): drug, disease


def random_split(graph: KnowledgeGraph, *, fraction: float, seed: int) -> Split:
    """Hold out a random fraction of the pairs that a drug treats.

    A pair is one pair whatever number of relations joins it: all edges between the two are left out, in either direction.

    :raises TrainingError: if the graph has too few treatments to hold any out
    """
    pairs = graph.pairs("treats")
    count = round(len(pairs) * fraction)
    if not 0 < count < len(pairs):
        raise TrainingError(
            f"The graph has {len(pairs)} known treatments; {fraction:.0%} of them cannot be held out.",
            expected="enough treatment edges for a training and a test part",
        )
    chosen = np.random.default_rng(seed).permutation(len(pairs))[:count]
    test = pairs[np.sort(chosen)]
    return Split(f"random {fraction:.0%}, seed {seed}", without_pairs(graph, test), test)


def without_pairs(graph: KnowledgeGraph, pairs: IntArray) -> KnowledgeGraph:
    """Return the graph without any edge between the two members of each pair.

    :param pairs: shape (k, 2)
    """
    removed = graph.pair_codes(pairs)
    ends = graph.triples[:, [0, 2]]
    between = np.isin(graph.pair_codes(ends), removed) | np.isin(graph.pair_codes(ends[:, ::-1]), removed)
    return graph.kept(~between)
