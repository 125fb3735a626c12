"""Find paths of several drugs, measure what a ranking used, and ask what if; each answer once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.casestudy.attribution import (
    EdgeEffect,
    Ranker,
    SentenceEffect,
    TextPlace,
    Wording,
    edge_effects,
    sentence_effects,
    text_places,
    why_no_text,
)
from core.casestudy.evidence import evidence_record
from core.casestudy.export import rank_records, to_json
from core.casestudy.whatif import WhatIf
from core.casestudy.whatif import what_if as ask_what_if
from core.explain.directions import Directions
from core.explain.generic import generic_nodes
from core.explain.metapaths import GroupsTable, MetapathFinder
from core.explain.paths import Path
from core.explain.references import pubmed_search
from core.explain.significance import Chance, NullModel, default_count, is_cached, null_model
from core.kg.graph import KnowledgeGraph
from core.pipeline import LoadedRun
from core.pipeline.rankers import open_ranker, open_wording, text_twins
from core.types import Progress, TextMode
from dashboard import state
from dashboard.resources import (
    _KEYED,
    Stamp,
    _finder,
    _graph_stamp,
    _run_stamp,
    best_paths,
    chosen_drug,
    descriptions,
    run,
    shortlist,
    workspace,
)

MEASURED_PATHS = 10  #: the facts on so many of the best paths are measured


@dataclass(frozen=True)
class Remarks:
    """What is to be said of a path beside what it states."""

    opposite: str  #: how the known drugs act the other way; empty where they do not, or the graph does not say
    generic: tuple[str, ...]  #: names of nodes that join nearly anything
    pubmed: str  #: address of a search for drug and target together


@dataclass(frozen=True)
class Texts:
    """What the text did to a pair."""

    places: list[TextPlace]
    reason: str  #: why no sentence can be measured; empty where they can
    rank: float  #: of the drug as it is


def chosen_drugs(of: KnowledgeGraph, table: pd.DataFrame, *, most_others: int) -> tuple[int, ...]:
    """Return the drug of the context, or the first of the shortlist, and those it is compared with, as far as there are such."""
    drug = chosen_drug(of)
    drug = int(table["row"].iloc[0]) if drug is None else drug
    rows, known = of.vocabulary.entity_row, set(table["row"])
    others = [rows[each] for each in dict.fromkeys(state.listed("compare")) if rows.get(each) in known and rows[each] != drug]
    return (drug, *others[:most_others])


def record(loaded: LoadedRun, table: pd.DataFrame, drug: int, disease: int, *, top: int) -> str:
    """Return the evidence for a pair as JSON.

    :param table: a shortlist
    :param top: best paths that it holds
    """
    of = loaded.graph
    place = rank_records(table[table["row"] == drug])[0]
    ranking = {"run": loaded.name, "text": loaded.settings.text.mode, "of": len(table)} | place
    paths = best_paths(of, drug, disease, top=top)
    return to_json(evidence_record(of, drug, disease, ranking=ranking, paths=paths, descriptions=descriptions(of)))


def metapaths(of: KnowledgeGraph, drugs: tuple[int, ...], disease: int) -> GroupsTable:
    """Return the kinds of path that join several drugs to a disease."""
    return _metapaths(of, _graph_stamp(of.name), drugs, disease)


def remarks(of: KnowledgeGraph, found: Sequence[Path]) -> list[Remarks]:
    """Return what is to be said of paths."""
    directions, typed = _directions(of, _graph_stamp(of.name)), _finder(of, _graph_stamp(of.name)).search.typed
    result = []
    for path in found:
        opposition = directions.opposition(path)
        words = opposition.words(of) if opposition else ""
        generic = tuple(of.names[node] for node in generic_nodes(typed, path))
        result.append(Remarks(words, generic, pubmed_search(of.names[path.nodes[0]], of.names[path.nodes[1]])))
    return result


def has_chances(of: KnowledgeGraph) -> bool:
    """Return whether the random graphs that chance is told by are there."""
    return is_cached(workspace(), _finder(of, _graph_stamp(of.name)).search)


def n_random_graphs(of: KnowledgeGraph) -> int:
    """Return how many random graphs chance is told by."""
    return default_count(_finder(of, _graph_stamp(of.name)).search.typed)


def make_chances(of: KnowledgeGraph, progress: Progress) -> None:
    """Make the random graphs and keep them in the workspace."""
    null_model(workspace(), _finder(of, _graph_stamp(of.name)).search, progress=progress)


def chances(of: KnowledgeGraph, table: GroupsTable, disease: int) -> list[dict[str, Chance]] | None:
    """Return for each drug of a table the chance of its metapaths, by code; None before random graphs are made."""
    if not has_chances(of):
        return None
    return _chances(of, _graph_stamp(of.name), table.drugs, disease)


def texts(name: str, drug: int, disease: int) -> Texts:
    """Return what the text did to a pair, by the run's twins or by swapping it."""
    twins = text_twins(workspace(), name)
    stamps = tuple((mode, twin, _run_stamp(twin)) for mode, twin in sorted(twins.items()))
    return _texts(name, _run_stamp(name), stamps, drug, disease)


