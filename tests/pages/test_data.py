import shutil

import pytest

from core import pipeline
from core.config import RunSettings
from core.kg.sources import ASSETS
from core.kg.stored import files_of, store_graph, stored_graphs
from core.workspace import Workspace
from dashboard import jobs
from dashboard.components import data_steps
from tests.pages.conftest import FORMULA, words
from tests.toy import EDGES, NODES, write_table, write_toy_folder


@pytest.fixture
def folder(tmp_path):
    return write_toy_folder(tmp_path / "mine")


@pytest.fixture
def own(tmp_path, trained):
    """A workspace of its own with the trained runs: graphs are stored."""
    shutil.copytree(trained.root, tmp_path / "home")
    return Workspace(tmp_path / "home")


def press(app, label):
    return next(button for button in app.button if button.label == label).click().run()


def table(app, column):
    return next(frame.value for frame in app.dataframe if column in frame.value)


def picker(app):
    return next(box for box in app.selectbox if box.label == "Graph")


def test_the_graph_of_the_run_is_counted_and_checked(trained, open_page):
    app = open_page(trained, "data")
    assert not app.exception
    assert not app.error
    assert f"{len(NODES)} entities" in words(app)
    assert f"{len(EDGES)} facts" in words(app)
    assert dict(zip(table(app, "Entities")["Kind"], table(app, "Entities")["Entities"], strict=True))["gene"] == 5
    relations = table(app, "Reads").set_index("Identifier")
    assert relations.loc["contraindicated_in", "Counts as"] == "✕ contraindicated"
    assert relations.loc["investigated_for", "Learned"] == "no: mark and test only"
    assert len(app.get("plotly_chart")) == 1
    assert "▲ shared names" in words(app)
    assert "not declared" in words(app)


def test_the_runs_that_learned_it_are_listed(trained, open_page):
    app = open_page(trained, "data")
    assert table(app, "State")["Run"].tolist() == ["base", "lladr"]
    assert set(table(app, "State")["Graph"]) == {"as it learned it"}


def test_another_graph_is_chosen_and_stands_in_the_address(trained, open_page):
    app = open_page(trained, "data")
    picker(app).select("starter").run()
    assert app.query_params["kg"] in ("starter", ["starter"])
    assert "1,049 drugs" in words(app)
    assert "written by an LLM" in words(app)
    assert "No run has learned this graph yet" in words(app)


def test_a_graph_that_changed_since_a_run_learned_it_is_told(own, folder, open_page):
    settings = {"kg": str(folder), "model": {"dim": 8}, "training": {"epochs": 1, "batch_size": 16}, "text": {"mode": "none"}}
    pipeline.train_run(own, "old", RunSettings.parse(settings))
    with (folder / "nodes.tsv").open("a") as file:
        file.write("Gene::new\tnew\tGene\t\n")
    app = open_page(own, "data", kg=str(folder))
    assert table(app, "State")["Graph"].tolist() == ["changed since"]
    ranked_by_it = open_page(own, "data", kg=str(folder), run="old")  # the sidebar says what is wrong, the page goes on
    assert len(ranked_by_it.sidebar.error) == 1
    assert table(ranked_by_it, "State")["Graph"].tolist() == ["changed since"]


def test_a_graph_that_cannot_be_read_leaves_the_choice_of_another(trained, open_page):
    app = open_page(trained, "data", kg="/no/such/folder")
    assert "no such graph or folder" in words(app)
    assert "starter" in picker(app).options[0]
    picker(app).select("starter").run()
    assert not app.error


def test_training_starts_with_its_texts_and_is_watched(trained, open_page, monkeypatch):
    started = []
    monkeypatch.setattr(jobs, "start", lambda workspace, name, settings: started.append((name, settings)))
    app = open_page(trained, "data", kg="starter")
    press(app, "Train on it")
    assert not app.exception
    assert started == [("starter-complex-full-0", RunSettings.parse({"kg": "starter", "text": {"mode": "full"}}))]
    assert app.title[0].value == "Training"
    assert "has started" in words(app)


def test_without_a_run_the_starter_is_shown(tmp_path, open_page):
    app = open_page(Workspace(tmp_path), "data")
    assert not app.exception
    assert "1,049 drugs" in words(app)
    assert not list(tmp_path.iterdir())


def test_bringing_one_begins_with_an_example_and_an_instruction(trained, open_page):
    app = open_page(trained, "data", part="own")
    assert not app.exception
    assert [each.value for each in app.subheader] == ["1. Your files", "2. Look at them"]
    assert "Give a folder or upload" in words(app)
    assert (ASSETS / "example" / "source.toml").read_text().strip() in [code.value.strip() for code in app.code]


