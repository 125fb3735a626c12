"""Choose: disease, run, filters. What is chosen goes to the context, and so to the address."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import pandas as pd
import streamlit as st

from core.casestudy.filters import SHOWN, Filters, Show
from core.errors import LladrError
from core.kg.graph import KnowledgeGraph
from core.kg.search import EntityIndex
from dashboard import state
from dashboard.theme import ordinal, plain

Choice = TypeVar("Choice", bound=str | None)
SHOW_WORDS: dict[Show, str] = {"new": "New only", "trials": "+ in trials", "known": "+ known as control"}
TEXT_WORDS = {
    "none": "no text (base)",
    "full": "full text",
    "blind": "blind text",
    "name": "names only",
    "shuffled": "shuffled text",
}


class RunChoice(Protocol):
    """What a picker needs to know of a run."""

    name: str
    text: str
    scorer: str


def run_picker(choices: Sequence[RunChoice], chosen: str | None) -> str | None:
    """Choose the run that ranks; returns it, or None if there is none."""
    labels = {choice.name: _run_label(choice) for choice in choices}
    if not labels:
        return None
    name = chosen if chosen in labels else None
    st.selectbox(
        "Ranking",
        list(labels),
        index=0 if name else None,
        format_func=labels.__getitem__,
        placeholder="Choose a run",
        help="Which trained run ranks the drugs: with what a language model wrote, or with the graph alone (base).",
        **state.widget("run", name),
    )
    return name


def _run_label(choice: RunChoice) -> str:
    fusion = "fusion, " if choice.scorer == "fusion" else ""
    return f"{choice.name}: {fusion}{TEXT_WORDS[choice.text]}"


def disease_picker(graph: KnowledgeGraph, index: EntityIndex, chosen: str | None) -> None:
    """Choose a disease among all of the graph; one in the address that is not there leaves the choice open."""
    identifiers = {graph.vocabulary.entities[row]: graph.names[row] for row in graph.diseases}
    st.selectbox(
        "Disease",
        sorted(identifiers, key=lambda each: identifiers[each].casefold()),
        index=None,
        format_func=identifiers.__getitem__,
        placeholder="Choose or type",
        **state.widget("disease", _identifier(graph, index, chosen)),
    )


def _identifier(graph: KnowledgeGraph, index: EntityIndex, chosen: str | None) -> str | None:
    try:
        return graph.vocabulary.entities[index.resolve(chosen)] if chosen else None
    except LladrError:
        return None  # the page itself says what is wrong


def drug_picker(table: pd.DataFrame, chosen: str) -> None:
    """Choose a drug among all that are ranked, the first one on top.

    :param table: a shortlist
    """
    labels = {row.id: f"{row.name} ({ordinal(row.rank)})" for row in table[["id", "name", "rank"]].itertuples(index=False)}
    st.selectbox("Drug", list(labels), format_func=labels.__getitem__, **state.widget("drug", chosen))


def filter_bar(classes: Sequence[str]) -> Filters:
    """Choose which drugs to see."""
    show = _valid("show", SHOWN, "known")
    hide = _valid("hide", ("yes", "no"), "no") == "yes"
    drug_class = _valid("class", classes, None)
    find = state.read("find") or ""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Show",
            SHOWN,
            format_func=SHOW_WORDS.__getitem__,
            required=True,
            help="New: no known use and no trial. Known treatments are a control: a good ranking has them high up.",
            **state.widget("show", show, default="known"),
        )
        st.text_input("Drug", placeholder="part of a name", width=140, **state.widget("find", find, default=""))
        st.selectbox("Class", classes, index=None, placeholder="any", width=190, **state.widget("class", drug_class))
        st.toggle("Hide contraindicated", **state.widget("hide", hide, default=False))
    return Filters(show=show, hide_contraindicated=hide, drug_class=drug_class, find=find)


def _valid(name: state.Name, options: Sequence[Choice], default: Choice) -> Choice:
    """Return the chosen option; say so where the address names one that is not there."""
    value = state.read(name)
    if value is None or value in options:
        return default if value is None else value
    st.warning(f"The address asks for {plain(name)} = {plain(value)}, which is no choice here; it is left out.")
    return default


def link_box() -> None:
    """Offer the address of what is shown."""
    with st.popover("Link", icon=":material/link:"):
        st.caption("This address opens the same view: disease, ranking, drug and filters.")
        st.code(state.address(), language=None, wrap_lines=True)
