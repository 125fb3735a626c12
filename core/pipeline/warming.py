"""Compile once what pages need at their first click: numba keeps the machine code beside the source."""

from core.explain.metapaths import MetapathFinder
from core.kg.graph import KnowledgeGraph


def compile_kernels(graph: KnowledgeGraph) -> None:
    """Search the paths of one pair in every way that a page does; some ten seconds on a new machine, none later."""
    metapaths = MetapathFinder(graph)
    search, (drug, disease) = metapaths.finder.search, (int(graph.drugs[0]), int(graph.diseases[0]))
    metapaths.groups(drug, disease)
    metapaths.finder.best(drug, disease)
    search.dwpc_in(search.typed.ends[None], drug, disease)
