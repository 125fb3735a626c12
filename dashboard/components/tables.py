"""Tables of drugs and of runs, and what to take away from them."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
import streamlit as st

from core.casestudy.export import RANK_COLUMNS, rank_records, to_csv, to_json
from core.config import RunSettings
from dashboard import state, theme

STATUS_MARKS = [theme.MARKS[name] for name in ("new", "treats", "palliates", "investigated")]
WARNING_MARKS = [*(theme.MARKS[name] for name in theme.WARNINGS), theme.SOME_CASES, theme.NAMED]
DEFAULT_COLUMNS = ("#", "Drug", "Status", "Warning", "Percentile", "Without text", "Class", "Why")
OUTLOOK_COLUMNS = ("Lowest", "Highest", "Beyond popularity", "Popularity", "Predicted harm", "Warned of", "Paths", "Chance")
ALL_COLUMNS = (*DEFAULT_COLUMNS, "Change", *OUTLOOK_COLUMNS, "Read on", "Score", "Identifier")
EVIDENCE_COLUMNS = ("Paths", "Chance")  #: searched for the first rows only, when they are asked for
DOWNLOADED_OUTLOOK = ("low", "high", "adjusted_rank", "beats_popularity", "harm", "barred", "named")
MARKED = ("treats", "palliates", "contraindicated", "cautioned")
TABLE_HEIGHT = 440
ROW_HEIGHT = 35


def candidate_table(table: pd.DataFrame, total: int, why: Sequence[str], chosen: str | None) -> None:
    """Show ranked drugs; a selected row becomes the drug of the context.

    :param table: rows of a shortlist, with as much of its outlook as there is
    :param total: how many drugs were ranked
    :param why: one sentence a row
    :param chosen: identifier of the drug of the context
    """
    identifiers = table["id"].tolist()
    key = f"candidates-{hash((tuple(identifiers), chosen in identifiers))}"
    rows = [identifiers.index(chosen)] if chosen in identifiers else []
    shown = _shown(table, why)
    st.dataframe(
        shown[_columns(shown)],  # no more than is seen goes to the browser
        hide_index=True,
        height=min(TABLE_HEIGHT, ROW_HEIGHT * (len(table) + 1) + 3),
        column_config=_configuration(total),
        key=key,
        on_select=lambda: _select(key, identifiers),
        selection_mode="single-row",
        selection_default={"selection": {"rows": rows}},
    )


def _select(key: str, identifiers: list[str]) -> None:
    rows = state.table_selection(key)
    state.write(drug=identifiers[rows[0]] if rows else None)


def chosen_columns() -> list[str]:
    """Return the columns that the reader wants to see."""
    chosen = (state.read("columns") or ",".join(DEFAULT_COLUMNS)).split(",")
    return ["#", "Drug", *(name for name in ALL_COLUMNS[2:] if name in chosen)]


def _columns(shown: pd.DataFrame) -> list[str]:
    return [name for name in chosen_columns() if name in shown]


def column_picker() -> None:
    """Choose the columns of the table of drugs."""
    chosen = chosen_columns()
    with st.popover("Columns", icon=":material/view_column:"):
        st.multiselect("Columns", ALL_COLUMNS, **state.widget("columns", chosen, default=list(DEFAULT_COLUMNS)))


def _shown(table: pd.DataFrame, why: Sequence[str]) -> pd.DataFrame:
    shown = pd.DataFrame(
        {
            "#": table["rank"],
            "Drug": table["name"],
            "Status": [[theme.status_mark(status).cell] for status in table["status"]],
            "Warning": warning_cells(table),
            "Percentile": table["percentile"],
            "Class": table["class"],
            "Why": list(why),
            "Score": table["score"],
            "Identifier": table["id"],
        }
    )
    for label, column in SOURCES.items():
        if column in table:
            shown[label] = table[column]
    if "warnings" in table and "Warned of" in chosen_columns():
        shown["Warned of"] = ["; ".join(f"{each.text} ({each.source})" for each in reasons) for reasons in table["warnings"]]
    if "beats_popularity" in table:
        shown["Popularity"] = ["higher than by popularity" if beats else "" for beats in table["beats_popularity"]]
    return shown


SOURCES = {
    "Without text": "base_rank",
    "Change": "change",
    "Lowest": "low",
    "Highest": "high",
    "Beyond popularity": "adjusted_rank",
    "Predicted harm": "harm",
    "Paths": "n_paths",
    "Chance": "chance",
    "Read on": "link",
}


def warning_cells(table: pd.DataFrame) -> list[list[str]]:
    """Return the gravest mark held against each drug, and whether a text named the use; the reasons stand in the panel."""
    none = np.zeros(len(table), dtype=bool)
    marked = {name: np.asarray(table.get(name, none), dtype=bool) for name in (*MARKED, "barred", "named")}
    against, known = marked["contraindicated"] | marked["barred"], marked["treats"] | marked["palliates"]
    softly = [any(not each.bars for each in reasons) for reasons in table.get("warnings", [()] * len(table))]
    marks = (theme.SOME_CASES, theme.MARKS["contraindicated"], theme.MARKS["cautioned"])
    gravest = np.select([against & known, against, marked["cautioned"] | softly], [mark.cell for mark in marks], default="")
    named = np.where(marked["named"], theme.NAMED.cell, "")
    return [[cell for cell in pair if cell] for pair in zip(gravest.tolist(), named.tolist(), strict=True)]


def _configuration(total: int) -> dict[str, Any]:
    column = st.column_config
    return {
        "#": column.NumberColumn("#", format="%.0f", width=45, pinned=True, help=f"Place among all {theme.count(total)} drugs."),
        "Drug": column.TextColumn("Drug", width=118, pinned=True, help="Name in the graph. Select the row to read why."),
        "Status": _mark_column("Status", STATUS_MARKS, "What the graph already knows of drug and disease.", 143),
        "Warning": _mark_column(
            "Warning",
            WARNING_MARKS,
            "Harm in this disease that graph or texts know of, and whether a text gave the use away.",
            200,
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
        "Class": column.TextColumn("Class", width=150, help="Pharmacologic class in the graph."),
        "Why": column.TextColumn("Why, in one line", width=380, help="The most specific path from drug to disease."),
        "Lowest": column.NumberColumn("Lowest", format="%.1f %%", help="Lowest share below over the trainings of the ensemble."),
        "Highest": column.NumberColumn(
            "Highest", format="%.1f %%", help="Highest share below over the trainings of the ensemble."
        ),
        "Beyond popularity": column.NumberColumn(
            "Beyond popularity", format="%.0f", help="Place when each drug is compared with its own score for other diseases."
        ),
        "Popularity": column.TextColumn("Popularity", help="Whether it stands higher than by its number of known uses alone."),
        "Predicted harm": column.NumberColumn(
            "Predicted harm",
            format="%.0f %%",
            help="Share of drugs that the model would sooner call safe here. High on top of the list: it cannot tell them apart.",
        ),
        "Warned of": column.TextColumn("Warned of", width=380, help="Every reason against it, with its source."),
        "Paths": column.NumberColumn("Paths", format="%.0f", help="Paths of up to three facts to the disease; first 50 rows."),
        "Chance": column.TextColumn("Chance", help="How often random graphs give its most special kind of path; first 50 rows."),
        "Read on": column.LinkColumn("Read on", display_text="open", help="Its page in the reference database."),
        "Score": column.NumberColumn("Score", format="%.3f", help="Of the model; comparable within one disease and run only."),
        "Identifier": column.TextColumn("Identifier", help="Of the graph."),
    }


def _mark_column(label: str, marks: Sequence[theme.Mark], help_text: str, width: int) -> Any:
    return st.column_config.MultiselectColumn(
        label, options=[mark.cell for mark in marks], color=[mark.colour for mark in marks], width=width, help=help_text
    )


def contraindicated_table(table: pd.DataFrame, reasons: Sequence[str], sources: Sequence[str]) -> None:
    """Show the drugs that a fact or a text forbids, each with its reason and whose statement that is."""
    shown = pd.DataFrame({"#": table["rank"], "Drug": table["name"], "Reason": list(reasons), "Source": list(sources)})
    column = st.column_config
    configuration = {
        "#": column.NumberColumn(format="%.0f", width=45, help="Place among all drugs, whatever forbids them."),
        "Drug": column.TextColumn(width=150, help="Name in the graph."),
        "Reason": column.TextColumn("✕ Reason", width=500, help="What is said against it."),
        "Source": column.TextColumn(width=210, help="Whose statement it is; texts were written by a language model."),
    }
    st.dataframe(shown, hide_index=True, column_config=configuration, height=min(260, ROW_HEIGHT * (len(table) + 1) + 3))


def downloads(table: pd.DataFrame, file_name: str) -> None:
    """Offer a shortlist as CSV and JSON; a file is written when it is asked for."""
    button = {"on_click": "ignore", "icon": ":material/download:"}
    st.download_button("CSV", lambda: to_csv(*_records(table)), f"{file_name}.csv", "text/csv", **button)
    st.download_button("JSON", lambda: to_json(_records(table)[0]), f"{file_name}.json", "application/json", **button)


def _records(table: pd.DataFrame) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rows with all that is known of them, and the columns."""
    columns = [*RANK_COLUMNS, "class", *(name for name in ("base_rank", "change") if name in table), *list(theme.MARKS)[:5]]
    columns += [name for name in DOWNLOADED_OUTLOOK if name in table]
    if "warnings" not in table:
        return rank_records(table, columns), columns
    reasons = ["; ".join(f"{each.text} ({each.source})" for each in mine) for mine in table["warnings"]]
    columns.append("warnings")
    return rank_records(table.assign(warnings=reasons), columns), columns


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
            "Interaction": [_interactions(each) for each in settings],
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


def _interactions(settings: RunSettings) -> str:
    """Return the scoring function, or those of a fusion."""
    return f"fusion of {', '.join(settings.fusion.backbones)}" if settings.fusion else settings.model.interaction


def _watch(key: str, names: list[str]) -> None:
    rows = state.table_selection(key)
    state.write(watch=names[rows[0]] if rows else None)
