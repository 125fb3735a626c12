import pytest

from core.pipeline import evaluation
from core.pipeline.newcomer_trust import newcomer_reliability
from core.workspace import Workspace
from dashboard import jobs
from tests.pages.conftest import train_pair, words
from tests.toy import ACHE, GRIN1, write_toy_folder

TEXT = "Loss of memory with deposits; ACHE is involved."


def press(app, label):
    return next(button for button in app.button if button.label == label).click().run()


def filled(app, name="new dementia", text=TEXT, genes=()):
    app.text_input[0].set_value(name)
    app.text_area[0].set_value(text)
    if genes:
        app.multiselect[0].set_value(list(genes))
    return press(app, "Rank")


def test_a_new_disease_gets_a_ranking_and_says_that_it_is_driven_by_text(trained, open_page):
    app = filled(open_page(trained, "newcomer"))
    assert not app.exception
    assert "new dementia** is described most like: " in words(app)
    assert sorted(app.dataframe[0].value["Drug"]) == ["aspirin", "donepezil", "haloperidol", "levodopa", "memantine", "metformin"]
    assert "Driven by text" in words(app)
    assert "text-disease" in words(app)
    assert "no drug here was checked for harm" in words(app)


def test_genes_go_to_the_address_and_add_what_reads_facts(trained, open_page):
    app = filled(open_page(trained, "newcomer"), genes=[ACHE, GRIN1])
    assert app.query_params["genes"] in (f"{ACHE},{GRIN1}", [f"{ACHE},{GRIN1}"])
    assert "gba-disease" in words(app)
    assert open_page(trained, "newcomer", genes=f"{GRIN1},Gene::gone").multiselect[0].value == [GRIN1]


def test_a_new_drug_gets_the_diseases(trained, open_page):
    app = filled(open_page(trained, "newcomer", kind="drug"), "newpezil")
    assert not app.exception
    assert len(app.dataframe[0].value) == 4
    assert "Alzheimer's disease" in set(app.dataframe[0].value["Disease"])


def test_the_text_is_still_there_after_another_page(trained, open_page):
    app = filled(open_page(trained, "newcomer"))
    app.switch_page("../pages/start.py").run()
    app.switch_page("../pages/newcomer.py").run()
    assert (app.text_input[0].value, app.text_area[0].value) == ("new dementia", TEXT)
    assert len(app.dataframe[0].value) == 6


@pytest.mark.parametrize(("name", "text", "said"), [("", "", "at least one sentence"), ("x", "", "A name and a description")])
def test_without_a_text_it_says_what_is_needed(trained, open_page, name, text, said):
    app = filled(open_page(trained, "newcomer"), name, text)
    assert not app.exception
    assert said in words(app)


def test_a_run_without_text_says_which_to_choose(trained, open_page):
    app = filled(open_page(trained, "newcomer", run="base"))
    assert "choose a run with text" in words(app)


def test_an_unknown_kind_is_a_disease(trained, open_page):
    app = open_page(trained, "newcomer", kind="gene")
    assert not app.exception
    assert "give a name" in words(app).lower()


def test_a_hostile_text_is_only_text(trained, open_page):
    app = filled(open_page(trained, "newcomer"), "<script>alert(1)</script> :material/home:", "**bold** <img src=x>")
    assert not app.exception
    assert "<script>alert(1)</script>" in words(app)


def test_how_well_it_works_is_said_once_it_was_measured(tmp_path, open_page, monkeypatch):
    monkeypatch.setattr(evaluation, "TEST_FRACTION", 0.5)
    workspace = train_pair(tmp_path / "home", write_toy_folder(tmp_path / "graph"))
    app = open_page(workspace, "newcomer")
    assert "was not measured for the run lladr yet" in words(app)
    found = newcomer_reliability(workspace, "lladr")
    app.run()
    assert f"Of {found['n_pairs']} treatments of {found['n_diseases']} held-out diseases" in words(app)


def test_measuring_is_a_background_job_that_ends(tmp_path, open_page):
    """The toy graph is too small for a fifth of its diseases: the job fails, and the page shows the end of its log."""
    workspace = train_pair(tmp_path / "home", write_toy_folder(tmp_path / "graph"))
    app = press(open_page(workspace, "newcomer"), "Measure it (some minutes, in the background)")
    assert not app.exception
    log = workspace.run("lladr").path / "newcomers.log"
    jobs._processes[log].wait(60)
    app.run()
    assert not app.exception
    measured = newcomer_reliability(workspace, "lladr", known_only=True)
    assert ("stood among the first ten" if measured else "The last try failed") in words(app)


def test_nothing_is_trained(tmp_path, open_page):
    assert "No run yet" in words(open_page(Workspace(tmp_path), "newcomer"))