def sentences(name: str, drug: int, disease: int) -> list[SentenceEffect]:
    """Return what each sentence did to the drug's place; the first time the encoder is loaded, which takes seconds."""
    return _sentences(name, _run_stamp(name), drug, disease)


def facts(name: str, drug: int, disease: int) -> list[EdgeEffect]:
    """Return what each fact on the best paths, and between the pair itself, did to the drug's place."""
    return _facts(name, _run_stamp(name), drug, disease)


def measured_edges(of: KnowledgeGraph, drug: int, disease: int) -> tuple[int, ...]:
    """Return the facts between the pair itself, then those on its best paths."""
    entries = of.adjacency.entries(drug)
    own = of.adjacency.edges[entries][of.adjacency.neighbours[entries] == disease].tolist()
    shown = [step.edge for path in best_paths(of, drug, disease, top=MEASURED_PATHS) for step in path.steps]
    return tuple(dict.fromkeys([*own, *shown]))


def what_if(name: str, drug: int, disease: int, edges: tuple[int, ...], left_out: tuple[str, ...]) -> WhatIf:
    """Return where the drug would stand without some facts and sentences.

    :param left_out: keys of sentences
    """
    return _what_if(name, _run_stamp(name), drug, disease, edges, left_out)


@st.cache_resource(show_spinner="Opening the model ...", max_entries=2)
def _ranker(name: str, stamp: Stamp) -> Ranker:
    return open_ranker(run(name))


@st.cache_resource(show_spinner=False, max_entries=2)
def _wording(name: str, stamp: Stamp) -> Wording | None:
    loaded = run(name)
    return open_wording(workspace(), loaded, descriptions(loaded.graph))


@st.cache_resource(show_spinner=False, max_entries=4, hash_funcs=_KEYED)
def _metapath_finder(of: KnowledgeGraph, stamp: Stamp) -> MetapathFinder:
    return MetapathFinder(of, _finder(of, stamp))


@st.cache_resource(show_spinner="Looking for paths ...", max_entries=128, hash_funcs=_KEYED)
def _metapaths(of: KnowledgeGraph, stamp: Stamp, drugs: tuple[int, ...], disease: int) -> GroupsTable:
    return _metapath_finder(of, stamp).groups_table(drugs, disease)


@st.cache_resource(show_spinner=False, max_entries=4, hash_funcs=_KEYED)
def _directions(of: KnowledgeGraph, stamp: Stamp) -> Directions:
    return Directions(of)


@st.cache_resource(show_spinner=False, max_entries=2, hash_funcs=_KEYED)
def _null_model(of: KnowledgeGraph, stamp: Stamp) -> NullModel:
    return null_model(workspace(), _finder(of, stamp).search)


@st.cache_data(show_spinner="Comparing with random graphs ...", max_entries=128, hash_funcs=_KEYED)
def _chances(of: KnowledgeGraph, stamp: Stamp, drugs: tuple[int, ...], disease: int) -> list[dict[str, Chance]]:
    groups = _metapaths(of, stamp, drugs, disease).groups
    null = _null_model(of, stamp)
    return [null.chances(drug, disease, each) for drug, each in zip(drugs, groups, strict=True)]


@st.cache_data(show_spinner="Measuring what the text did ...", max_entries=256)
def _texts(name: str, stamp: Stamp, twins: tuple[tuple[TextMode, str, Stamp], ...], drug: int, disease: int) -> Texts:
    ranker, wording = _ranker(name, stamp), _wording(name, stamp)
    trained: Mapping[TextMode, float] = {mode: _rank(twin, drug, disease) for mode, twin, _ in twins}
    places = text_places(ranker, wording, drug, disease, trained=trained)
    reason = why_no_text(ranker, wording)
    return Texts(places, reason, ranker.place(drug, disease).rank)


def _rank(name: str, drug: int, disease: int) -> float:
    table = shortlist(name, disease)
    return float(table.loc[table["row"] == drug, "rank"].iloc[0])


@st.cache_data(show_spinner="Leaving out one sentence at a time ...", max_entries=256)
def _sentences(name: str, stamp: Stamp, drug: int, disease: int) -> list[SentenceEffect]:
    return sentence_effects(_ranker(name, stamp), _wording(name, stamp), drug, disease)


@st.cache_data(show_spinner="Leaving out one fact at a time ...", max_entries=256)
def _facts(name: str, stamp: Stamp, drug: int, disease: int) -> list[EdgeEffect]:
    edges = measured_edges(run(name).graph, drug, disease)
    return edge_effects(_ranker(name, stamp), drug, disease, edges)


@st.cache_data(show_spinner="Ranking without them ...", max_entries=256)
def _what_if(name: str, stamp: Stamp, drug: int, disease: int, edges: tuple[int, ...], left_out: tuple[str, ...]) -> WhatIf:
    wording = _wording(name, stamp)
    written = wording.sentences([drug, disease]) if wording else []
    chosen = [sentence for sentence in written if sentence.key in left_out]
    return ask_what_if(_ranker(name, stamp), wording, drug, disease, edges=edges, sentences=chosen)
