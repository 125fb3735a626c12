"""Compare what leaving out a fact does by a few steps on two rows with training the whole model anew without the fact.

``python -m tests.benchmarks.attribution_quality [--seeds 4] [--edges 7]`` prints, over the facts on the best paths of three pairs
of the starter graph: rank correlation and agreement on the sign between the quick answer and the mean of full retrainings (same
seed, same random numbers, the fact's weight set to 0), beside how far retrainings with two seeds agree with each other; then how
often a treatment's own fact is found to support it; then seconds. About 7 s for each retraining on one core.
"""

import argparse
import logging
import sys
import time
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import torch
from scipy.stats import spearmanr

from core.casestudy.attribution import Place, Ranker, TrainedMember, edge_effects
from core.config import RunSettings
from core.explain.paths import PathFinder
from core.kg.graph import KnowledgeGraph
from core.kg.loaders import load_graph
from core.kge.influence import RowTrainer
from core.kge.model import Model, new_model
from core.kge.sampling import ChunkSampler
from core.kge.scoring import KgeScorer
from core.kge.training import Trainer
from core.pipeline.single import text_matrix
from core.text.matrix import TextMatrix
from core.workspace import Workspace

logger = logging.getLogger(__name__)

PAIRS = (("Galantamine", "Alzheimer's disease"), ("Ibudilast", "Alzheimer's disease"), ("Propranolol", "asthma"))
TREATMENTS = 24


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--edges", type=int, default=7, help="facts a pair")
    options = parser.parse_args()
    torch.set_num_threads(1)
    graph, settings = load_graph("starter"), RunSettings()
    text = text_matrix(Workspace.default(), graph, settings).reduced(settings.model.dim)
    cases = [
        (drug, disease, edge) for drug, disease in pairs(graph) for edge in learned_edges(graph, drug, disease, options.edges)
    ]
    truth = np.array([list(retrained(graph, settings, text, cases, seed)) for seed in range(options.seeds)])
    ranker = open_ranker(graph, settings, text)
    began = time.perf_counter()
    quick = np.array([edge_effects(ranker, drug, disease, [edge])[0].change for drug, disease, edge in cases])
    seconds = time.perf_counter() - began
    report(quick, truth, seconds)
    treatments(ranker)


def tell(line: str) -> None:
    """Write a line."""
    sys.stdout.write(line + "\n")


def report(quick: np.ndarray, truth: np.ndarray, seconds: float) -> None:
    """Print agreement. Shapes (n,), (n_seeds, n)."""
    mean = truth.mean(0)
    between = [spearmanr(truth[a], truth[b])[0] for a, b in combinations(range(len(truth)), 2)]
    tell(f"{len(quick)} facts, {len(truth)} seeds of full retraining")
    agreement = f"rank correlation {spearmanr(quick, mean)[0]:.2f}, linear {np.corrcoef(quick, mean)[0, 1]:.2f}"
    tell(f"{agreement}; between two seeds of retraining {np.mean(between) if between else np.nan:.2f}")
    for least in (0.0, 0.01, 0.02):
        kept = np.abs(quick) >= least
        agree = (np.sign(quick) == np.sign(mean))[kept].mean() if kept.any() else np.nan
        tell(f"same sign where the quick answer is at least {least:.2f}: {agree:.0%} of {kept.sum()}")
    tell(f"{seconds / len(quick):.3f} s a fact, one at a time")


def treatments(ranker: Ranker) -> None:
    """Print how often the fact that a drug treats a disease is found to lift the drug for this disease."""
    graph = ranker.graph
    known = graph.pairs("treats")
    chosen = known[np.random.default_rng(1).choice(len(known), TREATMENTS, replace=False)].tolist()
    relation, place = graph.vocabulary.relation_row["treats"], {tuple(t): row for row, t in enumerate(graph.triples.tolist())}
    effects = [edge_effects(ranker, a, b, [place[a, relation, b]])[0] for a, b in chosen]
    lifted = np.mean([effect.change > 0 for effect in effects])
    named = np.mean([effect.verdict == "supports" for effect in effects])
    against = sum(effect.verdict == "speaks against" for effect in effects)
    tell(f"{TREATMENTS} treatments by their own fact: {lifted:.0%} lifted, {named:.0%} called support, {against} against")


def pairs(graph: KnowledgeGraph) -> list[tuple[int, int]]:
    """Return the rows of the pairs."""
    row = {name: number for number, name in enumerate(graph.names)}
    return [(row[drug], row[disease]) for drug, disease in PAIRS]


def learned_edges(graph: KnowledgeGraph, drug: int, disease: int, count: int) -> list[int]:
    """Return facts on the best paths that a model learns from."""
    learned = set(map(tuple, graph.training_triples.tolist()))
    steps = (step for path in PathFinder(graph).best(drug, disease) for step in path.steps)
    return [edge for edge in dict.fromkeys(step.edge for step in steps) if tuple(graph.triples[edge].tolist()) in learned][:count]


def retrained(
    graph: KnowledgeGraph, settings: RunSettings, text: TextMatrix, cases: list[tuple[int, int, int]], seed: int
) -> Iterator[float]:
    """Yield by how much each fact lifts its drug, by two full trainings."""
    whole = trained(graph, settings, text, seed)
    for number, (drug, disease, edge) in enumerate(cases, start=1):
        poorer = trained(graph, settings, text, seed, left_out=edge)
        logger.info("seed %d: %d of %d", seed, number, len(cases))
        yield height(graph, whole, drug, disease) - height(graph, poorer, drug, disease)


def trained(graph: KnowledgeGraph, settings: RunSettings, text: TextMatrix, seed: int, *, left_out: int | None = None) -> Model:
    """Return a model trained to its end; a fact is left out by weight 0, which keeps all random numbers."""
    own = settings.replace(training={"seed": seed})
    model = new_model(graph.vocabulary, own.model, own.text, text, seed=seed)
    sampler = ChunkSampler(graph.training_triples, graph.kind_codes, graph.n_relations, own.training)
    if left_out is not None:
        place = graph.training_triples.tolist().index(graph.triples[left_out].tolist())
        sampler._weights[[place, place + len(graph.training_triples)]] = 0
    for _ in Trainer(model, sampler, own).run():
        pass
    return model


def height(graph: KnowledgeGraph, model: Model, drug: int, disease: int) -> float:
    """Return how many standard deviations a drug stands above the mean drug."""
    scores = KgeScorer("", model, graph.role_relations("treats")).scores(graph.drugs, np.array([disease]))[0]
    return Place.of(scores, int(np.searchsorted(graph.drugs, drug))).height


def open_ranker(graph: KnowledgeGraph, settings: RunSettings, text: TextMatrix) -> Ranker:
    """Return a model of seed 0, ready for the quick answer."""
    model = trained(graph, settings, text, 0)
    trainer = RowTrainer(graph, model, settings, text.vectors)
    return Ranker(graph, [TrainedMember(settings.model.interaction, trainer, None)])


if __name__ == "__main__":
    main()
