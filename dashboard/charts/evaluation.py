"""Draw how good a ranking is: methods with intervals, disease by disease, calibration, robustness."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from core.evaluate.reliability import Reliability
from core.evaluate.results import DiseaseResult
from core.pipeline.verdicts import Row, ranked
from dashboard import theme

KIND_COLOURS = {"run": theme.ACCENT, "other run": "#9A6FB0", "simple method": theme.EDGE_COLOUR, "other text": "#A08030"}
LEVEL_SYMBOLS = {"reliable": "circle", "weak": "diamond", "no evidence": "circle-open"}
FLOOR = 1e-6  #: probabilities below it are drawn here: a logarithmic axis has no zero
CHANCE, NEAR = 50, 20  #: percentile of a random order, and from where on it is drawn
ROW_HEIGHT = 26
MARGIN = {"l": 10, "r": 10, "t": 10, "b": 10}


def number(value: float) -> str:
    """Write a metric: three decimals, one where it is large."""
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"


def interval_plot(rows: Sequence[Row], metric: str) -> go.Figure:
    """Draw each method's value with its 95 % interval; the first run's value goes through as a line."""
    shown = ranked(rows, metric)
    figure = go.Figure()
    for kind, colour in KIND_COLOURS.items():
        if mine := [row for row in shown if row.kind == kind]:
            figure.add_trace(_intervals(mine, metric, kind, colour))
    if shown:
        line = {"color": theme.ACCENT, "width": 1, "dash": "dot"}
        figure.add_vline(x=shown[0].metrics[metric]["value"], line=line)
    figure.update_layout(height=70 + ROW_HEIGHT * len(shown), margin=MARGIN, showlegend=False)
    figure.update_xaxes(title=metric, rangemode="tozero", fixedrange=True)
    figure.update_yaxes(
        categoryorder="array", categoryarray=[_label(row) for row in shown][::-1], automargin=True, fixedrange=True
    )
    return figure


def _label(row: Row) -> str:
    return escape(theme.METHODS.get(row.name, row.name).partition(" (")[0] if row.kind != "run" else row.name)


def _intervals(rows: Sequence[Row], metric: str, kind: str, colour: str) -> go.Scatter:
    values = [row.metrics[metric] for row in rows]
    return go.Scatter(
        x=[value["value"] for value in values],
        y=[_label(row) for row in rows],
        error_x={
            "array": [value["high"] - value["value"] for value in values],
            "arrayminus": [value["value"] - value["low"] for value in values],
            "symmetric": False,
            "color": colour,
            "thickness": 1.5,
            "width": 4,
        },
        mode="markers",
        marker={"size": 11 if kind == "run" else 9, "color": colour, "symbol": "diamond" if kind == "run" else "circle"},
        name=kind,
        hovertext=[
            f"<b>{escape(row.name)}</b>: {escape(row.words)}<br>{metric} {number(value['value'])} "
            f"[{number(value['low'])} to {number(value['high'])}]"
            for row, value in zip(rows, values, strict=True)
        ],
        hoverinfo="text",
    )


def disease_plot(results: Sequence[DiseaseResult], levels: Mapping[str, Reliability]) -> go.Figure:
    """Draw each disease's mean percentile over its held-out drugs, best first; size by pairs, colour and shape by grade.

    :param levels: by identifier of the disease
    """
    ordered = sorted(results, key=lambda result: -result.metrics["AUC"])
    figure = go.Figure()
    for level, mark in theme.LEVELS.items():
        mine = [(place, result) for place, result in enumerate(ordered, 1) if _level(result, levels) == level]
        figure.add_trace(
            go.Scatter(
                x=[place for place, _ in mine],
                y=[100 * result.metrics["AUC"] for _, result in mine],
                mode="markers",
                marker={
                    "color": mark.colour,
                    "symbol": LEVEL_SYMBOLS[level],
                    "size": [7 + 3 * min(result.n_pairs, 6) ** 0.5 for _, result in mine],
                    "line": {"width": 1.5, "color": mark.colour},
                },
                name=f"{mark.word} ({len(mine)})",
                hovertext=[_disease_words(result, level) for _, result in mine],
                hoverinfo="text",
            )
        )
    lowest = min([100 * result.metrics["AUC"] for result in ordered], default=0)
    if lowest < CHANCE + NEAR:
        figure.add_hline(y=CHANCE, line={"color": theme.EDGE_COLOUR, "dash": "dash", "width": 1})
        note = {"text": "chance", "font": {"color": theme.EDGE_COLOUR}, "showarrow": False, "xanchor": "left", "yshift": 9}
        figure.add_annotation(x=0, xref="paper", y=CHANCE, **note)
    figure.update_layout(height=340, margin=MARGIN, legend={"orientation": "h", "y": 1.14, "x": 0})
    figure.update_xaxes(title="diseases, best first", fixedrange=True, rangemode="tozero")
    figure.update_yaxes(title="other drugs below it, %", range=[min(lowest, 90) - 4, 102], fixedrange=True)
    return figure


def _level(result: DiseaseResult, levels: Mapping[str, Reliability]) -> str:
    return levels[result.id].level if result.id in levels else "no evidence"


def _disease_words(result: DiseaseResult, level: str) -> str:
    first = f"<br>within the first 50: {result.metrics['H@50']:.0%}" if "H@50" in result.metrics else ""
    return (
        f"<b>{escape(result.name)}</b><br>{theme.counted(result.n_pairs, 'held-out treatment')}, above "
        f"{100 * result.metrics['AUC']:.1f} % of the others on average{first}<br>{level}"
    )


def calibration_plot(calibration: Mapping[str, Any]) -> go.Figure:
    """Draw predicted against observed shares, bin by bin, both logarithmic: true pairs are rare.

    A bin without any held-out treatment has no logarithm: it is drawn hollow at the lower edge.
    """
    bins = list(zip(calibration["predicted"], calibration["observed"], calibration["counts"], strict=True))
    low = min((value for said, happened, _ in bins for value in (said, happened) if value > FLOOR), default=FLOOR) / 2
    ends = [100 * low, 100]
    figure = go.Figure(
        go.Scatter(x=ends, y=ends, mode="lines", line={"color": theme.EDGE_COLOUR, "dash": "dash"}, hoverinfo="skip")
    )
    figure.add_trace(
        go.Scatter(
            x=[100 * max(predicted, low) for predicted, _, _ in bins],
            y=[100 * max(observed, low) for _, observed, _ in bins],
            mode="lines+markers",
            line={"color": theme.ACCENT, "width": 1.5},
            marker={
                "size": 10,
                "color": theme.ACCENT,
                "symbol": ["circle" if observed > 0 else "circle-open" for _, observed, _ in bins],
            },
            hovertext=[
                f"said {100 * predicted:.3g} %, happened {100 * observed:.3g} %<br>{theme.counted(count, 'pair')}"
                for predicted, observed, count in bins
            ],
            hoverinfo="text",
        )
    )
    figure.update_layout(height=340, margin=MARGIN, showlegend=False)
    figure.update_xaxes(title="probability said, %", type="log", dtick=1, fixedrange=True)
    figure.update_yaxes(title="share that was true, %", type="log", dtick=1, fixedrange=True)
    return figure


def robustness_curves(table: pd.DataFrame) -> go.Figure:
    """Draw the mean rank over the damaged share, a panel a kind of damage: ours in full lines, the paper's dashed; up is better.

    :param table: columns damage, share, variant, backbone, value, sd, paper
    """
    damages = list(dict.fromkeys(table["damage"]))
    figure = make_subplots(1, max(len(damages), 1), shared_yaxes=True, subplot_titles=damages, horizontal_spacing=0.04)
    named: set[str] = set()
    curves = table.groupby(["damage", "backbone", "variant"], sort=False)
    labels = list(dict.fromkeys(zip(table["variant"], table["backbone"], strict=True)))
    for (damage, backbone, variant), lines in curves:
        lines = lines.sort_values("share")
        colour = theme.CATEGORIES[labels.index((variant, backbone)) % len(theme.CATEGORIES)]
        for source, dash in (("value", "solid"), ("paper", "dash")):
            known = lines[lines[source].notna()]
            if len(known):
                name = f"{variant}, {backbone}" + (" (paper, other graph)" if source == "paper" else "")
                trace = _curve(known, source, name, {"color": colour, "dash": dash}).update(showlegend=name not in named)
                figure.add_trace(trace, row=1, col=damages.index(damage) + 1)
                named.add(name)
    figure.update_layout(height=330, margin=MARGIN | {"t": 30}, legend={"orientation": "h", "y": -0.28, "x": 0})
    figure.update_xaxes(ticksuffix=" %", fixedrange=True, dtick=20)
    figure.update_yaxes(autorange="reversed", fixedrange=True)
    figure.update_yaxes(title="mean rank among 50", col=1)
    return figure


def _curve(lines: pd.DataFrame, source: str, name: str, line: dict[str, str]) -> go.Scatter:
    spread = {"array": lines["sd"].fillna(0), "color": line["color"], "thickness": 1, "width": 3} if source == "value" else None
    return go.Scatter(
        x=lines["share"],
        y=lines[source],
        error_y=spread,
        mode="lines+markers",
        line=line,
        name=escape(name),
        legendgroup=name,
        hovertemplate="%{x:.0f} %: %{y:.2f}<extra>" + escape(name) + "</extra>",
    )
