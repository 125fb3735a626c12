"""From two runs to the atlas: their spaces, laid out once and kept, and compared."""

import time
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from core.errors import WorkspaceError
from core.kg.graph import KnowledgeGraph
from core.pipeline.single import versions
from core.pipeline.spaces import Spaces, labels_of
from core.projection import words
from core.projection.layout import LayoutSettings
from core.projection.measures import NEIGHBOURS, Measure, mean_overlap, overlap
from core.projection.movers import Change, change
from core.projection.panel import (
    Panel,
    digest,
    kept_draft,
    make_draft,
    make_panel,
    part_of,
    read_panel,
    settings_digest,
    write_panel,
)
from core.types import FloatArray, Progress, silent
from core.workspace import Workspace, write_json

COLUMNS = ("id", "name", "kind", "x_before", "y_before", "x_after", "y_after", "overlap")
SECONDS_BETWEEN_REPORTS = 0.5


DEFAULT = LayoutSettings()


@dataclass(frozen=True)
class Atlas:
    """Panels of all spaces, moved onto "before"."""

    spaces: Spaces
    panels: dict[str, Panel]
    settings: LayoutSettings = DEFAULT

    @property
    def graph(self) -> KnowledgeGraph:
        """Return the graph whose entities are shown."""
        return self.spaces.graph

    @cached_property
    def overlap(self) -> FloatArray:
        """Return the share of the 15 nearest neighbours that each entity kept. Shape (n,)."""
        before, after = (self.panels[name].neighbours[:, :NEIGHBOURS] for name in ("before", "after"))
        return overlap(before, after)

    @cached_property
    def shared(self) -> Measure:
        """Return the mean of :attr:`overlap` with its interval."""
        return mean_overlap(self.overlap, min(NEIGHBOURS, self.graph.n_entities - 1))

    def change(self, entity: int) -> Change:
        """Return what became of the 15 nearest neighbours of an entity."""
        return change(self.panels["before"].neighbours, self.panels["after"].neighbours, entity)

    @property
    def measures(self) -> dict[str, dict[str, Measure]]:
        """Return the measures of each panel."""
        return {name: panel.measures for name, panel in self.panels.items()}

    @property
    def shuffled_note(self) -> str:
        """Return what the control says; empty where no run with shuffled text is there."""
        control = self.measures.get("shuffled")
        return words.shuffled_note(self.measures["before"], control) if control else ""

    def table(self) -> pd.DataFrame:
        """Return one row an entity: what ``atlas.parquet`` holds."""
        graph, places = self.graph, [self.panels[name].coordinates for name in ("before", "after")]
        columns = [graph.vocabulary.entities, graph.names, graph.kinds, *(place[:, axis] for place in places for axis in (0, 1))]
        return pd.DataFrame(dict(zip(COLUMNS, [*columns, self.overlap], strict=True)))

    def record(self) -> dict[str, Any]:
        """Return what ``measures.json`` holds."""
        panels = {
            name: {
                "title": self.spaces.by_name[name].title,
                "residual": panel.residual,
                "measures": {measure: asdict(value) for measure, value in panel.measures.items()},
            }
            for name, panel in self.panels.items()
        }
        return {
            "before": self.spaces.pair.before,
            "after": self.spaces.pair.after,
            "graph": self.graph.name,
            "fingerprint": self.graph.vocabulary.fingerprint,
            "neighbours": NEIGHBOURS,
            "layout": asdict(self.settings),
            "panels": panels,
            "overlap": asdict(self.shared),
            "sentences": self.sentences(),
            "warning": words.WARNING,
            "made_with": versions(),
        }

    def sentences(self) -> list[str]:
        """Return one sentence a measure, what the pictures have in common, and what the control says."""
        explained = [f"{item.title} {item.sentence}" for item in words.explain(self.measures)]
        rest = [words.overlap_sentence(self.shared), words.residual_sentence(self.panels["after"].residual), self.shuffled_note]
        return [*explained, *filter(None, rest)]


def compute_atlas(
    workspace: Workspace, spaces: Spaces, *, settings: LayoutSettings = DEFAULT, progress: Progress = silent
) -> Atlas:
    """Lay out and measure all spaces; what was laid out before is read, and what is done stays when this is stopped.

    :param progress: counts thousandths of all that is to be done
    """
    labels, files = labels_of(spaces.graph), panel_files(workspace, spaces, settings)
    stages = [name for name, file in files.items() if name != "draft" and read_panel(file) is None]
    share = 1 / (1 + len(stages))
    start = before = spaces.by_name["before"].vectors
    if stages:
        start = kept_draft(files["draft"], lambda: make_draft(before, settings, progress=part_of(progress, 0, share)))
    for number, name in enumerate(stages, start=1):
        part = part_of(progress, number * share, share)
        write_panel(files[name], make_panel(spaces.by_name[name].vectors, start, labels, settings, progress=part))
    found = known_atlas(workspace, spaces, settings=settings)
    if found is None:
        raise WorkspaceError(f"What was laid out in {files['draft'].parent} is gone.", advice="give the same command again.")
    return found


def known_atlas(workspace: Workspace, spaces: Spaces, *, settings: LayoutSettings = DEFAULT) -> Atlas | None:
    """Return the atlas if all of it was computed before; None if anything is missing."""
    files = panel_files(workspace, spaces, settings)
    panels = {name: read_panel(file) for name, file in files.items() if name != "draft"}
    if any(panel is None for panel in panels.values()):
        return None
    before = panels["before"]
    moved = {name: panel if name == "before" else panel.moved_onto(before) for name, panel in panels.items()}
    return Atlas(spaces, moved, settings)


def panel_files(workspace: Workspace, spaces: Spaces, settings: LayoutSettings = DEFAULT) -> dict[str, Path]:
    """Return where the draft and each panel are kept: named by the content of all that they are made of."""
    folder, made_by = atlas_folder(workspace), settings_digest(settings)
    labels = labels_of(spaces.graph).fingerprint()
    key = digest(made_by, spaces.graph.vocabulary.fingerprint, spaces.by_name["before"].vectors)
    files = {"draft": folder / f"draft-{key[:32]}.safetensors"}
    for name, space in spaces.by_name.items():
        files[name] = folder / f"panel-{digest(key, labels, space.vectors)[:32]}.safetensors"
    return files


def atlas_folder(workspace: Workspace) -> Path:
    """Return where layouts are kept."""
    return workspace.root / "cache" / "atlas"


class Report:
    """Write how far an atlas is to a file, for who waits for it in another process; gone when it is done."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._began = time.time()
        self._written = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Write share and time left, at most twice a second."""
        now = time.time()
        if now - self._written > SECONDS_BETWEEN_REPORTS:
            share = done / max(total, 1)
            left = (now - self._began) * (1 - share) / share if share > 0.03 else None
            write_json(self._path, {"share": share, "seconds_left": left})
            self._written = now

    def close(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)


def report_file(workspace: Workspace) -> Path:
    """Return where a computation says how far it is."""
    return atlas_folder(workspace) / "report.json"
