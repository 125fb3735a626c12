"""Read the atlas of two runs where it is computed, and what its picture may be coloured by; each once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from core import pipeline
from core.casestudy.shortlist import drug_classes
from core.errors import LladrError
from core.evaluate.ranks import percentiles, realistic_ranks
from core.kg.areas import areas
from core.kg.graph import KnowledgeGraph
from core.pipeline.atlas import Atlas, known_atlas, panel_files
from core.pipeline.spaces import Pair, Spaces, pair_for, read_spaces, twin_of
from core.projection import colouring
from core.projection.colouring import ColourBy, Groups, Scale
from core.projection.movers import Approach, approach, most_changed
from core.types import IntArray
from dashboard.resources import _KEYED, Stamp, _graph_stamp, _run_stamp, _times, chosen_run_name, graph, run, workspace

SHOWN_MOVERS = 60


@dataclass(frozen=True)
class Waiting:
    """Two runs whose atlas is not computed yet."""

    pair: Pair
    n_entities: int
    n_panels: int


def chosen_pair() -> Pair | None:
    """Return the pair that the run of the context belongs to; None where there is none."""
    name = chosen_run_name()
    return pair_for(workspace(), name) if name else None


def atlas(pair: Pair) -> Atlas | Waiting:
    """Return the atlas of two runs, or that it waits to be computed.

    :raises LladrError: if the runs cannot be read, or belong to different graphs
    """
    spaces = _spaces(pair, _stamp(pair))
    files = _files(pair, _stamp(pair))
    waiting = Waiting(pair, spaces.graph.n_entities, len(spaces.by_name))
    if not all(file.exists() for file in files):
        return waiting
    return _atlas(pair, _stamp(pair), _times(files)) or waiting


def has_control(found: Atlas) -> bool:
    """Return whether a run with shuffled text is among the panels."""
    return "shuffled" in found.panels


def names_uses(found: Atlas) -> bool:
    """Return whether the text that was injected names the uses of drugs."""
    return run(found.spaces.pair.after).settings.text.mode == "full"


def colours(of: KnowledgeGraph, *, disease: int | None) -> list[ColourBy]:
    """Return what the picture can be coloured by: some need classes, areas or a disease."""
    possible = {"class": bool(_classes(of, _graph_stamp(of.name))), "area": bool(_areas(of, _graph_stamp(of.name)))}
    possible["score"] = disease is not None
    return [by for by in colouring.COLOURS_BY if possible.get(by, True)]


def colour(found: Atlas, by: ColourBy, *, disease: int | None) -> Groups | Scale:
    """Return groups or values to colour by."""
    of, stamp = found.graph, _graph_stamp(found.graph.name)
    if by == "class":
        return colouring.by_label(of, _classes(of, stamp))
    if by == "area":
        return colouring.by_label(of, _areas(of, stamp))
    if by == "degree":
        return colouring.by_degree(of)
    if by == "moved":
        rows = np.arange(of.n_entities)
        return colouring.by_value(of, "neighbours lost", rows, 100 * (1 - found.overlap), ("none", "all"))
    if by == "score" and disease is not None:
        return _by_score(found, disease)
    return colouring.by_kind(of)


def marked(found: Atlas, rows: Sequence[int]) -> Groups:
    """Return some entities as the one group that stands out."""
    return colouring.by_label(found.graph, dict.fromkeys(rows, "the selection"))


def movers(found: Atlas, candidates: IntArray) -> IntArray:
    """Return those of some entities whose neighbourhood changed most, the first ones only."""
    before, after = (found.panels[name].neighbours for name in ("before", "after"))
    return most_changed(before, after, candidates, colouring.degrees(found.graph))[:SHOWN_MOVERS]


def nearer_drugs(found: Atlas, disease: int) -> Approach:
    """Return the drugs by how much nearer to a disease they came."""
    before, after = (found.spaces.by_name[name].vectors for name in ("before", "after"))
    return approach(before, after, disease, found.graph.drugs)


def _by_score(found: Atlas, disease: int) -> Scale:
    loaded = run(found.spaces.pair.after)
    ranks = realistic_ranks(loaded.scorer.scores(found.graph.drugs, np.array([disease]))[0])
    values = percentiles(ranks, len(ranks))
    return colouring.by_value(found.graph, "drugs below, %", found.graph.drugs, values, ("last", "first"))


def _stamp(pair: Pair) -> Stamp:
    control = twin_of(workspace(), pair.after, "shuffled")
    names = dict.fromkeys((pair.before, pair.after, *([control] if control else [])))
    return tuple(part for name in names for part in _run_stamp(name))


@st.cache_resource(show_spinner="Reading the vectors ...", max_entries=4)
def _spaces(pair: Pair, stamp: Stamp) -> Spaces:
    kg = pipeline.read_settings(workspace().existing_run(pair.after)).kg
    return read_spaces(workspace(), pair, graph=graph(kg))


@st.cache_resource(show_spinner=False, max_entries=8)
def _files(pair: Pair, stamp: Stamp) -> list[Path]:
    return list(panel_files(workspace(), _spaces(pair, stamp)).values())


@st.cache_resource(show_spinner="Reading the layout ...", max_entries=4)
def _atlas(pair: Pair, stamp: Stamp, files: Stamp) -> Atlas | None:
    return known_atlas(workspace(), _spaces(pair, stamp))


@st.cache_resource(show_spinner=False, max_entries=4, hash_funcs=_KEYED)
def _classes(of: KnowledgeGraph, stamp: Stamp) -> dict[int, str]:
    """Return each drug's class; of several the one that most drugs have."""
    found = drug_classes(of)
    sizes: dict[str, int] = {}
    for name in (name for names in found.values() for name in names):
        sizes[name] = sizes.get(name, 0) + 1
    return {drug: max(sorted(names), key=sizes.__getitem__) for drug, names in found.items()}


@st.cache_resource(show_spinner=False, max_entries=4, hash_funcs=_KEYED)
def _areas(of: KnowledgeGraph, stamp: Stamp) -> dict[int, str]:
    """Return each disease's area; of several the one with the most treatments. Empty where the source declares none."""
    try:
        found = areas(of)
    except LladrError:
        return {}
    labels: dict[int, str] = {}
    for area in found:
        for disease in area.diseases.tolist():
            labels.setdefault(disease, area.name)
    return labels
