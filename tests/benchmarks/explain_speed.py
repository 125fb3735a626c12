"""Measure the path search: against networkx and igraph on a large typed graph, and as a page asks for it.

``python -m tests.benchmarks.explain_speed synthetic`` makes a typed graph of 40,000 nodes and 2 million edges with degrees by a
power law, and times all paths of up to three edges between a drug and a disease: pairs of median number of paths against igraph
(``get_all_simple_paths``, maxlen 3) and networkx (``all_simple_paths``, cutoff 3; it is stopped after ``--patience`` seconds, so
that its figure is then a lower bound), and the pair of the largest hubs. All libraries get the graph as they want it; only the
search is timed, each library in turn for each pair.

``python -m tests.benchmarks.explain_speed page --kg starter`` times what a click computes, groups and chance, after the random
graphs are there (``--home``: workspace that keeps them).
"""

import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import igraph
import networkx
import numpy as np
import typer

from core.explain.metapaths import MetapathFinder
from core.explain.paths import PathFinder
from core.explain.records import Explainer
from core.explain.search import PathSearch
from core.explain.significance import null_model
from core.kg.graph import KnowledgeGraph
from core.kg.loaders import load_graph
from core.kg.sources import Source
from core.kg.vocabulary import Vocabulary
from core.types import FloatArray, IntArray
from core.workspace import Workspace

KINDS = {"Compound": 2000, "Disease": 1000, "Gene": 20000, "Process": 10000, "Phenotype": 7000}
#: relation, kinds at its ends, share of the edges
RELATIONS = [
    ("treats", "Compound", "Disease", 0.005), ("binds", "Compound", "Gene", 0.05), ("similar", "Compound", "Compound", 0.02),
    ("causes", "Compound", "Phenotype", 0.1), ("associated", "Disease", "Gene", 0.05), ("presents", "Disease", "Phenotype", 0.05),
    ("interacts", "Gene", "Gene", 0.425), ("participates", "Gene", "Process", 0.3),
]  # fmt: skip
N_EDGES, EXPONENT = 2_000_000, 0.75
app = typer.Typer()


@app.command()
def synthetic(
    pairs: Annotated[int, typer.Option(help="Pairs of median number of paths.")] = 3,
    patience: Annotated[float, typer.Option(help="Seconds for networkx and each pair.")] = 60.0,
    networkx_too: Annotated[bool, typer.Option("--networkx/--no-networkx", help="Time networkx (2 GB).")] = True,
) -> None:
    """Compare on a graph of 40,000 nodes and 2 million edges."""
    graph = power_law_graph()
    begin = time.perf_counter()
    search = PathSearch(graph)
    typer.echo(f"{graph.n_entities:,} nodes, {len(graph.triples):,} edges; laid out in {time.perf_counter() - begin:.1f} s")
    drug, disease = _hubs(graph)
    search.everything(drug, disease)
    seconds, found = _timed(lambda: search.best(drug, disease), repeats=5)
    typer.echo(f"hub pair: {found.counts.sum():,} paths counted, the best of each kind kept, in {1000 * seconds:.1f} ms")
    seconds, found = _timed(lambda: search.everything(drug, disease), repeats=5)
    typer.echo(f"hub pair: all {len(found.kinds):,} paths listed in {1000 * seconds:.1f} ms")
    others = _others(graph, patience=patience if networkx_too else 0.0)
    for drug, disease in _median_pairs(graph, search, pairs):
        seconds, found = _timed(lambda d=drug, x=disease: search.everything(d, x), repeats=200)
        typer.echo(f"pair {drug}, {disease}: {len(found.kinds):,} paths in {1e6 * seconds:.0f} us")
        for name, paths in others.items():
            theirs, count = paths(drug, disease)
            typer.echo(f"  {name}: {count:,} paths in {theirs:.2f} s, {theirs / seconds:,.0f} times as long")


@app.command()
def page(
    kg: Annotated[str, typer.Option(help="Graph.")] = "starter",
    home: Annotated[Path, typer.Option(help="Workspace that keeps the random graphs.")] = Path("workspace"),
    pairs: Annotated[int, typer.Option(help="Known pairs to click on.")] = 50,
) -> None:
    """Time the update of a page: groups with chance, and the record of the best ten paths."""
    graph = load_graph(kg)
    finder = PathFinder(graph)
    metapaths, null = MetapathFinder(graph, finder), null_model(Workspace(home), finder.search)
    explainer = Explainer(graph, finder, null)
    chosen = graph.known[np.random.default_rng(0).choice(len(graph.known), pairs)].tolist()
    steps: dict[str, Callable[[int, int], Any]] = {
        "groups and chance": lambda d, x: null.chances(d, x, metapaths.groups(d, x)),
        "record of ten paths": explainer.record,
        "best paths only": finder.best,
    }
    for name, step in steps.items():
        step(*chosen[0])
        times = [1000 * _timed(lambda s=step, p=pair: s(*p))[0] for pair in chosen]
        typer.echo(f"{name}: median {np.median(times):.0f} ms, slowest {max(times):.0f} ms ({len(null.ends)} random graphs)")


