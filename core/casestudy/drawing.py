"""Draw paths as a small SVG: drug left, disease right, kinds by colour and word, for reports that carry no script."""

from collections.abc import Mapping, Sequence
from html import escape

from core.explain.paths import Path, Step
from core.explain.sentences import fact
from core.kg.graph import KnowledgeGraph

#: Colours of Okabe and Ito, told apart by the colour-blind; as :mod:`dashboard.theme` has them.
COLOURS: Mapping[str, str] = {
    "Compound": "#0072B2",
    "Disease": "#D55E00",
    "Gene": "#009E73",
    "Pharmacologic Class": "#E69F00",
    "Process": "#CC79A7",
    "Biological Process": "#CC79A7",
    "Pathway": "#9A6FB0",
    "Phenotype": "#3FA0D8",
    "Symptom": "#3FA0D8",
    "Side Effect": "#3FA0D8",
    "Anatomy": "#A08030",
}
OTHER = "#80808A"
BOX_WIDTH, BOX_HEIGHT, GAP, ROW, MARGIN = 150, 40, 112, 58, 8  #: in pixels
NAME_LENGTH = 22  #: letters that fit into a box


def draw_paths(graph: KnowledgeGraph, paths: Sequence[Path]) -> str:
    """Return an SVG of some paths of one pair; an empty string where there is none."""
    if not paths:
        return ""
    places = _places(paths)
    last = max(column for column, _ in places.values())
    rows = 1 + max(row for _, row in places.values())
    width, height = 2 * MARGIN + BOX_WIDTH + last * (BOX_WIDTH + GAP), 2 * MARGIN + (rows - 1) * ROW + BOX_HEIGHT
    steps = {step.edge: step for path in paths for step in path.steps}
    edges = "".join(_edge(graph, step, places) for step in steps.values())
    boxes = "".join(_box(graph, node, *place) for node, place in places.items())
    title = escape(f"Paths from {graph.names[paths[0].nodes[0]]} to {graph.names[paths[0].nodes[-1]]}")
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    style = 'font-family="DejaVu Sans, system-ui, sans-serif" font-size="11"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size} {style}><title>{title}</title>{edges}{boxes}</svg>'


def _places(paths: Sequence[Path]) -> dict[int, tuple[int, float]]:
    """Return column and row of each node: the column is its step, the disease stands in the last one."""
    last = max(len(path.steps) for path in paths)
    columns: dict[int, int] = {}
    for path in paths:
        for step, node in enumerate(path.nodes):
            columns.setdefault(node, last if node == path.nodes[-1] else step)
    members: dict[int, list[int]] = {}
    for node, column in columns.items():
        members.setdefault(column, []).append(node)
    tallest = max(map(len, members.values()))
    return {
        node: (column, row + (tallest - len(nodes)) / 2) for column, nodes in members.items() for row, node in enumerate(nodes)
    }


def _corner(column: int, row: float) -> tuple[float, float]:
    return MARGIN + column * (BOX_WIDTH + GAP), MARGIN + row * ROW


def _box(graph: KnowledgeGraph, node: int, column: int, row: float) -> str:
    x, y = _corner(column, row)
    colour, name, kind = COLOURS.get(graph.kinds[node], OTHER), graph.names[node], _word(graph, node)
    short = name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 1]}\u2026"
    return (
        f'<g><title>{escape(name)}</title><rect x="{x}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6" fill="white" '
        f'stroke="{colour}" stroke-width="2"/><text x="{x + 8}" y="{y + 17}" font-weight="bold">{escape(short)}</text>'
        f'<text x="{x + 8}" y="{y + 32}" fill="{colour}">{escape(kind)}</text></g>'
    )


def _word(graph: KnowledgeGraph, node: int) -> str:
    return "drug" if graph.kinds[node] == graph.source.drug_kind else graph.kinds[node].lower()


def _edge(graph: KnowledgeGraph, step: Step, places: Mapping[int, tuple[int, float]]) -> str:
    ends = (*_side(places[step.start], places[step.end]), *_side(places[step.end], places[step.start]))
    stated = fact(graph, step)
    dashes = ' stroke-dasharray="4 3"' if stated.correlation else ""
    width = 2.2 if stated.provenance else 1.2
    middle = f'x="{(ends[0] + ends[2]) / 2}" y="{(ends[1] + ends[3]) / 2 - 4}"'
    return (
        f'<line x1="{ends[0]}" y1="{ends[1]}" x2="{ends[2]}" y2="{ends[3]}" stroke="#8A8F98" stroke-width="{width}"{dashes}/>'
        f'<text {middle} text-anchor="middle" font-size="9" fill="#444">{escape(stated.phrase)}</text>'
    )


def _side(place: tuple[int, float], other: tuple[int, float]) -> tuple[float, float]:
    """Return where a line to the other box leaves this one: at the side that faces it, or at its middle in one column."""
    x, y = _corner(*place)
    share = {1: 1.0, 0: 0.5, -1: 0.0}[(other[0] > place[0]) - (other[0] < place[0])]
    return x + share * BOX_WIDTH, y + BOX_HEIGHT / 2
