"""Evaluate a run's recipe on treatments that it has not seen."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.errors import TrainingError
from core.evaluate.metrics import as_dict
from core.evaluate.protocols import drugs_for_disease
from core.kg.loaders import load_graph
from core.kg.splits import random_split
from core.pipeline.runs import claimed, read_settings
from core.pipeline.scorers import check_scorer, load_folder
from core.pipeline.single import Hooks
from core.pipeline.training import train_in
from core.workspace import RunFolder, Workspace, read_json, write_json

TEST_FRACTION = 0.1  #: of the known treatments, held out


def evaluate_run(
    workspace: Workspace, name: str, *, scorer: str | None = None, split_seed: int = 0, hooks: Hooks | None = None
) -> dict[str, Any]:
    """Say how good a run's recipe is on treatments that it has not seen.

    The run itself has learned from all known treatments, so the same settings are trained once more on a graph without the
    held-out pairs; those models are kept in the run's folder and are used for nothing else.

    :param scorer: one of the run's scorers; None is its default
    :returns: protocol, counts and metrics with intervals; kept as JSON in the run's folder
    """
    if (known := known_evaluation(workspace, name, scorer=scorer, split_seed=split_seed)) is not None:
        return known
    run = workspace.existing_run(name)
    settings = read_settings(run)
    check_scorer(name, settings, scorer)
    graph = load_graph(settings.kg)
    split = random_split(graph, fraction=TEST_FRACTION, seed=split_seed)
    folder = _folder(run, split_seed)
    with claimed(folder):
        state = train_in(folder, workspace, split.graph, settings, hooks or Hooks())
    if state != "finished":
        raise TrainingError("The evaluation was stopped.", advice="call it again: it goes on where it stopped.")
    chosen = load_folder(folder, name, split.graph).scorer_named(scorer)
    evaluation = drugs_for_disease(chosen, graph, split.test, split=split.name)
    result = {"run": name, "text": settings.text.mode} | asdict(evaluation) | {"metrics": as_dict(evaluation.metrics)}
    write_json(_result_file(run, scorer, split_seed), result)
    return result


def known_evaluation(workspace: Workspace, name: str, *, scorer: str | None = None, split_seed: int = 0) -> dict[str, Any] | None:
    """Return an evaluation made before, or None."""
    path = _result_file(workspace.existing_run(name), scorer, split_seed)
    return read_json(path) if path.exists() else None


def _folder(run: RunFolder, split_seed: int) -> RunFolder:
    return RunFolder(run.evaluations / f"random-{split_seed}")


def _result_file(run: RunFolder, scorer: str | None, split_seed: int) -> Path:
    return _folder(run, split_seed).path / (f"result-{scorer}.json" if scorer else "result.json")
