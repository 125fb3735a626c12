import re

import pytest

from core.pipeline import train_run
from core.workspace import Workspace
from tests.core.pipeline.runs import toy_settings
from tests.pages.conftest import train_pair, words
from tests.toy import ALZHEIMER, ASPIRIN, DIABETES, DONEPEZIL, LEVODOPA, MEMANTINE, METFORMIN


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
    assert "Picture" not in [each.value for each in app.subheader]


def test_descriptions_stand_field_by_field_and_flag_what_names_uses(trained, open_page):
    said = words(open_page(trained, "evidence", disease=ALZHEIMER, drug=MEMANTINE))
    assert "The mechanism of memantine." in said
    assert "memantine: used for this." in said
    assert said.count("names uses (left out of blind text)") == 2


def test_a_missing_description_is_said(trained, open_page):
    assert "there is no description" in words(open_page(trained, "evidence", disease=ALZHEIMER, drug=ASPIRIN))


def test_the_paths_of_the_address_are_drawn(trained, open_page):
    app = open_page(trained, "evidence", disease=ALZHEIMER, drug=DONEPEZIL, paths="2", part="picture")
    assert not app.exception
    assert len(app.get("component_instance")) == 1


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


def test_two_drugs_stand_side_by_side(trained, open_page):
    app = open_page(trained, "evidence", disease=ALZHEIMER, drug=DONEPEZIL, compare=f"{MEMANTINE},{METFORMIN}")
    assert not app.exception
    matrix = app.dataframe[0].value
    assert list(matrix.columns) == ["Kind of path", "0", "1", "2"]
    cells = matrix[matrix["Kind of path"].str.contains(r"\(CiGaD\)")].iloc[0]
    # one inhibited gene each that is associated with the disease: donepezil's and memantine's, not metformin's
    assert [cell.split("·")[-1].strip() for cell in cells[1:]] == ["1 path", "1 path", "none"]
    said = words(app)
    assert "##### memantine" in said
    assert "**memantine** inhibits **GRIN1**" in said


def test_a_comparison_with_nonsense_leaves_it_out(trained, open_page):
    app = open_page(trained, "evidence", disease=ALZHEIMER, drug=DONEPEZIL, compare=f"nothing,{DONEPEZIL},Gene::ACHE,{MEMANTINE}")
    assert not app.exception
    assert list(app.dataframe[0].value.columns) == ["Kind of path", "0", "1"]


def test_a_kind_of_path_opens_to_its_single_paths(trained, open_page):
    app = open_page(trained, "evidence", disease=ALZHEIMER, drug=DONEPEZIL, part="paths")
    kinds = next(box for box in app.selectbox if box.label == "Paths shown below")
    code = next(code for code in kinds.options if "(CiGaD)" in code)
    kinds.set_value("CiGaD").run()
    assert code.startswith("drug inhibits gene, which is associated with disease")
    assert app.query_params["metapath"] in ("CiGaD", ["CiGaD"])
    assert numbered(words(app)) == ["1. **donepezil** inhibits **ACHE**"]


def numbered(said):
    return [line.split(" (")[0] for line in said.splitlines() if re.match(r"\d+\. ", line)]


@pytest.mark.parametrize(
    ("part", "headings"),
    [
        ("paths", ["Paths"]),
        ("picture", ["Picture"]),
        ("counted", ["What counted for donepezil"]),
        ("texts", ["What the language model wrote"]),
        ("nonsense", ["Paths", "Picture", "What counted for donepezil", "What the language model wrote"]),
    ],
)
def test_the_address_chooses_the_part(trained, open_page, part, headings):
    app = open_page(trained, "evidence", disease=ALZHEIMER, drug=DONEPEZIL, part=part)
    assert [each.value for each in app.subheader] == headings


def test_the_ladder_tells_trained_from_counterfactual(trained, open_page):
    said = words(open_page(trained, "evidence", disease=ALZHEIMER, drug=DONEPEZIL, part="counted"))
    assert "Not trained: the text of drug and disease was swapped" in said


def test_nothing_is_measured_before_it_is_asked_for(trained, open_page):
    app = open_page(trained, "evidence", disease=ALZHEIMER, drug=DONEPEZIL, part="counted")
    assert not app.checkbox
    next(button for button in app.button if button.label.startswith("Measure which facts")).click().run()
    assert app.query_params["measure"] in ("yes", ["yes"])
    labels = [box.label.replace("\\", "") for box in app.checkbox]
    assert "Keep: donepezil inhibits ACHE (reversible inhibitor)" in labels
    assert "Keep: The mechanism of donepezil." in labels
    assert "Untick a fact or a sentence" in words(app)


def test_an_unticked_fact_and_sentence_are_left_out(trained, open_page):
    app = open_page(trained, "evidence", disease=ALZHEIMER, drug=DONEPEZIL, part="counted", measure="yes")
    for label in ("Keep: donepezil treats Alzheimer's disease", "Keep: The mechanism of donepezil."):
        next(box for box in app.checkbox if box.label.replace("\\", "") == label).uncheck().run()
        assert not app.exception
    assert "Without 2 things that you unticked" in words(app)
    address = app.query_params["without"]
    again = open_page(trained, "evidence", disease=ALZHEIMER, drug=DONEPEZIL, measure="yes", without=one(address))
    assert "Without 2 things that you unticked" in words(again)
    next(button for button in again.button if button.label == "Tick all again").click().run()
    assert "Untick a fact or a sentence" in words(again)
    assert all(box.value for box in again.checkbox)


def one(value):
    return value[0] if isinstance(value, list) else value


def test_a_run_without_text_gives_the_reason(trained, open_page):
    app = open_page(trained, "evidence", disease=ALZHEIMER, drug=DONEPEZIL, run="base", part="counted", measure="yes")
    assert not app.exception
    assert "this ranking uses no text" in words(app)


def test_chance_is_told_once_random_graphs_are_made(tmp_path, open_page, toy_folder):
    workspace = train_pair(tmp_path, toy_folder)
    app = open_page(workspace, "evidence", disease=ALZHEIMER, drug=DONEPEZIL, part="paths")
    assert "By chance" not in app.dataframe[0].value
    next(button for button in app.button if button.label.startswith("Compare with chance")).click().run()
    assert not app.exception
    assert app.dataframe[0].value["By chance"].str.match(r"(none of|about 1 in) \d+ random graphs").all()


def test_the_picture_can_be_moved_or_saved(trained, open_page):
    app = open_page(trained, "evidence", disease=ALZHEIMER, drug=DONEPEZIL, part="picture")
    assert not app.exception
    assert len(app.get("component_instance")) == 1
    assert not app.get("plotly_chart")
    app = open_page(trained, "evidence", disease=ALZHEIMER, drug=DONEPEZIL, part="picture", drawing="save")
    assert len(app.get("plotly_chart")) == 1


def test_a_fusion_shows_what_carried_it_and_what_was_held(tmp_path, open_page, toy_folder):
    workspace = Workspace(tmp_path)
    settings = toy_settings(toy_folder, text="full", epochs=2).replace(fusion={"backbones": ("distmult",), "folds": 2})
    train_run(workspace, "fused", settings)
    app = open_page(workspace, "evidence", disease=ALZHEIMER, drug=DONEPEZIL, part="counted", measure="yes")
    assert not app.exception
    assert "What carried the rank" in words(app)
    next(box for box in app.checkbox if "mechanism" in box.label).uncheck().run()
    assert "Held as they are: shares targets, classes or processes" in words(app)
