"""Draw how trainings go."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from dashboard import theme

HOVER = "%{text}: %{y:.3f}<extra></extra>"


def losses_of_models(traces: Sequence[tuple[str, str, Sequence[dict[str, Any]]]], epochs: int) -> go.Figure:
    """Draw the loss of each model of a run over its own epochs; models of one group share a colour and a legend entry.

    :param traces: words for each model, for its group, and its epochs so far
    :param epochs: of each model
    """
    figure = go.Figure()
    groups = list(dict.fromkeys(group for _, group, _ in traces))
    for number, (words, group, trace) in enumerate(traces):
        line = {"color": theme.CATEGORIES[groups.index(group) % len(theme.CATEGORIES)], "width": 2}
        xs, ys = [step["epoch"] for step in trace], [step["loss"] for step in trace]
        first = all(other != group for _, other, _ in traces[:number])
        shown = {"name": group, "legendgroup": group, "showlegend": first, "text": [words] * len(xs)}
        figure.add_trace(go.Scatter(x=xs, y=ys, mode="lines", line=line, hovertemplate=HOVER, **shown))
    figure.update_layout(height=300, margin={"l": 10, "r": 10, "t": 10, "b": 10}, showlegend=True)
    figure.update_layout(legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0})
    figure.update_xaxes(title="epoch of each model", range=[0, max(epochs, 1)], dtick=max(1, round(epochs / 8)), fixedrange=True)
    figure.update_yaxes(title="loss", rangemode="tozero", fixedrange=True)
    return figure
