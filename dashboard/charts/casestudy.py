"""Draw how many drugs of each list are found at which depth, beside chance."""

from collections.abc import Mapping
from html import escape

import numpy as np
import plotly.graph_objects as go

from core.casestudy.recovery import Recovery
from dashboard import theme

COLOURS = (theme.ACCENT, theme.SECOND, "#CC79A7", "#009E73")
DEEPEST = 300


def recovery_curves(found: Mapping[str, Recovery]) -> go.Figure:
    """Return one line a list (share found among the first so many), labelled at its end, and the line of chance."""
    figure = go.Figure()
    for (label, recovery), colour in zip(found.items(), COLOURS, strict=False):
        name = escape(label)
        depths, counts = recovery.curve()
        shares = 100 * counts / max(len(recovery.places), 1)
        within = depths <= min(DEEPEST, recovery.candidates)
        figure.add_scatter(
            x=depths[within],
            y=shares[within],
            mode="lines",
            name=name,
            line={"color": colour, "width": 2.5},
            hovertemplate="%{y:.0f} % among the first %{x}<extra>" + name + "</extra>",
        )
    candidates = max((recovery.candidates for recovery in found.values()), default=1)
    chance = np.array([1, min(DEEPEST, candidates)])
    dash = {"color": theme.EDGE_COLOUR, "dash": "dash"}
    figure.add_scatter(x=chance, y=100 * chance / candidates, mode="lines", name="chance", line=dash, hoverinfo="skip")
    figure.update_layout(
        height=330,
        margin={"l": 0, "r": 10, "t": 10, "b": 0},
        legend={"orientation": "h", "y": -0.22, "yanchor": "top"},
        xaxis_title="drugs read from the top",
        yaxis={"title": "found, %", "range": [0, 103]},
    )
    return figure
