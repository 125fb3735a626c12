"""Train a run: one model, an ensemble of seeds, or a fusion with all that it needs."""

import json
import shutil
from dataclasses import replace
from functools import partial

from core.config import RunSettings
from core.fusion import REGIMES, Fold, Regime, fit_fusion
from core.kg.graph import KnowledgeGraph
from core.kg.loaders import load_graph
from core.kg.splits import without_pairs
from core.kge.training import EpochEnd
from core.pipeline.members import epochs_in_all, folds_of, member_graph, members
from core.pipeline.runs import State, claimed
from core.pipeline.scorers import fold_components
from core.pipeline.side_by_side import epochs_done, train_side_by_side
from core.pipeline.single import Hooks, embed_texts, recorded, settle, text_matrix, train_single
from core.text.descriptions import pinned
from core.text.matrix import TextMatrix
from core.workspace import RunFolder, Workspace, append_line, explained_disk_errors, write_json, write_text


def train_run(
    workspace: Workspace,
    name: str,
    settings: RunSettings,
    *,
    graph: KnowledgeGraph | None = None,
    restart: bool = False,
    jobs: int = 1,
    hooks: Hooks | None = None,
) -> RunFolder:
    """Train a run, or go on with one that stopped; a finished one is left as it is.

    :param graph: that of the settings, where it is loaded already
    :param restart: throw away what a run of this name has, and train anew
    :param jobs: how many models of an ensemble or a fusion are trained at the same time; the result is the same
    :raises WorkspaceError: if a run of this name has other settings, or is being trained now
    """
    run = workspace.run(name)
    graph = graph or load_graph(settings.kg)
    with claimed(run):
        if restart:
            _forget(run)
        whole = settings.replace(kg=graph.name, text=pinned(settings.text).model_dump())
        train_in(run, workspace, graph, whole, hooks or Hooks(), jobs=jobs)
    return run


def train_in(
    run: RunFolder, workspace: Workspace, graph: KnowledgeGraph, settings: RunSettings, hooks: Hooks, *, jobs: int = 1
) -> State:
    """Train all members of a run in a claimed folder, and then the fusion, until the end, a stop or an error."""
    parts = members(settings)
    if len(parts) == 1:
        return train_single(run, workspace, graph, settings, hooks)
    if settings.fusion:
        for regime in REGIMES:
            folds_of(graph, settings, regime)  # refuses a graph with too few treatments before anything is trained
    if settle(run, graph, settings) == "finished":
        return "finished"
    write_text(run.trace_file, "")
    with recorded(run, graph, epochs_in_all(settings)) as status:
        status["first_epoch"] = sum(epochs_done(part.folder(run)) for part in parts)
        train = partial(_side_by_side, jobs=jobs) if jobs > 1 else _one_after_another
        status["state"] = train(run, workspace, graph, settings, status, hooks)
        if status["state"] == "finished" and settings.fusion:
            _fit(run, workspace, graph, settings, hooks)
    return status["state"]


def _one_after_another(
    run: RunFolder, workspace: Workspace, graph: KnowledgeGraph, settings: RunSettings, status: dict, hooks: Hooks
) -> State:
    status["epoch"] = 0  # members that are trained already count themselves again below
    for part in members(settings):
        folder, follow = part.folder(run), _member_hooks(run, status, hooks)
        state = train_single(folder, workspace, member_graph(graph, settings, part), part.settings, follow)
        if state != "finished":
            run.stop_file.unlink(missing_ok=True)
            return state
        _extend_trace(run, folder, status)
    return "finished"


def _side_by_side(
    run: RunFolder, workspace: Workspace, graph: KnowledgeGraph, settings: RunSettings, status: dict, hooks: Hooks, *, jobs: int
) -> State:
    """Train all members at the same time, then go through them in their order for the trace of the run."""
    embed_texts(workspace, graph, settings, progress=hooks.on_text)  # once, so that no two processes make the same vectors

    def report(epochs: int) -> None:
        status["epoch"] = epochs
        write_json(run.status_file, status)
        hooks.on_part(epochs, status["epochs"])

    state = train_side_by_side(
        run,
        workspace,
        graph,
        settings,
        members(settings),
        jobs=jobs,
        report=report,
        stop=lambda: hooks.stop() or run.stop_file.exists(),
    )
    if state != "finished":
        run.stop_file.unlink(missing_ok=True)
        return state
    return _one_after_another(run, workspace, graph, settings, status, hooks)


def _member_hooks(run: RunFolder, status: dict, hooks: Hooks) -> Hooks:
    """Report a member's epochs as epochs of the whole run, and pass on a wish to stop."""
    before = status["epoch"]

    def on_epoch(event: EpochEnd) -> None:
        whole = replace(event, epoch=before + event.epoch, epochs=status["epochs"])
        write_json(run.status_file, status | {"epoch": whole.epoch})
        hooks.on_epoch(whole)

    def on_part(done: float, _total: int) -> None:
        hooks.on_part(before + done, status["epochs"])

    return Hooks(hooks.on_text, on_epoch, on_part, lambda: hooks.stop() or run.stop_file.exists())


def _extend_trace(run: RunFolder, member: RunFolder, status: dict) -> None:
    """Add a member's trace to that of the run, counted through, and its epochs to the status."""
    lines = member.trace()
    for line in lines:
        numbered = line | {"epoch": status["epoch"] + line["epoch"], "epochs": status["epochs"], "member": member.name}
        append_line(run.trace_file, json.dumps(numbered))
    status["epoch"] += len(lines)


def _fit(run: RunFolder, workspace: Workspace, graph: KnowledgeGraph, settings: RunSettings, hooks: Hooks) -> None:
    """Keep the text vectors that the fusion compares, and learn its weights from the folds."""
    text = None if settings.text.mode == "none" else text_matrix(workspace, graph, settings, progress=hooks.on_text)
    if text is not None:
        text.save(run.text_file)
    fusion = fit_fusion(*(_folds(run, graph, settings, text, regime) for regime in REGIMES))
    write_json(run.fusion_file, fusion.as_dict())


def _folds(run: RunFolder, graph: KnowledgeGraph, settings: RunSettings, text: TextMatrix | None, regime: Regime) -> list[Fold]:
    folds = []
    for number, held in enumerate(folds_of(graph, settings, regime)):
        rest = without_pairs(graph, held.removed)
        folds.append(Fold(rest, held, fold_components(run, rest, settings, text, regime, number)))
    return folds


def _forget(run: RunFolder) -> None:
    """Remove all that a run has but its lock."""
    with explained_disk_errors(run.path):
        run.sweep()
        for path in run.path.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path not in (run.lock_file, run.log_file, run.job_file):
                path.unlink()
