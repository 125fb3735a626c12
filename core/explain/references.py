"""Say where to read on: the reference page of an entity, and searches for a pair."""

from urllib.parse import quote

from core.kg.graph import KnowledgeGraph

#: what an identifier (behind ``Kind::``) begins with, and the page that it has
PAGES = (
    ("DB", "DrugBank", "https://go.drugbank.com/drugs/{}"),
    ("DOID:", "Disease Ontology", "https://disease-ontology.org/?id={}"),
    ("GO:", "Gene Ontology", "https://amigo.geneontology.org/amigo/term/{}"),
    ("UBERON:", "Uberon", "https://www.ebi.ac.uk/ols4/ontologies/uberon/classes?obo_id={}"),
    ("MONDO:", "Mondo", "https://www.ebi.ac.uk/ols4/ontologies/mondo/classes?obo_id={}"),
)
GENE_PAGE = "https://www.ncbi.nlm.nih.gov/gene/{}"


def reference(graph: KnowledgeGraph, row: int) -> tuple[str, str] | None:
    """Return name and address of the page on an entity; None where its identifier belongs to no known database."""
    kind, identifier = graph.kinds[row], graph.vocabulary.entities[row].split("::", 1)[-1]
    if kind == graph.source.target_kind and identifier.isdigit():
        return "NCBI Gene", GENE_PAGE.format(identifier)
    for start, name, page in PAGES:
        if identifier.startswith(start) and identifier[len(start) :].isdigit():
            return name, page.format(quote(identifier, safe=":"))
    return None


def pubmed_search(*names: str) -> str:
    """Return the address of a literature search for texts that name all of these."""
    return f"https://pubmed.ncbi.nlm.nih.gov/?term={quote(' AND '.join(_quoted(name) for name in names))}"


def trials_search(drug: str, disease: str) -> str:
    """Return the address of a search for clinical trials of a drug in a disease."""
    return f"https://clinicaltrials.gov/search?cond={quote(disease)}&intr={quote(drug)}"


def drugbank_search(drug: str) -> str:
    """Return the address of a search for a drug, for one that the graph has no DrugBank identifier of."""
    return f"https://go.drugbank.com/unearth/q?searcher=drugs&query={quote(drug)}"


def pair_references(graph: KnowledgeGraph, drug: int, disease: int) -> dict[str, str]:
    """Return all pages and searches for a pair, by the name of the database."""
    drug_page = reference(graph, drug) or ("DrugBank", drugbank_search(graph.names[drug]))
    pages = [page for page in (drug_page, reference(graph, disease)) if page]
    names = graph.names[drug], graph.names[disease]
    return dict(pages) | {"PubMed": pubmed_search(*names), "ClinicalTrials.gov": trials_search(*names)}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', " ") + '"'
