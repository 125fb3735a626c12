"""Print held-out metrics of base and LLaDR by text mode: mean over seeds, and lowest to highest seed.

``python -m tests.benchmarks.first_numbers --kg starter`` (about five minutes on one core); runs are kept in the workspace, so
a second call only prints. It is what ``lladr train`` and ``lladr evaluate`` do, in a loop.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from core import pipeline
from core.config import RunSettings
from core.workspace import Workspace, file_slug

MODES = ("none", "full", "blind", "name", "shuffled")
METRICS = ("MRR", "H@1", "H@3", "H@10", "H@50", "AUC")


def main(
    kg: Annotated[str, typer.Option(help="Graph: starter or a folder.")] = "starter",
    interaction: Annotated[str, typer.Option(help="Scoring function.")] = "complex",
    seeds: Annotated[int, typer.Option(help="Number of training seeds.")] = 3,
) -> None:
    """Train, evaluate and print a Markdown table."""
    typer.echo(f"{kg}, {interaction}, seeds 0-{seeds - 1}, one thread; held-out pairs: random split, seed 0\n")
    typer.echo(f"| text | {' | '.join(METRICS)} |\n|{'---|' * (len(METRICS) + 1)}")
    for mode in MODES:
        results = [_evaluated(kg, interaction, mode, seed) for seed in range(seeds)]
        values = np.array([[result["metrics"][metric]["value"] for metric in METRICS] for result in results])
        cells = (
            f"{m:.3f} ({low:.3f}-{high:.3f})" for m, low, high in zip(values.mean(0), values.min(0), values.max(0), strict=True)
        )
        typer.echo(f"| {mode} | {' | '.join(cells)} |")


def _evaluated(kg: str, interaction: str, mode: str, seed: int) -> dict:
    workspace = Workspace.default()
    settings = RunSettings(kg=kg).replace(
        text={"mode": mode}, model={"interaction": interaction}, training={"seed": seed, "threads": 1, "device": "cpu"}
    )
    name = file_slug("bench", Path(kg).name, interaction, mode, str(seed))
    pipeline.train_run(workspace, name, settings)
    return pipeline.evaluate_run(workspace, name)


if __name__ == "__main__":
    typer.run(main)
