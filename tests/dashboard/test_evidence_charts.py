import re

import pytest

from core.explain.paths import PathFinder
from dashboard import theme
from dashboard.charts import node_places
from dashboard.charts.evidence import SHAPES, SIGNS, kind_legend, path_elements, path_rules
from tests.toy import ALZHEIMER, DONEPEZIL, EDGES, NODES, graph_of, row_of

ATTACK = '<img src=x onerror="alert(1)">'


@pytest.fixture
def paths(toy):
    return PathFinder(toy).best(row_of(toy, DONEPEZIL), row_of(toy, ALZHEIMER), top=4)


def test_every_node_and_joined_pair_is_drawn_once(toy, paths):
    elements = path_elements(toy, paths)
    names = [node["data"]["name"] for node in elements["nodes"]]
    assert sorted(names) == sorted({toy.names[row].replace("'", "&#x27;") for path in paths for row in path.nodes})
    pairs = {(step.start, step.end) for path in paths for step in path.steps}
    drawn = [(edge["data"]["source"], edge["data"]["target"]) for edge in elements["edges"]]
    assert sorted(drawn) == sorted((f"n{start}", f"n{end}") for start, end in pairs)


def test_the_drug_is_left_of_all_and_the_disease_right(toy, paths):
    across = {node["data"]["name"]: node["position"]["x"] for node in path_elements(toy, paths)["nodes"]}
    assert min(across, key=across.get) == "donepezil"
    assert max(across, key=across.get) == "Alzheimer&#x27;s disease"


def test_a_fact_says_itself_and_its_source(toy, paths):
    told = [edge["data"] for edge in path_elements(toy, paths)["edges"]]
    fact = next(data for data in told if "inhibits" in data["says"] and "donepezil" in data["says"])
    assert fact["says"] == "donepezil inhibits ACHE (reversible inhibitor)"
    assert fact["known from"] == "also in Hetionet v1.0"


def test_markup_in_a_name_stays_text():
    """The component writes what a node has into HTML; the label on the canvas alone is plain text."""
    nodes = [(identifier, ATTACK if identifier == "Gene::ACHE" else name, *rest) for identifier, name, *rest in NODES]
    graph = graph_of(nodes, EDGES)
    paths = PathFinder(graph).best(row_of(graph, DONEPEZIL), row_of(graph, ALZHEIMER), top=4)
    elements = path_elements(graph, paths)
    written = [value for element in [*elements["nodes"], *elements["edges"]] for value in element["data"].values()]
    assert any("&lt;img" in value for value in written)
    assert not [value for value in written if "<" in re.sub("<br>", "", value)]


def test_a_kind_with_quotes_stays_inside_its_selector():
    nodes = [(identifier, name, 'Odd"] , *["' if kind == "Gene" else kind, rest) for identifier, name, kind, rest in NODES]
    graph = graph_of(nodes, EDGES)
    paths = PathFinder(graph).best(row_of(graph, DONEPEZIL), row_of(graph, ALZHEIMER), top=4)
    assert any('Odd"'.lower() in theme.kind_style(graph.kinds[row]).word for row in node_places(paths))
    selectors = [rule.dump()["selector"] for rule in path_rules(graph, paths, ink="#000")[0] if "label=" in rule.selector]
    assert all(re.fullmatch(r'node\[label="([^"\\]|\\.)*"\]', selector) for selector in selectors)


def test_lines_tell_corroborated_facts(toy, paths):
    _, edges = path_rules(toy, paths, ink="#000")
    rules = {rule.selector: rule.style for rule in edges}
    donepezil, ache = row_of(toy, DONEPEZIL), row_of(toy, "Gene::ACHE")
    assert rules[f"edge[id='e{donepezil}-{ache}']"] == {"label": "inhibits", "width": 3}


def test_each_kind_has_a_shape_and_a_sign_of_its_own():
    symbols = {style.symbol for style in theme.KINDS.values()}
    assert symbols <= SHAPES.keys() == SIGNS.keys()
    assert len(set(SHAPES.values())) == len(set(SIGNS.values())) == len(SHAPES)


def test_the_legend_names_what_is_drawn(toy, paths):
    words = [word for _, _, word in kind_legend(toy, paths)]
    assert words[0] == "drug"
    assert len(words) == len(set(words)) == len({toy.kinds[row] for row in node_places(paths)})
