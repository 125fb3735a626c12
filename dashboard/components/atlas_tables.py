"""The tables of the page Atlas: neighbours, a selection, measures."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from core.casestudy.export import to_csv
from core.kg.graph import KnowledgeGraph
from core.projection.measures import NEIGHBOURS, Measure
from core.projection.movers import Change
from core.projection.words import PANEL_WORDS, explain, number
from core.types import FloatArray, IntArray
from dashboard import state, theme
from dashboard.components.files import download
from dashboard.theme import plain

TABLE_HEIGHT = 420
LISTED = 2000  #: rows of a selection that a table shows
STAYED, CAME, LEFT = "● stayed", "▲ came in", "▽ went out"


def neighbour_words(graph: KnowledgeGraph, entity: int, change: Change) -> None:
    """Name an entity, and say how many of its neighbours stayed."""
    st.subheader(f"Neighbours of {plain(graph.names[entity])}")
    st.markdown(
        f"**{len(change.stayed)} stayed, {len(change.came)} came in, {len(change.left)} went out**, in the original space."
    )


def neighbour_table(graph: KnowledgeGraph, entity: int, before: IntArray, after: IntArray, choose: Callable[[int], None]) -> None:
    """List an entity's neighbours before and after; a selected row becomes the entity.

    :param before: shape (k,); nearest first; more than the table shows, for places beyond it
    """
    rows = list(dict.fromkeys([*after[:NEIGHBOURS].tolist(), *before[:NEIGHBOURS].tolist()]))
    shown = pd.DataFrame(
        {
            "Neighbour": [graph.names[row] for row in rows],
            "Kind": [theme.kind_style(graph.kinds[row]).word for row in rows],
            "What became of it": [_fate(row, before, after) for row in rows],
            "Place before": [_place(row, before) for row in rows],
            "Place after": [_place(row, after) for row in rows],
        }
    )
    place = st.column_config.TextColumn(
        width=105, alignment="right", help="1: the nearest of all entities, in the original space."
    )
    configuration = {
        "Neighbour": st.column_config.TextColumn(pinned=True, width=240, help="Select the row to look at its own neighbours."),
        "Kind": st.column_config.TextColumn(width=165, help="Kind of entity."),
        "What became of it": st.column_config.TextColumn(
            width=130, help=f"Whether it is among the {NEIGHBOURS} nearest before, after, or both."
        ),
        "Place before": place,
        "Place after": place,
    }
    key = f"neighbours-{entity}"
    st.dataframe(
        shown,
        hide_index=True,
        column_config=configuration,
        height=theme.table_height(len(rows), TABLE_HEIGHT),
        key=key,
        on_select=lambda: _chosen(key, rows, choose),
        selection_mode="single-row",
    )


def _chosen(key: str, rows: Sequence[int], choose: Callable[[int], None]) -> None:
    if selected := state.table_selection(key):
        choose(rows[selected[0]])


def _fate(row: int, before: IntArray, after: IntArray) -> str:
    old, new = row in before[:NEIGHBOURS], row in after[:NEIGHBOURS]
    return STAYED if old and new else CAME if new else LEFT


def _place(row: int, neighbours: IntArray) -> str:
    found = (neighbours == row).nonzero()[0]
    return str(found[0] + 1) if len(found) else f"beyond {len(neighbours)}"


def selection_table(graph: KnowledgeGraph, rows: Sequence[int], overlap: FloatArray, file_name: str) -> None:
    """List what a box or lasso holds, with the kinds it is made of."""
    counts = pd.Series([theme.kind_style(graph.kinds[row]).word for row in rows]).value_counts()
    st.markdown(f"**{theme.counted(len(rows), 'entity', 'entities')} in the selection**: " + plain(
        ", ".join(f"{count} {kind}" for kind, count in counts.items())))  # fmt: skip
    table = pd.DataFrame(
        {
            "Name": [graph.names[row] for row in rows],
            "Kind": [theme.kind_style(graph.kinds[row]).word for row in rows],
            "Neighbours kept": [100 * overlap[row] for row in rows],
            "id": [graph.vocabulary.entities[row] for row in rows],
        }
    )
    kept = st.column_config.ProgressColumn(
        format="%.0f %%", min_value=0, max_value=100, width=130, help=f"Of the {NEIGHBOURS} nearest before, still there after."
    )
    name = st.column_config.TextColumn(pinned=True, width=280, help="Name in the graph.")
    configuration = {
        "Name": name,
        "Kind": st.column_config.TextColumn(width=140, help="Kind of entity."),
        "Neighbours kept": kept,
    }
    shown = table.head(LISTED)
    st.dataframe(
        shown,
        hide_index=True,
        column_order=["Name", "Kind", "Neighbours kept"],
        column_config=configuration,
        height=theme.table_height(len(shown), TABLE_HEIGHT),
    )
    records = [
        {"id": each[3], "name": each[0], "kind": each[1], "overlap": each[2] / 100} for each in table.itertuples(index=False)
    ]
    text = to_csv(records, ["id", "name", "kind", "overlap"])
    download("The selection as CSV", text, f"{file_name}_selection.csv")


def measure_table(measures: Mapping[str, Mapping[str, Measure]]) -> None:
    """Show each measure of each panel with its interval."""
    explained = explain(measures)
    shown = pd.DataFrame({"Measure": [item.name for item in explained]})
    configuration = {
        "Measure": st.column_config.TextColumn(
            pinned=True, width=130, help="What each means is said below. Purities and silhouette: in the original space."
        )
    }
    for panel, found in measures.items():
        label = PANEL_WORDS[panel].capitalize()
        shown[label] = [number(found[item.name], is_share=item.is_share) if item.name in found else "" for item in explained]
        configuration[label] = st.column_config.TextColumn(width=165, alignment="right")
    st.dataframe(shown, hide_index=True, column_config=configuration)
    st.caption("In brackets 95 % intervals over entities (bootstrap).")


def sentence_list(sentences: Sequence[str]) -> None:
    """Show sentences as a list."""
    st.markdown("\n".join(f"- {plain(sentence)}" for sentence in sentences))
