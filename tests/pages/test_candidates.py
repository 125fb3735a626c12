import pytest

from core.workspace import Workspace
from tests.pages.conftest import words
from tests.toy import ALZHEIMER, ASPIRIN, HALOPERIDOL, PARKINSON


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
    table = open_page(trained, "candidates", disease=ALZHEIMER, run="lladr").dataframe[0].value
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
