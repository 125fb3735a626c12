from dataclasses import replace
from xml.etree import ElementTree

from core.casestudy.drawing import draw_paths
from core.explain.paths import PathFinder
from tests.toy import ALZHEIMER, HALOPERIDOL

SVG = "{http://www.w3.org/2000/svg}"


def drawn(graph, top=10):
    rows = graph.vocabulary.entity_row
    paths = PathFinder(graph).best(rows[HALOPERIDOL], rows[ALZHEIMER], top=top)
    return paths, ElementTree.fromstring(draw_paths(graph, paths))  # noqa: S314 - our own drawing


def test_each_node_and_each_edge_is_drawn_once(toy):
    paths, picture = drawn(toy)
    nodes = {node for path in paths for node in path.nodes}
    edges = {step.edge for path in paths for step in path.steps}
    assert sorted(title.text for title in picture.iterfind(f"{SVG}g/{SVG}title")) == sorted(toy.names[node] for node in nodes)
    assert len(picture.findall(f"{SVG}line")) == len(edges)


def test_the_drug_stands_left_of_all_and_the_disease_right(toy):
    _, picture = drawn(toy)
    left = {box.find(f"{SVG}title").text: float(box.find(f"{SVG}rect").get("x")) for box in picture.iterfind(f"{SVG}g")}
    assert min(left, key=left.get) == "haloperidol"
    assert max(left, key=left.get) == "Alzheimer's disease"


def test_boxes_do_not_overlap(toy):
    _, picture = drawn(toy)
    corners = [(float(box.get("x")), float(box.get("y"))) for box in picture.iter(f"{SVG}rect")]
    assert len(set(corners)) == len(corners)


def test_names_are_data(toy):
    hostile = replace(toy, names=tuple(f"<script>{name}&" for name in toy.names))
    _, picture = drawn(hostile)
    assert not list(picture.iter(f"{SVG}script"))
    assert "<script>" in picture.find(f"{SVG}g/{SVG}title").text


def test_no_path_no_picture(toy):
    assert draw_paths(toy, []) == ""
