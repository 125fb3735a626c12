import numpy as np
import pytest

from core.kg.graph import KnowledgeGraph
from core.llm.grounding import CLAIM_COLUMNS, Claim, Grounder, claim_records, contraindication_claims, ground
from core.llm.statements import sentences
from core.text.descriptions import load_descriptions
from tests.toy import (
    ACHE,
    ALZHEIMER,
    ANTIPSYCHOTIC,
    DIABETES,
    DONEPEZIL,
    EDGES,
    HALOPERIDOL,
    LEVODOPA,
    MEMANTINE,
    METFORMIN,
    NODES,
    PARKINSON,
    PRION,
    graph_of,
    row_of,
)

Judged = tuple[str, str, str]  #: relation, identifier, verdict


def judged(graph: KnowledgeGraph, about: str, **described) -> list[Judged]:
    claims = Grounder(graph).claims(row_of(graph, about), described)
    return [(c.relation, graph.vocabulary.entities[c.entity] if c.entity is not None else "", c.verdict) for c in claims]


def only(graph: KnowledgeGraph, about: str, **described) -> Claim:
    (claim,) = Grounder(graph).claims(row_of(graph, about), described)
    return claim


def relation_of(graph: KnowledgeGraph, claim: Claim) -> str:
    return graph.vocabulary.relations[graph.triples[claim.edge, 1]]


@pytest.mark.parametrize(
    ("drug", "text", "expected"),
    [
        (DONEPEZIL, "Approved for Alzheimer's disease.", ("indicated_for", ALZHEIMER, "supported")),
        (DONEPEZIL, "Parkinson's disease, off-label.", ("indicated_for", PARKINSON, "supported")),  # palliates
        (HALOPERIDOL, "Used for Parkinson's disease.", ("indicated_for", PARKINSON, "contradicted")),
        (METFORMIN, "Helps in prion disease.", ("indicated_for", PRION, "unknown")),
        (METFORMIN, "Investigated for Alzheimer's disease.", ("investigated_for", ALZHEIMER, "supported")),
        (METFORMIN, "In Alzheimer's disease it was tested.", ("investigated_for", ALZHEIMER, "supported")),
        (METFORMIN, "It failed in Alzheimer's disease.", ("no_use_in", ALZHEIMER, "unknown")),
        (DONEPEZIL, "Not effective in Alzheimer's disease.", ("no_use_in", ALZHEIMER, "contradicted")),
        (DONEPEZIL, "Ineffective for Alzheimer's disease.", ("no_use_in", ALZHEIMER, "contradicted")),
        (DONEPEZIL, "No benefit in Alzheimer's disease.", ("no_use_in", ALZHEIMER, "contradicted")),
        (DONEPEZIL, "When other drugs failed, Alzheimer's disease.", ("indicated_for", ALZHEIMER, "supported")),
        (HALOPERIDOL, "It is contraindicated in Parkinson's disease.", ("contraindicated_in", PARKINSON, "supported")),
        (LEVODOPA, "It may cause Alzheimer's disease.", ("may_cause", ALZHEIMER, "supported")),
        (METFORMIN, "Trials in Alzheimer's disease failed.", ("no_use_in", ALZHEIMER, "unknown")),
    ],
)
def test_uses_of_a_drug(toy, drug, text, expected):
    assert judged(toy, drug, indications=text) == [expected]


@pytest.mark.parametrize(
    ("drug", "text", "expected"),
    [
        (HALOPERIDOL, "Avoid in Parkinson's disease.", ("contraindicated_in", PARKINSON, "supported")),
        (HALOPERIDOL, "Parkinson's disease; pregnancy.", ("contraindicated_in", PARKINSON, "supported")),
        (LEVODOPA, "Caution in Alzheimer's disease.", ("cautioned_in", ALZHEIMER, "supported")),
        (LEVODOPA, "May cause dementia.", None),  # a name of two diseases: the edge decides
        (METFORMIN, "Type 2 diabetes mellitus.", ("contraindicated_in", DIABETES, "contradicted")),
        (METFORMIN, "Uncontrolled type 2 diabetes mellitus.", ("contraindicated_in", DIABETES, "unknown")),
        (METFORMIN, "Type 2 diabetes mellitus with acidosis.", ("contraindicated_in", DIABETES, "unknown")),
        (METFORMIN, "Renal failure in type 2 diabetes mellitus.", ("contraindicated_in", DIABETES, "unknown")),
        (METFORMIN, "Avoid in type 2 diabetes mellitus.", ("contraindicated_in", DIABETES, "contradicted")),
        (METFORMIN, "Prion disease because of nothing.", ("contraindicated_in", PRION, "unknown")),
    ],
)
def test_warnings_of_a_drug(toy, drug, text, expected):
    found = judged(toy, drug, contraindications=text)
    assert found == [expected or ("may_cause", ALZHEIMER, "supported")]


