"""Draw the panels of the atlas: WebGL scatters that share one camera."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.kg.graph import KnowledgeGraph
from core.projection.colouring import Groups, Scale
from core.projection.movers import Change
from core.projection.panel import Panel
from core.projection.words import PANEL_WORDS
from core.text.descriptions import Description
from core.types import FloatArray, IntArray
from dashboard import theme

SIDE, BELOW = 470, 112  #: in pixels: of a row of panels, and the room for the legend
ACROSS = 2  #: panels a row
DESCRIBED_LETTERS = 110  #: of a description in a hover text
DESCRIBED_UP_TO = 20_000  #: entities; beyond, hover texts are names only, or the page would carry tens of megabytes
FADED, CLEAR = 0.22, 0.8
STANDING_OUT = 1.6  #: times as large as what has no colour


@dataclass(frozen=True)
class Frame:
    """One panel."""

    title: str
    coordinates: FloatArray  #: shape (n, 2)


@dataclass(frozen=True)
class Highlight:
    """An entity and what became of its neighbours."""

    entity: int
    change: Change


@dataclass(frozen=True)
class Panels:
    """The figure, and which entities each of its traces shows, so that a selection can be read."""

    figure: go.Figure
    rows: list[IntArray] = field(default_factory=list)


def frames(shown: Mapping[str, Panel], names: Sequence[str] | None = None) -> list[Frame]:
    """Return the places of some panels; of all where none are named."""
    return [Frame(PANEL_WORDS[name].capitalize(), shown[name].coordinates) for name in names or shown]


def hover_texts(graph: KnowledgeGraph, descriptions: Mapping[int, Description]) -> list[str]:
    """Return what each point says: name, kind, start of the description; foreign text made harmless."""
    described = descriptions if graph.n_entities <= DESCRIBED_UP_TO else {}
    words = {kind: escape(theme.kind_style(kind).word) for kind in graph.kind_names}
    return [
        f"<b>{escape(name)}</b><br>{words[kind]}{_beginning(described.get(row))}"
        for row, (name, kind) in enumerate(zip(graph.names, graph.kinds, strict=True))
    ]


def _beginning(description: Description | None) -> str:
    text = " ".join((description.background or description.mechanism).split()) if description else ""
    if len(text) > DESCRIBED_LETTERS:
        text = f"{text[:DESCRIBED_LETTERS].rsplit(' ', 1)[0]} ..."
    middle = text.find(" ", len(text) // 2)
    return f"<br>{escape(text[:middle])}<br>{escape(text[middle + 1 :])}" if middle > 0 else f"<br>{escape(text)}" if text else ""


def panels(
    frames: Sequence[Frame],
    colour: Groups | Scale,
    hover: Sequence[str],
    *,
    kinds: bool = False,
    highlight: Highlight | None = None,
    ink: str = theme.INK["light"],
) -> Panels:
    """Draw panels side by side: zoom and shift of one are those of all.

    :param colour: groups or values; all panels are coloured alike
    :param hover: one text an entity
    :param kinds: the groups are kinds, drawn as on every page
    :param highlight: an entity to ring, the rest faded
    """
    lines = -(-len(frames) // ACROSS)
    titles = [escape(frame.title) for frame in frames]
    grid = {"rows": lines, "cols": min(len(frames), ACROSS), "horizontal_spacing": 0.012, "vertical_spacing": 0.09 / lines}
    figure = make_subplots(**grid, subplot_titles=titles)
    drawn = Panels(figure)
    for number, frame in enumerate(frames):
        styles = _styles(colour, kinds=kinds, first=number == 0, faded=highlight is not None)
        for style, rows in [*styles, *_rings(highlight, ink, first=number == 0)]:
            _add(drawn, number, frame, rows, hover, style)
    _arrange(figure, [frame.coordinates for frame in frames], ink)
    figure.update_layout(height=lines * SIDE + BELOW + 44)
    return drawn


def _add(drawn: Panels, number: int, frame: Frame, rows: IntArray, hover: Sequence[str], style: dict[str, Any]) -> None:
    x, y = frame.coordinates[rows].T
    texts = [hover[row] for row in rows.tolist()]
    trace = go.Scattergl(x=x, y=y, mode="markers", hovertext=texts, hoverinfo="text", **style)
    drawn.figure.add_trace(trace, row=1 + number // ACROSS, col=1 + number % ACROSS)
    drawn.rows.append(rows)


def _styles(colour: Groups | Scale, *, kinds: bool, first: bool, faded: bool) -> list[tuple[dict[str, Any], IntArray]]:
    count = len(colour.rest) + (sum(len(rows) for _, rows in colour.parts) if isinstance(colour, Groups) else len(colour.rows))
    size = float(np.clip(260 / np.sqrt(max(count, 1)), 2.6, 9))
    opacity = FADED if faded and not len(colour.rest) else CLEAR
    found = []
    if len(colour.rest):
        grey = {"size": size, "color": theme.EDGE_COLOUR, "opacity": FADED}
        size *= STANDING_OUT
        label = colour.rest_label if isinstance(colour, Groups) else "without a value"
        found.append(({"marker": grey, "name": label, "legendgroup": "rest", "showlegend": first}, colour.rest))
    if isinstance(colour, Scale):
        return [*found, ({"marker": _scale(colour, size, opacity, bar=first), "showlegend": False}, colour.rows)]
    for number, (label, rows) in enumerate(colour.parts):
        style = theme.kind_style(label) if kinds else None
        shade = style.colour if style else theme.CATEGORIES[number % len(theme.CATEGORIES)]
        name = f"{escape(style.word if style else label)} ({theme.count(len(rows))})"
        marker = {"size": size, "color": shade, "opacity": opacity}
        found.append(({"marker": marker, "name": name, "legendgroup": label, "showlegend": first}, rows))
    return found


def _scale(colour: Scale, size: float, opacity: float, *, bar: bool) -> dict[str, Any]:
    low, high = (float(colour.values.min()), float(colour.values.max())) if len(colour.values) else (0.0, 1.0)
    marker = {"size": size, "color": colour.values, "opacity": opacity, "cmin": low, "cmax": max(high, low + 1e-9)}
    marker["colorscale"] = [[0, theme.SCALE[0]], [0.5, theme.SCALE[1]], [1, theme.SCALE[2]]]
    if bar:
        ends = {"tickvals": [low, max(high, low + 1e-9)], "ticktext": list(colour.ends)}
        title = {"text": colour.title, "side": "top"}
        marker["colorbar"] = {"orientation": "h", "thickness": 10, "len": 0.3, "x": 1, "xanchor": "right", "title": title, **ends}
        marker["colorbar"] |= {"yref": "container", "y": 0.01, "yanchor": "bottom", "ticks": "outside"}
    return marker


def _rings(highlight: Highlight | None, ink: str, *, first: bool) -> list[tuple[dict[str, Any], IntArray]]:
    """Return the marks of an entity's neighbours: told apart by shape and colour."""
    if highlight is None:
        return []
    shown = (
        ("stayed", highlight.change.stayed, "circle", theme.EDGE_COLOUR, 9),
        ("came in", highlight.change.came, "triangle-up", theme.ACCENT, 9),
        ("went out", highlight.change.left, "triangle-down", theme.SECOND, 9),
        ("the entity", [highlight.entity], "star", ink, 15),
    )
    return [
        (
            {
                "marker": {"size": size, "symbol": symbol, "color": colour, "line": {"width": 1, "color": ink}},
                "name": f"{label} ({len(rows)})" if label != "the entity" else label,
                "legendgroup": f"ring-{label}",
                "showlegend": first,
            },
            np.array(rows, dtype=np.int64),
        )
        for label, rows, symbol, colour, size in shown
    ]


