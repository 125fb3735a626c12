"""Do one cell of an experiment: damage the data, train without the held-out treatments, ask under two protocols."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field

from core.config import RunSettings, Settings
from core.errors import WorkspaceError
from core.evaluate.protocols import Evaluation, drugs_for_disease, paper
from core.kg.graph import KnowledgeGraph
from core.kg.loaders import load_graph
from core.kg.noise import with_triples_added, with_triples_deleted
from core.kg.splits import Split, random_split
from core.pipeline.runs import claimed
from core.pipeline.scorers import load_folder
from core.pipeline.single import Hooks
from core.pipeline.training import train_in
from core.text.descriptions import load_descriptions
from core.workspace import RunFolder, Workspace, explained_disk_errors, write_bytes, write_text

DESCRIPTIONS = "descriptions.jsonl"  #: as a graph's folder has them


class Cell(Settings):
    """All that determines one number of a table; its seed is that of the training, the split and the damage."""

    settings: RunSettings
    data: str  #: digest of graph and descriptions
    descriptions: str = ""  #: file, relative to the workspace where it lies there; empty: those of the graph's folder
    noise: Literal["none", "deleted", "added"] = "none"
    share: float = Field(0.0, ge=0)  #: of the triples
    masked: float = Field(0.0, ge=0, le=1)  #: share of the descriptions that is taken away
    held_out: float = Field(0.1, gt=0, lt=1)  #: of the known treatments
    draws: int = Field(10, ge=1)  #: of the paper's protocol

    @property
    def seed(self) -> int:
        """Return the seed."""
        return self.settings.training.seed


def run_cell(root: Path, cell: Cell) -> dict[str, Any]:
    """Train and evaluate one cell.

    :param root: of the workspace; models lie there while they are trained, so that a killed cell goes on where it was
    :returns: metrics under the paper's protocol and in the full ranking, and counts
    :raises WorkspaceError: if graph or descriptions are not those that the cell was planned with
    """
    workspace, graph = Workspace(root), graph_of(cell.settings.kg)
    if data_digest(graph, cell.settings, described_by(workspace, cell.descriptions)) != cell.data:
        raise WorkspaceError(
            f"The graph {cell.settings.kg} or its descriptions are not the same here as where the work was planned.",
            expected="the same files on every machine",
            advice="copy them, or leave this machine out.",
        )
    split = damaged(random_split(graph, fraction=cell.held_out, seed=cell.seed), graph, cell)
    with _working_folder(workspace, cell) as run:
        training = with_texts(split.graph, workspace, cell, run.path / "texts")
        train_in(run, workspace, training, cell.settings, Hooks())
        scorer = load_folder(run, run.name, split.graph).scorer
        described = len(load_descriptions(training)) if cell.settings.text.mode != "none" else 0
        sampled = paper(scorer, graph, split.test, split=split.name, draws=cell.draws, seed=cell.seed)
        full = drugs_for_disease(scorer, graph, split.test, split=split.name)
    counts = {"n_test": len(split.test), "n_triples": len(split.graph.training_triples), "n_described": described}
    return {"paper": _values(sampled), "full": _values(full), **counts}


def damaged(split: Split, whole: KnowledgeGraph, cell: Cell) -> Split:
    """Return a split whose training graph has the cell's noise; the held-out pairs stay as they are."""
    if cell.noise == "none":
        return split
    if cell.noise == "deleted":
        noisy = with_triples_deleted(split.graph, cell.share, seed=cell.seed)
    else:
        noisy = with_triples_added(split.graph, cell.share, whole=whole, seed=cell.seed)
    return Split(f"{split.name}; {cell.share:.0%} of the triples {cell.noise}", noisy, split.test)


def with_texts(graph: KnowledgeGraph, workspace: Workspace, cell: Cell, folder: Path) -> KnowledgeGraph:
    """Return the graph with the cell's descriptions, written to a folder of its own; what is masked is not among them.

    An entity without description has its name's vector instead (:func:`core.text.matrix.build_text_matrix`).
    """
    if cell.descriptions:
        write_bytes(folder / DESCRIPTIONS, described_by(workspace, cell.descriptions).read_bytes())
        graph = replace(graph, folder=folder)
    if cell.masked:
        texts = load_descriptions(graph)
        rows = np.random.default_rng(cell.seed).permutation(sorted(texts))[round(cell.masked * len(texts)) :]
        lines = [texts[row].model_dump_json() for row in sorted(rows.tolist())]
        write_text(folder / DESCRIPTIONS, "".join(f"{line}\n" for line in lines))
        graph = replace(graph, folder=folder)
    return graph


def described_by(workspace: Workspace, file: str) -> Path | None:
    """Return the file of descriptions that a cell names; None is the graph's own."""
    return workspace.root / file if file else None


@lru_cache(maxsize=1)
def graph_of(name: str) -> KnowledgeGraph:
    """Load a graph once a process."""
    return load_graph(name)


def data_digest(graph: KnowledgeGraph, settings: RunSettings, descriptions: Path | None) -> str:
    """Return a number made of all triples and, where text is injected, of all descriptions."""
    digest = hashlib.sha256(graph.vocabulary.fingerprint.encode() + np.ascontiguousarray(graph.triples).tobytes())
    if settings.text.mode not in ("none", "name"):
        file = descriptions or (graph.folder / DESCRIPTIONS if graph.folder else None)
        if file and file.exists():
            digest.update(file.read_bytes())
    return digest.hexdigest()[:32]


@contextmanager
def _working_folder(workspace: Workspace, cell: Cell) -> Iterator[RunFolder]:
    """Give the folder of a cell's model; it is gone when all went well."""
    key = hashlib.sha256(json.dumps(cell.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()[:32]
    run = RunFolder(workspace.root / "experiments" / "models" / key)
    with claimed(run):
        yield run
        with explained_disk_errors(run.path):
            shutil.rmtree(run.path)


def _values(evaluation: Evaluation) -> dict[str, float]:
    return {name: metric.value for name, metric in evaluation.metrics.items()}
