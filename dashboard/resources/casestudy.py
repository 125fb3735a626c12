"""Load what a case study needs: warnings, outlook of each candidate, recovery, notes, dossier; each once."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from core import pipeline
from core.casestudy.across import across_diseases
from core.casestudy.dossier import to_html, to_pdf
from core.casestudy.lists import drug_places, known_others
from core.casestudy.notes import NoteBook
from core.casestudy.recovery import Listed, Recovery, read_drug_list, recovery
from core.casestudy.safety import Safety, Warned
from core.casestudy.standing import Popularity
from core.errors import LladrError
from core.evaluate.reliability import Reliability
from core.explain.references import reference
from core.kg.graph import KnowledgeGraph
from core.pipeline.dossiers import make_dossier, notebook
from core.pipeline.evaluation import disease_reliability
from core.pipeline.outlook import harm_scorer, with_outlook
from core.pipeline.questions import grading_results
from core.pipeline.safety import safety_of
from core.types import Scorer
from dashboard import resources, theme
from dashboard.resources import _KEYED, Stamp, _graph_stamp, _run_stamp, _times
from dashboard.resources.evidence import _metapath_finder, _null_model, chances, has_chances, metapaths

PATHS_FOR = 50  #: first rows of a table whose paths are counted


def warnings(of: KnowledgeGraph, disease: int) -> dict[int, list[Warned]]:
    """Return all warnings of a disease, by drug."""
    return _safety(of, _graph_stamp(of.name)).warnings(disease)


def outlook(name: str, disease: int) -> pd.DataFrame:
    """Return the shortlist of a disease with interval, popularity, predicted harm, warnings and named texts."""
    base = pipeline.base_of(resources.workspace(), name)
    stamp = (*_run_stamp(name), *(_run_stamp(base) if base else ()))
    return _outlook(name, stamp, disease)


def with_paths(of: KnowledgeGraph, table: pd.DataFrame, disease: int) -> pd.DataFrame:
    """Return the table with the number of paths and the best chance of the first rows."""
    drugs = tuple(table["row"].head(PATHS_FOR).tolist())
    groups = metapaths(of, drugs, disease)
    chance = chances(of, groups, disease) or [{} for _ in drugs]
    blank = [None] * (len(table) - len(drugs))
    best = [min((each.p for each in mine.values()), default=None) for mine in chance]
    words = [None if p is None else theme.one_in(p) for p in best]
    return table.assign(n_paths=[*groups.n_paths.sum(0).tolist(), *blank], chance=[*words, *blank])


def reliability(name: str, of: KnowledgeGraph, disease: int) -> Reliability:
    """Return how far the ranking of a disease can be trusted."""
    return _reliability(name, of, _times(grading_results(resources.workspace().existing_run(name))))(disease)


def notes() -> NoteBook:
    """Return the readers' notes of the workspace."""
    return notebook(resources.workspace())


def recovered(name: str, disease: int, rows: tuple[int, ...]) -> Recovery:
    """Return where the drugs of a list stand; known treatments that are not of the list do not compete."""
    return _recovered(name, _run_stamp(name), disease, rows)


def read_list(of: KnowledgeGraph, text: str) -> Listed:
    """Read a list of drugs that a reader pasted."""
    return read_drug_list(text, resources.drug_index(of))


def across(name: str, drug: int) -> pd.DataFrame:
    """Return where a drug stands in every disease."""
    return _across(name, _run_stamp(name), drug)


def same_name(of: KnowledgeGraph, name: str) -> int | None:
    """Return the drug of this name or synonym; None where the graph has none."""
    try:
        return resources.drug_index(of).resolve(name)
    except LladrError:
        return None


def dossier_html(name: str, disease: int, drugs: tuple[int, ...]) -> str:
    """Return the dossier of chosen drugs as HTML."""
    loaded = resources.run(name)
    of = loaded.graph
    stamp = _graph_stamp(of.name)
    null = _null_model(of, stamp) if has_chances(of) else None
    values = make_dossier(
        resources.workspace(),
        loaded,
        resources.shortlist(name, disease),
        disease,
        drugs,
        metapaths=_metapath_finder(of, stamp),
        warnings=warnings(of, disease),
        descriptions=resources.descriptions(of),
        null=null,
    )
    return to_html(values)


@st.cache_data(show_spinner="Printing ...", max_entries=8)
def pdf(html: str) -> bytes:
    """Return a dossier as PDF."""
    return to_pdf(html)


@st.cache_resource(show_spinner="Reading the warnings in all texts (once) ...", max_entries=4, hash_funcs=_KEYED)
def _safety(of: KnowledgeGraph, stamp: Stamp) -> Safety:
    return safety_of(resources.workspace(), of, resources.descriptions(of))


@st.cache_resource(show_spinner=False, max_entries=12, hash_funcs=_KEYED)
def _reliability(name: str, of: KnowledgeGraph, stamp: Stamp) -> Callable[[int], Reliability]:
    return disease_reliability(resources.workspace(), name, of)


@st.cache_resource(show_spinner="Comparing with other diseases ...", max_entries=12)
def _popularity(name: str, stamp: Stamp) -> Popularity:
    loaded = resources.run(name)
    return Popularity.of(loaded.scorer, loaded.graph)


@st.cache_resource(show_spinner=False, max_entries=12)
def _harm(name: str, stamp: Stamp) -> Scorer | None:
    return harm_scorer(resources.run(name))


@st.cache_resource(show_spinner="Looking at each candidate ...", max_entries=64)
def _outlook(name: str, stamp: Stamp, disease: int) -> pd.DataFrame:
    loaded = resources.run(name)
    table = with_outlook(
        loaded,
        resources.shortlist(name, disease),
        disease,
        popularity=_popularity(name, stamp),
        harm=_harm(name, stamp),
        warnings=warnings(loaded.graph, disease),
        descriptions=resources.descriptions(loaded.graph),
    )
    pages = [reference(loaded.graph, row) for row in table["row"].tolist()]
    return table.assign(link=[page[1] if page else None for page in pages])


@st.cache_resource(show_spinner="Ranking it in every disease ...", max_entries=64)
def _across(name: str, stamp: Stamp, drug: int) -> pd.DataFrame:
    loaded = resources.run(name)
    return across_diseases(loaded.graph, loaded.scorer, drug)


@st.cache_resource(show_spinner=False, max_entries=64)
def _recovered(name: str, stamp: Stamp, disease: int, rows: tuple[int, ...]) -> Recovery:
    loaded = resources.run(name)
    of = loaded.graph
    scores = loaded.scorer.scores(of.drugs, of.diseases[of.diseases == disease])[0]
    return recovery(scores, drug_places(of, rows), known_others(of, disease, rows))
