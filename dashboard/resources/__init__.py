"""Load once, show new: the only caches. Each key holds what makes its value stale, such as the time of the model's file."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from core import pipeline
from core.casestudy.overview import DiseaseSummary, GraphCounts, count_graph, few_facts, summarise_disease, untreated_diseases
from core.casestudy.shortlist import shortlist as rank_drugs
from core.config import RunSettings, TextSettings
from core.explain import paths
from core.explain.sentences import sentence
from core.kg.graph import KnowledgeGraph
from core.kg.loaders import SHIPPED, load_graph
from core.kg.search import EntityIndex
from core.text.descriptions import Description, descriptions_of
from core.types import TextMode
from core.workspace import RunFolder, Workspace
from dashboard import state

Stamp = tuple[tuple[str, int], ...]  #: files with their times of change
GRAPH_FILES = ("*.tsv", "*.tsv.gz", "*.jsonl", "*.toml")


@dataclass(frozen=True)
class RunChoice:
    """A run that a reader can rank with."""

    name: str
    text: TextMode
    kg: str
    scorer: str  #: what it ranks with


def workspace() -> Workspace:
    """Return the folder of all runs."""
    return Workspace.default()


def run_choices() -> list[RunChoice]:
    """Return the finished runs, the last one trained first."""
    settings = [(run.name, pipeline.read_settings(run)) for run in reversed(pipeline.finished_runs(workspace()))]
    return [RunChoice(name, each.text.mode, each.kg, pipeline.scorer_names(each)[0]) for name, each in settings]


def wants_fusion(of: KnowledgeGraph) -> bool:
    """Return whether it is the graph of the default runs and their fusion is not trained yet."""
    return of.name == RunSettings().kg and pipeline.FUSION_RUN not in [run.name for run in pipeline.finished_runs(workspace())]


def chosen_run_name() -> str | None:
    """Return the run of the context, else the default one; None if nothing is trained."""
    return state.read("run") or (pipeline.default_run(workspace()) if pipeline.finished_runs(workspace()) else None)


def chosen_run() -> pipeline.LoadedRun | None:
    """Load the run of the context; None if nothing is trained.

    :raises UnknownNameError: if the context names a run that is not there
    """
    name = chosen_run_name()
    return run(name) if name else None


def run(name: str) -> pipeline.LoadedRun:
    """Load a run, once for each time it is trained."""
    return _run(name, _run_stamp(name))


def base_of(name: str) -> pipeline.LoadedRun | None:
    """Load the run that differs from this one only in having no text."""
    base = pipeline.base_of(workspace(), name)
    return run(base) if base else None


def chosen_graph() -> KnowledgeGraph:
    """Return the graph of the run of the context, or the starter's where nothing is trained."""
    loaded = chosen_run()
    return loaded.graph if loaded else graph("starter")


def graph(name: str) -> KnowledgeGraph:
    """Load a graph, once for each state of its files."""
    return _graph(name, _graph_stamp(name))


def chosen_disease(of: KnowledgeGraph) -> int | None:
    """Return the row of the disease of the context.

    :raises UnknownNameError: if the graph does not have it; carries the nearest names
    """
    text = state.read("disease")
    return disease_index(of).resolve(text) if text else None


def chosen_drug(of: KnowledgeGraph) -> int | None:
    """Return the row of the drug of the context.

    :raises UnknownNameError: if the graph does not have it
    """
    text = state.read("drug")
    return drug_index(of).resolve(text) if text else None


def known_rows(of: KnowledgeGraph, identifiers: list[str]) -> list[int]:
    """Return the rows of those of these identifiers that the graph has."""
    return [of.vocabulary.entity_row[each] for each in identifiers if each in of.vocabulary.entity_row]


def disease_index(of: KnowledgeGraph) -> EntityIndex:
    """Return the search over diseases."""
    return _index(of, _graph_stamp(of.name), "disease")


def drug_index(of: KnowledgeGraph) -> EntityIndex:
    """Return the search over drugs."""
    return _index(of, _graph_stamp(of.name), "drug")


def counts(of: KnowledgeGraph) -> GraphCounts:
    """Return how much the graph holds."""
    return _counts(of, _graph_stamp(of.name))


def summary(of: KnowledgeGraph, disease: int) -> DiseaseSummary:
    """Return what the graph knows of a disease."""
    return _summary(of, _graph_stamp(of.name), disease)


def disease_warnings(of: KnowledgeGraph, disease: int) -> list[str]:
    """Return where a ranking has little or nothing to go on."""
    return few_facts(of, disease)


def untreated(of: KnowledgeGraph) -> list[int]:
    """Return the diseases without known treatment."""
    return _untreated(of, _graph_stamp(of.name))


