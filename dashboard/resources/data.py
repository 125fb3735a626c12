"""Look at graphs, and at what is to become one; reading is done once for each state of the files."""

import hashlib
import io
import tempfile
import zipfile
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core import pipeline
from core.kg.graph import KnowledgeGraph
from core.kg.loaders import SHIPPED
from core.kg.sources import ASSETS
from core.kg.stored import GRAPH_FILES, stored_graphs, write_files
from core.pipeline.inspection import Inspection, Preview, inspect, preview
from core.types import Progress, TextMode
from dashboard import resources, state
from dashboard.resources import _KEYED, Stamp, _graph_stamp

EXAMPLE = ASSETS / "example"
KEPT = 4  #: previews


@dataclass(frozen=True)
class RunOnGraph:
    """A run that learned a graph."""

    name: str
    text: TextMode
    state: str
    fingerprint: str  #: of the vocabulary that it learned; empty where it has not begun


def known_graphs() -> dict[str, str]:
    """Return the graphs that this workspace knows, by the name they are loaded by, each with what to call it."""
    kept = {str(folder.resolve()): f"{folder.name} (in the workspace)" for folder in stored_graphs(resources.workspace())}
    learned = {pipeline.read_settings(run).kg for run in resources.workspace().runs()}
    others = {name: f"{Path(name.split(',')[0]).name} ({name})" for name in sorted(learned) if name not in SHIPPED | kept}
    return {"starter": "starter (shipped)"} | kept | others


def chosen_name() -> str:
    """Return the graph of the address, else that of the run of the context, else the starter."""
    name = resources.chosen_run_name()
    of_run = pipeline.read_settings(resources.workspace().existing_run(name)).kg if name in resources.run_names() else "starter"
    return state.read("kg") or of_run


def inspected(of: KnowledgeGraph) -> Inspection:
    """Return all that is said of a graph."""
    return _inspected(of, _graph_stamp(of.name))


def runs_on(name: str) -> list[RunOnGraph]:
    """Return the runs that learned a graph, by name."""
    found = [(run, pipeline.read_settings(run), pipeline.run_status(run)) for run in resources.workspace().runs()]
    return [
        RunOnGraph(run.name, settings.text.mode, status["state"], status.get("fingerprint", ""))
        for run, settings, status in found
        if settings.kg == name
    ]


def preview_of_folder(folder: Path, progress: Progress) -> Preview:
    """Look at a folder on this machine."""
    return _once((str(folder), _graph_stamp(str(folder))), lambda: preview(folder, progress=progress))


def preview_of_files(files: Mapping[str, bytes], progress: Progress) -> Preview:
    """Look at files that were uploaded; they are on disk only while they are read.

    :raises GraphFormatError: if a file is no part of a graph, or too large
    """
    contents = tuple((name, hashlib.sha256(files[name]).hexdigest()) for name in sorted(files))
    return _once(contents, lambda: _unpacked(files, progress))


def _unpacked(files: Mapping[str, bytes], progress: Progress) -> Preview:
    with tempfile.TemporaryDirectory(prefix="lladr-") as folder:
        write_files(Path(folder), files)
        return preview(Path(folder), progress=progress)


def _once(key: Hashable, look: Callable[[], Preview]) -> Preview:
    """Keep the last previews: a cached function could not move a progress bar."""
    kept = _previews()
    if key not in kept:
        kept[key] = look()
        for old in list(kept)[:-KEPT]:
            kept.pop(old, None)
    return kept[key]


def example() -> dict[str, str]:
    """Return the smallest graph that can be loaded, file by file."""
    return {name: (EXAMPLE / name).read_text(encoding="utf-8") for name in GRAPH_FILES if (EXAMPLE / name).exists()}


def example_archive() -> bytes:
    """Return the example as a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in example().items():
            archive.writestr(name, text)
    return buffer.getvalue()


@st.cache_resource(show_spinner="Counting and checking the graph ...", max_entries=4, hash_funcs=_KEYED)
def _inspected(of: KnowledgeGraph, stamp: Stamp) -> Inspection:
    return inspect(of)


@st.cache_resource(show_spinner=False)
def _previews() -> dict[Hashable, Preview]:
    return {}
