import pytest

from core.errors import AmbiguousNameError, UnknownNameError
from core.kg.search import EntityIndex
from tests.toy import ALZHEIMER, NODES, PARKINSON, PRION, graph_of, row_of


@pytest.fixture
def diseases(toy):
    return EntityIndex(toy, toy.diseases, "disease")


def found(toy, matches):
    return [toy.vocabulary.entities[match.row] for match in matches]


@pytest.mark.parametrize("query", ["Alzheimer's disease", "ALZHEIMER'S DISEASE", " ad ", ALZHEIMER, "alzheimer"])
def test_name_synonym_and_identifier_are_resolved_whatever_their_case(toy, diseases, query):
    assert diseases.resolve(query) == row_of(toy, ALZHEIMER)


def test_asking_twice_gives_the_same_answer(toy, diseases):
    assert diseases.resolve("PD") == diseases.resolve("PD") == row_of(toy, PARKINSON)


def test_a_shared_synonym_is_ambiguous_and_names_its_options(diseases):
    with pytest.raises(AmbiguousNameError) as caught:
        diseases.resolve("dementia")
    assert caught.value.options == (f"Alzheimer's disease ({ALZHEIMER})", f"prion disease ({PRION})")


def test_a_name_wins_over_anothers_synonym(toy):
    renamed = [(i, "dementia" if i == PRION else name, kind, synonyms) for i, name, kind, synonyms in NODES]
    graph = graph_of(renamed, [(NODES[0][0], "treats", PRION, "", "")])
    assert EntityIndex(graph, graph.diseases, "disease").resolve("dementia") == row_of(graph, PRION)


def test_a_misspelt_name_is_unknown_with_the_nearest_names(diseases):
    with pytest.raises(UnknownNameError) as caught:
        diseases.resolve("alzheimers diseese")
    assert caught.value.nearest[0] == "Alzheimer's disease"


def test_another_kind_is_not_found(diseases):
    with pytest.raises(UnknownNameError):
        diseases.resolve("donepezil")


@pytest.mark.parametrize("query", ["parkinson", "parkinsons disease", "PARKINSON'S", "pd"])
def test_find_puts_the_meant_disease_first(toy, diseases, query):
    assert found(toy, diseases.find(query))[0] == PARKINSON


def test_find_gives_an_entity_once_and_no_more_than_asked(toy, diseases):
    matches = found(toy, diseases.find("disease"))
    assert len(matches) == len(set(matches))
    assert len(diseases.find("disease", limit=2)) == 2


def test_both_entities_of_a_shared_synonym_are_found_as_the_same(toy, diseases):
    best = [match for match in diseases.find("dementia") if match.score == 100]
    assert set(found(toy, best)) == {ALZHEIMER, PRION}


@pytest.mark.parametrize("query", ["", "  ", "???", "zzzzzzzz"])
def test_nonsense_finds_nothing(diseases, query):
    assert diseases.find(query) == []


def test_an_index_of_nothing_finds_nothing(toy):
    assert EntityIndex(toy, toy.of_kind("Anatomy"), "place").find("heart") == []
