"""Lay out paths for the graph that a reader can move: plain values for Cytoscape, with the colours and shapes of the theme.

The component writes what it is given into HTML unescaped, so all that comes from a graph is escaped here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from core.explain.paths import Path, Step
from core.explain.sentences import Fact, fact
from core.kg.graph import KnowledgeGraph
from dashboard import theme
from dashboard.charts import node_places, short, source_of

ACROSS, DOWN = 640, 74  #: pixels from drug to disease, and between two lanes
SHAPES = {
    "circle": "ellipse",
    "square": "rectangle",
    "diamond": "diamond",
    "triangle-up": "triangle",
    "hexagon": "hexagon",
    "hexagon2": "heptagon",
    "x": "vee",
    "star": "star",
    "pentagon": "pentagon",
}
SIGNS = {
    "circle": "●",
    "square": "■",
    "diamond": "◆",
    "triangle-up": "▲",
    "hexagon": "⬢",
    "hexagon2": "⬣",
    "x": "▼",
    "star": "★",
    "pentagon": "⬟",
}


@dataclass(frozen=True)
class Rule:
    """One rule of Cytoscape's style sheet; the component asks for ``dump`` only."""

    selector: str
    style: dict[str, Any]

    def dump(self) -> dict[str, Any]:
        """Return the rule as the component sends it."""
        return {"selector": self.selector, "style": self.style}


def path_elements(graph: KnowledgeGraph, paths: Sequence[Path]) -> dict[str, list[dict[str, Any]]]:
    """Return nodes and edges with their places: the drug at the left, the disease at the right."""
    nodes = [_node(graph, row, place) for row, place in node_places(paths).items()]
    edges = [_edge(graph, ends, steps) for ends, steps in _bundles(paths).items()]
    return {"nodes": nodes, "edges": edges}


def path_rules(graph: KnowledgeGraph, paths: Sequence[Path], *, ink: str) -> tuple[list[Rule], list[Rule]]:
    """Return the rules of nodes and of edges: kinds by colour and shape, corroborated facts thick, correlations dotted.

    :param ink: colour of the names
    """
    rows = list(node_places(paths))
    looks = [_kind_rule(kind) for kind in dict.fromkeys(graph.kinds[row] for row in rows)]
    names = [Rule(f"node[id='n{row}']", {"label": short(graph.names[row])}) for row in rows]
    common = Rule("node", {"width": 22, "height": 22, "font-size": 13, "color": ink, "text-valign": "top", "text-margin-y": -4})
    quiet = Rule("*", {"min-zoomed-font-size": 5})
    edge_style = {
        "width": 1.4,
        "line-color": theme.EDGE_COLOUR,
        "target-arrow-color": theme.EDGE_COLOUR,
        "target-arrow-shape": "triangle",
        "font-size": 11,
        "color": theme.EDGE_COLOUR,
        "text-background-opacity": 0,
        "text-rotation": "none",
        "text-margin-y": 9,
    }
    edges = [Rule("edge", edge_style)]
    for ends, steps in _bundles(paths).items():
        items = [fact(graph, step) for step in steps]
        label = short(" / ".join(dict.fromkeys(item.phrase for item in items)))
        edges.append(Rule(f"edge[id='{_edge_id(ends)}']", {"label": label, **_line(items)}))
    return [quiet, common, *looks, *names], edges


def kind_legend(graph: KnowledgeGraph, paths: Sequence[Path]) -> list[tuple[str, str, str]]:
    """Return sign, colour and word, escaped for HTML, of each kind that is drawn."""
    styles = [theme.kind_style(graph.kinds[row]) for row in node_places(paths)]
    return list(dict.fromkeys((SIGNS.get(style.symbol, "○"), style.colour, escape(style.word)) for style in styles))


def _bundles(paths: Sequence[Path]) -> dict[tuple[int, int], list[Step]]:
    """Put all facts between two nodes on one line."""
    bundles: dict[tuple[int, int], list[Step]] = {}
    for step in dict.fromkeys(step for path in paths for step in path.steps):
        bundles.setdefault((step.start, step.end), []).append(step)
    return bundles


def _node(graph: KnowledgeGraph, row: int, place: tuple[float, float]) -> dict[str, Any]:
    word = theme.kind_style(graph.kinds[row]).word
    data = {"id": f"n{row}", "label": word, "name": escape(graph.names[row]), "kind": escape(graph.kinds[row])}
    return {"data": data, "position": {"x": place[0] * ACROSS, "y": -place[1] * DOWN}}


def _edge(graph: KnowledgeGraph, ends: tuple[int, int], steps: Sequence[Step]) -> dict[str, Any]:
    items = [fact(graph, step) for step in steps]
    told = {"says": "<br>".join(escape(item.text) for item in items), "known from": "<br>".join(map(source_of, items))}
    return {"data": {"id": _edge_id(ends), "label": "fact", "source": f"n{ends[0]}", "target": f"n{ends[1]}", **told}}


def _edge_id(ends: tuple[int, int]) -> str:
    return f"e{ends[0]}-{ends[1]}"


def _kind_rule(kind: str) -> Rule:
    style = theme.kind_style(kind)
    look = {"background-color": style.colour, "shape": SHAPES.get(style.symbol, "ellipse")}
    return Rule(f"node[label={_quoted(style.word)}]", look)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _line(items: Sequence[Fact]) -> dict[str, Any]:
    if all(item.correlation for item in items):
        return {"line-style": "dotted"}
    return {"width": 3} if any(item.provenance for item in items) else {}
