import csv
import io
import json

import pandas as pd
import pytest
import streamlit as st

from core.casestudy.safety import Warned
from core.workspace import Workspace
from dashboard import theme
from dashboard.components.tables import ALL_COLUMNS, DEFAULT_COLUMNS, warning_cells
from tests.pages.conftest import train_pair, words
from tests.toy import ALZHEIMER, ASPIRIN, HALOPERIDOL, MEMANTINE, PARKINSON, PRION, write_toy_folder

FORBIDDEN = "Contraindicated in prion disease, which it speeds."


def drugs(app, table: int = 0) -> set[str]:
    return set(app.dataframe[table].value["Drug"])


def test_all_drugs_are_ranked_with_their_marks(trained, open_page):
    app = open_page(trained, "candidates", disease=ALZHEIMER)
    assert not app.exception
    table = app.dataframe[0].value.set_index("Drug")
    assert table["Status"].map(lambda marks: marks[0]).to_dict() == {
        "donepezil": "● treats",
        "memantine": "● treats",
        "haloperidol": "◐ relief, off-label",
        "metformin": "△ in trials",
        "aspirin": "△ in trials",
        "levodopa": "★ new",
    }
    assert list(table.loc["levodopa", "Warning"]) == ["▲ caution"]


def test_the_place_without_text_stands_beside(trained, open_page):
    app = open_page(trained, "candidates", disease=ALZHEIMER, run="lladr", columns="Without text,Change")
    table = app.dataframe[0].value
    assert list(table.columns) == ["#", "Drug", "Without text", "Change"]
    assert (table["Without text"] - table["#"] == table["Change"]).all()
    assert sorted(table["Without text"]) == [1, 2, 3, 4, 5, 6]


def test_known_treatments_are_never_dropped_silently(trained, open_page):
    app = open_page(trained, "candidates", disease=ALZHEIMER, show="new")
    assert drugs(app) == {"levodopa"}
    assert "Hidden by the filters: 3 known treatments, 2 drugs in trials." in words(app)


def test_a_filter_of_the_bar_goes_to_the_address(trained, open_page):
    app = open_page(trained, "candidates", disease=ALZHEIMER)
    app.segmented_control[0].set_value("trials").run()
    assert drugs(app) == {"levodopa", "metformin", "aspirin"}
    assert app.query_params["show"] in ("trials", ["trials"])


def test_part_of_a_name_and_a_class_filter(trained, open_page):
    assert drugs(open_page(trained, "candidates", disease=ALZHEIMER, find="ASP")) == {"aspirin"}
    by_class = open_page(trained, "candidates", disease=ALZHEIMER, **{"class": "antipsychotic"})
    assert drugs(by_class) == {"haloperidol"}


def test_contraindicated_drugs_stand_apart_with_the_reason(trained, open_page):
    app = open_page(trained, "candidates", disease=PARKINSON)
    assert "haloperidol" not in drugs(app)
    apart = app.dataframe[1].value
    assert apart["Reason"].tolist() == ["haloperidol is contraindicated in Parkinson's disease (blocks dopamine)"]


def test_contraindicated_drugs_can_be_hidden(trained, open_page):
    app = open_page(trained, "candidates", disease=PARKINSON, hide="yes")
    assert len(app.dataframe) == 1
    assert "Hidden by the filters: 1 contraindicated drug." in words(app)


def test_the_drug_of_the_address_opens_the_panel(trained, open_page):
    app = open_page(trained, "candidates", disease=ALZHEIMER, drug=ASPIRIN)
    assert app.subheader[0].value == "aspirin"
    assert "of 6" in words(app)
    assert "above" in words(app)
    assert [button.label for button in app.button if button.label == "Open evidence"]
    assert "aspirin** inhibits **PTGS1" in words(app)


def test_a_disease_without_treatment_says_so(trained, open_page):
    assert "no treatment known" in words(open_page(trained, "candidates", disease="CJD"))


@pytest.mark.parametrize("query", [{}, {"disease": ""}])
def test_without_a_disease_it_says_how_to_choose_one(trained, open_page, query):
    assert "Choose a disease" in words(open_page(trained, "candidates", **query))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"disease": "alzheimers diseas"}, "Alzheimer's disease"),
        ({"disease": "<script>alert(1)</script>"}, "No disease is called"),
        ({"disease": "dementia"}, "may be more than one disease"),
        ({"disease": ALZHEIMER, "run": "nothing"}, "No run is called 'nothing'"),
        ({"disease": ALZHEIMER, "run": "../../etc"}, "no usable run name"),
        ({"disease": ALZHEIMER, "drug": "nonesuch"}, "No drug is called 'nonesuch'"),
    ],
)
def test_an_address_that_names_what_is_not_there_gets_a_message_and_a_way_back(trained, open_page, query, said):
    app = open_page(trained, "candidates", **query)
    assert not app.exception
    assert said in words(app)
    next(button for button in app.button if button.label == "Back to the start").click().run()
    assert app.title[0].value == "Which known drugs might help, and why?"
    assert not app.error


