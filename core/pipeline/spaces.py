"""Read the spaces that two runs can show: without text, with it, the text alone, and the control."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from core.config import RunSettings
from core.errors import WeightsError
from core.kg.graph import KnowledgeGraph
from core.kg.loaders import load_graph
from core.kge.checkpoints import load_model
from core.pipeline.members import members
from core.pipeline.runs import base_of, default_run, finished_runs, read_settings, run_status
from core.projection.panel import Labels
from core.projection.space import comparable
from core.text.matrix import TextMatrix
from core.types import FloatArray, TextMode
from core.workspace import RunFolder, Workspace


@dataclass(frozen=True)
class Pair:
    """Two runs of one graph; of a fusion, its models without and with text."""

    before: str
    after: str


@dataclass(frozen=True)
class Space:
    """Vectors of all entities, in the row order of the graph."""

    title: str
    vectors: FloatArray  #: shape (n, dim), float32; to be compared by cosine


@dataclass(frozen=True)
class Spaces:
    """All spaces that two runs can show."""

    pair: Pair
    graph: KnowledgeGraph
    by_name: dict[str, Space]  #: before, after, and where they are there: text, shuffled


def pair_for(workspace: Workspace, name: str | None = None) -> Pair | None:
    """Return the pair of runs that a run belongs to; None where its other half is not trained.

    A run with text comes with its base; a base with the run with text that was trained last; a fusion holds both itself.

    :param name: a finished run; None for the default one
    """
    if not finished_runs(workspace):
        return None
    name = name or default_run(workspace)
    settings = read_settings(workspace.existing_run(name))
    if settings.text.mode != "none":
        before = name if settings.fusion else base_of(workspace, name)
        return Pair(before, name) if before else None
    with_text = [run.name for run in finished_runs(workspace) if read_settings(run).text.mode not in ("none", "shuffled")]
    after = [other for other in with_text if base_of(workspace, other) == name]
    return Pair(name, after[-1]) if after else None


def read_spaces(workspace: Workspace, pair: Pair, *, graph: KnowledgeGraph | None = None) -> Spaces:
    """Read the vectors of two runs, of their text, and of the control where one is trained.

    Of an ensemble the first member is shown: spaces of different seeds cannot be averaged.

    :param graph: the runs' graph where it is loaded already
    :raises WeightsError: if a run is not finished
    :raises FingerprintError: if the runs are of different graphs
    """
    before, after = (_finished(workspace, name) for name in (pair.before, pair.after))
    settings = read_settings(after)
    graph = graph or load_graph(settings.kg)
    role = "base" if pair.before == pair.after and settings.fusion else None
    found = {
        "before": Space(_title(before, role), _vectors(before, graph, role)),
        "after": Space(_title(after), _vectors(after, graph)),
    }
    if (text := _text_file(after)) is not None:
        found["text"] = Space("text alone", comparable(TextMatrix.load(text, graph.vocabulary).vectors))
    if control := twin_of(workspace, pair.after, "shuffled"):
        found["shuffled"] = Space(f"shuffled text ({control})", _vectors(workspace.run(control), graph))
    return Spaces(pair, graph, found)


def twin_of(workspace: Workspace, name: str, mode: TextMode) -> str | None:
    """Return the finished run that differs from this one in its text mode only; None if there is none."""
    run = workspace.existing_run(name)
    wanted, fingerprint = read_settings(run).replace(text={"mode": mode}), run_status(run).get("fingerprint")
    for other in finished_runs(workspace):
        if other.name != name and read_settings(other) == wanted and run_status(other).get("fingerprint") == fingerprint:
            return other.name
    return None


def _finished(workspace: Workspace, name: str) -> RunFolder:
    run = workspace.existing_run(name)
    if (status := run_status(run))["state"] != "finished":
        raise WeightsError(
            f"The run {name!r} is not trained to its end (state {status['state']}, epoch {status['epoch']}).",
            expected="a finished run",
            advice="wait for it, or let it go on: the same `lladr train` command again, or page Training.",
        )
    return run


def _vectors(run: RunFolder, graph: KnowledgeGraph, role: str | None = None) -> FloatArray:
    settings = read_settings(run)
    part = next(each for each in members(settings) if role is None or each.role == role)
    model = load_model(part.folder(run).model_file, graph.vocabulary, part.settings)
    return comparable(model.entities.detach().numpy(), part.settings.model.interaction)


def _title(run: RunFolder, role: str | None = None) -> str:
    settings = read_settings(run)
    text = "no text" if role == "base" or settings.text.mode == "none" else f"{settings.text.mode} text"
    return f"{run.name}: {_interaction(settings)}, {text}"


def _interaction(settings: RunSettings) -> str:
    return members(settings)[0].settings.model.interaction


def _text_file(run: RunFolder) -> Path | None:
    folders = [run, *(part.folder(run) for part in members(read_settings(run)))]
    return next((folder.text_file for folder in folders if folder.text_file.exists()), None)


def labels_of(graph: KnowledgeGraph) -> Labels:
    """Return what the measures hold a space against: kinds, and the classes of drugs where the source declares them."""
    edges = graph.triples[np.isin(graph.triples[:, 1], graph.relation_rows(graph.source.class_relations))][:, [0, 2]]
    pairs = np.array([(a, b) if graph.kinds[a] == graph.source.drug_kind else (b, a) for a, b in edges.tolist()]).reshape(-1, 2)
    drugs, row = np.unique(pairs[:, 0], return_inverse=True)
    names, column = np.unique(pairs[:, 1], return_inverse=True)
    cells = np.unique(np.stack([row, column], axis=1), axis=0).astype(np.int64)
    classes = csr_array((np.ones(len(cells), dtype=np.int32), (cells[:, 0], cells[:, 1])), shape=(len(drugs), len(names)))
    return Labels(graph.kind_codes, drugs, classes)
