"""Read aloud what the graph says of a pair itself: the edges between the two, which no path may use."""

from core.explain.paths import Step
from core.explain.sentences import Fact, fact
from core.kg.graph import KnowledgeGraph
from core.kg.sources import Role


def direct_facts(graph: KnowledgeGraph, drug: int, disease: int, *roles: Role) -> list[Fact]:
    """Return the facts that join a drug to a disease directly.

    :param roles: which kinds of relation; all edges where none is given
    """
    allowed = {int(row) for role in roles for row in graph.role_relations(role)}
    entries = graph.adjacency.entries(drug)
    edges = graph.adjacency.edges[entries][graph.adjacency.neighbours[entries] == disease].tolist()
    steps = (Step(drug, disease, edge, bool(graph.triples[edge, 0] == drug)) for edge in edges)
    return [fact(graph, step) for step in steps if not roles or int(graph.triples[step.edge, 1]) in allowed]
