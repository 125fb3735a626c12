"""Draw the schema of a graph: its kinds as nodes, the relations between them as lines."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from itertools import combinations
from math import dist, pi
from textwrap import wrap

import networkx as nx
import plotly.graph_objects as go

from core.kg.census import KindCount, RelationCount
from dashboard import theme

HEIGHT = 520
LEAST, WIDEST = 1.2, 7.0  #: width of a line
MANY = 3  #: neighbouring kinds from which a kind stands on the inner ring
BEHIND, NEAR = 2.0, 0.2  #: what it costs that a line runs behind a kind, and how near that is
NEARER = 0.35  #: of the way from the end where fewer lines meet
TURNS = 6  #: of the outer ring that are tried
LABEL_WIDTH = 12  #: letters of a line of a name
Pair = tuple[str, str]
Places = dict[str, tuple[float, float]]


def schema_figure(kinds: Sequence[KindCount], relations: Sequence[RelationCount], *, ink: str) -> go.Figure:
    """Draw kinds with their number of entities, and between them how many facts; the relations stand in the hover text.

    :param ink: colour of the names
    """
    bundles = bundled(relations)
    places = kind_places(tuple(kind.kind for kind in kinds), tuple(bundles))
    figure = go.Figure()
    most = max(sum(each.edges for each in bundle) for bundle in bundles.values())
    for pair, bundle in bundles.items():
        if pair[0] != pair[1]:
            figure.add_trace(_line(places, pair, sum(each.edges for each in bundle) / most))
    figure.add_trace(_labels(places, bundles, ink))
    for kind in kinds:
        figure.add_trace(_node(kind, places[kind.kind], bundles.get((kind.kind, kind.kind), []), ink))
    figure.update_layout(height=HEIGHT, margin={"l": 4, "r": 4, "t": 4, "b": 4}, showlegend=False, hovermode="closest")
    figure.update_layout(dragmode=False)
    figure.update_xaxes(visible=False, range=[-1.3, 1.3], fixedrange=True)
    figure.update_yaxes(visible=False, range=[-1.36, 1.36], fixedrange=True)
    return figure


def bundled(relations: Sequence[RelationCount]) -> dict[Pair, list[RelationCount]]:
    """Put the relations between two kinds together, whichever way they run."""
    bundles: dict[Pair, list[RelationCount]] = {}
    for relation in relations:
        pair = tuple(sorted((relation.start, relation.end)))
        bundles.setdefault(pair, []).append(relation)
    return bundles


@lru_cache(maxsize=16)
def kind_places(kinds: tuple[str, ...], pairs: tuple[Pair, ...]) -> Places:
    """Place the kinds that join many others on an inner ring, the rest around them, near what they are joined with.

    Each within -1 to 1; the best of some turns of the outer ring.
    """
    graph = nx.Graph()
    graph.add_nodes_from(kinds)
    graph.add_edges_from(pair for pair in pairs if pair[0] != pair[1])
    inner = [kind for kind in kinds if graph.degree(kind) >= MANY]
    outer = [kind for kind in kinds if graph.degree(kind) < MANY]
    rings = [inner, outer] if len(inner) > 1 and outer else [list(kinds)]
    turns = [2 * pi * step / TURNS / len(rings[-1]) for step in range(TURNS)]
    return min((_settled(graph, rings, turn) for turn in turns), key=lambda places: _cost(graph, places))


def _settled(graph: nx.Graph, rings: list[list[str]], turn: float) -> Places:
    if len(graph) < 2:
        return dict.fromkeys(graph, (0.0, 0.0))
    places = {kind: (float(x), float(y)) for kind, (x, y) in nx.shell_layout(graph, rings, rotate=turn).items()}
    while any(_swapped(graph, places, *pair) for ring in rings for pair in combinations(ring, 2)):
        pass
    return places


def _swapped(graph: nx.Graph, places: Places, first: str, second: str) -> bool:
    """Let two kinds change places if the lines are shorter then, or run behind fewer kinds; returns whether they did."""
    before = _cost(graph, places)
    places[first], places[second] = places[second], places[first]
    if _cost(graph, places) < before - 1e-9:
        return True
    places[first], places[second] = places[second], places[first]
    return False


def _cost(graph: nx.Graph, places: Places) -> float:
    return sum(
        dist(places[start], places[end]) + BEHIND * sum(_is_behind(places, start, end, kind) for kind in places)
        for start, end in graph.edges
    )


def _is_behind(places: Places, start: str, end: str, kind: str) -> bool:
    """Return whether the line from start to end runs closely by another kind."""
    if kind in (start, end):
        return False
    (x0, y0), (x1, y1), (x, y) = places[start], places[end], places[kind]
    length = dist((x0, y0), (x1, y1))
    along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length**2
    return 0 < along < 1 and abs((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)) / length < NEAR


def _line(places: Places, pair: Pair, share: float) -> go.Scatter:
    (x0, y0), (x1, y1) = places[pair[0]], places[pair[1]]
    line = {"color": theme.EDGE_COLOUR, "width": LEAST + (WIDEST - LEAST) * share**0.5}
    return go.Scatter(x=[x0, x1], y=[y0, y1], mode="lines", line=line, opacity=0.4, hoverinfo="skip")


def _labels(places: Places, bundles: dict[Pair, list[RelationCount]], ink: str) -> go.Scatter:
    """Write the number of facts on each line, nearer to the end where fewer lines meet."""
    lines = [pair for pair in bundles if pair[0] != pair[1]]
    meeting = Counter(end for pair in lines for end in pair)
    spots = [_between(places, *sorted(pair, key=lambda end: (meeting[end], end))) for pair in lines]
    return go.Scatter(
        x=[x for x, _ in spots],
        y=[y for _, y in spots],
        mode="markers+text",
        marker={"size": 26, "opacity": 0},
        text=[theme.count(sum(each.edges for each in bundles[pair])) for pair in lines],
        textfont={"size": 11, "color": ink},
        hovertext=[relation_words(bundles[pair]) for pair in lines],
        hoverinfo="text",
    )


def _between(places: Places, near: str, far: str) -> tuple[float, float]:
    (x0, y0), (x1, y1) = places[near], places[far]
    return x0 + NEARER * (x1 - x0), y0 + NEARER * (y1 - y0)


def _node(kind: KindCount, place: tuple[float, float], within: Sequence[RelationCount], ink: str) -> go.Scatter:
    style = theme.kind_style(kind.kind)
    facts = relation_words(within) if within else "no relation within this kind"
    name = "<br>".join(f"<b>{escape(line)}</b>" for line in wrap(style.word, LABEL_WIDTH))
    loop = f"<br>↻ {theme.count(sum(each.edges for each in within))}" if within else ""
    return go.Scatter(
        x=[place[0]],
        y=[place[1]],
        mode="markers+text",
        marker={"size": 24, "color": style.colour, "symbol": style.symbol},
        text=[f"{name}<br>{theme.count(kind.entities)}{loop}"],
        textposition="top center" if place[1] > -0.2 else "bottom center",  # away from where the lines meet
        textfont={"size": 12, "color": ink},
        hovertext=[f"<b>{escape(kind.kind)}</b>: {theme.counted(kind.entities, 'entity', 'entities')}<br>{facts}"],
        hoverinfo="text",
        name=escape(kind.kind),
    )


def relation_words(relations: Sequence[RelationCount]) -> str:
    """Say what some relations state, one a line, escaped for a hover text."""
    lines = [
        f"{escape(theme.kind_style(each.start).word)} {escape(each.phrase)} "
        f"{escape(theme.kind_style(each.end).word)}: {theme.count(each.edges)}"
        for each in relations
    ]
    return "<br>".join(lines)
