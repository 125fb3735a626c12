"""Tables of drugs and of runs, and what to take away from them."""

from collections.abc import Sequence
from typing import Any, Protocol

import pandas as pd
import streamlit as st

from core.casestudy.export import RANK_COLUMNS, rank_records, to_csv, to_json
from core.config import RunSettings
from dashboard import state, theme

STATUS_MARKS = [theme.MARKS[name] for name in ("new", "treats", "palliates", "investigated")]
WARNING_MARKS = [theme.MARKS[name] for name in theme.WARNINGS]
DEFAULT_COLUMNS = ("#", "Drug", "Status", "Warning", "Percentile", "Without text", "Change", "Class")
ALL_COLUMNS = (*DEFAULT_COLUMNS, "Why", "Score", "Identifier")
TABLE_HEIGHT = 440
ROW_HEIGHT = 35


def candidate_table(table: pd.DataFrame, total: int, why: Sequence[str], chosen: str | None) -> None:
    """Show ranked drugs; a selected row becomes the drug of the context.

    :param table: rows of a shortlist
    :param total: how many drugs were ranked
    :param why: one sentence a row
    :param chosen: identifier of the drug of the context
    """
    identifiers = table["id"].tolist()
    key = f"candidates-{hash((tuple(identifiers), chosen in identifiers))}"
    rows = [identifiers.index(chosen)] if chosen in identifiers else []
    st.dataframe(
        _shown(table, why),
        hide_index=True,
        height=min(TABLE_HEIGHT, ROW_HEIGHT * (len(table) + 1) + 3),
        column_order=_columns(table),
        column_config=_configuration(total),
        key=key,
        on_select=lambda: _select(key, identifiers),
        selection_mode="single-row",
        selection_default={"selection": {"rows": rows}},
    )


def _select(key: str, identifiers: list[str]) -> None:
    rows = state.table_selection(key)
    state.write(drug=identifiers[rows[0]] if rows else None)


def _columns(table: pd.DataFrame) -> list[str]:
    chosen = (state.read("columns") or ",".join(DEFAULT_COLUMNS)).split(",")
    absent = () if "base_rank" in table else ("Without text", "Change")
    return ["#", "Drug", *(name for name in ALL_COLUMNS[2:] if name in chosen and name not in absent)]


def column_picker() -> None:
    """Choose the columns of the table of drugs."""
    chosen = [name for name in (state.read("columns") or ",".join(DEFAULT_COLUMNS)).split(",") if name in ALL_COLUMNS]
    with st.popover("Columns", icon=":material/view_column:"):
        st.multiselect("Columns", ALL_COLUMNS, **state.widget("columns", chosen, default=list(DEFAULT_COLUMNS)))


def _shown(table: pd.DataFrame, why: Sequence[str]) -> pd.DataFrame:
    shown = pd.DataFrame(
        {
            "#": table["rank"],
            "Drug": table["name"],
            "Status": [[theme.status_mark(status).cell] for status in table["status"]],
            "Warning": _warnings(table),
            "Percentile": table["percentile"],
            "Class": table["class"],
            "Why": list(why),
            "Score": table["score"],
            "Identifier": table["id"],
        }
    )
    if "base_rank" in table:
        shown["Without text"], shown["Change"] = table["base_rank"], table["change"]
    return shown


def _warnings(table: pd.DataFrame) -> list[list[str]]:
    flags = table[list(theme.WARNINGS)].to_numpy()
    return [[theme.MARKS[role].cell for role, held in zip(theme.WARNINGS, row, strict=True) if held] for row in flags]


def _configuration(total: int) -> dict[str, Any]:
    column = st.column_config
    return {
        "#": column.NumberColumn("#", format="%.0f", width=45, pinned=True, help=f"Place among all {theme.count(total)} drugs."),
        "Drug": column.TextColumn("Drug", width=130, pinned=True, help="Name in the graph. Select the row to read why."),
        "Status": _mark_column("Status", STATUS_MARKS, "What the graph already knows of drug and disease.", 143),
        "Warning": _mark_column(
            "Warning", WARNING_MARKS, "Harm that the graph knows of in this disease, whatever the status.", 150
        ),
        "Percentile": column.ProgressColumn(
            "Above", format="%.1f %%", min_value=0, max_value=100, width=105, help="Share of the other drugs that stand below."
        ),
        "Without text": column.NumberColumn(
            "Without text",
            format="%.0f",
            width=98,
            help="Place in the ranking of the graph alone, without what the language model wrote.",
        ),
        "Change": column.NumberColumn("Change", format="%+.0f", width=70, help="Places won (+) or lost by the text."),
        "Class": column.TextColumn("Class", width=170, help="Pharmacologic class in the graph."),
        "Why": column.TextColumn("Why, in one line", width=380, help="The most specific path from drug to disease."),
        "Score": column.NumberColumn("Score", format="%.3f", help="Of the model; comparable within one disease and run only."),
        "Identifier": column.TextColumn("Identifier", help="Of the graph."),
    }


