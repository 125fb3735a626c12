"""Measure LLaDR, base, the text controls, the fusion and every baseline under the protocols, over several splits.

``python -m tests.benchmarks.evaluation_tables --kg FOLDER [--splits 5] [--fusion-splits 2] [--protocols ...]``. Runs are kept in
the workspace ``LLADR_HOME``, so a killed benchmark goes on where it stopped. Each split holds out other treatments and trains all
models anew without them; a cell is the mean over the splits (lowest to highest).
"""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from core import pipeline
from core.config import RunSettings
from core.pipeline.evaluation import evaluate_protocol
from core.pipeline.questions import Question
from core.workspace import Workspace, file_slug

SHOWN = ("MRR", "H@10", "H@50", "AUC", "AUROC", "AUPRC")
PROTOCOLS = "drugs-for-disease,paper,degree-matched,zero-shot"


def main(
    kg: Annotated[str, typer.Option(help="Graph: a folder or starter.")] = "starter",
    splits: Annotated[int, typer.Option(help="Splits, each with a seed of its own.")] = 5,
    fusion_splits: Annotated[int, typer.Option(help="Splits for which the fusion (9 models) is trained, too.")] = 2,
    protocols: Annotated[str, typer.Option(help="Names, separated by commas.")] = PROTOCOLS,
) -> None:
    """Train, evaluate and print one Markdown table a protocol."""
    torch.set_num_threads(1)
    workspace = Workspace.default()
    slug = file_slug(Path(kg).parent.name, Path(kg).name)
    for text, fusion in (("full", None), ("blind", {})) if fusion_splits else (("full", None),):
        settings = RunSettings.parse({"kg": kg, "text": {"mode": text}, "fusion": fusion})
        pipeline.train_run(workspace, f"{slug}-{'fusion' if fusion is not None else text}", settings)
    for protocol in protocols.split(","):
        rows: dict[str, list[dict[str, Any]]] = {}
        for seed in range(splits):
            _collect(rows, workspace, f"{slug}-full", Question(protocol, split_seed=seed), "full")
            if seed < fusion_splits:
                _collect(rows, workspace, f"{slug}-fusion", Question(protocol, split_seed=seed), "fusion, blind text")
        _print(protocol, rows)


def _collect(rows: dict[str, list[dict[str, Any]]], workspace: Workspace, run: str, question: Question, name: str) -> None:
    alone = name == "full"
    result = evaluate_protocol(workspace, run, question, with_baselines=alone, with_controls=alone)
    rows.setdefault(name, []).append(result["metrics"])
    for other in (*result.get("controls", ()), *result.get("baselines", ())):
        rows.setdefault(other["scorer"], []).append(other["metrics"])


def _print(protocol: str, rows: dict[str, list[dict[str, Any]]]) -> None:
    shown = [name for name in SHOWN if name in next(iter(rows.values()))[0]]
    typer.echo(f"\n**{protocol}**\n\n| scorer | splits | {' | '.join(shown)} |\n" + "|---" * (2 + len(shown)) + "|")
    for scorer, results in sorted(rows.items(), key=lambda item: -np.mean([each["MRR"]["value"] for each in item[1]])):
        cells = [_cell([each[name]["value"] for each in results]) for name in shown]
        typer.echo(f"| {scorer} | {len(results)} | {' | '.join(cells)} |")


def _cell(values: list[float]) -> str:
    return f"{np.mean(values):.3f} ({min(values):.3f}-{max(values):.3f})"


if __name__ == "__main__":
    typer.run(main)
