"""Train one model in its folder: text, start or resume, trace, checkpoints, stop."""

import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from core.config import RunSettings
from core.errors import FingerprintError, WorkspaceError
from core.kg.graph import KnowledgeGraph
from core.kge.checkpoints import restore, save_checkpoint
from core.kge.model import new_model
from core.kge.sampling import ChunkSampler
from core.kge.training import EpochEnd, Trainer
from core.pipeline.runs import State, read_settings, run_status
from core.pipeline.validation import Validation, trace_line
from core.text.cache import CachedEmbedder
from core.text.descriptions import descriptions_of
from core.text.embedders import embedder_named
from core.text.matrix import TextMatrix, build_text_matrix, relation_vectors
from core.types import NamedProgress, Progress, silent
from core.workspace import RunFolder, Workspace, append_line, write_json, write_text

SECONDS_BETWEEN_CHECKPOINTS = 5.0


@dataclass(frozen=True)
class Hooks:
    """How a caller follows a training and stops it."""

    on_text: Progress = silent  #: texts embedded, of how many
    on_epoch: Callable[[EpochEnd], None] = lambda event: None
    on_part: Callable[[float, int], None] = lambda done, total: None  #: epochs done, with their fraction, of how many
    stop: Callable[[], bool] = lambda: False  #: asked after each epoch, and before each measurement of an evaluation
    on_measure: NamedProgress = lambda words, done, total: None  #: measurements of an evaluation, after its trainings


def text_matrix(workspace: Workspace, graph: KnowledgeGraph, settings: RunSettings, *, progress: Progress = silent) -> TextMatrix:
    """Build the text matrix of a run's text mode through the vector cache, not yet reduced."""
    texts = descriptions_of(graph, settings.text)
    return build_text_matrix(graph, texts, _embedder(workspace, settings), settings.text, progress=progress)


def embed_texts(workspace: Workspace, graph: KnowledgeGraph, settings: RunSettings, *, progress: Progress = silent) -> None:
    """Put all text vectors of a run into the vector cache."""
    if settings.text.mode != "none":
        text_matrix(workspace, graph, settings, progress=progress)
        if settings.text.relations:
            relation_vectors(graph, _embedder(workspace, settings))


def _embedder(workspace: Workspace, settings: RunSettings) -> CachedEmbedder:
    return CachedEmbedder(embedder_named(settings.text.encoder), workspace.vector_cache)


def train_single(run: RunFolder, workspace: Workspace, graph: KnowledgeGraph, settings: RunSettings, hooks: Hooks) -> State:
    """Train one model until the end, a stop or an error; a finished one is left as it is."""
    if settle(run, graph, settings) == "finished":
        return "finished"
    with recorded(run, graph, settings.training.epochs) as status:
        validation = Validation(run, graph, settings) if settings.training.patience else None
        trainer = _trainer(run, workspace, validation.graph if validation else graph, settings, hooks)
        if validation:
            validation.remember(run.trace())
        status["epoch"] = trainer.epoch
        write_json(run.status_file, status)
        with _threads(settings.training.threads):
            state = _epochs(run, graph, trainer, status, hooks, validation)
        if validation and state == "finished":
            status["best_epoch"] = validation.take_best(run.model_file)
        status |= {"state": state, "epoch": trainer.epoch}
    return state


