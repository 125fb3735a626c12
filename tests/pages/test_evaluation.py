import csv
import io
import json
import shutil
from pathlib import Path

import pytest
import streamlit as st

from core.evaluate.panel import BASELINES
from core.pipeline import evaluation
from core.pipeline.questions import Question
from core.workspace import Workspace, graph_slug, read_json, write_json
from dashboard.jobs import evaluation as work
from dashboard.resources import evaluation as data
from tests.pages.conftest import HOSTILE, words


@pytest.fixture(scope="module")
def measured(trained, tmp_path_factory) -> Workspace:
    """The toy graph's runs, measured: lladr with the simple methods, base without; half of the four treatments held out."""
    root = tmp_path_factory.mktemp("measured") / "workspace"
    shutil.copytree(trained.root, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "TEST_FRACTION", 0.5)
        evaluation.evaluate_protocol(Workspace(root), "base", Question())
        evaluation.evaluate_protocol(Workspace(root), "lladr", Question(), with_baselines=True)
    return Workspace(root)


@pytest.fixture
def starts(monkeypatch):
    """Measurements that are started."""
    found = []
    monkeypatch.setattr(work, "start", lambda workspace, name, question, n, **rest: found.append((name, question, rest)))
    return found


def table(app, column: str):
    return next(frame.value for frame in app.dataframe if column in frame.value)


def kept(workspace: Workspace, name: str = "lladr") -> Path:
    return Question().result_file(workspace.run(name))


def test_the_first_sentence_counts_what_is_found_again(measured, open_page):
    app = open_page(measured, "evaluation")
    assert not app.exception
    result = read_json(kept(measured))
    depth = 3  # the deepest of 1, 3, 10 and 50 that is less than six drugs
    found = sum(round(disease["metrics"]["H@3"] * disease["n_pairs"]) for disease in result["per_disease"])
    assert f"On treatments that it had not seen, lladr finds {found} of 2 within the first {depth} of 6" in words(app)


def test_simple_methods_are_in_the_table_each_with_a_p_value(measured, open_page):
    app = open_page(measured, "evaluation", runs="lladr,base")
    shown = table(app, "The run is")
    assert len(shown) == 2 + len(BASELINES)
    assert shown["Method"].tolist()[:2] == ["lladr", "base"]
    assert (shown["p"].tolist()[0], shown["The run is"].tolist()[0]) == ("", "judged here")
    assert all(shown["p"].tolist()[1:])
    result = read_json(kept(measured))
    pagerank = next(each for each in result["baselines"] if each["scorer"] == "pagerank")
    line = shown[shown["Method"] == "random walks"].iloc[0]
    assert line["MRR"] == pagerank["metrics"]["MRR"]["value"]
    assert line["Difference"] == pytest.approx(result["metrics"]["MRR"]["value"] - line["MRR"])


def test_a_method_that_beats_the_run_is_named_first(measured, open_page, tmp_path):
    workspace = copied(measured, tmp_path)
    result = read_json(kept(workspace))
    for baseline in result["baselines"]:
        for difference in baseline["run_minus_this"]:
            difference |= {"difference": -0.2, "p_value": 0.0004 if baseline["scorer"] == "pagerank" else 0.4}
    write_json(kept(workspace), result)
    said = words(open_page(workspace, "evaluation")).replace("\u00a0", " ")
    beaten = next(line for line in said.split("\n") if "Beaten by" in line)
    assert "random walks (pagerank)" in beaten
    assert "p < 0.001" in beaten
    assert "popularity" not in beaten
    assert "Better than" not in said


def test_another_metric_is_in_the_address_and_in_the_table(measured, open_page):
    app = open_page(measured, "evaluation")
    next(pills for pills in app.pills if pills.label == "Compared by").set_value("AUC").run()
    assert app.query_params["metric"] in ("AUC", ["AUC"])
    assert "AUC" in table(app, "The run is")


def test_a_run_that_is_not_measured_offers_it(trained, open_page, starts):
    app = open_page(trained, "evaluation", protocol="zero-shot")
    assert not app.exception
    assert "not measured yet" in app.markdown[0].value
    app.button(key="measure-lladr").click().run()
    assert starts == [("lladr", Question("zero-shot"), {"with_controls": False})]


def test_baselines_that_are_missing_are_said_and_offered(measured, open_page, starts):
    app = open_page(measured, "evaluation", runs="base")
    assert "base: the simple methods beside it are not measured yet" in words(app)
    app.button(key="measure-base").click().run()
    assert starts == [("base", Question(), {"with_controls": False})]


def test_other_texts_are_offered_once_the_rest_is_there(measured, open_page, starts):
    app = open_page(measured, "evaluation", runs="lladr")
    app.button(key="measure-lladr").click().run()
    assert starts == [("lladr", Question(), {"with_controls": True})]


def test_a_running_measurement_shows_its_time_left(measured, open_page, monkeypatch):
    now = work.Measurement("zero-shot", running=True, stage="training it", share=0.4, seconds_left=90, error="")
    monkeypatch.setattr(work, "measurement", lambda workspace, name: now)
    app = open_page(measured, "evaluation", runs="base")
    (bar,) = app.get("progress")
    assert bar.proto.text == "Measuring base (zero-shot): training it, about 2 min left"


def test_a_failed_measurement_shows_its_log(trained, open_page, monkeypatch):
    now = work.Measurement("paper", running=False, stage="", share=1, seconds_left=0, error="no room on <b>disk</b>")
    monkeypatch.setattr(work, "measurement", lambda workspace, name: now)
    app = open_page(trained, "evaluation")
    assert app.code[0].value == "no room on <b>disk</b>"


