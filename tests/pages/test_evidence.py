from core.workspace import Workspace
from tests.pages.conftest import words
from tests.toy import ALZHEIMER, ASPIRIN, DIABETES, DONEPEZIL, LEVODOPA, MEMANTINE


def test_it_asks_why_and_says_where_the_drug_stands(trained, open_page):
    app = open_page(trained, "evidence", disease=ALZHEIMER, drug=DONEPEZIL)
    assert not app.exception
    assert app.title[0].value.replace("\\", "") == "Why might donepezil help in Alzheimer's disease?"
    assert "of 6" in words(app)


def test_paths_are_read_aloud_with_their_source(trained, open_page):
    said = words(open_page(trained, "evidence", disease=ALZHEIMER, drug=DONEPEZIL))
    assert (
        "**donepezil** inhibits **ACHE** (reversible inhibitor) :green-badge[✓ Hetionet v1.0], "
        "which is associated with **Alzheimer's disease** (involved)" in said
    )


def test_what_the_graph_states_of_the_pair_itself_stands_apart(trained, open_page):
    said = words(open_page(trained, "evidence", disease=ALZHEIMER, drug=LEVODOPA))
    assert "- **levodopa** may worsen **Alzheimer's disease** (may confuse)" in said


def test_a_pair_without_a_path_says_so(trained, open_page):
    app = open_page(trained, "evidence", disease=DIABETES, drug=ASPIRIN)
    assert "it cannot say why" in words(app)
    assert not app.get("plotly_chart")


def test_descriptions_stand_field_by_field_and_flag_what_names_uses(trained, open_page):
    said = words(open_page(trained, "evidence", disease=ALZHEIMER, drug=MEMANTINE))
    assert "The mechanism of memantine." in said
    assert "memantine: used for this." in said
    assert said.count("names uses (left out of blind text)") == 2


def test_a_missing_description_is_said(trained, open_page):
    assert "there is no description" in words(open_page(trained, "evidence", disease=ALZHEIMER, drug=ASPIRIN))


def test_the_paths_of_the_address_are_drawn(trained, open_page):
    app = open_page(trained, "evidence", disease=ALZHEIMER, drug=DONEPEZIL, paths="2")
    assert not app.exception
    assert len(app.get("plotly_chart")) == 1


def test_no_path_chosen_draws_none(trained, open_page):
    assert not open_page(trained, "evidence", disease=ALZHEIMER, drug=DONEPEZIL, paths="none").exception


def test_without_a_drug_it_shows_the_first(trained, open_page):
    assert open_page(trained, "evidence", disease=ALZHEIMER).title[0].value.startswith("Why might")


def test_another_drug_goes_to_the_address(trained, open_page):
    app = open_page(trained, "evidence", disease=ALZHEIMER, drug=DONEPEZIL)
    next(box for box in app.selectbox if box.label == "Drug").set_value(ASPIRIN).run()
    assert "aspirin" in app.title[0].value
    assert app.query_params["drug"] in (ASPIRIN, [ASPIRIN])


def test_without_a_disease_it_says_how_to_choose_one(trained, open_page):
    assert "Choose a disease" in words(open_page(trained, "evidence"))


def test_nothing_is_trained(tmp_path, open_page):
    assert "No run yet" in words(open_page(Workspace(tmp_path), "evidence", disease=ALZHEIMER))