def test_a_folder_is_previewed_and_nothing_is_written(own, folder, open_page):
    app = open_page(own, "data", part="own")
    app.text_input(key="widget-folder").set_value(str(folder)).run()
    assert not app.exception
    assert app.query_params["folder"] in (str(folder), [str(folder)])
    assert f"{len(NODES)} entities" in words(app)
    assert "donepezil treats Alzheimer's disease" in table(app, "fact")["fact"].tolist()
    assert set(table(app, "Reads")["Identifier"]) == {edge[1] for edge in EDGES}
    assert stored_graphs(own) == []


def test_a_sound_folder_is_stored_and_can_be_trained_on(own, folder, open_page):
    app = open_page(own, "data", part="own", folder=str(folder))
    assert next(field for field in app.text_input if field.label == "Name of the graph").value == "mine"
    press(app, "Store in the workspace")
    assert not app.exception
    (kept,) = stored_graphs(own)
    assert {name: path.read_bytes() for name, path in files_of(kept).items()} == {
        name: path.read_bytes() for name, path in files_of(folder).items()
    }
    assert "Stored as mine. Train on it below." in words(app)
    assert app.query_params["kg"] in (str(kept), [str(kept)])
    assert f"lladr train --kg {kept} --text full" in [code.value for code in app.code]
    assert any("mine (in the workspace)" in option for option in picker(app).options)


def test_a_name_that_is_taken_is_refused_where_it_was_given(own, folder, open_page):
    store_graph(own, "mine", files_of(folder))
    app = open_page(own, "data", part="own", folder=str(folder))
    press(app, "Store in the workspace")
    assert "The workspace has a graph 'mine' already" in words(app)
    assert "3. Keep it and train on it" in words(app)


def test_every_bad_line_is_named_and_nothing_can_be_stored(own, folder, open_page):
    with (folder / "edges.tsv").open("a") as file:
        file.write("<script>alert(1)</script>\ttreats\tGene::ACHE\t\t\na\tb\n")
    app = open_page(own, "data", part="own", folder=str(folder))
    assert not app.exception
    (error,) = [each.value for each in app.error]
    assert "This is no graph yet: 2 problems" in error
    assert f"line {len(EDGES) + 2}" in error
    assert f"line {len(EDGES) + 3}" in error
    assert "<script" not in error.replace("\\<", "")
    assert "Nothing was stored" in words(app)
    assert "Store in the workspace" not in [button.label for button in app.button]


def test_a_missing_declaration_is_drafted(own, folder, open_page):
    renamed = [(head, f"my_{relation}", *rest) for head, relation, *rest in EDGES]
    write_table(folder / "edges.tsv", ["head", "relation", "tail", "detail", "corroborated"], renamed)
    app = open_page(own, "data", part="own", folder=str(folder))
    assert "Nothing declares which of these relations means 'treats'" in words(app)
    assert any("WHICH OF THEM?" in code.value for code in app.code)


def test_a_folder_that_is_not_there_is_told(own, open_page):
    app = open_page(own, "data", part="own", folder="/no/such/folder")
    assert not app.exception
    assert "no such graph or folder" in words(app)


def test_a_hostile_graph_is_shown_harmlessly(hostile, open_page):
    app = open_page(hostile, "data")
    assert not app.exception
    for element in [*(each for each in app.markdown if not each.proto.allow_html), *app.caption]:
        assert "<script" not in element.value.replace("\\<", "")
        assert ":material/home:" not in element.value
    assert FORMULA not in app.get("plotly_chart")[0].proto.spec


def uploaded(app, *files):
    """Upload files given as name and content."""
    return app.file_uploader[0].set_value([(name, content, "text/plain") for name, content in files]).run()


def test_uploaded_files_are_previewed_and_stored(own, folder, open_page):
    app = open_page(own, "data", part="own")
    app = uploaded(app, *((name, path.read_bytes()) for name, path in files_of(folder).items()))
    assert not app.exception
    assert f"{len(EDGES)} facts" in words(app)
    press(app, "Store in the workspace")
    (kept,) = stored_graphs(own)
    assert kept.name == "my-graph"
    assert (kept / "edges.tsv").read_bytes() == (folder / "edges.tsv").read_bytes()


def test_a_bad_upload_is_told_by_file_and_line_without_a_folder(own, folder, open_page):
    app = open_page(own, "data", part="own")
    app = uploaded(app, ("nodes.tsv", (folder / "nodes.tsv").read_bytes()), ("edges.tsv", b"head\trelation\ttail\na\tb\n"))
    (error,) = [each.value.replace("\\", "") for each in app.error]
    assert "**edges.tsv, line 2**" in error
    assert "lladr-" not in error
    assert "/" not in error.replace("spaces/", "")
    assert stored_graphs(own) == []


def test_an_upload_that_is_no_part_of_a_graph_or_too_large_is_refused(own, open_page, monkeypatch):
    app = uploaded(open_page(own, "data", part="own"), ("other.tsv", b"x"))
    assert "no part of a graph" in words(app)
    monkeypatch.setattr(data_steps, "MOST_BYTES", 0)
    app = uploaded(open_page(own, "data", part="own"), ("nodes.tsv", b"x"))
    assert "too large together" in words(app)
