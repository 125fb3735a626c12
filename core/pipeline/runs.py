"""Say which runs there are, how far they are, and load them."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from core.config import RunSettings
from core.errors import UnknownNameError, WeightsError, WorkspaceError
from core.kg.graph import KnowledgeGraph
from core.kg.loaders import load_graph
from core.kge.checkpoints import load_model
from core.kge.model import Model
from core.kge.scoring import KgeScorer
from core.workspace import RunFolder, Workspace, explained_disk_errors, read_json

State = Literal["running", "stopped", "interrupted", "failed", "finished"]


def read_settings(run: RunFolder) -> RunSettings:
    """Read the settings of a run."""
    return RunSettings.parse(read_json(run.settings_file))


def run_status(run: RunFolder, *, mine: bool = False) -> dict[str, Any]:
    """Return how far a run is; one whose process died is ``interrupted``.

    :param mine: the caller holds the run's lock itself
    """
    if not run.status_file.exists():
        return {"state": "interrupted", "epoch": 0}
    status = read_json(run.status_file)
    if status["state"] == "running" and not mine and not is_being_trained(run):
        status["state"] = "interrupted"
    return status


def is_being_trained(run: RunFolder) -> bool:
    """Return whether a process is training this run now."""
    if not run.lock_file.exists():
        return False
    with run.lock_file.open("r") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


@contextmanager
def claimed(run: RunFolder) -> Iterator[None]:
    """Hold the run's lock, so that two trainings never write into one folder.

    :raises WorkspaceError: if another process holds it
    """
    with explained_disk_errors(run.path):
        run.path.mkdir(parents=True, exist_ok=True)
        file = run.lock_file.open("w")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise WorkspaceError(
                f"The run {run.name!r} is being trained by another process.",
                advice="wait for it, stop it, or choose another --name.",
            ) from error
        yield


@dataclass(frozen=True)
class LoadedRun:
    """A finished run with its graph, ready to score."""

    name: str
    settings: RunSettings
    graph: KnowledgeGraph
    model: Model

    @cached_property
    def scorer(self) -> KgeScorer:
        """Return what ranks drugs with this run."""
        return KgeScorer(self.name, self.model, self.graph.role_relations("treats"))


def load_run(workspace: Workspace, name: str, *, graph: KnowledgeGraph | None = None) -> LoadedRun:
    """Load a run that has weights.

    :param graph: the run's graph where it is loaded already
    :raises UnknownNameError: if there is no such run
    :raises WeightsError: if it is not finished, or its weights are damaged
    """
    run = workspace.existing_run(name)
    settings = read_settings(run)
    if not run.model_file.exists():
        raise WeightsError(
            f"The run {name!r} has no weights yet.", advice=f"train it: `lladr train --name {name}` or page Training."
        )
    graph = graph or load_graph(settings.kg)
    return LoadedRun(name, settings, graph, load_model(run.model_file, graph.vocabulary, settings))


def default_run(workspace: Workspace) -> str:
    """Return the run that is shown when none is asked for: ``lladr``, else the finished run that was trained last.

    :raises UnknownNameError: if nothing is trained yet
    """
    finished = finished_runs(workspace)
    if not finished:
        raise UnknownNameError("finished run", "any", (), advice="run `lladr prepare` (about two minutes) or `lladr train`.")
    names = [run.name for run in finished]
    return "lladr" if "lladr" in names else names[-1]


def finished_runs(workspace: Workspace) -> list[RunFolder]:
    """Return the runs that are trained to the end, the last one trained last."""
    ended = [(status["ended"], run.name, run) for run in workspace.runs() if (status := run_status(run))["state"] == "finished"]
    return [run for _, _, run in sorted(ended, key=lambda item: item[:2])]


def base_of(workspace: Workspace, name: str) -> str | None:
    """Return the finished run that differs from this one only in having no text; None if there is none."""
    run = workspace.existing_run(name)
    settings, fingerprint = read_settings(run), run_status(run).get("fingerprint")
    for other in finished_runs(workspace):
        theirs = read_settings(other)
        same = theirs.recipe() == settings.recipe() and run_status(other)["fingerprint"] == fingerprint
        if theirs.text.mode == "none" and same and other.name != name:
            return other.name
    return None
