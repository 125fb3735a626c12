"""Train a run in its folder: text, start or resume, trace, checkpoints, stop."""

import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from core.config import RunSettings
from core.errors import FingerprintError, WorkspaceError
from core.kg.graph import KnowledgeGraph
from core.kg.loaders import load_graph
from core.kge.checkpoints import restore, save_checkpoint
from core.kge.model import new_model
from core.kge.sampling import ChunkSampler
from core.kge.training import EpochEnd, Trainer
from core.pipeline.runs import State, claimed, read_settings, run_status
from core.text.cache import CachedEmbedder
from core.text.descriptions import load_descriptions
from core.text.embedders import embedder_named
from core.text.matrix import TextMatrix, build_text_matrix
from core.types import Progress, silent
from core.workspace import RunFolder, Workspace, append_line, explained_disk_errors, write_json, write_text

SECONDS_BETWEEN_CHECKPOINTS = 5.0


@dataclass(frozen=True)
class Hooks:
    """How a caller follows a training and stops it."""

    on_text: Progress = silent  #: texts embedded, of how many
    on_epoch: Callable[[EpochEnd], None] = lambda event: None
    stop: Callable[[], bool] = lambda: False  #: asked after each epoch


def text_matrix(workspace: Workspace, graph: KnowledgeGraph, settings: RunSettings, *, progress: Progress = silent) -> TextMatrix:
    """Build the text matrix that a run injects, reduced to the model's dimension, through the vector cache."""
    embedder = CachedEmbedder(embedder_named(settings.text.encoder), workspace.vector_cache)
    matrix = build_text_matrix(graph, load_descriptions(graph), embedder, settings.text, progress=progress)
    return matrix.reduced(settings.model.dim)


def train_run(
    workspace: Workspace,
    name: str,
    settings: RunSettings,
    *,
    restart: bool = False,
    hooks: Hooks | None = None,
) -> RunFolder:
    """Train a run, or go on with one that stopped; a finished one is left as it is.

    :param restart: throw away what a run of this name has, and train anew
    :raises WorkspaceError: if a run of this name has other settings, or is being trained now
    """
    run = workspace.run(name)
    graph = load_graph(settings.kg)
    with claimed(run):
        if restart:
            _forget(run)
        train_in(run, workspace, graph, settings.replace(kg=graph.name), hooks or Hooks())
    return run


def train_in(run: RunFolder, workspace: Workspace, graph: KnowledgeGraph, settings: RunSettings, hooks: Hooks) -> State:
    """Train in a claimed folder until the end, a stop or an error; a finished run is left as it is."""
    _settle(run, settings)
    before = run_status(run, mine=True)
    if (theirs := before.get("fingerprint", graph.vocabulary.fingerprint)) != graph.vocabulary.fingerprint:
        raise FingerprintError(f"The run {run.name!r}", theirs, graph.vocabulary.fingerprint)
    if before["state"] == "finished":
        return "finished"
    status = {"state": "running", "epoch": 0, "epochs": settings.training.epochs, "pid": os.getpid(), "started": time.time()}
    status |= {"fingerprint": graph.vocabulary.fingerprint, "made_with": versions()}
    write_json(run.status_file, status)
    try:
        trainer = _trainer(run, workspace, graph, settings, hooks)
        state = _epochs(run, graph, trainer, status, hooks)
    except BaseException as error:
        write_json(run.status_file, status | {"state": "failed", "error": str(error) or type(error).__name__})
        raise
    write_json(run.status_file, status | {"state": state, "epoch": trainer.epoch, "ended": time.time()})
    return state


