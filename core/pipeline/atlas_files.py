"""Take an atlas away: table, measures, figure."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.casestudy.drawing import COLOURS, OTHER
from core.casestudy.export import to_csv
from core.kg.graph import KnowledgeGraph
from core.pipeline.atlas import COLUMNS, Atlas
from core.projection import words
from core.projection.figure import Figure, Frame, Group, to_html, to_png, to_svg
from core.workspace import explained_disk_errors, write_bytes

#: by ending: what the command writes
FILES = {"parquet": "atlas.parquet", "json": "measures.json", "svg": "atlas.svg", "png": "atlas.png", "html": "atlas.html"}


@dataclass(frozen=True)
class Download:
    """One file, made when it is asked for."""

    label: str
    ending: str
    mime: str
    make: Callable[[], str | bytes]


def write_atlas(atlas: Atlas, folder: Path) -> list[Path]:
    """Write table, measures and figure; each file whole or not at all. Returns the files."""
    make_folder(folder)
    contents = {folder / FILES[each.ending]: each.make() for each in downloads(atlas) if each.ending in FILES}
    for file, content in contents.items():
        write_bytes(file, content.encode() if isinstance(content, str) else content)
    return list(contents)


def make_folder(folder: Path) -> None:
    """Make the folder for the files; to be called before long work, too.

    :raises WorkspaceError: if it cannot be made
    """
    with explained_disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)


def downloads(atlas: Atlas) -> list[Download]:
    """Return all that can be taken away."""
    graph, figure = atlas.graph, draw(atlas)
    return [
        Download("CSV", "csv", "text/csv", lambda: to_csv(atlas.table().to_dict("records"), list(COLUMNS))),
        Download("Parquet", "parquet", "application/vnd.apache.parquet", lambda: _parquet(atlas)),
        Download("Measures", "json", "application/json", lambda: json.dumps(atlas.record(), indent=1, ensure_ascii=False) + "\n"),
        Download("SVG", "svg", "image/svg+xml", lambda: to_svg(figure)),
        Download("PNG", "png", "image/png", lambda: to_png(figure)),
        Download("HTML", "html", "text/html", lambda: to_html(figure, graph.names, graph.kinds)),
    ]


def _parquet(atlas: Atlas) -> bytes:
    buffer = io.BytesIO()
    atlas.table().to_parquet(buffer, index=False)
    return buffer.getvalue()


def draw(atlas: Atlas) -> Figure:
    """Return the figure of all panels, coloured by kind; kinds with many entities lie below."""
    frames = [
        Frame(words.PANEL_WORDS[name].capitalize(), _caption(atlas, name), panel.coordinates)
        for name, panel in atlas.panels.items()
    ]
    title = f"Entities of {atlas.graph.source.title}, before and after the text"
    return Figure(title, frames, list(_groups(atlas.graph)), f"{words.overlap_sentence(atlas.shared)} {words.WARNING}")


def _caption(atlas: Atlas, name: str) -> str:
    panel, title = atlas.panels[name], atlas.spaces.by_name[name].title
    residual = "" if name == "before" else f"; Procrustes residual {panel.residual:.2f}"
    return f"{title}; trustworthiness {panel.measures['trustworthiness'].value:.2f}{residual}"


def _groups(graph: KnowledgeGraph) -> Iterator[Group]:
    sizes = np.bincount(graph.kind_codes)
    for code in np.argsort(-sizes, kind="stable"):
        kind = graph.kind_names[code]
        yield Group(f"{kind} ({sizes[code]:,})", COLOURS.get(kind, OTHER), np.flatnonzero(graph.kind_codes == code))
