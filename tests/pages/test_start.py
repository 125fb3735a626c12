from streamlit.testing.v1 import AppTest

from core.workspace import Workspace
from dashboard import jobs, resources
from tests.pages.conftest import words
from tests.toy import ALZHEIMER


def buttons(app: AppTest) -> list[str]:
    return [button.label.replace("\\", "") for button in app.button]


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label.replace("\\", "") == label).click().run()


def test_it_says_what_is_loaded_and_where_that_comes_from(trained, open_page):
    app = open_page(trained)
    assert not app.exception
    assert "6 drugs" in words(app)
    assert "4 diseases" in words(app)
    assert "26 facts" in words(app)
    assert "4 are also in an independent database" in words(app)
    assert "written by an LLM, not curated" in words(app)
    assert "Research software, not medical advice." in words(app)


def test_a_synonym_finds_a_disease_and_says_by_which_word(trained, open_page):
    app = open_page(trained)
    app.text_input(key="search").set_value("AD").run()
    assert "Alzheimer's disease :gray[(AD)]" in buttons(app)


def test_a_misspelling_finds_a_disease_and_the_button_opens_it(trained, open_page):
    app = open_page(trained)
    app.text_input(key="search").set_value("alzhiemer").run()
    press(app, "Alzheimer's disease")
    assert app.title[0].value.replace("\\", "") == "Alzheimer's disease"
    assert app.query_params["disease"] in (ALZHEIMER, [ALZHEIMER])


def test_what_is_not_there_is_said(trained, open_page):
    app = open_page(trained)
    app.text_input(key="search").set_value("qqqqqqqq").run()
    assert "No disease of this graph comes near" in words(app)


def test_the_worked_example_opens_alzheimers_disease(trained, open_page):
    app = press(open_page(trained), "Worked example: Alzheimer's disease")
    assert app.title[0].value.replace("\\", "") == "Alzheimer's disease"


def test_a_disease_without_treatment_is_offered(trained, open_page):
    assert "prion disease" in buttons(open_page(trained))


def test_what_was_opened_is_among_the_last_visits(trained, open_page):
    app = press(open_page(trained), "Worked example: Alzheimer's disease")
    app.switch_page("../pages/start.py").run()
    assert "Your last visits" in words(app)


def test_nothing_is_trained(tmp_path, open_page, monkeypatch):
    started = []
    monkeypatch.setattr(jobs, "prepare", started.append)
    app = open_page(Workspace(tmp_path))
    assert not app.exception
    assert "No run yet: train one (two to three minutes)" in words(app)
    press(app, "Train the default pair")
    assert started == [Workspace(tmp_path)]


def test_a_fusion_is_offered_where_the_default_graph_has_none(trained, open_page, monkeypatch):
    started = []
    monkeypatch.setattr(jobs, "combine", started.append)
    assert "Combine it with simple methods" not in words(open_page(trained))  # another graph than that of the default runs
    monkeypatch.setattr(resources, "wants_fusion", lambda graph: True)
    app = open_page(trained)
    assert "Combine it with simple methods" in words(app)
    press(app, "Train the fusion")
    assert [workspace.root for workspace in started] == [trained.root]


def test_a_fusion_on_its_way_shows_how_far_it_is(trained, open_page, monkeypatch):
    now = jobs.Preparation(running=True, share=0.25, stage="training fusion", error="")
    monkeypatch.setattr(jobs, "combination", lambda workspace: now)
    app = open_page(trained)
    assert not app.exception
    assert "Combine it with simple methods" in words(app)
    assert not [button for button in app.button if button.label == "Train the fusion"]


def test_a_fusion_that_failed_says_why_and_can_be_tried_again(trained, open_page, monkeypatch):
    now = jobs.Preparation(running=False, share=0.25, stage="training fusion", error="no space left")
    monkeypatch.setattr(jobs, "combination", lambda workspace: now)
    monkeypatch.setattr(resources, "wants_fusion", lambda graph: True)
    app = open_page(trained)
    assert app.code[0].value == "no space left"
    assert [button for button in app.button if button.label == "Train the fusion"]
