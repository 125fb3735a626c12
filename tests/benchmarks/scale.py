"""Measure time and memory on graphs that are larger than the shipped one.

``python -m tests.benchmarks.scale --kg ../shared/data/hetionet`` trains an epoch of the default settings on a graph of files,
loads the run and scores all drugs for ten diseases, in a temporary workspace. The encoder is a fake of the bundled one's width,
which would need minutes; ``--encoder bundled`` takes that.

``python -m tests.benchmarks.scale --synthetic-drkg`` makes a typed graph of DRKG's size (97,238 entities, 5.9 million edges, 107
relations, degrees by a power law), trains some steps at dim 400, with and without text, and makes each simple method. Its part
``files`` writes that graph as nodes.tsv and edges.tsv with details and sources, reads the files, and trains some steps on them.

Every part runs in a process of its own; the peak is that process's so far (``ru_maxrss``), so a step that raises it stands out.
A part that would take more than ``--cap`` GB fails instead of swapping.
"""

import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from core import pipeline
from core.casestudy.shortlist import shortlist
from core.config import RunSettings
from core.evaluate import baselines
from core.kg.graph import KnowledgeGraph
from core.kg.loaders import load_graph
from core.kg.sources import Source
from core.kg.splits import without_pairs
from core.kg.vocabulary import Vocabulary
from core.kge.model import new_model
from core.kge.sampling import ChunkSampler
from core.kge.scoring import KgeScorer
from core.kge.training import Trainer
from core.text.matrix import TextMatrix
from core.types import FloatArray, IntArray
from core.workspace import Workspace

LIMIT_GB = 4.0
DIM, TEXT_COLUMNS, SERVED = 400, 768, 10
N_EDGES, N_RELATIONS, EXPONENT = 5_900_000, 107, 0.6
KINDS = {
    "Gene": 39220, "Compound": 10551, "Molecule": 13762, "Biological Process": 11381, "Disease": 5103, "Side Effect": 5701,
    "Atc": 4048, "Molecular Function": 2884, "Pathway": 1822, "Cellular Component": 1391, "Symptom": 415, "Anatomy": 400,
    "Pharmacologic Class": 345, "Tax": 215,
}  # fmt: skip
#: kinds at both ends, share of the edges (roughly DRKG's) and number of relations
BLOCKS = [
    ("Gene", "Gene", 0.46, 32), ("Compound", "Compound", 0.24, 2), ("Anatomy", "Gene", 0.12, 3), ("Compound", "Gene", 0.05, 30),
    ("Disease", "Gene", 0.02, 15), ("Gene", "Biological Process", 0.09, 1), ("Compound", "Side Effect", 0.02, 1),
    ("Compound", "Disease", 0.012, 10), ("Molecule", "Gene", 0.01, 4), ("Gene", "Pathway", 0.01, 1),
    ("Compound", "Atc", 0.003, 1),
    ("Gene", "Molecular Function", 0.015, 1), ("Gene", "Cellular Component", 0.01, 1), ("Disease", "Symptom", 0.001, 1),
    ("Disease", "Anatomy", 0.001, 1), ("Pharmacologic Class", "Compound", 0.001, 1), ("Gene", "Tax", 0.002, 1),
    ("Disease", "Disease", 0.001, 1),
]  # fmt: skip
SIMPLE = ("degree", "gba-drug", "gba-disease", "paths", "text-drug", "text-disease")