@contextmanager
def recorded(run: RunFolder, graph: KnowledgeGraph, epochs: int) -> Iterator[dict[str, Any]]:
    """Keep the run's status on disk: running, then what the body made of it, or failed with the error."""
    epoch = run_status(run, mine=True)["epoch"] if run.status_file.exists() else 0
    status = {"state": "running", "epoch": epoch, "epochs": epochs, "pid": os.getpid(), "started": time.time()}
    status |= {"fingerprint": graph.vocabulary.fingerprint, "made_with": versions()}
    write_json(run.status_file, status)
    try:
        yield status
    except BaseException as error:
        write_json(run.status_file, status | {"state": "failed", "error": str(error) or type(error).__name__})
        raise
    write_json(run.status_file, status | {"ended": time.time()})


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let torch use so many threads inside; 0 changes nothing. The encoder before and after may use all."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _trainer(run: RunFolder, workspace: Workspace, graph: KnowledgeGraph, settings: RunSettings, hooks: Hooks) -> Trainer:
    """Build a trainer at the start, or where the run's checkpoint left off; the trace ends where it stands."""
    text = _text_of(run, workspace, graph, settings, hooks)
    model = new_model(
        graph.vocabulary,
        settings.model,
        settings.text,
        text,
        seed=settings.training.seed,
        kind_codes=graph.kind_codes,
    )
    if text is not None and settings.text.relations and not run.model_file.exists():
        phrases = relation_vectors(graph, _embedder(workspace, settings))
        model.start_relations(text.project(phrases, settings.model.dim), settings.text.rho)
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


def _epochs(
    run: RunFolder,
    graph: KnowledgeGraph,
    trainer: Trainer,
    status: dict[str, Any],
    hooks: Hooks,
    validation: Validation | None,
) -> State:
    """Consume the events of a training: validation, trace, checkpoints, status, requests to stop."""
    saved = time.monotonic()
    epochs = trainer.settings.training.epochs
    for event in trainer.run(on_step=lambda done, total: hooks.on_part(trainer.epoch + done / total, epochs)):
        append_line(run.trace_file, trace_line(asdict(event), validation.measure(trainer) if validation else None))
        stopping, exhausted = hooks.stop() or run.stop_file.exists(), validation and validation.exhausted(event.epoch)
        if stopping or exhausted or event.epoch == event.epochs or time.monotonic() - saved > SECONDS_BETWEEN_CHECKPOINTS:
            save_checkpoint(trainer, graph.vocabulary, run.model_file)
            trainer.saved, saved = trainer.epoch, time.monotonic()
        status |= {"epoch": event.epoch, "updated": time.time()}
        write_json(run.status_file, status)
        hooks.on_epoch(event)
        if exhausted:
            return "finished"
        if stopping and event.epoch < event.epochs:
            run.stop_file.unlink(missing_ok=True)
            return "stopped"
    return "finished"


def settle(run: RunFolder, graph: KnowledgeGraph, settings: RunSettings) -> State:
    """Write the settings of a new run, or see that those of an old one are the same; return how far it is.

    As long as there are no weights, settings may still change: a mistyped device shall not block the name.

    :raises WorkspaceError: if a run of this name has other settings
    :raises FingerprintError: if it was trained on a graph with other rows
    """
    if not run.settings_file.exists() or not (run.model_file.exists() or run.members.exists()):
        run.text_file.unlink(missing_ok=True)
        write_json(run.settings_file, settings.model_dump(mode="json"))
    elif (there := read_settings(run)) != settings:
        old, new = there.model_dump(mode="json"), settings.model_dump(mode="json")
        raise WorkspaceError(
            f"The run {run.name!r} exists with other settings ({', '.join(_differences(old, new))}).",
            advice="choose another --name, or train this one anew with --restart.",
        )
    run.stop_file.unlink(missing_ok=True)
    run.sweep()
    before = run_status(run, mine=True)
    if (theirs := before.get("fingerprint", graph.vocabulary.fingerprint)) != graph.vocabulary.fingerprint:
        raise FingerprintError(f"The run {run.name!r}", theirs, graph.vocabulary.fingerprint)
    return before["state"]


def _differences(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> list[str]:
    found = []
    for key in old:
        if isinstance(old[key], dict) and isinstance(new[key], dict):
            found += _differences(old[key], new[key], f"{prefix}{key}.")
        elif old[key] != new[key]:
            found.append(f"{prefix}{key}: {old[key]} there, {new[key]} now")
    return found


def versions() -> dict[str, str]:
    """Return the versions that made a run."""
    return {"lladr-explorer": version("lladr-explorer"), "torch": torch.__version__, "python": platform.python_version()}
