"""What moved between the two spaces of the page Atlas: drugs that came nearer to a disease, neighbourhoods that changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from core.kg.graph import KnowledgeGraph
from core.pipeline.atlas import Atlas
from core.projection.measures import NEIGHBOURS
from core.projection.movers import Approach, Change
from core.types import FloatArray, IntArray
from dashboard import state, theme
from dashboard.theme import plain

TABLE_HEIGHT = 420
NAMED = 4  #: neighbours that a cell of a table names


@dataclass(frozen=True)
class Nearer:
    """The drugs by how much nearer they came to a disease."""

    disease: int
    drugs: Approach
    statuses: Mapping[int, str]  #: what the graph knows of drug and disease, by drug
    names_uses: bool  #: the text that was injected names the uses of drugs


def mover_tabs(found: Atlas, moved: Mapping[str, IntArray], nearer: Nearer | None) -> None:
    """Show, each behind a tab, which drugs came nearer to the disease of the context, and which entities moved most.

    :param moved: rows of entities, by the word for them
    """
    graph, disease = found.graph, nearer.disease if nearer else None
    first = [f"Nearer to {plain(graph.names[disease])}"] if nearer else []
    tabs = st.tabs([*first, *(f"{label} that moved most" for label in moved)])
    if nearer:
        with tabs[0]:
            approach_table(graph, nearer.drugs, nearer.statuses, nearer.disease)
            approach_note(names_uses=nearer.names_uses)
    for tab, rows in zip(tabs[len(first) :], moved.values(), strict=True):
        with tab:
            mover_table(graph, rows, found.overlap, [found.change(int(row)) for row in rows], disease=disease)


def mover_table(
    graph: KnowledgeGraph,
    rows: IntArray,
    overlap: FloatArray,
    changes: Sequence[Change],
    *,
    disease: int | None,
) -> None:
    """List entities whose neighbourhood changed most.

    :param changes: one a row
    """
    table = pd.DataFrame(
        {
            "Entity": [graph.names[row] for row in rows],
            "Kind": [theme.kind_style(graph.kinds[row]).word for row in rows],
            "Kept": [100 * overlap[row] for row in rows],
            "▲ Came in": [_few(graph, each.came) for each in changes],
            "▽ Went out": [_few(graph, each.left) for each in changes],
            "Evidence": [_evidence_link(graph, int(row), disease) for row in rows],
        }
    )
    text = st.column_config.TextColumn
    configuration = {
        "Entity": text(pinned=True, width=180, help="Name in the graph."),
        "Kind": text(width=100, help="Kind of entity."),
        "Kept": st.column_config.NumberColumn(
            format="%.0f %%", width=60, help=f"Of the {NEIGHBOURS} nearest, still there after."
        ),
        "▲ Came in": text(width=260, help="The nearest of those that were not near before."),
        "▽ Went out": text(width=260, help="The nearest before of those that are not near any more."),
        "Evidence": _link_column(),
    }
    st.dataframe(table, hide_index=True, column_config=configuration, height=theme.table_height(len(table), TABLE_HEIGHT))


def _few(graph: KnowledgeGraph, rows: Sequence[int]) -> str:
    return ", ".join(graph.names[row] for row in rows[:NAMED])


def approach_table(graph: KnowledgeGraph, found: Approach, statuses: Mapping[int, str], disease: int, *, top: int = 40) -> None:
    """List the drugs that came nearer to a disease.

    :param statuses: what the graph knows of drug and disease, by drug
    """
    rows = found.candidates[:top].tolist()
    table = pd.DataFrame(
        {
            "Drug": [graph.names[row] for row in rows],
            "Status": [theme.status_mark(statuses[row]).cell for row in rows],
            "Place before": found.before[:top],
            "Place after": found.after[:top],
            "Evidence": [_evidence_link(graph, row, disease) for row in rows],
        }
    )
    place = st.column_config.NumberColumn
    configuration = {
        "Drug": st.column_config.TextColumn(pinned=True, width=220, help="Name in the graph."),
        "Status": st.column_config.TextColumn(width=150, help="What the graph already knows of drug and disease."),
        "Place before": place(format="%.0f", width=110, help="1: of all drugs the most similar to the disease, without text."),
        "Place after": place(format="%.0f", width=110, help="The same with the text."),
        "Evidence": _link_column(),
    }
    st.dataframe(table, hide_index=True, column_config=configuration, height=theme.table_height(len(table), TABLE_HEIGHT))


def approach_note(*, names_uses: bool) -> None:
    """Say what nearness to a disease is not.

    :param names_uses: the text that was injected names the uses of drugs
    """
    told = " The text names uses, so a drug may be near because the language model wrote its use." if names_uses else ""
    st.caption(f"Similar vectors are no ranking for treatment: page Candidates has that.{told}")


def _link_column() -> Any:
    return st.column_config.LinkColumn(display_text="Why?", width=80, help="Open the evidence in a new tab.")


def _evidence_link(graph: KnowledgeGraph, row: int, disease: int | None) -> str | None:
    """Return the address of the evidence of a drug for the chosen disease, or of a disease; None where there is none."""
    names = graph.vocabulary.entities
    if graph.kinds[row] == graph.source.disease_kind:
        return _address("evidence", disease=names[row], drug=None)
    if graph.kinds[row] == graph.source.drug_kind and disease is not None:
        return _address("evidence", disease=names[disease], drug=names[row])
    return None


def _address(page: str, **changes: str | None) -> str:
    values = {name: value for name, value in (state.context() | changes).items() if value is not None}
    return f"/{page}?{urlencode(values)}"
