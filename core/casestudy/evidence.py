"""Gather what speaks for a pair of drug and disease as plain values that can be taken away."""

from dataclasses import asdict
from typing import Any

from core.explain.direct import direct_facts
from core.explain.paths import Path
from core.explain.sentences import facts, metapath, sentence
from core.kg.graph import KnowledgeGraph
from core.text.descriptions import Description


def evidence_record(
    graph: KnowledgeGraph,
    drug: int,
    disease: int,
    *,
    ranking: dict[str, Any],
    paths: list[Path],
    descriptions: dict[int, Description],
) -> dict[str, Any]:
    """Return graph, pair, ranking, direct facts, paths and descriptions as values that JSON can hold."""
    return {
        "graph": {"name": graph.name, "title": graph.source.title, "note": graph.source.note},
        "drug": _entity(graph, drug, descriptions),
        "disease": _entity(graph, disease, descriptions),
        "ranking": ranking,
        "direct_facts": [asdict(item) for item in direct_facts(graph, drug, disease)],
        "paths": [_path(graph, path) for path in paths],
    }


def _entity(graph: KnowledgeGraph, row: int, descriptions: dict[int, Description]) -> dict[str, Any]:
    description = descriptions.get(row)
    return {
        "id": graph.vocabulary.entities[row],
        "name": graph.names[row],
        "description": description.parts() if description else None,
    }


def _path(graph: KnowledgeGraph, path: Path) -> dict[str, Any]:
    return {
        "sentence": sentence(graph, path),
        "kind": metapath(graph, path),
        "weight": path.weight,
        "facts": [asdict(item) for item in facts(graph, path)],
    }
