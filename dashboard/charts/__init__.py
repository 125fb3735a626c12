"""Draw: pure functions from data to a Plotly figure; names are escaped, colours come from the theme."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import log10
from typing import Any

import plotly.graph_objects as go

from core.casestudy.contributions import Contribution
from core.explain.paths import Path
from core.explain.sentences import Fact, fact
from core.kg.graph import KnowledgeGraph
from dashboard import theme

LABEL_LENGTH = 26
LANE_HEIGHT = 78
LEAST_GAP = 0.8  #: between two nodes of one column, in lanes


def figure_config(file_name: str, kind: str = "svg") -> dict[str, Any]:
    """Return the settings of a chart's toolbar: one button that saves the picture."""
    return {
        "displaylogo": False,
        "scrollZoom": False,
        "modeBarButtonsToRemove": [
            "zoom2d",
            "pan2d",
            "select2d",
            "lasso2d",
            "zoomIn2d",
            "zoomOut2d",
            "autoScale2d",
            "resetScale2d",
        ],
        "toImageButtonOptions": {"format": kind, "filename": file_name, "scale": 2 if kind == "png" else 1},
    }


def path_graph(graph: KnowledgeGraph, paths: Sequence[Path], *, ink: str = theme.INK["light"]) -> go.Figure:
    """Draw paths from the drug at the left to the disease at the right, each in a lane of its own.

    Kinds are told by colour and shape, corroborated facts by a solid line, correlations by a dotted one.

    :param ink: colour of the names
    """
    places = node_places(paths)
    figure = go.Figure()
    for style, edges in _edge_groups(graph, paths).items():
        figure.add_trace(_lines(edges, places, style))
    figure.add_trace(_edge_labels(graph, paths, places))
    for kind in sorted({graph.kinds[node] for node in places}):
        figure.add_trace(_nodes(graph, kind, [node for node in places if graph.kinds[node] == kind], places, ink))
    lanes = max(len(paths), 2)
    figure.update_layout(height=LANE_HEIGHT * lanes + 110, margin={"l": 10, "r": 10, "t": 10, "b": 10}, hovermode="closest")
    figure.update_layout(legend={"orientation": "h", "y": -0.02, "x": 0, "yanchor": "top"}, dragmode=False)
    figure.update_xaxes(visible=False, range=[-0.13, 1.13], fixedrange=True)
    figure.update_yaxes(visible=False, range=[-lanes + 0.3, 0.8], fixedrange=True)
    return figure


def node_places(paths: Sequence[Path]) -> dict[int, tuple[float, float]]:
    """Place each node: across by its step on the way, down by the mean of its paths' lanes, never two at one spot."""
    across: dict[int, list[float]] = {}
    lanes: dict[int, list[float]] = {}
    for lane, path in enumerate(paths):
        for step, node in enumerate(path.nodes):
            across.setdefault(node, []).append(step / len(path.steps))
            lanes.setdefault(node, []).append(-lane)
    wanted = {node: (sum(xs) / len(xs), sum(lanes[node]) / len(xs)) for node, xs in across.items()}
    taken: list[tuple[float, float]] = []
    for node, (x, y) in sorted(wanted.items(), key=lambda item: -item[1][1]):
        below = [other for near, other in taken if abs(near - x) < 0.1]
        wanted[node] = (x, min([y, *(other - LEAST_GAP for other in below)]))
        taken.append(wanted[node])
    return wanted


@dataclass(frozen=True)
class _LineStyle:
    label: str
    dash: str
    width: float


_CORROBORATED = _LineStyle("fact, corroborated", "solid", 2.6)
_STATED = _LineStyle("fact, not corroborated", "solid", 1.1)
_CORRELATION = _LineStyle("correlation", "dot", 1.6)


def _edge_groups(graph: KnowledgeGraph, paths: Sequence[Path]) -> dict[_LineStyle, list[tuple[int, int]]]:
    groups: dict[_LineStyle, list[tuple[int, int]]] = {}
    for step in dict.fromkeys(step for path in paths for step in path.steps):
        groups.setdefault(_line_style(fact(graph, step)), []).append((step.start, step.end))
    return groups


def _line_style(item: Fact) -> _LineStyle:
    if item.correlation:
        return _CORRELATION
    return _CORROBORATED if item.provenance else _STATED


def _lines(edges: list[tuple[int, int]], places: dict[int, tuple[float, float]], style: _LineStyle) -> go.Scatter:
    xs, ys = [], []
    for start, end in edges:
        xs += [places[start][0], places[end][0], None]
        ys += [places[start][1], places[end][1], None]
    line = {"color": theme.EDGE_COLOUR, "width": style.width, "dash": style.dash}
    return go.Scatter(x=xs, y=ys, mode="lines", line=line, name=style.label, hoverinfo="skip")


def _edge_labels(graph: KnowledgeGraph, paths: Sequence[Path], places: dict[int, tuple[float, float]]) -> go.Scatter:
    """Write each fact's verb at the middle of its line, with the whole fact on hover."""
    grouped: dict[tuple[int, int], list[Fact]] = {}
    for step in dict.fromkeys(step for path in paths for step in path.steps):
        grouped.setdefault((step.start, step.end), []).append(fact(graph, step))
    middles = [_middle(places[start], places[end]) for start, end in grouped]
    return go.Scatter(
        x=[x for x, _ in middles],
        y=[y for _, y in middles],
        mode="markers+text",
        marker={"size": 14, "opacity": 0},
        text=[escape(short(" / ".join(dict.fromkeys(item.phrase for item in facts)))) for facts in grouped.values()],
        textposition="bottom center",
        textfont={"size": 11, "color": theme.EDGE_COLOUR},
        hovertext=["<br>".join(f"{escape(item.text)}<br><i>{source_of(item)}</i>" for item in each) for each in grouped.values()],
        hoverinfo="text",
        showlegend=False,
    )