def descriptions(of: KnowledgeGraph) -> dict[int, Description]:
    """Return what a language model wrote, by entity row: what the run of the context read, else the graph's own.

    :raises WorkspaceError: if the run read a file that has changed since
    """
    loaded = chosen_run()
    settings = loaded.settings.text if loaded and loaded.graph is of else TextSettings()
    file = _times([Path(settings.descriptions)]) if settings.descriptions else ()
    return _descriptions(of, (*_graph_stamp(of.name), *file), settings)


def best_paths(of: KnowledgeGraph, drug: int, disease: int, *, top: int) -> list[paths.Path]:
    """Return the best paths of a pair."""
    return _finder(of, _graph_stamp(of.name)).best(drug, disease, top=top)


def shortlist(name: str, disease: int) -> pd.DataFrame:
    """Return the ranked drugs of a disease, with the ranks of the base run where there is one."""
    base = pipeline.base_of(workspace(), name)
    return _shortlist(name, _run_stamp(name), base, _run_stamp(base) if base else (), disease)


def reasons(name: str, disease: int) -> dict[int, str]:
    """Return, for each drug, its best path to a disease as a sentence; empty where there is none."""
    return _reasons(name, _run_stamp(name), disease)


def run_names() -> list[str]:
    """Return the names of all runs, finished or not."""
    return [folder.name for folder in workspace().runs()]


def forget() -> None:
    """Empty all caches (for tests)."""
    st.cache_resource.clear()
    st.cache_data.clear()


@st.cache_resource(show_spinner="Loading the graph ...", max_entries=4)
def _graph(name: str, stamp: Stamp) -> KnowledgeGraph:
    return load_graph(name)


@st.cache_resource(show_spinner="Loading the run ...", max_entries=12)
def _run(name: str, stamp: Stamp) -> pipeline.LoadedRun:
    kg = pipeline.read_settings(workspace().existing_run(name)).kg
    return pipeline.load_run(workspace(), name, graph=graph(kg))


_KEYED = {KnowledgeGraph: lambda graph: graph.name}


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs=_KEYED)
def _index(of: KnowledgeGraph, stamp: Stamp, what: str) -> EntityIndex:
    return EntityIndex(of, of.drugs if what == "drug" else of.diseases, what)


@st.cache_resource(show_spinner=False, max_entries=4, hash_funcs=_KEYED)
def _finder(of: KnowledgeGraph, stamp: Stamp) -> paths.PathFinder:
    return paths.PathFinder(of)


@st.cache_resource(
    show_spinner=False,
    max_entries=4,
    hash_funcs=_KEYED | {TextSettings: lambda text: (text.descriptions, text.descriptions_sha256)},
)
def _descriptions(of: KnowledgeGraph, stamp: Stamp, settings: TextSettings) -> dict[int, Description]:
    return descriptions_of(of, settings)


@st.cache_resource(show_spinner=False, max_entries=4, hash_funcs=_KEYED)
def _counts(of: KnowledgeGraph, stamp: Stamp) -> GraphCounts:
    return count_graph(of)


@st.cache_resource(show_spinner=False, max_entries=4, hash_funcs=_KEYED)
def _untreated(of: KnowledgeGraph, stamp: Stamp) -> list[int]:
    return untreated_diseases(of)


@st.cache_resource(show_spinner=False, max_entries=64, hash_funcs=_KEYED)
def _summary(of: KnowledgeGraph, stamp: Stamp, disease: int) -> DiseaseSummary:
    return summarise_disease(of, disease)


@st.cache_data(show_spinner="Ranking all drugs ...", max_entries=64)
def _shortlist(name: str, stamp: Stamp, base: str | None, base_stamp: Stamp, disease: int) -> pd.DataFrame:
    loaded = run(name)
    without_text = loaded.base or (run(base).scorer if base else None)
    return rank_drugs(loaded.graph, loaded.scorer, disease, base=without_text)


@st.cache_data(show_spinner="Reading the reasons ...", max_entries=64)
def _reasons(name: str, stamp: Stamp, disease: int) -> dict[int, str]:
    of = run(name).graph
    finder = _finder(of, _graph_stamp(of.name))  # once: a stamp looks at the files
    best = {drug: finder.best(drug, disease, top=1) for drug in of.drugs.tolist()}
    return {drug: sentence(of, found[0]) if found else "" for drug, found in best.items()}


def _run_stamp(name: str) -> Stamp:
    folder = workspace().existing_run(name)
    return (*_times(_run_files(folder)), *_graph_stamp(pipeline.read_settings(folder).kg))


def _run_files(folder: RunFolder) -> list[Path]:
    return [folder.settings_file, folder.model_file]


def _graph_stamp(name: str) -> Stamp:
    folder = SHIPPED.get(name, Path(name))
    if folder.is_dir():
        return _times(sorted(path for pattern in GRAPH_FILES for path in folder.glob(pattern)))
    return _times([Path(part.strip()) for part in name.split(",")])


def _times(files: list[Path]) -> Stamp:
    return tuple((str(file), file.stat().st_mtime_ns) for file in files if file.exists())
