import datetime
import os

import pytest

from core.casestudy.notes import Note
from core.kg.loaders import load_graph
from core.pipeline import read_settings
from core.pipeline.dossiers import notebook
from core.workspace import Workspace
from tests.pages.conftest import train_pair, words
from tests.toy import ALZHEIMER, ASPIRIN, DONEPEZIL, LEVODOPA, METFORMIN, PARKINSON, write_toy_folder


@pytest.fixture
def fresh(tmp_path):
    """A workspace of its own: notes are written."""
    return train_pair(tmp_path / "home", write_toy_folder(tmp_path / "graph"))


def press(app, label):
    return next(button for button in app.button if button.label == label).click().run()


def graph_name(workspace):
    return load_graph(read_settings(workspace.run("lladr")).kg).name


def note(workspace, drug, why, verdict="agree"):
    now = datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)
    return Note(graph=graph_name(workspace), disease=ALZHEIMER, drug=drug, verdict=verdict, why=why, author="Dr X", date=now)


def test_known_and_trial_drugs_are_counted_beside_chance(trained, open_page):
    """Three known, two in trials; the known ones do not compete with the trial drugs, so chance has both among three."""
    app = open_page(trained, "casestudy", disease=ALZHEIMER)
    assert not app.exception
    found = app.dataframe[0].value
    assert found["List"].tolist() == ["known (control)"] * 3 + ["in trials"] * 3
    assert found["Found"].tolist() == ["3 of 3"] * 3 + ["2 of 2"] * 3
    assert found["By chance"].tolist() == [3.0] * 3 + [2.0] * 3


def test_a_list_of_the_reader_stands_beside_them_and_in_the_address(trained, open_page):
    app = open_page(trained, "casestudy", disease=ALZHEIMER)
    app.text_area[0].set_value("ASA\nlevodopa, nonesuch")
    press(app, "Look for these")
    assert app.query_params["listed"] in (f"{ASPIRIN},{LEVODOPA}", [f"{ASPIRIN},{LEVODOPA}"])
    assert app.dataframe[0].value["List"].tolist()[-3:] == ["your list"] * 3
    assert "No drug is called 'nonesuch'" in words(app)
    again = open_page(trained, "casestudy", disease=ALZHEIMER, listed=f"{ASPIRIN},{LEVODOPA},Compound::gone")
    assert again.dataframe[0].value["Found"].tolist()[-1] == "2 of 2"


def test_a_disease_without_treatment_asks_for_a_list(trained, open_page):
    app = open_page(trained, "casestudy", disease="CJD")
    assert "Give a list of your own" in words(app)
    assert "nothing to go on" in words(app)


def test_the_first_new_candidates_have_reason_and_verdict(fresh, open_page):
    notebook(fresh).add(note(fresh, LEVODOPA, "dopamine", "reject"))
    app = open_page(fresh, "casestudy", disease=ALZHEIMER)
    first = app.dataframe[1].value
    assert first["Drug"].tolist() == ["levodopa"]
    assert first["Warning"].tolist() == ["▲ caution"]
    assert first["Verdict"].tolist() == ["✕ reject"]
    assert app.dataframe[2].value["Why"].tolist() == ["dopamine"]


def test_a_verdict_is_kept_in_the_workspace(fresh, open_page):
    app = open_page(fresh, "casestudy", disease=ALZHEIMER, drug=ASPIRIN)
    assert "No verdict on a drug of this disease yet." in words(app)
    app.segmented_control[-1].set_value("agree")
    next(field for field in app.text_input if field.label == "Why").set_value(" lowers **COX** ")
    next(field for field in app.text_input if field.label == "Your name or initials").set_value("Dr X")
    press(app, "Keep this verdict")
    assert not app.exception
    (kept,) = notebook(fresh).history()
    assert (kept.drug, kept.disease, kept.verdict, kept.why, kept.author) == (
        ASPIRIN,
        ALZHEIMER,
        "agree",
        "lowers **COX**",
        "Dr X",
    )
    assert kept.graph == graph_name(fresh)


def test_damaged_notes_are_named_with_their_line(fresh, open_page):
    (fresh.root / "notes.jsonl").write_text("no note\n", encoding="utf-8")
    app = open_page(fresh, "casestudy", disease=ALZHEIMER)
    assert not app.exception
    assert "line 1 is no note" in words(app)


def test_the_dossier_of_chosen_drugs(trained, open_page):
    app = open_page(trained, "casestudy", disease=ALZHEIMER, chosen=f"{DONEPEZIL},{METFORMIN}")
    assert app.multiselect[0].value == [DONEPEZIL, METFORMIN]
    press(app, "Make the dossier")
    assert not app.exception
    labels = [element.proto.label for element in app.get("download_button")]
    assert labels[-2:] == ["HTML", "PDF"]
    empty = open_page(trained, "casestudy", disease=ALZHEIMER, chosen="none")
    assert "Choose at least one drug" in words(empty)


def test_one_drug_stands_in_every_disease(trained, open_page):
    app = open_page(trained, "casestudy", part="drug", drug=DONEPEZIL)
    table = app.dataframe[0].value.set_index("Disease")
    assert app.title[0].value == "donepezil in all diseases"
    assert len(table) == 4
    assert table.loc["Alzheimer's disease", "Status"] == "● treats"
    assert table.loc["Parkinson's disease", "Status"] == "◐ relief, off-label"
    own = open_page(trained, "candidates", disease=PARKINSON).dataframe[0].value.set_index("Drug")
    assert table.loc["Parkinson's disease", "#"] == own.loc["donepezil", "#"]


def test_one_drug_needs_no_disease_but_a_drug(trained, open_page):
    app = open_page(trained, "casestudy", part="drug")
    assert "Choose a drug" in words(app)
    next(box for box in app.selectbox if box.label == "Drug").set_value(ASPIRIN).run()
    assert app.title[0].value == "aspirin in all diseases"


def test_from_all_diseases_to_the_evidence_of_one(trained, open_page):
    app = open_page(trained, "casestudy", part="drug", drug=DONEPEZIL, disease=ALZHEIMER)
    press(app, "Evidence for Alzheimer\\'s disease")
    assert "donepezil" in app.title[0].value
    assert "part" not in app.query_params


@pytest.mark.parametrize("query", [{}, {"disease": ""}, {"part": "nonsense"}])
def test_without_a_disease_it_says_how_to_choose_one(trained, open_page, query):
    assert "Choose a disease" in words(open_page(trained, "casestudy", **query))


def test_nothing_is_trained(tmp_path, open_page):
    assert "No run yet" in words(open_page(Workspace(tmp_path), "casestudy", disease=ALZHEIMER))


def test_a_hostile_name_is_only_a_name(hostile, open_page):
    app = open_page(hostile, "casestudy", disease="Disease::hostile")
    assert not app.exception
    assert "<script>alert(1)</script>" in words(app)
    press(app, "Make the dossier")
    assert not app.exception
    assert os.environ["LLADR_HOME"] == str(hostile.root)