@pytest.mark.parametrize(
    "text",
    ["Safe in Parkinson's disease.", "Stop it, because it looks like Parkinson's disease.", "Those without Parkinson's disease.",
     "Parkinson's disease drugs.", "None in Parkinson's disease."],
)  # fmt: skip
def test_what_is_no_warning(toy, text):
    assert judged(toy, HALOPERIDOL, contraindications=text) == []


def test_the_edge_behind_a_verdict_is_given(toy):
    assert relation_of(toy, only(toy, HALOPERIDOL, indications="Parkinson's disease.")) == "contraindicated_in"
    assert relation_of(toy, only(toy, DONEPEZIL, mechanism="Inhibits ACHE.")) == "inhibits"
    assert (
        relation_of(toy, only(toy, METFORMIN, indications="Alzheimer's disease.")) == "investigated_for"
    )  # a weaker tie: unknown
    assert only(toy, METFORMIN, indications="Prion disease.").edge is None


def test_a_gene_in_the_mechanism_of_a_drug_is_a_target_and_of_a_disease_involved(toy):
    assert judged(toy, DONEPEZIL, mechanism="It blocks ACHE and GRIN1, not DRD2.") == [
        ("targets", ACHE, "supported"),
        ("targets", "Gene::GRIN1", "unknown"),
    ]
    assert judged(toy, ALZHEIMER, mechanism="ACHE matters.") == [("involves", ACHE, "supported")]


def test_a_sentence_that_names_an_entity_twice_is_one_claim(toy):
    assert judged(toy, DONEPEZIL, mechanism="Inhibits acetylcholinesterase (ACHE).") == [("targets", ACHE, "supported")]


def test_metabolism_is_no_target():
    graph = graph_of(NODES, [*EDGES, (DONEPEZIL, "metabolized_by", "Gene::PTGS1", "", "")])
    claim = only(graph, DONEPEZIL, targets=["PTGS1"])
    assert (claim.verdict, relation_of(graph, claim)) == ("unknown", "metabolized_by")


def test_the_facts_of_a_disease_are_mirrored(toy):
    assert judged(toy, ALZHEIMER, indications="Donepezil and levodopa.") == [
        ("indicated_for", DONEPEZIL, "supported"),
        ("indicated_for", LEVODOPA, "unknown"),
    ]
    assert judged(toy, PARKINSON, indications="Haloperidol.") == [("indicated_for", HALOPERIDOL, "contradicted")]
    assert judged(toy, PARKINSON, contraindications="Haloperidol worsens it.") == [("cautioned_in", HALOPERIDOL, "supported")]
    assert judged(toy, PARKINSON, contraindications="Levodopa must be avoided.") == [
        ("contraindicated_in", LEVODOPA, "contradicted")
    ]


def test_what_a_disease_says_of_another_one_is_not_its_own(toy):
    assert judged(toy, ALZHEIMER, contraindications="Haloperidol is avoided in Parkinson's disease.") == []
    assert judged(toy, ALZHEIMER, contraindications="Haloperidol must not be combined with levodopa.") == []


def test_what_is_said_of_a_class_is_supported_by_any_drug_of_it_and_never_contradicted(toy):
    assert judged(toy, PARKINSON, contraindications="Antipsychotics worsen it.") == [("cautioned_in", ANTIPSYCHOTIC, "supported")]
    assert judged(toy, PARKINSON, indications="Antipsychotics.") == [("indicated_for", ANTIPSYCHOTIC, "unknown")]


def test_lists_are_mapped_by_synonym_and_by_likeness_with_the_score(toy):
    claims = Grounder(toy).claims(
        row_of(toy, DONEPEZIL),
        {"indicated_for": ["AD", "alzheimer diseese", "heart disease"], "targets": ["acetylcholinesterase", "XYZ9"]},
    )
    assert [(c.mention, c.entity is not None, c.verdict) for c in claims] == [
        ("AD", True, "supported"),
        ("alzheimer diseese", True, "supported"),
        ("heart disease", False, "unknown"),
        ("acetylcholinesterase", True, "supported"),
        ("XYZ9", False, "unknown"),
    ]
    assert claims[0].score == 100
    assert 88 <= claims[1].score < 100
    assert claims[2].score == 0


@pytest.mark.parametrize(
    "name",
    ["type 1 diabetes mellitus", "disease", "Alzheimer's disease psychosis", "Parkinson's diseases of the rat", "gout", ""],
)
def test_a_name_that_only_resembles_is_not_mapped(toy, name):
    assert only(toy, METFORMIN, indicated_for=[name]).entity is None


@pytest.mark.parametrize("name", ["type 2 diabetes melitus", "mellitus diabetes type 2", "type 2 diabetes mellitus."])
def test_a_misspelling_is_mapped(toy, name):
    claim = only(toy, METFORMIN, indicated_for=[name])
    assert claim.entity == row_of(toy, DIABETES)
    assert claim.verdict == "supported"