def source_of(item: Fact) -> str:
    """Say where a fact is known from, for a hover text."""
    source = f"also in {escape(item.provenance)}" if item.provenance else "no independent source recorded"
    return f"{source}; a correlation" if item.correlation else source


def _middle(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    return (start[0] + end[0]) / 2, (start[1] + end[1]) / 2


def _nodes(graph: KnowledgeGraph, kind: str, nodes: list[int], places: dict[int, tuple[float, float]], ink: str) -> go.Scatter:
    style = theme.kind_style(kind)
    return go.Scatter(
        x=[places[node][0] for node in nodes],
        y=[places[node][1] for node in nodes],
        mode="markers+text",
        marker={"size": 20, "color": style.colour, "symbol": style.symbol},
        text=[escape(short(graph.names[node])) for node in nodes],
        textposition="top center",
        textfont={"size": 13, "color": ink},
        hovertext=[f"<b>{escape(graph.names[node])}</b><br>{escape(style.word)}" for node in nodes],
        hoverinfo="text",
        name=escape(style.word),
    )


def short(text: str) -> str:
    """Cut a long label; the whole one is in the hover text."""
    return text if len(text) <= LABEL_LENGTH else f"{text[: LABEL_LENGTH - 1].rstrip()}…"


def loss_curve(trace: Sequence[dict[str, Any]], epochs: int) -> go.Figure:
    """Draw the loss and its link part over epochs, with direct labels; the axis is as long as the training will be."""
    figure = go.Figure()
    for key, label, colour in (("loss", "whole loss", theme.ACCENT), ("link", "facts alone", theme.SECOND)):
        xs, ys = [line["epoch"] for line in trace], [line[key] for line in trace]
        line = {"color": colour, "width": 2.2}
        figure.add_trace(go.Scatter(x=xs, y=ys, mode="lines+markers", line=line, marker={"size": 4}, name=label))
        if trace:
            side = "right" if 2 * xs[-1] > epochs else "left"
            note = {"text": label, "font": {"color": colour}, "showarrow": False, "xanchor": side, "yshift": 12}
            figure.add_annotation(x=xs[-1], y=ys[-1], **note)
    figure.update_layout(height=280, margin={"l": 10, "r": 10, "t": 10, "b": 10}, showlegend=False, hovermode="x unified")
    figure.update_xaxes(title="epoch", range=[0, max(epochs, 1)], dtick=max(1, round(epochs / 8)), fixedrange=True)
    figure.update_yaxes(title="loss", rangemode="tozero", fixedrange=True)
    return figure


def contribution_bars(items: Sequence[Contribution]) -> go.Figure:
    """Draw what each component of a fusion adds to a score, largest on top; left of zero speaks against the drug."""
    figure = go.Figure(
        go.Bar(
            x=[item.value for item in items],
            y=[item.words for item in items],
            orientation="h",
            marker={"color": [theme.ACCENT if item.value > 0 else theme.EDGE_COLOUR for item in items]},
            hovertemplate="%{y}: %{x:+.2f}<extra></extra>",
        )
    )
    figure.update_layout(height=60 + 34 * len(items), margin={"l": 10, "r": 24, "t": 10, "b": 10}, showlegend=False)
    figure.update_xaxes(title="less than an average drug  |  more", zeroline=True, fixedrange=True)
    figure.update_yaxes(autorange="reversed", automargin=True, fixedrange=True)
    return figure


def rank_ladder(places: Sequence[tuple[str, float]], total: int) -> go.Figure:
    """Draw places on a logarithmic ladder, the first at the right; each labelled with its words.

    :param places: label and rank, in the order in which text was added
    :param total: how many drugs compete
    """
    labels = [escape(label) for label, _ in places]
    ranks = [rank for _, rank in places]
    colours = [theme.EDGE_COLOUR] * (len(places) - 1) + [theme.ACCENT]
    figure = go.Figure(
        go.Scatter(
            x=ranks,
            y=labels,
            mode="lines+markers+text",
            line={"color": theme.EDGE_COLOUR, "width": 1.5},
            marker={"size": 14, "color": colours},
            text=[theme.ordinal(rank) for rank in ranks],
            textposition="top center",
            hovertext=[theme.place(rank, total) for rank in ranks],
            hoverinfo="text",
        )
    )
    ticks = [tick for tick in (1, 10, 100, 1000, 10000, 100000) if tick <= total]
    figure.update_layout(height=80 + 50 * len(places), margin={"l": 10, "r": 24, "t": 10, "b": 10}, showlegend=False)
    figure.update_xaxes(
        type="log", range=[log10(total * 1.6), log10(0.6)], title=f"place among {theme.count(total)} (first: right)"
    )
    figure.update_xaxes(tickvals=ticks, ticktext=[theme.count(tick) for tick in ticks], tickangle=0, fixedrange=True)
    figure.update_yaxes(range=[len(places) - 0.6, -0.7], fixedrange=True)
    return figure
