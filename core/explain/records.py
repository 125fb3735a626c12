"""Put the best paths of a pair into values that can be taken away, one record a pair."""

from typing import Any

from core.explain.directions import Directions
from core.explain.generic import generic_nodes
from core.explain.metapaths import MetapathFinder, MetapathGroup
from core.explain.paths import Path, PathFinder, Step
from core.explain.references import pair_references, pubmed_search, reference
from core.explain.sentences import fact, is_unspecific, sentence
from core.explain.significance import Chance, NullModel
from core.kg.graph import KnowledgeGraph


class Explainer:
    """Explain pairs of one graph.

    :param graph: the graph
    :param null: shuffled graphs to tell chance by; p stays empty without
    """

    def __init__(self, graph: KnowledgeGraph, finder: PathFinder | None = None, null: NullModel | None = None) -> None:
        self.graph = graph
        self.finder = finder or PathFinder(graph)
        self.metapaths = MetapathFinder(graph, self.finder)
        self.directions = Directions(graph)
        self.null = null

    def record(self, drug: int, disease: int, *, top: int = 10, edges: int = 3) -> dict[str, Any]:
        """Return ``{"compound", "disease", "paths", ...}``, the best path first; no path where nothing joins the two."""
        paths = self.finder.best(drug, disease, top=top, edges=edges)
        groups = self.metapaths.groups(drug, disease, edges=edges, shown=1)
        chances = self.null.chances(drug, disease, groups, edges=edges) if self.null else {}
        by_kind = {group.metapath: group for group in groups}
        entities, names = self.graph.vocabulary.entities, self.graph.names
        return {
            "compound": entities[drug],
            "disease": entities[disease],
            "paths": [self._path(path, by_kind[self.finder.metapath(path)], chances) for path in paths],
            "compound_name": names[drug],
            "disease_name": names[disease],
            "references": pair_references(self.graph, drug, disease),
        }

    def _path(self, path: Path, group: MetapathGroup, chances: dict[str, Chance]) -> dict[str, Any]:
        graph, chance, opposition = self.graph, chances.get(group.code), self.directions.opposition(path)
        return {
            "nodes": [graph.vocabulary.entities[node] for node in path.nodes],
            "relations": list(group.relations),
            "metapath": group.code,
            "dwpc": group.dwpc,
            "p": chance.p if chance else None,
            "sentence": sentence(graph, path),
            "sentence_from_disease": sentence(graph, path.reversed),
            "names": [graph.names[node] for node in path.nodes],
            "kind": group.words,
            "paths_of_this_kind": group.n_paths,
            "chance": chance.words if chance else None,
            "p_method": chance.method if chance else None,
            "share": path.share,
            "weight": path.weight,
            "unspecific": is_unspecific(graph, path),
            "correlation": group.correlation,
            "generic": [graph.names[node] for node in generic_nodes(self.finder.search.typed, path)],
            "opposite": opposition.words(graph) if opposition else None,
            "target": self._target(path),
            "steps": [_step(graph, step) for step in path.steps],
        }

    def _target(self, path: Path) -> dict[str, Any] | None:
        """Return how the target of a path is borne out by other drugs."""
        drug, target, disease = path.nodes[0], path.nodes[1], path.nodes[-1]
        weight = self.finder.target_weights(drug, disease).get(target)
        if weight is None:
            return None
        words = self.finder.support_words(drug, target, disease)
        return {"name": self.graph.names[target], "probability": weight, "words": words}


def _step(graph: KnowledgeGraph, step: Step) -> dict[str, Any]:
    stated, page = fact(graph, step), reference(graph, step.end)
    return {
        "text": stated.text,
        "relation": stated.relation,
        "detail": stated.detail,
        "source": graph.source.title,
        "corroborated": stated.provenance,
        "correlation": stated.correlation,
        "reference": page[1] if page else None,
        "pubmed": pubmed_search(stated.start, stated.end),
    }
