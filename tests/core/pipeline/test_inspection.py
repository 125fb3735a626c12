"""A graph as a whole, and a folder that is to become one."""

import hashlib
import json
import tomllib

import pytest

from core.kg.loaders import load_graph
from core.kg.sources import ASSETS, Source
from core.pipeline.inspection import inspect, preview, source_draft
from core.pipeline.licences import NOT_DECLARED
from tests.toy import EDGES, NODES, toy_descriptions, write_table

OWN = 'name = "mine"\ntitle = "Mine"\n[roles]\ntreats = ["treats"]\n'


def licence_of(found, what):
    return next(each for each in found.licences if each.what == what)


def test_a_folder_is_counted_with_its_files_and_texts(toy_folder):
    found = inspect(load_graph(str(toy_folder)))
    assert (found.entities, found.edges) == (len(NODES), len(EDGES))
    assert found.corroborated == sum(bool(edge[4]) for edge in EDGES)
    assert sum(kind.described for kind in found.kinds) == len(toy_descriptions())
    expected = {path.name: (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()) for path in toy_folder.iterdir()}
    assert {file.name: (file.size, file.sha256) for file in found.files} == expected
    assert found.hubs[0].name == "Alzheimer's disease"


def test_the_starter_s_two_merged_diseases_are_found(starter):
    """Read in its files: Cushing syndrome was described under the identifier of primary hyperaldosteronism."""
    found = {check.name: check for check in inspect(starter).checks}
    assert found["described twice"].cases == ("Disease::DOID:446: primary hyperaldosteronism and Cushing syndrome",)
    assert not [check.name for check in found.values() if check.level == "fail"]


def test_it_is_plain_json(toy_folder):
    values = json.loads(json.dumps(inspect(load_graph(str(toy_folder))).as_dict()))
    assert values["treatments"]["untreated"] == 1
    assert {"name", "level", "found", "advice", "count", "cases"} == set(values["checks"][0])


def test_the_licences_of_the_starter_are_those_that_its_files_declare(starter):
    found = inspect(starter)
    readme = (ASSETS / "starter" / "README.md").read_text(encoding="utf-8").splitlines()
    assert "Licence: CC0 1.0." in readme
    assert licence_of(found, "graph").licence == licence_of(found, "descriptions").licence == "CC0 1.0"
    assert licence_of(found, "bundled encoder").licence == "MIT"


def test_a_folder_that_is_read_as_the_starter_is_not_under_its_licence(toy_folder):
    found = inspect(load_graph(str(toy_folder)))
    assert licence_of(found, "graph").licence == NOT_DECLARED
    assert "read as Starter graph" in licence_of(found, "graph").declared_by
    assert licence_of(found, "descriptions").licence == NOT_DECLARED
    assert found.declared_in == "assets/sources/starter.toml"


@pytest.mark.parametrize(("line", "licence"), [('licence = "ODbL"\n', "ODbL"), ("", NOT_DECLARED)])
def test_the_licence_of_an_own_source_is_taken_as_it_is(toy_folder, line, licence):
    (toy_folder / "source.toml").write_text(line + OWN)
    found = inspect(load_graph(str(toy_folder)))
    assert licence_of(found, "graph").licence == licence
    assert found.declared_in == "source.toml in its folder"


def test_a_readme_speaks_where_the_source_is_silent(toy_folder):
    (toy_folder / "README.md").write_text("# Mine\n\nLicense: CC BY 4.0.\n")
    found = inspect(load_graph(str(toy_folder)))
    assert licence_of(found, "graph").licence == licence_of(found, "descriptions").licence == "CC BY 4.0"


def test_without_texts_there_is_no_licence_of_texts(toy_folder):
    (toy_folder / "descriptions.jsonl").unlink()
    assert [each.what for each in inspect(load_graph(str(toy_folder))).licences] == ["graph", "bundled encoder"]


def test_a_pair_of_files_is_inspected_with_what_lies_beside_it(toy_folder):
    found = inspect(load_graph(f"{toy_folder / 'nodes.tsv'}, {toy_folder / 'edges.tsv'}"))
    assert [file.name for file in found.files] == ["nodes.tsv", "edges.tsv", "descriptions.jsonl"]


def test_the_shipped_example_passes_every_check():
    seen = preview(ASSETS / "example")
    assert seen.error is None
    assert {check.level for check in seen.inspection.checks} == {"pass"}
    assert NOT_DECLARED not in {each.licence for each in seen.inspection.licences}
    assert seen.edges[0] == "donepezil treats Alzheimer's disease"
    assert seen.nodes[0] == {"id": "Compound::DB00843", "name": "donepezil", "kind": "Compound"}


def test_the_facts_of_the_example_are_those_of_the_starter(starter):
    example = load_graph(str(ASSETS / "example"))
    known = {tuple(starter.vocabulary.entities[end] for end in (h, t)) for h, _, t in starter.triples.tolist()}
    ends = {tuple(example.vocabulary.entities[end] for end in (h, t)) for h, _, t in example.triples.tolist()}
    assert ends <= known


def test_progress_tells_of_each_stage(toy_folder):
    told = []
    preview(toy_folder, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_repeated_edge_is_named_by_its_line(toy_folder):
    write_table(toy_folder / "edges.tsv", ["head", "relation", "tail", "detail", "corroborated"], [*EDGES, EDGES[0]])
    (problem,) = preview(toy_folder).scan.problems
    assert (problem.line, problem.refused) == (len(EDGES) + 2, False)


def test_what_cannot_be_loaded_is_told_without_the_folder(toy_folder):
    (toy_folder / "source.toml").write_text("name = [")
    seen = preview(toy_folder)
    assert seen.inspection is None
    assert seen.error.found.startswith("source.toml cannot be read as TOML")
    assert str(toy_folder) not in seen.error.message
    assert not seen.draft


def test_a_bad_description_is_told_with_its_line(toy_folder):
    with (toy_folder / "descriptions.jsonl").open("a") as file:
        file.write("no json\n")
    assert f"descriptions.jsonl, line {len(toy_descriptions()) + 1}" in preview(toy_folder).error.found


def test_a_folder_that_is_not_there_is_told(tmp_path):
    seen = preview(tmp_path / "nowhere")
    assert "no such graph or folder" in seen.error.found
    assert not seen.scan.problems


def test_where_nothing_declares_what_treats_a_declaration_is_drafted(toy_folder):
    renamed = [(head, f"my {relation}", *rest) for head, relation, *rest in EDGES]
    write_table(toy_folder / "edges.tsv", ["head", "relation", "tail", "detail", "corroborated"], renamed)
    seen = preview(toy_folder)
    assert "treats" in seen.error.found
    (toy_folder / "source.toml").write_text(seen.draft.replace("WHICH OF THEM?", "my treats"))
    assert preview(toy_folder).inspection.treatments.treated == 3
    assert not preview(toy_folder).draft


@pytest.mark.parametrize("relation", ['say "hi"', "back\\slash", "a.b = c", "Gr>G"])
def test_a_draft_is_sound_whatever_a_relation_is_called(relation):
    assert relation in Source.parse(tomllib.loads(source_draft({relation}, {"Compound"}))).relations
