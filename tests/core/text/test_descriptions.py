import json

import pytest

from core.errors import GraphFormatError
from core.kg.loaders import load_graph
from core.kg.sources import ASSETS
from core.text.descriptions import BLIND_FIELDS, Description, load_descriptions
from tests.toy import ASPIRIN, DONEPEZIL, row_of, toy_descriptions


@pytest.fixture
def graph(toy_folder):
    return load_graph(str(toy_folder))


def test_descriptions_stand_under_their_rows(graph):
    descriptions = load_descriptions(graph)
    assert {graph.vocabulary.entities[row]: d.background for row, d in descriptions.items()} == {
        line["id"]: line["background"] for line in toy_descriptions()
    }
    assert row_of(graph, ASPIRIN) not in descriptions


def test_a_graph_without_folder_or_file_has_none(toy, graph):
    (graph.folder / "descriptions.jsonl").unlink()
    assert load_descriptions(toy) == load_descriptions(graph) == {}


def test_lines_about_other_entities_and_empty_lines_are_left_out(graph):
    lines = ["", json.dumps({"id": "Compound::other", "background": "x"}), json.dumps({"id": DONEPEZIL, "background": "y"}), ""]
    (graph.folder / "descriptions.jsonl").write_text("\n".join(lines))
    assert [d.background for d in load_descriptions(graph).values()] == ["y"]


def test_parts_are_the_fields_that_have_a_text():
    description = Description(id="x", background=" b ", mechanism=" ", indications="i")
    assert description.parts() == {"background": "b", "indications": "i"}
    assert description.parts(BLIND_FIELDS) == {"background": "b"}


@pytest.mark.parametrize(
    "line", ["{", "[1]", "3", '{"background": "no id"}', '{"id": 4}', '{"id": "x", "mechanism": null}', '"\\ud800"']
)
def test_a_line_that_is_no_description_is_named(graph, line):
    path = graph.folder / "descriptions.jsonl"
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(GraphFormatError) as caught:
        load_descriptions(graph)
    assert (caught.value.path, caught.value.line) == (path, len(toy_descriptions()) + 1)


def test_a_file_that_is_not_utf8_is_refused(graph):
    (graph.folder / "descriptions.jsonl").write_bytes(b'{"id": "caf\xe9"}\n')
    with pytest.raises(GraphFormatError, match="UTF-8"):
        load_descriptions(graph)


def test_every_line_of_the_shipped_starter_describes_an_entity(starter):
    lines = (ASSETS / "starter" / "descriptions.jsonl").read_text(encoding="utf-8").splitlines()
    descriptions = load_descriptions(starter)
    assert {d.id for d in descriptions.values()} == {json.loads(line)["id"] for line in lines}


def test_of_two_lines_with_one_id_that_with_the_entitys_name_is_taken(starter):
    description = load_descriptions(starter)[row_of(starter, "Disease::DOID:446")]
    assert starter.names[row_of(starter, "Disease::DOID:446")] == "primary hyperaldosteronism"
    assert description.background.startswith("Primary hyperaldosteronism")
