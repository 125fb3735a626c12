import pytest

from core.explain.paths import Path, PathFinder
from core.kg.graph import KnowledgeGraph
from dashboard import charts
from tests.toy import ALZHEIMER, DONEPEZIL, EDGES, NODES, graph_of, row_of


@pytest.fixture
def paths(toy: KnowledgeGraph) -> list[Path]:
    return PathFinder(toy).best(row_of(toy, DONEPEZIL), row_of(toy, ALZHEIMER))


def test_the_drug_stands_left_and_the_disease_right(toy, paths):
    places = charts.node_places(paths)
    assert places[row_of(toy, DONEPEZIL)][0] == 0
    assert places[row_of(toy, ALZHEIMER)][0] == 1
    assert all(0 < x < 1 for node, (x, _) in places.items() if node not in (row_of(toy, DONEPEZIL), row_of(toy, ALZHEIMER)))


def test_no_two_nodes_share_a_spot(paths):
    places = list(charts.node_places(paths).values())
    assert len(set(places)) == len(places)


def test_kinds_differ_in_colour_and_shape_and_have_a_legend(toy, paths):
    figure = charts.path_graph(toy, paths)
    kinds = [trace for trace in figure.data if trace.mode == "markers+text" and trace.showlegend is not False]
    assert {"drug", "disease", "gene"} <= {trace.name for trace in kinds}
    assert len({(trace.marker.color, trace.marker.symbol) for trace in kinds}) == len(kinds)


def test_corroborated_facts_have_thicker_lines(toy, paths):
    widths = {trace.name: trace.line.width for trace in charts.path_graph(toy, paths).data if trace.mode == "lines"}
    assert widths["fact, corroborated"] > widths["fact, not corroborated"]


def test_names_are_escaped(paths):
    nodes = [(node[0], "<script>x</script>" if node[0] == DONEPEZIL else node[1], *node[2:]) for node in NODES]
    figure = charts.path_graph(graph_of(nodes, EDGES), paths)
    assert "<script" not in figure.to_json()
    assert "&lt;script&gt;" in "".join(text for trace in figure.data for text in (trace.text or ()))


def test_no_path_is_an_empty_picture(toy):
    assert charts.path_graph(toy, []).layout.height > 0


def test_the_loss_is_drawn_as_far_as_it_is(toy):
    trace = [{"epoch": 1, "loss": 2.0, "link": 1.5}, {"epoch": 2, "loss": 1.0, "link": 0.5}]
    figure = charts.loss_curve(trace, 40)
    assert list(figure.data[0].y) == [2.0, 1.0]
    assert list(figure.layout.xaxis.range) == [0, 40]
    assert {note.text for note in figure.layout.annotations} == {"whole loss", "facts alone"}


def test_the_ladder_has_its_words():
    figure = charts.rank_ladder([("without text", 240), ("with text", 12)], 1049)
    assert list(figure.data[0].text) == ["240th", "12th"]
    assert list(figure.data[0].hovertext) == ["240th of 1,049", "12th of 1,049"]


def test_a_picture_is_saved_as_svg_under_a_telling_name():
    assert charts.figure_config("x_y")["toImageButtonOptions"] == {"format": "svg", "filename": "x_y", "scale": 1}
