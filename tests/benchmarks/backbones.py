"""Compare LLaDR with its base in every backbone on external positives: mean over seeds, and lowest to highest seed.

``python -m tests.benchmarks.backbones --kg FOLDER --positives P.tsv`` (about eight minutes on one core for the Hetionet core).
Each positive is ranked among all drugs of its disease; what the graph knows and the other positives do not compete.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from core import pipeline
from core.config import RunSettings
from core.evaluate.metrics import per_query
from core.types import IntArray
from core.workspace import Workspace, file_slug
from tests.benchmarks.fusion_quality import external_pairs, ranked

BACKBONES = ("transe", "distmult", "complex", "rotate")
METRICS = ("MRR", "H@10", "H@50", "AUC")


def main(
    kg: Annotated[str, typer.Option(help="Graph: a folder or starter.")],
    positives: Annotated[Path, typer.Option(help="Table of pairs with columns compound and disease.")],
    text: Annotated[str, typer.Option(help="Text mode of LLaDR.")] = "blind",
    seeds: Annotated[int, typer.Option(help="Number of training seeds.")] = 5,
) -> None:
    """Train, rank and print a Markdown table; the last column counts the seeds in which LLaDR has the higher AUC."""
    typer.echo(f"| backbone | text | {' | '.join(METRICS)} | AUC above base |\n|{'---|' * (len(METRICS) + 3)}")
    for backbone in BACKBONES:
        base, injected = (_values(kg, positives, backbone, mode, seeds) for mode in ("none", text))
        wins = int((injected[:, -1] > base[:, -1]).sum())
        typer.echo(f"| {backbone} | none | {_cells(base)} | |")
        typer.echo(f"| {backbone} | {text} | {_cells(injected)} | {wins} of {seeds} |")


def _values(kg: str, positives: Path, backbone: str, mode: str, seeds: int) -> np.ndarray:
    """Return one row of metrics a seed. Shape (seeds, metrics)."""
    return np.array([_measured(_trained(kg, backbone, mode, seed), positives) for seed in range(seeds)])


def _trained(kg: str, backbone: str, mode: str, seed: int) -> pipeline.LoadedRun:
    workspace = Workspace.default()
    settings = RunSettings.parse(
        {"kg": kg, "text": {"mode": mode}, "model": {"interaction": backbone}, "training": {"seed": seed}}
    )
    name = file_slug("backbone", Path(kg).name, backbone, mode, str(seed))
    pipeline.train_run(workspace, name, settings)
    return pipeline.load_run(workspace, name)


def _measured(loaded: pipeline.LoadedRun, positives: Path) -> list[float]:
    pairs: IntArray = external_pairs(loaded.graph, positives)
    ranks, _ = ranked(loaded.graph, loaded.scorer, pairs, pairs)
    values = per_query(ranks)
    return [float(values[metric].mean()) for metric in METRICS]


def _cells(values: np.ndarray) -> str:
    return " | ".join(
        f"{m:.3f} ({low:.3f}-{high:.3f})" for m, low, high in zip(values.mean(0), values.min(0), values.max(0), strict=True)
    )


if __name__ == "__main__":
    typer.run(main)
