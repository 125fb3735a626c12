import pytest

from core.explain.references import pair_references, pubmed_search, reference, trials_search
from tests.toy import graph_of


@pytest.mark.parametrize(
    ("identifier", "kind", "expected"),
    [
        ("Compound::DB00843", "Compound", ("DrugBank", "https://go.drugbank.com/drugs/DB00843")),
        ("Gene::43", "Gene", ("NCBI Gene", "https://www.ncbi.nlm.nih.gov/gene/43")),
        ("Disease::DOID:10652", "Disease", ("Disease Ontology", "https://disease-ontology.org/?id=DOID:10652")),
        (
            "Biological Process::GO:0006954",
            "Biological Process",
            ("Gene Ontology", "https://amigo.geneontology.org/amigo/term/GO:0006954"),
        ),
        ("Disease::heart-failure", "Disease", None),
        ("Compound::DB-not-a-number", "Compound", None),
        ("Pathway::43", "Pathway", None),
        ("Gene::ACHE", "Gene", None),
    ],
)
def test_the_page_of_an_entity(identifier, kind, expected):
    graph = graph_of([(identifier, "n", kind, ""), ("x", "x", "Disease", "")], [(identifier, "treats", "x", "", "")])
    assert reference(graph, 0) == expected


def test_searches_quote_what_they_are_given():
    assert pubmed_search("A&B", 'a "b"') == "https://pubmed.ncbi.nlm.nih.gov/?term=%22A%26B%22%20AND%20%22a%20%20b%20%22"
    assert trials_search("a b", "c&d") == "https://clinicaltrials.gov/search?cond=c%26d&intr=a%20b"


def test_the_references_of_a_pair():
    nodes = [("Compound::DB00843", "donepezil", "Compound", ""), ("Disease::dementia", "dementia", "Disease", "")]
    graph = graph_of(nodes, [("Compound::DB00843", "treats", "Disease::dementia", "", "")])
    assert list(pair_references(graph, 0, 1)) == ["DrugBank", "PubMed", "ClinicalTrials.gov"]
    assert "donepezil" in pair_references(graph, 0, 1)["PubMed"]


def test_a_drug_without_identifier_is_searched_for():
    graph = graph_of(
        [("Compound::x1", "new drug", "Compound", ""), ("d", "d", "Disease", "")], [("Compound::x1", "treats", "d", "", "")]
    )
    assert pair_references(graph, 0, 1)["DrugBank"].endswith("query=new%20drug")