def _trainer(run: RunFolder, workspace: Workspace, graph: KnowledgeGraph, settings: RunSettings, hooks: Hooks) -> Trainer:
    """Build a trainer at the start, or where the run's checkpoint left off; the trace ends where it stands."""
    torch.set_num_threads(settings.training.threads or torch.get_num_threads())
    text = _text_of(run, workspace, graph, settings, hooks)
    model = new_model(graph.vocabulary, settings.model, settings.text, text, seed=settings.training.seed)
    trainer = Trainer(model, _sampler(graph, settings), settings)
    if run.model_file.exists():
        restore(trainer, graph.vocabulary, run.model_file)
    kept = [line for line in run.trace() if line["epoch"] <= trainer.epoch]
    write_text(run.trace_file, "".join(json.dumps(line) + "\n" for line in kept))
    return trainer


def _sampler(graph: KnowledgeGraph, settings: RunSettings) -> ChunkSampler:
    training = settings.training
    treatments = np.concatenate([graph.role_relations("treats"), graph.role_relations("palliates")]).tolist()
    whole = treatments if training.objective == "softmax" and training.one_vs_all else ()
    return ChunkSampler(graph.training_triples, graph.kind_codes, graph.n_relations, training, one_vs_all=whole)


def _text_of(
    run: RunFolder, workspace: Workspace, graph: KnowledgeGraph, settings: RunSettings, hooks: Hooks
) -> TextMatrix | None:
    if settings.text.mode == "none":
        return None
    if not run.text_file.exists():
        text_matrix(workspace, graph, settings, progress=hooks.on_text).save(run.text_file)
    return TextMatrix.load(run.text_file, graph.vocabulary)


def _epochs(run: RunFolder, graph: KnowledgeGraph, trainer: Trainer, status: dict[str, Any], hooks: Hooks) -> State:
    """Consume the events of a training: trace, checkpoints, status, requests to stop."""
    saved = time.monotonic()
    for event in trainer.run():
        append_line(run.trace_file, json.dumps(asdict(event)))
        stopping = hooks.stop() or run.stop_file.exists()
        if stopping or event.epoch == event.epochs or time.monotonic() - saved > SECONDS_BETWEEN_CHECKPOINTS:
            save_checkpoint(trainer, graph.vocabulary, run.model_file)
            saved = time.monotonic()
        write_json(run.status_file, status | {"epoch": event.epoch, "updated": time.time()})
        hooks.on_epoch(event)
        if stopping and event.epoch < event.epochs:
            run.stop_file.unlink(missing_ok=True)
            return "stopped"
    return "finished"


def _settle(run: RunFolder, settings: RunSettings) -> None:
    """Write the settings of a new run, or see that those of an old one are the same."""
    if not run.settings_file.exists():
        write_json(run.settings_file, settings.model_dump(mode="json"))
    elif (there := read_settings(run)) != settings:
        old, new = there.model_dump(mode="json"), settings.model_dump(mode="json")
        raise WorkspaceError(
            f"The run {run.name!r} exists with other settings ({', '.join(_differences(old, new))}).",
            advice="choose another --name, or train this one anew with --restart.",
        )
    run.stop_file.unlink(missing_ok=True)


def _differences(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> list[str]:
    found = []
    for key in old:
        if isinstance(old[key], dict):
            found += _differences(old[key], new[key], f"{prefix}{key}.")
        elif old[key] != new[key]:
            found.append(f"{prefix}{key}: {old[key]} there, {new[key]} now")
    return found


def _forget(run: RunFolder) -> None:
    with explained_disk_errors(run.path):
        for path in (run.status_file, run.settings_file, run.model_file, run.text_file, run.trace_file, run.stop_file):
            path.unlink(missing_ok=True)
        for folder in _sibling_runs(run):
            _forget(folder)
            (folder.path / "result.json").unlink(missing_ok=True)


def _sibling_runs(run: RunFolder) -> list[RunFolder]:
    return [RunFolder(path) for path in sorted(run.evaluations.glob("*")) if path.is_dir()]


def versions() -> dict[str, str]:
    """Return the versions that made a run."""
    return {"lladr-explorer": version("lladr-explorer"), "torch": torch.__version__, "python": platform.python_version()}
