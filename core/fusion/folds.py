"""Cut the known treatments into parts, each held out once: by pairs, or with all that is known for a disease."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import TrainingError
from core.kg.graph import KnowledgeGraph
from core.types import IntArray, Scorer


@dataclass(frozen=True)
class Held:
    """Pairs that are held out together. Shape (k, 2): drug, disease."""

    treatments: IntArray  #: that the fusion learns from
    removed: IntArray  #: all that leave the graph: the treatments, and with whole diseases what relieves them, too


@dataclass(frozen=True)
class Fold:
    """Pairs held out together, and the components made without them."""

    graph: KnowledgeGraph  #: without the pairs that are removed
    held: Held
    components: Sequence[Scorer]


def treatment_folds(graph: KnowledgeGraph, count: int, *, seed: int) -> list[Held]:
    """Cut the pairs that a drug treats into folds at random; most diseases keep other treatments.

    :raises TrainingError: if there are fewer than two pairs a fold
    """
    pairs = graph.pairs("treats")
    if len(pairs) < 2 * count:
        raise _too_few(f"{len(pairs)} known treatments", 2 * count)
    return [Held(pairs[chosen], pairs[chosen]) for chosen in _parts(len(pairs), count, seed)]


def disease_folds(graph: KnowledgeGraph, count: int, *, seed: int) -> list[Held]:
    """Cut the diseases that a drug treats into folds at random; those of a fold lose all that treats or relieves them.

    :raises TrainingError: if there are fewer such diseases than folds
    """
    treats, known = graph.pairs("treats"), graph.known
    diseases = np.unique(treats[:, 1])
    if len(diseases) < count:
        raise _too_few(f"known treatments of {len(diseases)} diseases", count)
    chosen = [diseases[part] for part in _parts(len(diseases), count, seed)]
    return [Held(treats[np.isin(treats[:, 1], part)], known[np.isin(known[:, 1], part)]) for part in chosen]


def _parts(size: int, count: int, seed: int) -> list[IntArray]:
    part_of = np.random.default_rng(seed).permutation(size) % count
    return [np.flatnonzero(part_of == part) for part in range(count)]


def _too_few(found: str, expected: int) -> TrainingError:
    return TrainingError(
        f"The graph has {found}, too few to learn a fusion from.",
        expected=f"at least {expected}",
        advice="train without --fusion.",
    )