@pytest.mark.parametrize("query", [{"show": "all"}, {"class": "no such class"}, {"hide": "perhaps"}, {"columns": "x,y"}])
def test_an_unknown_filter_is_left_out(trained, open_page, query):
    app = open_page(trained, "candidates", disease=ALZHEIMER, **query)
    assert not app.exception
    assert len(drugs(app)) == 6


def test_nothing_is_trained(tmp_path, open_page):
    assert "No run yet" in words(open_page(Workspace(tmp_path), "candidates", disease=ALZHEIMER))


def test_a_contraindicated_drug_in_the_address_has_its_marks(trained, open_page):
    app = open_page(trained, "candidates", disease=PARKINSON, drug=HALOPERIDOL)
    assert not app.exception
    assert app.subheader[0].value == "haloperidol"


def test_columns_of_the_outlook_on_request(trained, open_page):
    columns = "Popularity,Predicted harm,Warned of,Paths,Chance"
    table = open_page(trained, "candidates", disease=ALZHEIMER, columns=columns).dataframe[0].value.set_index("Drug")
    assert (
        table.loc["levodopa", "Warned of"] == "levodopa may worsen Alzheimer's disease (may confuse) (stated by the graph alone)"
    )
    assert table["Predicted harm"].between(0, 100).all()
    assert table.loc["donepezil", "Paths"] > 0
    assert set(table["Popularity"]) <= {"", "higher than by popularity"}


def test_at_most_eight_columns_at_first():
    assert len(DEFAULT_COLUMNS) <= 8
    assert set(DEFAULT_COLUMNS) < set(ALL_COLUMNS)


@pytest.mark.parametrize(
    ("holds", "barred", "reasons", "named", "cells"),
    [
        ((), False, [], False, []),
        (("contraindicated",), True, ["bars"], True, ["✕ contraindicated", "⚑ named"]),
        ((), True, ["bars", "weak"], False, ["✕ contraindicated"]),
        (("treats", "contraindicated"), True, ["bars"], True, ["✕ some cases", "⚑ named"]),
        ((), False, ["weak"], False, ["▲ caution"]),
        (("cautioned",), False, [], False, ["▲ caution"]),
    ],
)
def test_the_warning_cell_has_the_gravest_mark(holds, barred, reasons, named, cells):
    roles = {role: role in holds for role in theme.MARKS if role != "new"}
    mine = [Warned(0, "contraindicated", "stated" if each == "bars" else "action", each, "x") for each in reasons]
    row = roles | {"barred": barred, "warnings": mine, "named": named}
    assert warning_cells(pd.DataFrame([row])) == [cells]


@pytest.fixture
def warning_texts(tmp_path):
    """A workspace whose texts forbid memantine in prion disease, and haloperidol in Parkinson's disease as the graph does."""
    folder = write_toy_folder(tmp_path / "graph")
    texts = folder / "descriptions.jsonl"
    lines = texts.read_text(encoding="utf-8").replace("memantine: avoid in that.", FORBIDDEN)
    texts.write_text(
        lines.replace("haloperidol: avoid in that.", "Contraindicated in Parkinson's disease, which it worsens."),
        encoding="utf-8",
    )
    return train_pair(tmp_path / "home", folder)


def test_a_drug_that_a_text_forbids_stands_apart_with_the_sentence(warning_texts, open_page):
    app = open_page(warning_texts, "candidates", disease=PRION, drug=MEMANTINE)
    assert "memantine" not in drugs(app)
    assert app.dataframe[1].value["Reason"].tolist() == [FORBIDDEN.rstrip(".")]
    assert app.dataframe[1].value["Source"].tolist() == ["text on memantine"]
    assert FORBIDDEN.rstrip(".") in words(app)


def test_the_text_that_says_why_comes_before_the_bare_statement(warning_texts, open_page):
    (reason,) = open_page(warning_texts, "candidates", disease=PARKINSON).dataframe[1].value["Source"]
    assert reason == "text on haloperidol; stated by the graph alone"


def test_how_far_to_trust_stands_in_the_header(trained, open_page):
    assert "ranking here: no evidence" in words(open_page(trained, "candidates", disease=ALZHEIMER))
    assert "next to nothing to go on" in words(open_page(trained, "candidates", disease="CJD"))


def test_from_the_panel_to_all_other_diseases(trained, open_page):
    app = open_page(trained, "candidates", disease=ALZHEIMER, drug=ASPIRIN)
    next(button for button in app.button if button.label == "In other diseases").click().run()
    assert app.title[0].value == "aspirin in all diseases"


def test_downloads_carry_the_outlook(trained, open_page, monkeypatch):
    offered = {}
    monkeypatch.setattr(st, "download_button", lambda label, data, name, *_, **__: offered.update({label: data}))
    open_page(trained, "candidates", disease=ALZHEIMER)
    records = {record["name"]: record for record in json.loads(offered["JSON"]())}
    assert records["levodopa"]["warnings"].startswith("levodopa may worsen")
    assert {"adjusted_rank", "beats_popularity", "harm", "barred", "named"} <= set(records["aspirin"])
    assert [row["name"] for row in csv.DictReader(io.StringIO(offered["CSV"]()))] == list(records)