class Laps:
    """What each step of a part took, in seconds, and the process's peak memory so far, in GB."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, float, float]] = []
        self._began = time.perf_counter()

    def __call__(self, what: str) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        self.rows.append((what, time.perf_counter() - self._began, peak))
        self._began = time.perf_counter()


Part = Callable[[Laps], None]


def main(
    kg: Annotated[str | None, typer.Option(help="Graph of files to train an epoch on.")] = None,
    synthetic_drkg: Annotated[bool, typer.Option("--synthetic-drkg", help="Train on a made graph of DRKG's size.")] = False,
    encoder: Annotated[str, typer.Option(help="With --kg.")] = "hashing:384",
    steps: Annotated[int, typer.Option(help="With --synthetic-drkg: steps that are timed.")] = 200,
    only: Annotated[str, typer.Option(help="Parts that are run, with commas; default: all.")] = "",
    cap: Annotated[float, typer.Option(help="GB of address space a part may take.")] = 20.0,
) -> None:
    """Run the parts and print a Markdown table."""
    parts: dict[str, Part] = {}
    with tempfile.TemporaryDirectory() as folder:
        if kg:
            parts |= {"train": partial(train, kg, encoder, Path(folder)), "serve": partial(serve, Path(folder))}
        if synthetic_drkg:
            parts |= {"no text": partial(take_steps, steps, with_text=False), "text": partial(take_steps, steps, with_text=True)}
            parts |= {name: partial(make_simple, name) for name in SIMPLE}
            parts |= {"write": partial(write_files, Path(folder)), "files": partial(train_files, Path(folder), steps)}
        chosen = only.split(",") if only else list(parts)
        if unknown := sorted(set(chosen) - set(parts)):
            raise typer.BadParameter(f"no part {', '.join(unknown)}; there are {', '.join(parts)}", param_hint="--only")
        typer.echo(f"| part | step | seconds | peak so far, GB | under {LIMIT_GB:g} GB |\n|---|---|---|---|---|")
        for name in chosen:
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
                for what, seconds, peak in pool.submit(measured, parts[name], cap).result():
                    typer.echo(f"| {name} | {what} | {seconds:.2f} | {peak:.2f} | {'yes' if peak < LIMIT_GB else 'NO'} |")


def measured(part: Part, cap: float) -> list[tuple[str, float, float]]:
    """Run a part, in the child process; what breaks the cap is a row, too."""
    torch.set_num_threads(1)
    resource.setrlimit(resource.RLIMIT_AS, (int(cap * 2**30),) * 2)
    laps = Laps()
    try:
        part(laps)
    except MemoryError as error:
        laps(f"out of memory: {error}")
    return laps.rows


def train(kg: str, encoder: str, folder: Path, laps: Laps) -> None:
    laps("imports")
    graph = load_graph(kg)
    laps(f"load {graph.n_entities:,} entities, {len(graph.triples):,} edges")
    settings = RunSettings.parse({"kg": kg, "text": {"encoder": encoder}, "training": {"epochs": 1}})
    epochs = []
    hooks = pipeline.Hooks(lambda done, total: done == total and laps(f"embed {total:,} texts (and load again)"), epochs.append)
    pipeline.train_run(Workspace(folder), "run", settings, hooks=hooks)
    laps(f"train an epoch: {epochs[0].triples:,} triples in {epochs[0].seconds:.1f} s; the rest is set-up and saving")


def serve(folder: Path, laps: Laps) -> None:
    loaded = pipeline.load_run(Workspace(folder), "run")
    laps("load the run")
    graph, diseases = loaded.graph, loaded.graph.diseases[:SERVED]
    loaded.scorer.scores(graph.drugs, diseases)
    laps(f"score {len(graph.drugs):,} drugs for {SERVED} diseases")
    shortlist(graph, loaded.scorer, int(diseases[0]))
    laps("shortlist of one disease")
    baselines.path_counts(graph)
    laps("paths (of a fusion)")
    baselines.guilt_by_association(graph)
    laps("gba-drug (of a fusion)")


def take_steps(steps: int, laps: Laps, *, with_text: bool) -> None:
    take_steps_on(made_graph(laps), steps, laps, with_text=with_text)


def take_steps_on(graph: KnowledgeGraph, steps: int, laps: Laps, *, with_text: bool) -> None:
    text = {"mode": "full"} if with_text else {"mode": "none"}
    settings = RunSettings.parse({"text": text, "model": {"dim": DIM}, "training": {"device": "cpu"}})
    sampler = ChunkSampler(graph.training_triples, graph.kind_codes, graph.n_relations, settings.training)
    laps(f"sampler of {sampler.n_positives:,} positives")
    matrix = made_text(graph) if with_text else None
    model = new_model(graph.vocabulary, settings.model, settings.text, matrix, seed=0)
    trainer = Trainer(model, sampler, settings)
    laps(f"model and trainer, dim {DIM}" + (f", text of {TEXT_COLUMNS} columns" if with_text else ""))
    batches = sampler.epoch(0)
    for batch in islice(batches, 3):
        trainer.step(batch)
    laps("first 3 steps: shuffle the epoch, compile")
    count, began = 0, time.perf_counter()
    for batch in islice(batches, steps):
        trainer.step(batch)
        count += batch.heads.size
    laps(f"{steps} steps: {count / (time.perf_counter() - began):,.0f} triples/s")
    for _ in islice(batches, steps):
        pass
    laps(f"{steps} batches without a step")
    KgeScorer("", model, graph.role_relations("treats")).scores(graph.drugs, graph.diseases[:SERVED])
    laps(f"score {len(graph.drugs):,} drugs for {SERVED} diseases")


def write_files(folder: Path, laps: Laps) -> None:
    graph = made_graph(laps)
    names, kinds, relations = graph.names, graph.kinds, graph.vocabulary.relations
    with (folder / "nodes.tsv").open("w") as nodes:
        nodes.write("id\tname\tkind\n")
        nodes.writelines(f"{name}\t{name}\t{kind}\n" for name, kind in zip(names, kinds, strict=True))
    with (folder / "edges.tsv").open("w") as edges:
        edges.write("head\trelation\ttail\tdetail\tsource\n")
        edges.writelines(
            f"{names[head]}\t{relations[relation]}\t{names[tail]}\tdetail {number % 1000}\tsource {relation % 7}\n"
            for number, (head, relation, tail) in enumerate(graph.triples.tolist())
        )
    (folder / "source.toml").write_text('name = "made"\ntitle = "Made"\n[roles]\ntreats = ["treats"]\n')
    laps("write nodes.tsv and edges.tsv")


def train_files(folder: Path, steps: int, laps: Laps) -> None:
    laps("imports")
    graph = load_graph(str(folder))
    laps(f"load {graph.n_entities:,} entities, {len(graph.triples):,} edges")
    take_steps_on(graph, steps, laps, with_text=True)


def make_simple(name: str, laps: Laps) -> None:
    graph = made_graph(laps)
    if name == SIMPLE[0]:
        without_pairs(graph, graph.pairs("treats")[:100])
        laps("graph without 100 pairs")
        _ = graph.adjacency
        laps("adjacency")
        _ = graph.vocabulary.fingerprint
        laps("fingerprint")
    make = {
        "degree": baselines.degree,
        "gba-drug": baselines.guilt_by_association,
        "gba-disease": baselines.similar_diseases,
        "paths": baselines.path_counts,
        "text-drug": lambda graph: baselines.nearest_drug_text(graph, made_text(graph).vectors),
        "text-disease": lambda graph: baselines.nearest_disease_text(graph, made_text(graph).vectors),
    }[name]
    make(graph)
    laps(name)


def made_text(graph: KnowledgeGraph) -> TextMatrix:
    vectors = np.random.default_rng(1).standard_normal((graph.n_entities, TEXT_COLUMNS), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return TextMatrix(vectors, graph.vocabulary.fingerprint, {})


def made_graph(laps: Laps) -> KnowledgeGraph:
    """Return a typed graph of DRKG's size whose degrees follow a power law."""
    laps("imports")
    kinds = tuple(kind for kind, count in KINDS.items() for _ in range(count))
    relations = [(head, tail, share / count) for head, tail, share, count in BLOCKS for _ in range(count)]
    generator, firsts = np.random.default_rng(0), dict(zip(KINDS, np.cumsum([0, *KINDS.values()])[:-1], strict=True))
    total = sum(share for _, _, share in relations)
    parts = []
    for number, (head, tail, share) in enumerate(relations):
        sizes = KINDS[head], KINDS[tail]
        heads, tails = _pairs(generator, sizes, round(N_EDGES * share / total))
        parts.append(np.stack([heads + firsts[head], np.full(len(heads), number), tails + firsts[tail]], axis=1).astype(np.int32))
    names = tuple(f"entity {number}" for number in range(len(kinds)))
    treats = [relation[:2] for relation in relations].index(("Compound", "Disease"))
    relation_names = tuple("treats" if number == treats else f"r{number}" for number in range(len(relations)))
    graph = KnowledgeGraph(
        name="made",
        source=Source(name="made", title="Made", roles={"treats": ("treats",)}),
        vocabulary=Vocabulary(names, relation_names),
        names=names,
        kinds=kinds,
        synonyms=((),) * len(names),
        triples=(triples := np.concatenate(parts)),
        detail=tuple(f"detail {number}" for number in range(len(triples))),
        provenance=tuple(f"source {number}" for number in range(len(triples))),
    )
    _ = graph.known, graph.kind_codes
    laps(f"make {graph.n_entities:,} entities, {len(triples):,} edges, {graph.n_relations} relations, {len(graph.known):,} known")
    return graph


def _pairs(generator: np.random.Generator, sizes: tuple[int, int], count: int) -> tuple[IntArray, IntArray]:
    """Draw about so many distinct pairs; the k-th entity is drawn ``k ** -EXPONENT`` times as often as the first."""
    codes = np.empty(0, dtype=np.int64)
    while len(codes) < count:
        drawn: list[FloatArray] = [generator.permutation(n)[(n * _skewed(generator, count)).astype(int)] for n in sizes]
        codes = np.unique(np.concatenate([codes, drawn[0] * sizes[1] + drawn[1]]))
    codes = generator.permutation(codes)[:count]
    return codes // sizes[1], codes % sizes[1]


def _skewed(generator: np.random.Generator, count: int) -> FloatArray:
    return generator.random(count) ** (1 / (1 - EXPONENT))


if __name__ == "__main__":
    typer.run(main)