def test_the_text_picker_jumps_to_a_run_of_that_text(measured, open_page):
    app = open_page(measured, "evaluation", runs="lladr")
    next(pills for pills in app.pills if pills.label == "Text that it reads").set_value("none").run()
    assert app.query_params["runs"] in ("base,lladr", ["base,lladr"])
    assert not app.exception


def test_protocols_that_need_more_say_what(measured, open_page):
    assert "Give a file of pairs above" in words(open_page(measured, "evaluation", protocol="external"))
    area = open_page(measured, "evaluation", protocol="area")
    assert not area.exception
    assert "no therapeutic areas" in words(area)


def test_the_papers_protocol_has_no_picture_of_diseases(measured, open_page, tmp_path, monkeypatch):
    """Its AUC is of pooled scores: no percentile within a disease."""
    workspace = copied(measured, tmp_path)
    monkeypatch.setattr(evaluation, "TEST_FRACTION", 0.5)
    evaluation.evaluate_protocol(workspace, "lladr", Question("paper"))
    app = open_page(workspace, "evaluation", protocol="paper")
    assert not app.exception
    assert "it ranks diseases for a drug" in words(app)
    assert len(app.get("plotly_chart")) == 1
    assert "LLaDR's own" in words(app)


def test_a_file_that_is_not_there_is_said(measured, open_page):
    app = open_page(measured, "evaluation", protocol="external", positives="/no/such/pairs.tsv")
    assert "/no/such/pairs.tsv cannot be read" in words(app)
    assert not app.exception


def test_nonsense_in_the_address_is_left_out(measured, open_page):
    query = {"protocol": "best", "metric": "IQ", "level": "great", "seed": "-1", "runs": "none,of,these", "scorer": "me"}
    app = open_page(measured, "evaluation", **query)
    assert not app.exception
    assert "lladr finds" in words(app)


def test_all_diseases_have_a_badge_and_are_found_by_name(measured, open_page):
    app = open_page(measured, "evaluation")
    assert len(table(app, "Badge")) == 4
    app = open_page(measured, "evaluation", search="ALZH")
    assert table(app, "Badge")["Disease"].tolist() == ["Alzheimer's disease"]
    assert table(app, "Badge")["Badge"].tolist() == [["○ no evidence"]]
    assert "No disease of the graph matches" in words(open_page(measured, "evaluation", level="reliable"))


def test_robustness_names_its_command_until_there_is_a_table(measured, open_page, tmp_path):
    kg = json.loads(measured.run("lladr").settings_file.read_text())["kg"]
    assert f"lladr reproduce --kg {kg} --table noise" in open_page(measured, "evaluation").code[-1].value
    workspace = copied(measured, tmp_path)
    folder = workspace.root / "reproduce" / f"{graph_slug(kg)}-noise"
    folder.mkdir(parents=True)
    head = "table,backbone,variant,condition,MR,MR sd,paper MR\n"
    (folder / "table.csv").write_text(head + "noise,transe,base,none,9,,6.28\nnoise,transe,base,20 % added,12,0.5,10.44\n")
    app = open_page(workspace, "evaluation")
    assert not app.exception
    spec = json.loads(app.get("plotly_chart")[-1].proto.spec)
    assert [note["text"] for note in spec["layout"]["annotations"]] == ["facts deleted", "facts added"]
    (folder / "table.csv").write_text("nonsense\n1\n")
    assert "expected" in words(open_page(workspace, "evaluation")).casefold()


def test_an_undamaged_graph_begins_both_curves_of_noise(tmp_path):
    file = tmp_path / "table.csv"
    head = "table,backbone,variant,condition,MR,MR sd,paper MR\n"
    file.write_text(f"{head}main,transe,base,,8,,\nnoise,transe,base,none,9,,6.28\nnoise,transe,base,20 % added,12,0.5,10.44\n")
    found = data._damaged(file)
    lines = found[["damage", "share", "value", "paper"]].values.tolist()
    assert lines == [["facts deleted", 0, 9, 6.28], ["facts added", 0, 9, 6.28], ["facts added", 20, 12, 10.44]]


def test_the_downloads_hold_all_of_it(measured, open_page, monkeypatch):
    offered = {}
    monkeypatch.setattr(st, "download_button", lambda label, text, name, *_, **__: offered.update({label: (text, name)}))
    open_page(measured, "evaluation", runs="lladr,base")
    content, name = offered["CSV"]
    lines = list(csv.DictReader(io.StringIO(content)))
    assert {line["method"] for line in lines} == {"lladr", "base", *BASELINES}
    assert all(line["p_value"] for line in lines if line["method"] != "lladr")
    assert name.startswith("evaluation_drugs-for-disease_lladr_")
    assert json.loads(offered["JSON"][0]) == {each: read_json(kept(measured, each)) for each in ("lladr", "base")}


def test_no_run_is_an_instruction(tmp_path, open_page):
    assert "No run yet" in words(open_page(Workspace(tmp_path), "evaluation"))


def test_a_hostile_name_stays_a_name(hostile, open_page, tmp_path, monkeypatch):
    workspace = copied(hostile, tmp_path)
    monkeypatch.setattr(evaluation, "TEST_FRACTION", 0.8)
    evaluation.evaluate_protocol(workspace, "lladr", Question(), with_baselines=True)
    app = open_page(workspace, "evaluation")
    assert not app.exception
    assert HOSTILE in table(app, "Badge")["Disease"].tolist()
    for element in [*app.markdown, *app.caption]:
        assert "<script" not in element.value.replace("\\<", "")
    assert all("<script" not in chart.proto.spec for chart in app.get("plotly_chart"))


def copied(workspace: Workspace, folder: Path) -> Workspace:
    shutil.copytree(workspace.root, folder / "copy")
    return Workspace(folder / "copy")
