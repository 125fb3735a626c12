import re

import pytest

from core.kg.graph import KnowledgeGraph
from core.llm.mentions import Lexicon, class_rows, is_symbol, normal_word
from tests.toy import ALZHEIMER, ANTIPSYCHOTIC, CHOLINESTERASE_INHIBITOR, EDGES, NODES, graph_of


def found(graph: KnowledgeGraph, text: str) -> list[tuple[str, set[str]]]:
    """Return what is mentioned: the words of the text, and the names of the entities."""
    return [(mention.text, {graph.names[row] for row in mention.rows}) for mention in Lexicon(graph).find(text)]


def test_names_and_synonyms_are_found_as_whole_words(toy):
    text = "Donepezil (Aricept) inhibits acetylcholinesterase; donepezilated rats do not count."
    assert found(toy, text) == [("Donepezil", {"donepezil"}), ("Aricept", {"donepezil"}), ("acetylcholinesterase", {"ACHE"})]


def test_the_longest_name_wins():
    graph = graph_of([*NODES, ("Disease::psychosis", "Parkinson's disease psychosis", "Disease", "")], EDGES)
    assert found(graph, "in Parkinson's disease psychosis") == [
        ("Parkinson's disease psychosis", {"Parkinson's disease psychosis"})
    ]
    assert found(graph, "in Parkinson's disease, psychosis") == [("Parkinson's disease", {"Parkinson's disease"})]


@pytest.mark.parametrize("text", ["ache and pain", "ad hoc", "PD-1 blockade", "anti-PD-L1", "an ASAP order"])
def test_a_symbol_needs_its_case_and_must_stand_alone(toy, text):
    assert found(toy, text) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("AD-related", "Alzheimer's disease"),
        ("PTGS-1", "PTGS1"),
        ("COX1", "PTGS1"),
        ("GRIN1/DRD2", "GRIN1"),
        ("(PD)", "Parkinson's disease"),
    ],
)
def test_a_symbol_is_found_with_or_without_its_hyphen(toy, text, name):
    assert found(toy, text)[0][1] == {name}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tumours", "tumor"),
        ("haemorrhages", "hemorrhage"),
        ("Alzheimer's", "alzheimer"),
        ("allergies", "allergy"),
        ("oedema", "edema"),
    ],
)
def test_spelling_and_number_do_not_count(one, other):
    assert normal_word(one) == normal_word(other)


@pytest.mark.parametrize("word", ["psychosis", "virus", "abscess", "gas"])
def test_an_s_that_is_no_plural_stays(word):
    assert normal_word(word) == word


def test_a_gene_is_found_without_the_remark_in_its_name_and_a_receptor_as_clinicians_write_it():
    nodes = [*NODES, ("Gene::x", "BCHE", "Gene", "butyrylcholinesterase (remark)"), ("Gene::y", "HTR2A", "Gene", "")]
    graph = graph_of(nodes, EDGES)
    assert found(graph, "butyrylcholinesterase and 5-HT2A") == [("butyrylcholinesterase", {"BCHE"}), ("5-HT2A", {"HTR2A"})]


def test_a_name_of_several_entities_has_them_all(toy):
    assert found(toy, "dementia") == [("dementia", {"Alzheimer's disease", "prion disease"})]


def test_a_class_is_found_in_the_plural_and_a_wider_word_means_its_classes():
    nodes = [*NODES, ("Class::aa", "atypical antipsychotic", "Pharmacologic Class", "")]
    graph = graph_of(nodes, [*EDGES, ("Compound::aspirin", "has_class", "Class::aa", "", "")])
    assert found(graph, "Cholinesterase inhibitors") == [("Cholinesterase inhibitors", {"cholinesterase inhibitor"})]
    assert found(graph, "antipsychotics") == [("antipsychotics", {"antipsychotic", "atypical antipsychotic"})]
    assert found(graph, "inhibitors") == []


def test_the_classes_are_what_the_class_relation_joins_to_a_drug(toy):
    assert [toy.vocabulary.entities[row] for row in class_rows(toy)] == [CHOLINESTERASE_INHIBITOR, ANTIPSYCHOTIC]


def test_the_score_says_how_alike_text_and_name_are(toy):
    exact, other = Lexicon(toy).find("metformin; Metformins")
    assert exact.score == 100
    assert 90 < other.score < 100


@pytest.mark.parametrize(
    ("text", "expected"), [("ACHE", True), ("IL6", True), ("aspirin", False), ("Aricept", False), ("alpha B", False)]
)
def test_what_is_a_symbol(text, expected):
    assert is_symbol(text) is expected


def test_every_place_of_the_starter_agrees_with_a_search_by_regular_expression(starter):
    """An obvious loop: each one-word disease name without a plural, searched for as a whole word."""
    text = "Gout, leprosy or malaria; goutlike joints, malarias. In malaria and anti-malarial use."
    names = {starter.names[row] for row in starter.diseases if re.fullmatch(r"[a-z]{4,}", starter.names[row])}
    slow = sorted(match.start() for name in names for match in re.finditer(rf"\b{name}s?\b", text, re.IGNORECASE))
    is_disease = set(starter.diseases.tolist())
    assert [m.start for m in Lexicon(starter).find(text) if is_disease & set(m.rows)] == slow


def test_hostile_text_is_only_text(toy):
    text = "<script>alert(1)</script> {0} %s \x00 donepezil" + " a" * 5000
    assert [names for _, names in found(toy, text)] == [{"donepezil"}]


def test_an_entity_of_another_kind_is_left_out(toy):
    lexicon = Lexicon(toy, kinds=["Disease"])
    assert [toy.vocabulary.entities[m.rows[0]] for m in lexicon.find("donepezil in Alzheimer's disease")] == [ALZHEIMER]