def _arrange(figure: go.Figure, places: Sequence[FloatArray], ink: str) -> None:
    """Give all panels one range of both axes, with equal units, that stays where a reader left it."""
    everything = np.concatenate(places)
    low, high = everything.min(axis=0), everything.max(axis=0)
    middle, reach = (low + high) / 2, 0.54 * max(float((high - low).max()), 1e-6)
    line = {"showline": True, "linecolor": theme.EDGE_COLOUR, "linewidth": 1, "mirror": True}
    bare = {"showgrid": False, "zeroline": False, "showticklabels": False, "ticks": "", **line}
    figure.update_xaxes(**bare, matches="x", range=[middle[0] - reach, middle[0] + reach])
    figure.update_yaxes(**bare, matches="y", range=[middle[1] - reach, middle[1] + reach])
    figure.update_layout(margin={"l": 6, "r": 6, "t": 44, "b": BELOW}, dragmode="select", uirevision="atlas")
    figure.update_layout(
        hovermode="closest", legend={"orientation": "h", "yref": "container", "y": 0.01, "x": 0, "yanchor": "bottom"}
    )
    figure.update_layout(legend={"itemsizing": "constant"}, font={"color": ink})
    for number, title in enumerate(figure.layout.annotations):
        axis = figure.layout["xaxis" if number == 0 else f"xaxis{number + 1}"]
        title.update(x=axis.domain[0], xanchor="left", font={"size": 14, "color": ink}, yshift=8)


def config(file_name: str) -> dict[str, Any]:
    """Return the toolbar: shift, zoom, box, lasso, back to all, and the picture as PNG."""
    return {
        "displaylogo": False,
        "displayModeBar": True,
        "scrollZoom": False,
        "modeBarButtonsToRemove": ["zoomIn2d", "zoomOut2d", "autoScale2d"],
        "toImageButtonOptions": {"format": "png", "filename": file_name, "scale": 2},
    }


def selected(drawn: Panels, points: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the entities of a selection, each once, in the order of their rows."""
    return sorted({int(drawn.rows[point["curve_number"]][point["point_index"]]) for point in points})
