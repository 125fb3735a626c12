from dataclasses import replace

import pandas as pd
import pytest

from core.casestudy.safety import Safety
from core.llm.grounding import WARNING_COLUMNS, contraindication_claims
from core.text.descriptions import load_descriptions
from tests.toy import (
    ACHE,
    ALZHEIMER,
    ASPIRIN,
    DONEPEZIL,
    DRD2,
    EDGES,
    HALOPERIDOL,
    LEVODOPA,
    MEMANTINE,
    METFORMIN,
    NODES,
    PARKINSON,
    graph_of,
    row_of,
)

PSYCHOSIS = "Disease::pdp"
FORM = (PSYCHOSIS, "Parkinson's disease psychosis", "Disease", "")


def claim(graph, drug, disease, **more):
    values = dict.fromkeys(WARNING_COLUMNS, -1) | {"relation": "contraindicated_in", "sentence": "It kills.", "source": "drug"}
    return values | {"drug": row_of(graph, drug), "disease": row_of(graph, disease), "qualifier": ""} | more


def warned(graph, disease, *claims):
    found = Safety(graph, pd.DataFrame(claims, columns=WARNING_COLUMNS)).warnings(row_of(graph, disease))
    return {graph.vocabulary.entities[drug]: reasons for drug, reasons in found.items()}


def test_what_the_graph_states_is_said_with_its_source(toy):
    (reason,) = warned(toy, PARKINSON)[HALOPERIDOL]
    assert reason.text == "haloperidol is contraindicated in Parkinson's disease (blocks dopamine)"
    assert (reason.severity, reason.kind, reason.source) == ("contraindicated", "stated", "stated by the graph alone")
    assert reason.bars
    (caution,) = warned(toy, ALZHEIMER)[LEVODOPA]
    assert caution.severity == "cautioned"
    assert not caution.bars


def test_what_a_text_forbids_bars_the_drug_and_names_the_text(toy):
    (reason,) = warned(toy, ALZHEIMER, claim(toy, ASPIRIN, ALZHEIMER))[ASPIRIN]
    assert (reason.kind, reason.text, reason.source) == ("text", "It kills.", "text on aspirin")
    assert reason.bars


@pytest.mark.parametrize(
    ("drug", "more"),
    [
        (MEMANTINE, {}),  # a known treatment: the text cannot bar it
        (ASPIRIN, {"qualifier": "severe"}),
        (ASPIRIN, {"via": 0}),  # said of a class
        (ASPIRIN, {"relation": "cautioned_in"}),
    ],
)
def test_a_weaker_statement_is_a_caution(toy, drug, more):
    (reason,) = warned(toy, ALZHEIMER, claim(toy, drug, ALZHEIMER, **more))[drug]
    assert reason.severity == "cautioned"
    assert not reason.bars


def test_a_form_of_a_disease_inherits_its_warnings_without_being_barred():
    graph = graph_of([*NODES, FORM], EDGES)
    (reason,) = warned(graph, PSYCHOSIS)[HALOPERIDOL]
    assert reason.inherited_from == "Parkinson's disease"
    assert reason.severity == "contraindicated"
    assert not reason.bars


def test_declared_relations_win_over_names():
    nodes = [*NODES, FORM]
    graph = graph_of(nodes, [*EDGES, (PSYCHOSIS, "form_of", ALZHEIMER, "", "")])
    declared = replace(graph, source=graph.source.replace(narrower_relations=("form_of",)))
    safety = Safety(declared)
    assert safety.broader(row_of(graph, PSYCHOSIS)) == [row_of(graph, ALZHEIMER)]
    assert HALOPERIDOL not in warned(declared, PSYCHOSIS)


def acting(*drugs, relation="inhibits", gene=ACHE):
    return [(drug, relation, gene, "", "") for drug in drugs]


def test_a_drug_that_acts_as_drugs_that_are_warned_of_is_warned_of():
    """Levodopa (a stated caution) and haloperidol (made one) inhibit ACHE, a gene of Alzheimer's disease; so does aspirin."""
    edges = [*EDGES, *acting(LEVODOPA, HALOPERIDOL, ASPIRIN), (HALOPERIDOL, "cautioned_in", ALZHEIMER, "", "")]
    edges = [edge for edge in edges if edge[:3] not in ((DONEPEZIL, "inhibits", ACHE), (HALOPERIDOL, "palliates", ALZHEIMER))]
    found = warned(graph_of(NODES, edges), ALZHEIMER)
    (reason,) = found[ASPIRIN]
    assert reason.kind == "action"
    assert reason.text.startswith("Inhibits ACHE, a gene of Alzheimer's disease; drugs of the same action are warned of: ")
    assert "levodopa" in reason.text
    assert "haloperidol" in reason.text


def test_one_drug_alone_says_nothing_of_its_action(toy):
    edges = [*EDGES, *acting(LEVODOPA, ASPIRIN)]
    assert ASPIRIN not in warned(graph_of(NODES, edges), ALZHEIMER)


def test_no_warning_where_more_drugs_of_the_action_are_used_than_warned_of():
    edges = [*EDGES, *acting(LEVODOPA, ASPIRIN, METFORMIN, MEMANTINE), (ASPIRIN, "treats", ALZHEIMER, "", "")]
    edges += [(METFORMIN, "cautioned_in", ALZHEIMER, "", ""), (HALOPERIDOL, "inhibits", ACHE, "", "")]
    graph = graph_of(NODES, edges)  # used: donepezil, memantine, aspirin, haloperidol (relief); warned of: levodopa, metformin
    found = warned(graph, ALZHEIMER)
    assert all(reason.kind != "action" for reasons in found.values() for reason in reasons)


def test_a_drug_that_acts_against_the_known_drugs_is_warned_of():
    """Two drugs that activate DRD2 treat Parkinson's disease; memantine is made to inhibit it."""
    edges = [*EDGES, *acting(LEVODOPA, METFORMIN, relation="activates", gene=DRD2), *acting(MEMANTINE, gene=DRD2)]
    found = warned(graph_of(NODES, [*edges, (METFORMIN, "treats", PARKINSON, "", "")]), PARKINSON)
    reason = next(reason for reason in found[MEMANTINE] if "opposite" in reason.text)
    assert "2 of 2 known drugs for Parkinson's disease that act on DRD2 activate it" in reason.text
    assert LEVODOPA not in found


def test_the_contradiction_of_the_paper_is_caught_on_the_starter(starter):
    """LLaDR's introduction: an acetylcholinesterase inhibitor helps in Alzheimer's disease and harms in Parkinson's psychosis."""
    names = {starter.names[row]: int(row) for row in starter.drugs}
    disease = row_of(starter, "Disease::parkinsons-disease-psychosis")
    texts = {row: text.parts() for row, text in load_descriptions(starter).items() if row in (disease, names["Galantamine"])}
    found = Safety(starter, contraindication_claims(starter, texts)).warnings(disease)
    reason = next(reason for reason in found[names["Galantamine"]] if reason.kind == "action")
    assert reason.text.startswith("Inhibits ACHE, a gene of Parkinson's disease psychosis")
    assert "Physostigmine (Parkinson's disease)" in reason.text
    assert names["Haloperidol"] in found
    alzheimer = Safety(starter).warnings(row_of(starter, "Disease::DOID:10652"))
    assert names["Galantamine"] not in alzheimer