def test_a_gene_with_another_number_is_another_gene(toy):
    assert only(toy, METFORMIN, targets=["PRKAB2"]).entity is None


def test_lists_are_judged_as_sentences_are(toy):
    assert judged(toy, HALOPERIDOL, indicated_for=["Parkinson's disease"], contraindicated_in=["PD"], unheard_of=["PD"]) == [
        ("indicated_for", PARKINSON, "contradicted"),
        ("contraindicated_in", PARKINSON, "supported"),
    ]


@pytest.mark.parametrize("seed", range(3))
def test_the_edges_of_a_pair_are_those_of_an_obvious_loop(starter, seed):
    judge = Grounder(starter).judge
    rng = np.random.default_rng(seed)
    for head, _, tail in starter.triples[rng.integers(0, len(starter.triples), 20)].tolist():
        slow = [edge for edge, (h, _, t) in enumerate(starter.triples.tolist()) if {h, t} == {head, tail}]
        assert sorted(judge.between(tail, head)) == slow


def test_the_paper_s_kind_of_warning_is_read_from_the_starter(starter):
    """Parkinson's disease psychosis: what aggravates it, by drug and by class; what treats it is left out of its class."""
    texts = {row: text.parts() for row, text in load_descriptions(starter).items()}
    disease = row_of(starter, "Disease::parkinsons-disease-psychosis")
    table = contraindication_claims(starter, {disease: texts[disease]})
    assert set(table["disease"]) == {disease}
    classes = {starter.names[row] for row in table["via"] if row >= 0}
    assert {"muscarinic antagonist", "dopamine agonist", "typical antipsychotic"} <= classes
    warned = {starter.names[row].lower() for row in table["drug"]}
    assert {"haloperidol", "trihexyphenidyl", "pramipexole", "selegiline", "amantadine"} <= warned
    assert not warned & {"clozapine", "quetiapine", "pimavanserin", "rivastigmine"}


def test_warnings_of_drug_and_disease_are_one_table(toy):
    texts = {
        row_of(toy, HALOPERIDOL): {"contraindications": "Avoid in Parkinson's disease.", "contraindicated_in": ["PD"]},
        row_of(toy, PARKINSON): {"contraindications": "Antipsychotics worsen it."},
    }
    table = contraindication_claims(toy, texts)
    pair = (row_of(toy, HALOPERIDOL), row_of(toy, PARKINSON))
    assert list(zip(table["drug"], table["disease"], strict=True)) == [pair] * 3
    assert table["source"].tolist() == ["drug", "drug", "disease"]
    assert table["via"].tolist() == [-1, -1, row_of(toy, ANTIPSYCHOTIC)]
    assert table["verdict"].tolist() == ["supported"] * 3


@pytest.mark.parametrize(
    ("edges", "indications"),
    [([*EDGES, (HALOPERIDOL, "palliates", PARKINSON, "", "")], ""), (EDGES, "Low-dose haloperidol helps.")],
    ids=["the graph", "the text"],
)
def test_what_the_graph_or_the_text_uses_is_left_out_of_its_class(edges, indications):
    graph = graph_of(NODES, edges)
    texts = {row_of(graph, PARKINSON): {"contraindications": "Antipsychotics worsen it.", "indications": indications}}
    assert contraindication_claims(graph, texts).empty


def test_what_is_said_of_the_drug_itself_is_kept_even_if_it_is_used(toy):
    texts = {
        row_of(toy, ALZHEIMER): {"contraindications": "Haloperidol worsens it.", "indications": "Haloperidol for agitation."}
    }
    assert contraindication_claims(toy, texts)["drug"].tolist() == [row_of(toy, HALOPERIDOL)]


def test_to_reduce_a_drug_is_no_use_of_it(toy):
    assert judged(toy, PARKINSON, indications="Reduce haloperidol first.") == [("cautioned_in", HALOPERIDOL, "supported")]


def test_without_any_warning_the_table_has_its_columns(toy):
    assert contraindication_claims(toy, {}).columns.tolist()[:2] == ["drug", "disease"]


def test_records_have_names_for_rows(toy):
    claims = ground(toy, {row_of(toy, MEMANTINE): {"indications": "Alzheimer's disease."}})
    (record,) = claim_records(toy, claims)
    assert tuple(record) == CLAIM_COLUMNS
    assert record["mapped_name"] == "Alzheimer's disease"
    assert record["edge"] == "memantine treats Alzheimer's disease [Hetionet v1.0]"


def test_progress_counts_descriptions(toy):
    seen = []
    ground(toy, {0: {}, 1: {}}, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_sentences_end_at_full_stops_and_semicolons_not_at_decimals():
    assert sentences("Below 0.5 mg. Then; and so on!") == ["Below 0.5 mg.", "Then;", "and so on!"]
