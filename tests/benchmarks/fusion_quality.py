"""Rank treatments that the graph does not know, from sources outside it, by every scorer of a fusion run.

``python -m tests.benchmarks.fusion_quality --kg FOLDER --positives P.tsv [--negatives N.tsv]`` (two minutes on one core for the
Hetionet core). The run is trained through the pipeline in the workspace ``LLADR_HOME`` and kept there. Each positive is ranked
among all drugs of its disease; what the graph knows for the disease and the other positives do not compete, ties stand in the
middle. "Disease H@10": the share of diseases with at least one positive among the first ten. Intervals: 1,000 resamples of whole
diseases. Positives against negatives: the chance that a positive stands higher than a negative, by the percentile within the
disease and by the score itself; intervals from 300 resamples of diseases.
"""

import time
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from sklearn.metrics import roc_auc_score

from core import pipeline
from core.casestudy.pairs import read_pairs
from core.config import RunSettings
from core.evaluate.metrics import Metric, per_query, summarise
from core.evaluate.protocols import known_matrix
from core.evaluate.ranks import Ranks
from core.fusion import REGIMES, Regime
from core.kg.graph import KnowledgeGraph
from core.pipeline.scorers import LoadedRun
from core.types import FloatArray, IntArray, Scorer, TextMode
from core.workspace import Workspace, file_slug

SHOWN = ("MRR", "H@10", "H@50", "AUC")
RESAMPLES = 300


def main(
    kg: Annotated[str, typer.Option(help="Graph: a folder or starter.")],
    positives: Annotated[Path, typer.Option(help="Table of pairs with columns compound and disease.")],
    negatives: Annotated[Path | None, typer.Option(help="The same, of pairs that are no treatments.")] = None,
    text: Annotated[TextMode, typer.Option(help="Text mode of the run.")] = "blind",
    seeds: Annotated[int, typer.Option(help="Seeds of each backbone.")] = 1,
) -> None:
    """Train, rank and print a Markdown table."""
    torch.set_num_threads(1)
    began = time.process_time()
    loaded = _trained(kg, text, seeds)
    good = external_pairs(loaded.graph, positives)
    bad = external_pairs(loaded.graph, negatives) if negatives else np.empty((0, 2), dtype=np.int32)
    typer.echo(f"{loaded.name}: trained and loaded in {time.process_time() - began:.0f} CPU-seconds")
    typer.echo(f"{len(good)} positives of {len(np.unique(good[:, 1]))} diseases, {len(loaded.graph.drugs)} drugs, ", nl=False)
    typer.echo(f"{len(bad)} negatives of {len(np.unique(bad[:, 1]))} diseases\n")
    for regime in REGIMES:
        typer.echo(f"fusion, {regime}: " + ", ".join(f"{name} {weight:.2f}" for name, weight in _weights(loaded, regime)) + "\n")
    shown = (*SHOWN, *(f"disease {name}" for name in SHOWN if name.startswith("H@")))
    against = ("pos/neg by percentile", "pos/neg by score") if len(bad) else ()
    typer.echo("| scorer | " + " | ".join((*shown, *against)) + " |\n" + "|---" * (1 + len(shown) + len(against)) + "|")
    for name, scorer in loaded.scorers.items():
        typer.echo(f"| {name} | " + " | ".join(map(_cell, _row(loaded.graph, scorer, good, bad))) + " |")


def _trained(kg: str, text: TextMode, seeds: int) -> LoadedRun:
    workspace = Workspace.default()
    settings = RunSettings.parse({"kg": kg, "text": {"mode": text}, "seeds": seeds, "fusion": {}})
    name = f"quality-{file_slug(Path(kg).parent.name, Path(kg).name)}-{text}-{seeds}"
    pipeline.train_run(workspace, name, settings)
    return pipeline.load_run(workspace, name)


def external_pairs(graph: KnowledgeGraph, path: Path) -> IntArray:
    """Return the pairs of a file whose drug and disease the graph has, and which it does not know as treatments. Shape (k, 2)."""
    rows = np.unique(read_pairs(path, graph, skip_unknown=True).rows, axis=0)
    return rows[~np.isin(graph.pair_codes(rows), graph.pair_codes(graph.known))]


def _weights(loaded: LoadedRun, regime: Regime) -> list[tuple[str, float]]:
    fusion = loaded.scorers["fusion"].fusion
    return sorted(zip(fusion.components, fusion.of(regime).values, strict=True), key=lambda item: -item[1])


def _row(graph: KnowledgeGraph, scorer: Scorer, good: IntArray, bad: IntArray) -> list[Metric]:
    ranks, _ = ranked(graph, scorer, good, good)
    metrics, any_hit = summarise(ranks, good[:, 1]), summarise(*_best_of_each(ranks, good[:, 1]))
    shown = [metrics[name] for name in SHOWN] + [any_hit[name] for name in SHOWN if name.startswith("H@")]
    if not len(bad):
        return shown
    labels = np.repeat([1, 0], [len(good), len(bad)])
    ranks, scores = ranked(graph, scorer, np.concatenate([good, bad]), good)
    diseases = np.concatenate([good, bad])[:, 1]
    return shown + [_separation(labels, values, diseases) for values in (per_query(ranks)["AUC"], scores)]


def _best_of_each(ranks: Ranks, diseases: IntArray) -> tuple[Ranks, IntArray]:
    """Return the best rank in each disease, and the diseases."""
    order = np.lexsort((ranks.realistic, diseases))
    found, first = np.unique(diseases[order], return_index=True)
    return Ranks(ranks.realistic[order][first], ranks.candidates[order][first]), found


def ranked(graph: KnowledgeGraph, scorer: Scorer, pairs: IntArray, positives: IntArray) -> tuple[Ranks, FloatArray]:
    """Rank each pair's drug among all drugs of its disease but the known ones and the positives; return its score, too."""
    diseases, query = np.unique(pairs[:, 1], return_inverse=True)
    left_out = known_matrix(graph, diseases)
    asked = positives[np.isin(positives[:, 1], diseases)]
    left_out[np.searchsorted(diseases, asked[:, 1]), np.searchsorted(graph.drugs, asked[:, 0])] = True
    scores, column = scorer.scores(graph.drugs, diseases), np.searchsorted(graph.drugs, pairs[:, 0])
    return Ranks.of_targets(scores[query], column, left_out[query]), scores[query, column]


def _separation(labels: IntArray, values: FloatArray, diseases: IntArray) -> Metric:
    members = [np.flatnonzero(diseases == disease) for disease in np.unique(diseases)]
    generator = np.random.default_rng(0)
    drawn = [np.concatenate([members[i] for i in generator.integers(len(members), size=len(members))]) for _ in range(RESAMPLES)]
    areas = [roc_auc_score(labels[rows], values[rows]) for rows in drawn if 0 < labels[rows].sum() < len(rows)]
    low, high = np.quantile(areas, [0.025, 0.975])
    return Metric(float(roc_auc_score(labels, values)), float(low), float(high))


def _cell(metric: Metric) -> str:
    return f"{metric.value:.3f} ({metric.low:.3f}-{metric.high:.3f})"


if __name__ == "__main__":
    typer.run(main)
