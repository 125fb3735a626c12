from streamlit.testing.v1 import AppTest

from core.workspace import Workspace
from dashboard import jobs
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
