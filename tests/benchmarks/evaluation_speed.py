"""Rank 79,658 held-out pairs among 63,367 candidates in a graph of 68,471 entities, within little memory.

``OMP_NUM_THREADS=1 python -m tests.benchmarks.evaluation_speed`` (half a minute, one thread, under 1 GB). As many queries and
entities as DRKG's test set has when it is asked in both directions. Beside it stands what published evaluations do: for each
query, a list of the candidates that are not known, made by asking a set; it is timed on samples of the same queries, in rounds,
and multiplied. Ours is timed with its scoring, the lists are given their scores. That both give the same ranks is checked.
"""

import resource
import time
from dataclasses import dataclass

import numpy as np
import typer

from core.evaluate.protocols import drugs_for_disease
from core.kg.graph import KnowledgeGraph
from core.kg.sources import source_for
from core.kg.vocabulary import Vocabulary
from core.types import FloatArray, IntArray

ENTITIES, DISEASES, QUERIES, KNOWN = 68_471, 5_104, 79_658, 60_000
SAMPLE, ROUNDS, DIM = 60, 3, 32


@dataclass
class LowRank:
    """Score by a product of small vectors, so that scoring costs little beside ranking."""

    name: str
    vectors: FloatArray  #: shape (n_entities, dim), float32

    def scores(self, drugs: IntArray, diseases: IntArray) -> FloatArray:
        """Score every pair. Shape (n_diseases, n_drugs)."""
        return self.vectors[diseases] @ self.vectors[drugs].T


def main() -> None:
    """Time both ways and print the ratio."""
    generator = np.random.default_rng(0)
    graph, test = _graph(generator)
    scorer = LowRank("low rank", generator.normal(size=(ENTITIES, DIM)).astype(np.float32))
    known = {tuple(pair) for pair in graph.known.tolist()}
    began = time.perf_counter()
    result = drugs_for_disease(scorer, graph, test, split="benchmark")
    ours = time.perf_counter() - began
    lists = []
    for _ in range(ROUNDS):
        rows = generator.choice(len(test), SAMPLE, replace=False)
        table = scorer.scores(graph.drugs, test[rows, 1])
        began = time.perf_counter()
        ranks = [_with_a_list(row, graph, known, pair) for row, pair in zip(table, test[rows].tolist(), strict=True)]
        lists.append((time.perf_counter() - began) / SAMPLE * len(test))
        found = drugs_for_disease(scorer, graph, test[rows], split="check").metrics["MRR"].value
        assert abs(found - np.mean(1 / np.array(ranks))) < 1e-9
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    typer.echo(f"{result.n_pairs} pairs of {result.n_diseases} diseases, {result.n_candidates} candidates, {ENTITIES} entities")
    typer.echo(f"blocks of diseases: {ours:.0f} s in all, peak {peak:.1f} GB")
    typer.echo(
        f"a list for each query: {np.median(lists):.0f} s ({min(lists):.0f} to {max(lists):.0f}), {SAMPLE} queries a round"
    )
    typer.echo(f"ratio {np.median(lists) / ours:.0f}")


def _graph(generator: np.random.Generator) -> tuple[KnowledgeGraph, IntArray]:
    """Return a graph whose known pairs are the test pairs and as many others again, skewed as real ones are."""
    drugs = ENTITIES - DISEASES
    popular = generator.zipf(1.3, 3 * (QUERIES + KNOWN)) % drugs
    drawn = np.column_stack([popular, drugs + generator.integers(DISEASES, size=len(popular))])
    pairs = generator.permutation(np.unique(drawn, axis=0))[: QUERIES + KNOWN].astype(np.int32)
    names = tuple(str(row) for row in range(ENTITIES))
    graph = KnowledgeGraph(
        name="benchmark",
        source=source_for(("treats",), None),
        vocabulary=Vocabulary(names, ("treats",)),
        names=names,
        kinds=("Compound",) * drugs + ("Disease",) * DISEASES,
        synonyms=((),) * ENTITIES,
        triples=np.insert(pairs, 1, 0, axis=1),
        detail=("",) * len(pairs),
        provenance=("",) * len(pairs),
    )
    return graph, pairs[:QUERIES]


def _with_a_list(scores: FloatArray, graph: KnowledgeGraph, known: set[tuple[int, int]], pair: list[int]) -> float:
    """Rank one pair among the candidates of a list made for it."""
    drug, disease = pair
    kept = [column for column, other in enumerate(graph.drugs.tolist()) if other == drug or (other, disease) not in known]
    own, candidates = scores[drug], scores[kept]
    return 1 + (candidates > own).sum() + ((candidates == own).sum() - 1) / 2


if __name__ == "__main__":
    main()
