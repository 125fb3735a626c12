"""Train the same embedding with other text: what LLaDR must beat, and what its gain is measured against."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.config import RunSettings
from core.kg.graph import KnowledgeGraph
from core.pipeline.runs import claimed, finished_runs, read_settings, run_status
from core.pipeline.scorers import load_folder
from core.pipeline.single import Hooks
from core.pipeline.steps import stopped
from core.pipeline.training import train_in
from core.types import Scorer
from core.workspace import RunFolder, Workspace


@dataclass(frozen=True)
class Control:
    """The run's embedding with one thing changed in its text."""

    name: str
    words: str
    settings: RunSettings


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "none": ({"mode": "none"}, "the same embedding without text (base)"),
    "name": ({"mode": "name"}, "the same embedding with names only"),
    "blind": ({"mode": "blind"}, "the same embedding with text that leaves uses out"),
    "shuffled": ({"mode": "shuffled"}, "the same embedding with the text of another entity of the kind"),
    "init": ({"anchor_weight": 0.0}, "the same embedding with text as start value only, without anchor"),
}


def controls(settings: RunSettings) -> dict[str, Control]:
    """Return the controls of a run's settings; one that is the run itself is left out."""
    single = settings.replace(fusion=None)
    changed = {name: Control(name, words, single.replace(text=change)) for name, (change, words) in CHANGES.items()}
    if single.text.mode == "none":
        changed.pop("init")  # nothing to start from
    return {name: control for name, control in changed.items() if not _same(control.settings, settings)}


def _same(one: RunSettings, other: RunSettings) -> bool:
    """Return whether two settings train the same model: without text, the rest of the text settings says nothing."""
    without = one.text.mode == other.text.mode == "none"
    return one.recipe() == other.recipe() if without else one == other


def trained_control(workspace: Workspace, folder: RunFolder, control: Control) -> RunFolder | None:
    """Return where a control is trained on the split of a folder: its own place, or another run's evaluation; else None.

    :param folder: of the split, below the evaluations of a run
    """
    places = [control_folder(folder, control)]
    for run in finished_runs(workspace):
        if _same(read_settings(run), control.settings):
            places.append(run if folder.name == "external" else RunFolder(run.evaluations / folder.name))
    return next((place for place in places if _finished(place)), None)


def control_folder(folder: RunFolder, control: Control) -> RunFolder:
    """Return a control's own place."""
    return RunFolder(folder.path / "controls" / control.name)


def control_scorer(place: RunFolder, control: Control, graph: KnowledgeGraph) -> Scorer:
    """Load a trained control."""
    return load_folder(place, f"text {control.name}", graph).scorer


def train_folder(folder: RunFolder, workspace: Workspace, graph: KnowledgeGraph, settings: RunSettings, hooks: Hooks) -> None:
    """Train settings on a graph in a folder; a finished one is left as it is.

    :raises TrainingError: if it was stopped
    """
    with claimed(folder):
        state = train_in(folder, workspace, graph, settings, hooks)
    if state != "finished":
        raise stopped()


def trained_controls(
    workspace: Workspace, folder: RunFolder, graph: KnowledgeGraph, settings: RunSettings, hooks: Hooks
) -> Iterator[tuple[Control, Scorer]]:
    """Train what is missing, and yield each control with its scorer.

    :param graph: the training graph of the split
    """
    for control in controls(settings).values():
        place = trained_control(workspace, folder, control)
        if place is None:
            place = control_folder(folder, control)
            train_folder(place, workspace, graph, control.settings, hooks)
        yield control, control_scorer(place, control, graph)


def _finished(run: RunFolder) -> bool:
    return run.settings_file.exists() and run_status(run)["state"] == "finished"
