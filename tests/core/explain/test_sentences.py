import pytest

from core.explain.paths import Path, PathFinder, Step
from core.explain.sentences import fact, facts, is_unspecific, metapath, sentence
from tests.toy import ALZHEIMER, DONEPEZIL, EDGES, HALOPERIDOL, MEMANTINE, PARKINSON, PRION, graph_of, row_of


def edge_row(head, relation, tail):
    """Return the row of an edge: the toy graph keeps the order of the list."""
    return [edge[:3] for edge in EDGES].index((head, relation, tail))


def step(graph, head, relation, tail, *, forward=True):
    start, end = (head, tail) if forward else (tail, head)
    return Step(row_of(graph, start), row_of(graph, end), edge_row(head, relation, tail), forward)


def best(graph, drug, disease):
    return PathFinder(graph).best(row_of(graph, drug), row_of(graph, disease))[0]


@pytest.mark.parametrize(
    ("edge", "there", "back"),
    [
        (
            (DONEPEZIL, "inhibits", "Gene::ACHE"),
            "donepezil inhibits ACHE (reversible inhibitor)",
            "ACHE is inhibited by donepezil (reversible inhibitor)",
        ),
        ((DONEPEZIL, "treats", ALZHEIMER), "donepezil treats Alzheimer's disease", "Alzheimer's disease is treated by donepezil"),
        (
            (HALOPERIDOL, "contraindicated_in", PARKINSON),
            "haloperidol is contraindicated in Parkinson's disease (blocks dopamine)",
            "Parkinson's disease forbids haloperidol (blocks dopamine)",
        ),
        (
            (HALOPERIDOL, "has_class", "Class::antipsychotic"),
            "haloperidol belongs to the class antipsychotic",
            "antipsychotic is the class of haloperidol",
        ),
        (
            (ALZHEIMER, "resembles", PRION),
            "Alzheimer's disease resembles prion disease",
            "prion disease resembles Alzheimer's disease",
        ),
    ],
)
def test_an_edge_is_read_in_the_direction_of_walking(toy, edge, there, back):
    assert fact(toy, step(toy, *edge)).text == there
    assert fact(toy, step(toy, *edge, forward=False)).text == back


def test_a_fact_says_where_it_comes_from(toy):
    known = fact(toy, step(toy, DONEPEZIL, "treats", ALZHEIMER))
    assert (known.provenance, known.detail, known.correlation) == ("Hetionet v1.0", "", False)
    assert fact(toy, step(toy, DONEPEZIL, "palliates", ALZHEIMER)).provenance == ""


def test_a_path_is_one_sentence_from_drug_to_disease(toy):
    expected = "haloperidol inhibits DRD2 (antagonist); DRD2 is associated with Parkinson's disease (involved)."
    path = best(toy, HALOPERIDOL, PARKINSON)
    assert sentence(toy, path) == expected
    assert [item.text for item in facts(toy, path)] == expected[:-1].split("; ")


def test_the_kind_of_a_path_shows_directions(toy):
    assert metapath(toy, best(toy, HALOPERIDOL, PARKINSON)) == "Compound > inhibits > Gene < associated_with < Disease"


def test_the_kind_of_a_longer_path(toy):
    edges = [(MEMANTINE, "inhibits", "Gene::GRIN1"), (PRION, "associated_with", "Gene::GRIN1"), (ALZHEIMER, "resembles", PRION)]
    path = Path((step(toy, *edges[0]), step(toy, *edges[1], forward=False), step(toy, *edges[2], forward=False)), 1.0)
    assert metapath(toy, path) == "Compound > inhibits > Gene < associated_with < Disease < resembles < Disease"
    assert sentence(toy, path) == (
        "memantine inhibits GRIN1 (channel blocker); GRIN1 is associated with prion disease (involved); "
        "prion disease resembles Alzheimer's disease."
    )


def small_graph(relation):
    nodes = [("d", "d", "Compound", ""), ("x", "x", "Disease", ""), ("g", "g", "Gene", "")]
    return graph_of(nodes, [("d", relation, "g", "", ""), ("x", "associated_with", "g", "", ""), ("d", "treats", "x", "", "")])


def test_an_undeclared_relation_is_read_by_its_identifier():
    graph = small_graph("sits_near")
    (path,) = PathFinder(graph).best(0, 1)
    assert sentence(graph, path) == "d sits near g; g is associated with x."
    assert sentence(graph, PathFinder(graph).best(1, 0)[0]) == "x is associated with g; g is reached by 'sits near' from d."


@pytest.mark.parametrize(("relation", "unspecific"), [("metabolized_by", True), ("causes", True), ("binds", False), ("x", False)])
def test_a_path_over_a_shared_enzyme_is_unspecific(relation, unspecific):
    """Evidence weights of the starter: metabolized_by 0.05, causes 0.05, binds 0.8; 1 where nothing is declared."""
    graph = small_graph(relation)
    (path,) = PathFinder(graph).best(0, 1)
    assert is_unspecific(graph, path) is unspecific


def test_a_correlation_is_told_from_a_mechanism():
    graph = small_graph("causes")
    (path,) = PathFinder(graph).best(0, 1)
    assert [item.correlation for item in facts(graph, path)] == [True, False]


def test_a_path_reads_from_the_disease_too(toy):
    path = best(toy, HALOPERIDOL, PARKINSON)
    assert (
        sentence(toy, path) == "haloperidol inhibits DRD2 (antagonist); DRD2 is associated with Parkinson's disease (involved)."
    )
    assert (
        sentence(toy, path.reversed)
        == "Parkinson's disease is associated with DRD2 (involved); DRD2 is inhibited by haloperidol (antagonist)."
    )


def test_a_fact_names_its_relation(toy):
    assert [item.relation for item in facts(toy, best(toy, HALOPERIDOL, PARKINSON))] == ["inhibits", "associated_with"]
