"""Measure whether the best paths are the mechanism: against curated DrugMechDB mechanisms, on the Hetionet core.

``python -m tests.benchmarks.explain_mechanisms --data ../shared/data/hetionet`` prints two shares with 95 % intervals (Wilson):

- target: the first gene on the best path is a gene of the curated mechanism; of the pairs that have one among the genes that the
  drug binds. Beside it: a bound gene by chance, and the heaviest path without the model of targets.
- nodes: all nodes of a curated way from drug to disease that the graph has are among the nodes of the best ten paths; of the
  ways that some path of up to three edges covers. "In one path" asks that one of the ten holds them all; "with a gene" leaves
  out ways of which the graph has drug and disease only.

The mechanisms are read here and nowhere else: nothing is fitted to them.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import networkx
import numpy as np
import typer

from core.explain.paths import Path as Way
from core.explain.paths import PathFinder
from core.kg.graph import KnowledgeGraph
from core.kg.loaders import load_graph

DATA = Path("../shared/data/hetionet")
TOP, LONGEST_WAY = 10, 12
Z = 1.96


@dataclass(frozen=True)
class Mechanism:
    """A curated mechanism in rows of the graph."""

    drug: int
    disease: int
    genes: frozenset[int]
    ways: frozenset[frozenset[int]]  #: nodes that the graph has, of each curated way from drug to disease


def main(
    data: Annotated[Path, typer.Option(help="Folder with core/ and mechanism_paths_dev.jsonl.")] = DATA,
) -> None:
    """Print how often the best paths are the mechanism."""
    graph = load_graph(str(data / "core"))
    finder = PathFinder(graph)
    lines = (data / "mechanism_paths_dev.jsonl").read_text(encoding="utf-8").splitlines()
    found = [measured(finder, each) for each in mechanisms(graph, map(json.loads, lines))]
    for name in ("target", "target, heaviest path", "nodes", "nodes in one path", "nodes, with a gene"):
        report(name, [float(each[name]) for each in found if each.get(name) is not None])
    by_chance = [each["chance"] for each in found if each["target"] is not None]
    typer.echo(f"{'target, bound gene by chance':32s} {np.mean(by_chance):.3f}")


def mechanisms(graph: KnowledgeGraph, records: Iterator[dict[str, Any]]) -> Iterator[Mechanism]:
    """Read the mechanisms whose drug and disease the graph has."""
    row = graph.vocabulary.entity_row
    for record in records:
        if record["compound"] not in row or record["disease"] not in row:
            continue
        mapped = {node["id"]: row.get(node["kg"]) for node in record["nodes"] if node["kg"]}
        drug, disease = row[record["compound"]], row[record["disease"]]
        links = networkx.DiGraph((start, end) for start, _, end in record["links"])
        starts = [node for node in links if mapped.get(node) == drug]
        ends = [node for node in links if mapped.get(node) == disease]
        walks = (w for s in starts for e in ends for w in networkx.all_simple_paths(links, s, e, cutoff=LONGEST_WAY))
        ways = frozenset(frozenset(mapped[n] for n in walk if mapped.get(n) is not None) for walk in walks)
        yield Mechanism(drug, disease, frozenset(row[gene] for gene in record["genes"] if gene in row), ways)


def measured(finder: PathFinder, truth: Mechanism) -> dict[str, float | None]:
    """Compare the paths of a pair with its mechanism; None where there is nothing to find."""
    best, every = finder.best(truth.drug, truth.disease, top=TOP), finder.all(truth.drug, truth.disease)
    bound = set(finder.target_weights(truth.drug, truth.disease))
    covered = [way for way in truth.ways if any(way <= set(path.nodes) for path in every)]
    with_gene = [way for way in covered if len(way) > 2]
    together = {node for path in best for node in path.nodes}
    has_target = bool(truth.genes & bound)
    return {
        "target": _first_gene(finder.graph, best) in truth.genes if has_target else None,
        "target, heaviest path": _first_gene(finder.graph, every) in truth.genes if has_target else None,
        "chance": len(truth.genes & bound) / len(bound) if has_target else None,
        "nodes": any(way <= together for way in covered) if covered else None,
        "nodes in one path": any(way <= set(path.nodes) for way in covered for path in best) if covered else None,
        "nodes, with a gene": any(way <= together for way in with_gene) if with_gene else None,
    }


def _first_gene(graph: KnowledgeGraph, paths: list[Way]) -> int | None:
    return next((node for node in paths[0].nodes if graph.kinds[node] == graph.source.target_kind), None) if paths else None


def report(name: str, hits: list[float]) -> None:
    """Print a share with its Wilson interval."""
    n, share = len(hits), float(np.mean(hits))
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    typer.echo(f"{name:32s} {share:.3f} [{middle - half:.3f}, {middle + half:.3f}] of {n}")


if __name__ == "__main__":
    typer.run(main)
