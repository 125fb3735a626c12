"""Evaluate a run's recipe on treatments that it has not seen."""

from dataclasses import asdict
from typing import Any

from core.errors import TrainingError
from core.evaluate.metrics import as_dict
from core.evaluate.protocols import drugs_for_disease
from core.kg.loaders import load_graph
from core.kg.splits import random_split
from core.kge.checkpoints import load_model
from core.kge.scoring import KgeScorer
from core.pipeline.runs import claimed, read_settings
from core.pipeline.training import Hooks, train_in
from core.workspace import RunFolder, Workspace, read_json, write_json

TEST_FRACTION = 0.1  #: of the known treatments, held out


def evaluate_run(
    workspace: Workspace,
    name: str,
    *,
    split_seed: int = 0,
    hooks: Hooks | None = None,
) -> dict[str, Any]:
    """Say how good a run's recipe is on treatments that it has not seen.

    The run itself has learned from all known treatments, so the same settings are trained once more on a graph without the
    held-out pairs; that model is kept in the run's folder and is used for nothing else.

    :returns: protocol, counts and metrics with intervals; kept as JSON in the run's folder
    """
    run = workspace.existing_run(name)
    settings = read_settings(run)
    folder = RunFolder(run.evaluations / f"random-{split_seed}")
    result_file = folder.path / "result.json"
    if result_file.exists():
        return read_json(result_file)
    graph = load_graph(settings.kg)
    split = random_split(graph, fraction=TEST_FRACTION, seed=split_seed)
    with claimed(folder):
        state = train_in(folder, workspace, split.graph, settings, hooks or Hooks())
    if state != "finished":
        raise TrainingError("The evaluation was stopped.", advice="call it again: it goes on where it stopped.")
    scorer = KgeScorer(name, load_model(folder.model_file, graph.vocabulary, settings), graph.role_relations("treats"))
    evaluation = drugs_for_disease(scorer, graph, split.test, split=split.name)
    result = {"run": name, "text": settings.text.mode} | asdict(evaluation) | {"metrics": as_dict(evaluation.metrics)}
    write_json(result_file, result)
    return result


def known_evaluation(workspace: Workspace, name: str, *, split_seed: int = 0) -> dict[str, Any] | None:
    """Return an evaluation made before, or None."""
    path = workspace.existing_run(name).evaluations / f"random-{split_seed}" / "result.json"
    return read_json(path) if path.exists() else None