def _mark_column(label: str, marks: Sequence[theme.Mark], help_text: str, width: int) -> Any:
    return st.column_config.MultiselectColumn(
        label, options=[mark.cell for mark in marks], color=[mark.colour for mark in marks], width=width, help=help_text
    )


def contraindicated_table(table: pd.DataFrame, reasons: Sequence[str]) -> None:
    """Show the drugs that the disease forbids, each with its reason."""
    shown = pd.DataFrame({"#": table["rank"], "Drug": table["name"], "Reason": list(reasons)})
    column = st.column_config
    configuration = {
        "#": column.NumberColumn(format="%.0f", width=45, help="Place among all drugs, whatever forbids them."),
        "Drug": column.TextColumn(width=150, help="Name in the graph."),
        "Reason": column.TextColumn("✕ Reason", width=600, help="What the graph says."),
    }
    st.dataframe(shown, hide_index=True, column_config=configuration, height=min(260, ROW_HEIGHT * (len(table) + 1) + 3))


def downloads(table: pd.DataFrame, file_name: str) -> None:
    """Offer a shortlist as CSV and JSON."""
    columns = [*RANK_COLUMNS, "class", *(name for name in ("base_rank", "change") if name in table)]
    columns += list(theme.MARKS)[:5]
    records = rank_records(table, columns)
    st.download_button(
        "CSV", to_csv(records, columns), f"{file_name}.csv", "text/csv", on_click="ignore", icon=":material/download:"
    )
    st.download_button(
        "JSON", to_json(records), f"{file_name}.json", "application/json", on_click="ignore", icon=":material/download:"
    )


class Job(Protocol):
    """What a table shows of a job."""

    name: str
    state: str
    share: float
    settings: RunSettings


def run_table(jobs: Sequence[Job], chosen: str | None) -> None:
    """Show all runs with their state; a selected row is the one to watch."""
    names = [job.name for job in jobs]
    settings = [job.settings for job in jobs]
    shown = pd.DataFrame(
        {
            "Run": names,
            "State": [theme.STATES[job.state] for job in jobs],
            "Done": [100 * job.share for job in jobs],
            "Text": [each.text.mode for each in settings],
            "Interaction": [each.model.interaction for each in settings],
            "Dimensions": [each.model.dim for each in settings],
            "Epochs": [each.training.epochs for each in settings],
            "Graph": [each.kg for each in settings],
        }
    )
    key = f"runs-{hash(tuple(names))}"
    configuration = {
        "Run": st.column_config.TextColumn(pinned=True, help="Select a row to see its loss, stop, resume or restart it."),
        "State": st.column_config.TextColumn(help="interrupted: its process ended before it was done."),
        "Done": st.column_config.ProgressColumn(format="%.0f %%", min_value=0, max_value=100, width=90, help="Epochs done."),
        "Text": st.column_config.TextColumn(help="Which text is injected; none is the base."),
        "Interaction": st.column_config.TextColumn(help="The scoring function of the embedding."),
        "Dimensions": st.column_config.NumberColumn(width=90, help="Real numbers for each entity."),
        "Epochs": st.column_config.NumberColumn(width=80, help="Passes over the graph."),
        "Graph": st.column_config.TextColumn(help="Name or folder of the graph."),
    }
    st.dataframe(
        shown,
        hide_index=True,
        column_config=configuration,
        key=key,
        on_select=lambda: _watch(key, names),
        selection_mode="single-row",
        selection_default={"selection": {"rows": [names.index(chosen)] if chosen in names else []}},
        height=min(300, ROW_HEIGHT * (len(names) + 1) + 3),
    )


def _watch(key: str, names: list[str]) -> None:
    rows = state.table_selection(key)
    state.write(watch=names[rows[0]] if rows else None)
