"""Hold out known treatments, so that a model can be asked about what it has not seen.

A pair is one pair whatever number of relations joins it: all edges between the two leave the graph, in either direction.
"""

from dataclasses import dataclass

import numpy as np

from core.errors import LeakError, TrainingError
from core.kg.areas import area_named
from core.kg.graph import KnowledgeGraph
from core.types import BoolArray, IntArray

ZERO_SHOT_FRACTION = 0.2  #: of the treated diseases
PARTS = 5  #: of the treatments, each held out once in turn
LEAKS_SHOWN = 5  #: pairs that an error names


@dataclass(frozen=True)
class Split:
    """A graph without the held-out pairs, and these pairs."""

    name: str
    graph: KnowledgeGraph  #: same rows and fingerprint as the whole graph
    test: IntArray  #: shape (k, 2): drug, disease

    def __post_init__(self) -> None:
        check_no_leak(self.graph, self.test)


def random_split(graph: KnowledgeGraph, *, fraction: float, seed: int) -> Split:
    """Hold out a random fraction of the pairs that a drug treats.

    :raises TrainingError: if the graph has too few treatments to hold any out
    """
    pairs = graph.pairs("treats")
    chosen = _chosen(len(pairs), fraction, seed, "known treatments")
    test = pairs[chosen]
    return Split(f"random {fraction:.0%}, seed {seed}", without_pairs(graph, test), test)


def part_split(graph: KnowledgeGraph, *, number: int) -> Split:
    """Hold out one of five equal parts of the pairs that a drug treats; parts 0 to 4 together hold each pair once.

    :param number: from 5 on the treatments are dealt out anew
    :raises TrainingError: if the graph has fewer treatments than parts
    """
    pairs = graph.pairs("treats")
    if len(pairs) < PARTS:
        raise TrainingError(f"The graph has {len(pairs)} known treatments.", expected=f"at least {PARTS}, one for each part")
    deal, part = divmod(number, PARTS)
    part_of = np.random.default_rng(deal).permutation(len(pairs)) % PARTS
    test = pairs[part_of == part]
    return Split(f"part {part + 1} of {PARTS}" + (f", dealt out anew {deal}" if deal else ""), without_pairs(graph, test), test)


def zero_shot_split(graph: KnowledgeGraph, *, seed: int, fraction: float = ZERO_SHOT_FRACTION) -> Split:
    """Hold out all that treats or relieves a random fraction of the diseases; those that a drug treats are asked.

    :raises TrainingError: if the graph has too few treated diseases
    """
    treated = np.unique(graph.pairs("treats")[:, 1])
    diseases = treated[_chosen(len(treated), fraction, seed, "treated diseases")]
    return _without_diseases(graph, diseases, f"all treatments of {len(diseases)} diseases ({fraction:.0%}), seed {seed}")


def area_split(graph: KnowledgeGraph, area: str) -> Split:
    """Hold out all that treats or relieves any disease of a therapeutic area.

    An area is what the source's ``area_relations`` say: all diseases joined with one entity, such as an organ.

    :param area: name, synonym or identifier
    :raises ConfigError: if the source declares no area relation, or the graph has none
    :raises UnknownNameError: if there is no such area; names those with the most treatments
    :raises TrainingError: if no disease of the area, or none outside it, has a known treatment
    """
    found = area_named(graph, area)
    split = _without_diseases(graph, found.diseases, f"area {found.name} ({len(found.diseases)} diseases)")
    if not 0 < len(split.test) < len(graph.pairs("treats")):
        raise TrainingError(
            f"The area {found.name!r} has {len(split.test)} of the graph's {len(graph.pairs('treats'))} treatments.",
            expected="an area with some of the treatments, not all",
        )
    return split


def external_split(graph: KnowledgeGraph, pairs: IntArray, name: str) -> Split:
    """Ask for pairs from outside; the graph stays as it is and must not hold any of them.

    :param pairs: shape (k, 2)
    :raises LeakError: if the graph knows some; says how many and which
    """
    return Split(name, graph, np.unique(pairs, axis=0))


def without_pairs(graph: KnowledgeGraph, pairs: IntArray) -> KnowledgeGraph:
    """Return the graph without any edge between the two members of each pair.

    :param pairs: shape (k, 2)
    """
    return graph.kept(~_between(graph, graph.triples, pairs))


def check_no_leak(graph: KnowledgeGraph, test: IntArray) -> None:
    """Refuse a training graph that still joins a pair which is asked for.

    Relations that a model never learns from (trials, marks) do not count.

    :raises LeakError: says how many pairs and which
    """
    edges = graph.training_triples
    known = edges[_between(graph, edges, test)]
    ends = np.concatenate([known[:, [0, 2]], known[:, [2, 0]]])
    leaked = test[np.isin(graph.pair_codes(test), graph.pair_codes(ends))]
    if len(leaked):
        shown = "; ".join(f"{graph.names[drug]} - {graph.names[disease]}" for drug, disease in leaked[:LEAKS_SHOWN].tolist())
        more = f" and {len(leaked) - LEAKS_SHOWN} more" if len(leaked) > LEAKS_SHOWN else ""
        raise LeakError(
            f"{len(leaked)} of {len(test)} test pairs are in the graph that is learned from: {shown}{more}.",
            expected="test pairs that no edge of the training graph joins",
            advice="leave these pairs out of the file, or evaluate with another graph.",
        )


def _without_diseases(graph: KnowledgeGraph, diseases: IntArray, name: str) -> Split:
    held_out = graph.known[np.isin(graph.known[:, 1], diseases)]
    treats = graph.pairs("treats")
    return Split(name, without_pairs(graph, held_out), treats[np.isin(treats[:, 1], diseases)])


def _between(graph: KnowledgeGraph, triples: IntArray, pairs: IntArray) -> BoolArray:
    """Return which triples join the members of a pair, in either direction. Shape (n,)."""
    codes, ends = graph.pair_codes(pairs), triples[:, [0, 2]]
    return np.isin(graph.pair_codes(ends), codes) | np.isin(graph.pair_codes(ends[:, ::-1]), codes)


def _chosen(count: int, fraction: float, seed: int, what: str) -> IntArray:
    """Choose a fraction of so many things, ascending."""
    held_out = round(count * fraction)
    if not 0 < held_out < count:
        raise TrainingError(
            f"The graph has {count} {what}; {fraction:.0%} of them cannot be held out.",
            expected="enough treatment edges for a training and a test part",
        )
    return np.sort(np.random.default_rng(seed).permutation(count)[:held_out])
