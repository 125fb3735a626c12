"""The tables of the page Atlas: neighbours, a selection, measures, movers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from core.casestudy.export import to_csv
from core.kg.graph import KnowledgeGraph
from core.projection.measures import NEIGHBOURS, Measure
from core.projection.movers import Approach, Change
from core.projection.words import PANEL_WORDS, explain, number
from core.types import FloatArray, IntArray
from dashboard import state, theme
from dashboard.theme import plain

ROW_HEIGHT, TABLE_HEIGHT = 35, 420
NAMED = 4  #: neighbours that a cell of a table names
LISTED = 2000  #: rows of a selection that a table shows
STAYED, CAME, LEFT = "● stayed", "▲ came in", "▽ went out"


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
        height=min(TABLE_HEIGHT, ROW_HEIGHT * (len(rows) + 1) + 3),
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
        height=min(TABLE_HEIGHT, ROW_HEIGHT * (len(shown) + 1) + 3),
    )
    records = [
        {"id": each[3], "name": each[0], "kind": each[1], "overlap": each[2] / 100} for each in table.itertuples(index=False)
    ]
    st.download_button(
        "The selection as CSV", to_csv(records, ["id", "name", "kind", "overlap"]), f"{file_name}_selection.csv", "text/csv",
        on_click="ignore", icon=":material/download:",
    )  # fmt: skip


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
    st.dataframe(table, hide_index=True, column_config=configuration, height=min(TABLE_HEIGHT, ROW_HEIGHT * (len(table) + 1) + 3))


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
    st.dataframe(table, hide_index=True, column_config=configuration, height=min(TABLE_HEIGHT, ROW_HEIGHT * (len(table) + 1) + 3))


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
