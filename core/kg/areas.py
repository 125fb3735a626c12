"""Find therapeutic areas where the graph's source declares them: never a guess from names."""

from dataclasses import dataclass

import numpy as np

from core.errors import ConfigError, UnknownNameError
from core.kg.graph import KnowledgeGraph
from core.types import IntArray

AREAS_SHOWN = 12


@dataclass(frozen=True)
class Area:
    """Diseases that one entity (an organ) joins by a declared relation."""

    row: int  #: of that entity
    name: str
    diseases: IntArray  #: shape (n,), ascending
    n_treatments: int  #: pairs that a drug treats


def areas(graph: KnowledgeGraph) -> list[Area]:
    """Return all areas with a treated disease, those with the most treatments first.

    :raises ConfigError: if the source declares no area relation, or the graph has none of them
    """
    declared = graph.source.area_relations
    edges = graph.triples[np.isin(graph.triples[:, 1], graph.relation_rows(declared))]
    if not len(edges):
        which = f"has none of its area relations ({', '.join(declared)})" if declared else "declares no area relation"
        raise ConfigError(
            f"The graph {graph.name} {which}: what a therapeutic area is cannot be said.",
            expected='a line such as area_relations = ["localizes_to"] in source.toml, and such edges',
            advice="declare a relation that joins diseases and organs, or use --protocol zero-shot.",
        )
    treated = graph.pairs("treats")[:, 1]
    rows = np.setdiff1d(edges[:, [0, 2]], graph.diseases)
    found = [_area(graph, edges, treated, row) for row in rows.tolist()]
    return sorted((area for area in found if area.n_treatments), key=lambda area: (-area.n_treatments, area.name))


def area_named(graph: KnowledgeGraph, name: str) -> Area:
    """Return an area by name, synonym or identifier, case aside.

    :raises UnknownNameError: if there is none; names those with the most treatments
    """
    found = areas(graph)
    wanted = name.strip().casefold()
    for area in found:
        texts = (area.name, *graph.synonyms[area.row], graph.vocabulary.entities[area.row])
        if wanted in (text.casefold() for text in texts):
            return area
    shown = [f"{area.name} ({len(area.diseases)} diseases)" for area in found[:AREAS_SHOWN]]
    raise UnknownNameError("therapeutic area", name, shown, advice=f"give --area; there are {len(found)}, these are the largest.")


def _area(graph: KnowledgeGraph, edges: IntArray, treated: IntArray, row: int) -> Area:
    joined = np.concatenate([edges[edges[:, 2] == row, 0], edges[edges[:, 0] == row, 2]])
    diseases = np.intersect1d(joined, graph.diseases)
    return Area(row, graph.names[row], diseases, int(np.isin(treated, diseases).sum()))
