"""Count what a graph knows, as a whole and of one disease."""

from dataclasses import dataclass

import numpy as np

from core.kg.graph import KnowledgeGraph
from core.kg.sources import ROLES, Role

GENE_KIND = "Gene"  #: so called in all shipped sources


@dataclass(frozen=True)
class GraphCounts:
    """The size of a graph."""

    drugs: int
    diseases: int
    facts: int
    corroborated: int  #: facts of which an independent database, or a named source, is recorded


def count_graph(graph: KnowledgeGraph) -> GraphCounts:
    """Count drugs, diseases, facts, and the facts whose provenance is recorded."""
    return GraphCounts(len(graph.drugs), len(graph.diseases), len(graph.triples), sum(map(bool, graph.provenance)))


@dataclass(frozen=True)
class DiseaseSummary:
    """What a graph knows of one disease."""

    name: str
    synonyms: tuple[str, ...]
    genes: int
    drugs: dict[Role, int]  #: distinct drugs joined to it, by role
    similar: tuple[str, ...]  #: names of diseases that some relation joins to it

    @property
    def untreated(self) -> bool:
        """Return whether no drug is known to treat it or to relieve its symptoms."""
        return not self.drugs["treats"] and not self.drugs["palliates"]


def summarise_disease(graph: KnowledgeGraph, disease: int) -> DiseaseSummary:
    """Count the neighbours of a disease by what they are."""
    neighbours = np.unique(graph.adjacency.neighbours[graph.adjacency.entries(disease)]).tolist()
    of_kind = {kind: [n for n in neighbours if graph.kinds[n] == kind] for kind in (GENE_KIND, graph.source.disease_kind)}
    pairs = {role: graph.pairs(role) for role in ROLES if len(graph.role_relations(role))}
    return DiseaseSummary(
        name=graph.names[disease],
        synonyms=graph.synonyms[disease],
        genes=len(of_kind[GENE_KIND]),
        drugs={role: int((pairs[role][:, 1] == disease).sum()) if role in pairs else 0 for role in ROLES},
        similar=tuple(graph.names[n] for n in of_kind[graph.source.disease_kind] if n != disease),
    )


def untreated_diseases(graph: KnowledgeGraph) -> list[int]:
    """Return the diseases that no drug is known to treat or relieve; those with the most facts first."""
    untreated = np.setdiff1d(graph.diseases, graph.known[:, 1])
    degrees = np.diff(graph.adjacency.indptr)[untreated]
    return untreated[np.argsort(-degrees, kind="stable")].tolist()


FEW_FACTS = 5  #: facts on a disease below which a ranking has next to nothing to go on


def few_facts(graph: KnowledgeGraph, disease: int) -> list[str]:
    """Say so where the graph has next to nothing on a disease; empty otherwise."""
    entries = graph.adjacency.entries(disease)
    count = entries.stop - entries.start
    if count >= FEW_FACTS:
        return []
    facts = "1 fact" if count == 1 else f"{count} facts"
    return [f"The graph has {facts} on this disease: a ranking has next to nothing to go on."]