def power_law_graph() -> KnowledgeGraph:
    """Return a typed graph whose degrees follow a power law."""
    generator = np.random.default_rng(0)
    names = tuple(f"{kind}::{number}" for kind, count in KINDS.items() for number in range(count))
    first = dict(zip(KINDS, np.cumsum([0, *KINDS.values()]), strict=False))
    parts = []
    for relation, (_, head, tail, share) in enumerate(RELATIONS):
        ends = [first[kind] + _power_law(generator, KINDS[kind], int(1.15 * share * N_EDGES)) for kind in (head, tail)]
        part = np.unique(np.stack([ends[0], np.full(len(ends[0]), relation), ends[1]], axis=1), axis=0)
        parts.append(generator.permutation(part[part[:, 0] != part[:, 2]])[: int(share * N_EDGES)])
    triples = np.concatenate(parts).astype(np.int32)
    relations = {name: {"phrase": name, "inverse": name, "symmetric": head == tail} for name, head, tail, _ in RELATIONS}
    return KnowledgeGraph(
        name="power law",
        source=Source.parse({"name": "s", "title": "s", "roles": {"treats": ["treats"]}, "relations": relations}),
        vocabulary=Vocabulary(names, tuple(name for name, *_ in RELATIONS)), names=names,
        kinds=tuple(kind for kind, count in KINDS.items() for _ in range(count)), synonyms=((),) * len(names),
        triples=triples, detail=("",) * len(triples), provenance=("",) * len(triples),
    )  # fmt: skip


def _power_law(generator: np.random.Generator, size: int, draws: int) -> IntArray:
    weights: FloatArray = np.arange(1, size + 1) ** -EXPONENT
    return generator.permutation(size)[generator.choice(size, draws, p=weights / weights.sum())]


def _hubs(graph: KnowledgeGraph) -> tuple[int, int]:
    degree = np.bincount(graph.triples[:, [0, 2]].ravel(), minlength=graph.n_entities)
    return int(graph.drugs[degree[graph.drugs].argmax()]), int(graph.diseases[degree[graph.diseases].argmax()])


def _median_pairs(graph: KnowledgeGraph, search: PathSearch, count: int) -> list[tuple[int, int]]:
    generator = np.random.default_rng(1)
    pairs = np.stack([generator.choice(graph.drugs, 301), generator.choice(graph.diseases, 301)], axis=1).tolist()
    paths = [int(search.best(drug, disease, top=1).counts.sum()) for drug, disease in pairs]
    middle = np.argsort(paths)[len(pairs) // 2 - count // 2 :][:count]
    return [tuple(pairs[place]) for place in middle]


def _others(graph: KnowledgeGraph, *, patience: float) -> dict[str, Callable[[int, int], tuple[float, int]]]:
    """Return the searches of other libraries, without the edges between drugs and diseases that no path may take whole."""
    ends = graph.triples[:, [0, 2]]
    theirs = igraph.Graph(n=graph.n_entities, edges=ends)
    searches = {"igraph": lambda drug, disease: _igraph(theirs, drug, disease)}
    if patience:
        other = networkx.Graph()
        other.add_edges_from(ends.tolist())
        searches["networkx"] = lambda drug, disease: _networkx(other, drug, disease, patience)
    return searches


def _igraph(graph: igraph.Graph, drug: int, disease: int) -> tuple[float, int]:
    seconds, paths = _timed(lambda: graph.get_all_simple_paths(drug, disease, maxlen=3, mode="all"))
    return seconds, len(paths)


def _networkx(graph: networkx.Graph, drug: int, disease: int, patience: float) -> tuple[float, int]:
    begin, count = time.perf_counter(), 0
    for _ in islice(networkx.all_simple_paths(graph, drug, disease, cutoff=3), None):
        count += 1
        if time.perf_counter() - begin > patience:
            break
    return time.perf_counter() - begin, count


def _timed(action: Callable[[], Any], *, repeats: int = 1) -> tuple[float, Any]:
    """Return the median time in seconds and the last result."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        result = action()
        times.append(time.perf_counter() - begin)
    return float(np.median(times)), result


if __name__ == "__main__":
    app()
