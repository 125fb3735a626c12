"""Measure LLaDR, base, the text controls, the fusion and every baseline under the protocols, over several splits.

``python -m tests.benchmarks.evaluation_tables --kg FOLDER [--splits 5] [--fusion-splits 2] [--protocols ...]``. Runs are kept in
the workspace ``LLADR_HOME``, so a killed benchmark goes on where it stopped. A split holds out other treatments (``area``: those
of another area) and all models are trained anew without them; with ``--positives`` (``external``) a split is another training
seed of models that learn from the whole graph. A cell is the mean over the splits (lowest to highest). The last column counts the
splits on which LLaDR has a significantly higher (+) or lower (-) MRR than that row: permutation test over diseases, p < 0.05.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from core import pipeline
from core.config import RunSettings
from core.errors import LladrError
from core.kg.areas import areas
from core.kg.loaders import load_graph
from core.pipeline.evaluation import compare_runs, evaluate_protocol
from core.pipeline.questions import Question
from core.types import TextMode
from core.workspace import Workspace, file_slug

SHOWN = ("MR", "MRR", "H@3", "H@10", "H@50", "AUC", "AUROC", "AUPRC", "BEDROC", "AUROC vs negatives")
PROTOCOLS = "drugs-for-disease,paper,paper-filtered,degree-matched,zero-shot,area"
MODEL = "LLaDR, full text"
FUSIONS: dict[str, TextMode] = {"fusion, blind text": "blind", "fusion, full text": "full"}
SIGNIFICANT = 0.05

Row = tuple[dict[str, Any], list[dict[str, Any]]]  #: metrics, and the differences of the model from it
Rows = dict[str, list[Row]]


def main(
    kg: Annotated[str, typer.Option(help="Graph: a folder or starter.")] = "starter",
    splits: Annotated[
        int, typer.Option(help="Splits, each with a seed of its own; area: the areas with the most treatments.")
    ] = 5,
    fusion_splits: Annotated[int, typer.Option(help="Splits for which two fusions (11 models each) are trained, too.")] = 2,
    protocols: Annotated[str, typer.Option(help="Names, separated by commas; external comes with --positives.")] = PROTOCOLS,
    positives: Annotated[Path | None, typer.Option(help="Pairs for external; those that the graph lacks are left out.")] = None,
    negatives: Annotated[Path | None, typer.Option(help="The same, of pairs that are no treatments.")] = None,
) -> None:
    """Train, evaluate and print one Markdown table a protocol."""
    torch.set_num_threads(1)
    names = [*filter(None, protocols.split(",")), *(["external"] if positives else [])]
    typer.echo(f"# {kg}")
    for protocol in names:
        try:
            questions = list(_questions(protocol, kg, splits, positives, negatives))
        except LladrError as error:
            typer.echo(f"\n**{protocol}**: {error.found}")
            continue
        rows: Rows = {}
        asked = [_ask(rows, kg, each, number, with_fusion=number < fusion_splits) for number, each in enumerate(questions)]
        _print(protocol, rows, "; ".join(dict.fromkeys(asked)))


def _questions(protocol: str, kg: str, splits: int, positives: Path | None, negatives: Path | None) -> Iterator[Question]:
    """Yield one question a split; pairs from a file are the same in all of them."""
    if protocol == "area":
        yield from (Question(protocol, area=area.name) for area in areas(load_graph(kg))[:splits])
    elif protocol == "external":
        yield from splits * [Question(protocol, positives=positives, negatives=negatives, skip_unknown=True)]
    else:
        yield from (Question(protocol, split_seed=seed) for seed in range(splits))


def _ask(rows: Rows, kg: str, question: Question, number: int, *, with_fusion: bool) -> str:
    """Ask all scorers on one split, and return what was asked.

    Baselines learn nothing from a training seed, so pairs from a file are asked of them once.
    """
    external = question.protocol == "external"
    workspace, seed = Workspace.default(), number if external else 0
    run, first = _trained(workspace, kg, "full", seed, fusion=False), number == 0 or not external
    result = evaluate_protocol(workspace, run, question, with_baselines=first, with_controls=True)
    rows.setdefault(MODEL, []).append((result["metrics"], []))
    for other in (*result["controls"], *(result["baselines"] if first else ())):
        rows.setdefault(other["scorer"], []).append((other["metrics"], other["run_minus_this"]))
    for name, text in FUSIONS.items() if with_fusion else ():
        fusion = _trained(workspace, kg, text, seed, fusion=True)
        metrics = evaluate_protocol(workspace, fusion, question)["metrics"]
        rows.setdefault(name, []).append((metrics, [vars(found) for found in compare_runs(workspace, run, fusion, question)]))
    words = [question.area or "", f"{result['n_pairs']} pairs", f"of {result['n_diseases']} diseases"]
    return " ".join([*filter(None, words), *([f"({result['skipped']} left out)"] if result["skipped"] else [])])


def _trained(workspace: Workspace, kg: str, text: TextMode, seed: int, *, fusion: bool) -> str:
    """Return the name of a run, trained where there is none yet."""
    kind = f"fusion-{text}" if fusion else text
    name = f"{file_slug(Path(kg).parent.name, Path(kg).name)}-{kind}{f'-seed{seed}' if seed else ''}"
    settings = {"kg": kg, "text": {"mode": text}, "fusion": {} if fusion else None, "training": {"seed": seed}}
    pipeline.train_run(workspace, name, RunSettings.parse(settings))
    return name


def _print(protocol: str, rows: Rows, asked: str) -> None:
    shown = [name for name in SHOWN if name in rows[MODEL][0][0]]
    typer.echo(f"\n**{protocol}**: {asked}\n\n| scorer | splits | {' | '.join(shown)} | LLaDR +/- |")
    typer.echo("|---" * (3 + len(shown)) + "|")
    for scorer, found in sorted(rows.items(), key=lambda item: -np.mean([metrics["MRR"]["value"] for metrics, _ in item[1]])):
        cells = [_cell([metrics[name]["value"] for metrics, _ in found]) for name in shown]
        typer.echo(f"| {scorer} | {len(found)} | {' | '.join(cells)} | {_significant(found) if scorer != MODEL else ''} |")


def _cell(values: list[float]) -> str:
    return f"{np.mean(values):.3f} ({min(values):.3f}-{max(values):.3f})" if len(values) > 1 else f"{values[0]:.3f}"


def _significant(found: list[Row]) -> str:
    tests = [test for _, differences in found for test in differences if test["metric"] == "MRR"]
    signs = [np.sign(test["difference"]) for test in tests if test["p_value"] < SIGNIFICANT]
    return f"+{signs.count(1)} -{signs.count(-1)} of {len(tests)}"


if __name__ == "__main__":
    typer.run(main)
