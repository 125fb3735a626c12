"""Tables of the page Evaluation: methods with intervals and p-values, leaks, calibration, grades of diseases, downloads."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.casestudy.export import to_csv
from core.evaluate.metrics import WORDS
from core.evaluate.reliability import Reliability
from core.pipeline.verdicts import Row, ranked, table_records
from dashboard import state, theme
from dashboard.components.context import link_box
from dashboard.theme import plain

ROW_HEIGHT, TABLE_HEIGHT = 35, 420
LEVEL_WORDS = {name: mark.text for name, mark in theme.LEVELS.items()}
CSV_COLUMNS = (
    "method", "kind", "metric", "value", "low", "high", "run_minus_this", "difference_low", "difference_high", "p_value",
)  # fmt: skip


def label(row: Row) -> str:
    """Name a method: plain words first."""
    return row.name if row.kind in ("run", "other run") else theme.METHODS.get(row.name, row.name)


def method_table(rows: Sequence[Row], metric: str, number: Callable[[float], str]) -> None:
    """Show every method with its interval, the first run's difference from it, and whether chance explains that."""
    shown = ranked(rows, metric)
    values = [row.metrics[metric] for row in shown]
    differences = [row.differences.get(metric) for row in shown]
    table = pd.DataFrame(
        {
            "Method": [label(row).partition(" (")[0] for row in shown],
            metric: [value["value"] for value in values],
            "95 % interval": [f"{number(value['low'])} to {number(value['high'])}" for value in values],
            "Difference": [None if each is None else each.difference for each in differences],
            "Its interval": ["" if each is None else f"{each.low:+.3f} to {each.high:+.3f}" for each in differences],
            "p": ["" if each is None else theme.p_cell(each.p_value) for each in differences],
            "The run is": ["judged here" if row.kind == "run" else theme.COMPARED[row.verdict(metric)] for row in shown],
            "What it does": [row.words for row in shown],
        }
    )
    column = st.column_config
    configuration = {
        "Method": column.TextColumn(pinned=True, width=185, help="Runs, simple methods, and the same embedding with other text."),
        "What it does": column.TextColumn(width=420, help="In words."),
        metric: column.NumberColumn(format="%.3f", width=70, help=WORDS.get(metric)),
        "95 % interval": column.TextColumn(width=115, alignment="right", help="Bootstrap over diseases."),
        "Difference": column.NumberColumn(format="%+.3f", width=85, help="The first run minus this method, on the same pairs."),
        "Its interval": column.TextColumn(width=138, alignment="right", help="95 %, bootstrap over diseases."),
        "p": column.TextColumn(width=65, alignment="right", help="Paired permutation test over diseases, two-sided."),
        "The run is": column.TextColumn(width=110, help="Better or worse only where p < 0.05."),
    }
    st.dataframe(table, hide_index=True, column_config=configuration, height=ROW_HEIGHT * (len(table) + 1) + 3, placeholder="")


def all_metrics(rows: Sequence[Row], number: Callable[[float], str]) -> None:
    """Show all metrics of all methods; a mark says where the first run is better or worse by more than chance."""
    marks = {"better": " ▲", "worse": " ▼", "no difference shown": " =", "not comparable": ""}
    table = pd.DataFrame({"Method": [label(row).partition(" (")[0] for row in rows]})
    configuration = {"Method": st.column_config.TextColumn(pinned=True, width=185)}
    for metric in rows[0].metrics:
        table[metric] = [
            f"{number(value['value'])} [{number(value['low'])} to {number(value['high'])}]{marks[row.verdict(metric)]}"
            if (value := row.metrics.get(metric))
            else ""
            for row in rows
        ]
        configuration[metric] = st.column_config.TextColumn(width=190, alignment="right", help=WORDS.get(metric))
    st.dataframe(table, hide_index=True, column_config=configuration, height=ROW_HEIGHT * (len(table) + 1) + 3)
    st.caption("In brackets 95 % intervals. ▲ the first run is better, ▼ worse, = no difference shown (p at least 0.05).")


def leak_words(leaks: Mapping[str, Any], metric: str, number: Callable[[float], str]) -> None:
    """Say how much of the gain may be that the language model knew the answer, with the numbers it rests on."""
    st.markdown(plain(leaks["sentence"]))
    who = {"run": "This run", "base": "No text (base)", "blind": "Text without uses (blind)"}
    words = {
        "all": "all held-out pairs",
        "unnamed": "no description names the partner",
        "named": "a description names the partner",
    }
    records = []
    for subset, methods in leaks["metrics"].items():
        record: dict[str, Any] = {"Pairs": words[subset], "How many": methods["run"]["n_pairs"]}
        for name, label in who.items():
            value = methods[name]["metrics"].get(metric) if name in methods else None
            record[label] = (
                f"{number(value['value'])} [{number(value['low'])} to {number(value['high'])}]" if value else "not measured"
            )
        records.append(record)
    st.dataframe(pd.DataFrame(records), hide_index=True)
    st.caption(
        f"{plain(metric)} with 95 % intervals. Named by the drug's text: {leaks['drug_text_names_disease']}; by the disease's "
        f"text: {leaks['disease_text_names_drug']}; in the fields that this run reads: {leaks['n_named_in_fields_read']}."
    )


def calibration_words(calibration: Mapping[str, Any]) -> None:
    """Say how far predicted probabilities are off."""
    st.markdown(
        f"Expected calibration error {100 * calibration['expected_error']:.2g} %; over the top 1 % of the pairs, where "
        f"decisions are made, {100 * calibration['expected_error_top']:.2g} %."
    )
    st.caption(
        f"On the dashed line what is said happens as often as it is said; hollow: nothing of it happened. "
        f"{plain(calibration['words'])}."
    )


def grade_table(grades: Sequence[Reliability]) -> None:
    """List all diseases with their badge; searched and filtered."""
    counts = pd.Series([each.level for each in grades]).value_counts()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Disease", placeholder="part of a name", width=240, **state.widget("search", state.read("search") or "", default="")
        )
        level = state.read("level") if state.read("level") in theme.LEVELS else None
        st.pills(
            "Badge",
            list(theme.LEVELS),
            format_func=lambda name: f"{LEVEL_WORDS[name]} ({counts.get(name, 0)})",
            help="  \n".join(f"**{mark.text}**: {mark.help}" for mark in theme.LEVELS.values()),
            **state.widget("level", level),
        )
    wanted = (state.read("search") or "").casefold()
    shown = [each for each in grades if wanted in each.name.casefold() and level in (None, each.level)]
    table = pd.DataFrame(
        {
            "Disease": [each.name for each in shown],
            "Badge": [[LEVEL_WORDS[each.level]] for each in shown],
            "Held out": [each.n_pairs for each in shown],
            "Above": [None if each.auc is None else 100 * each.auc for each in shown],
            "Why": [each.reason for each in shown],
        }
    )
    column = st.column_config
    badge = column.MultiselectColumn(
        options=list(LEVEL_WORDS.values()), color=[mark.colour for mark in theme.LEVELS.values()], width=125, help="Its ranking."
    )
    configuration = {
        "Disease": column.TextColumn(pinned=True, width=230),
        "Badge": badge,
        "Held out": column.NumberColumn(width=75, help="Treatments of this disease that were held out and asked for."),
        "Above": column.ProgressColumn(
            format="%.1f %%", min_value=0, max_value=100, width=110, help="Other drugs below them, on average."
        ),
        "Why": column.TextColumn(width=620),
    }
    if shown:
        height = min(TABLE_HEIGHT, ROW_HEIGHT * (len(table) + 1) + 3)
        st.dataframe(table, hide_index=True, column_config=configuration, height=height)
    else:
        st.info("No disease of the graph matches: take the filter back.", icon=":material/filter_alt_off:")


def robustness_words(notes: Sequence[str]) -> None:
    """Say what the curves are, and how they were made."""
    st.caption(
        "Up is better. Of the recipes of `lladr reproduce`, not of the run above: mean rank of the true disease among 49 random "
        "ones, with the standard deviation of seeds. Dashed: the paper, on another graph: compare slopes, not heights."
    )
    with st.expander("How these were made", icon=":material/info:"):
        for note in notes:
            st.markdown(plain(note))


def no_robustness(graph: str) -> None:
    """Say which commands make the robustness curves."""
    st.info(
        "Not measured yet. These train the same recipes on a damaged graph and with masked descriptions, resumable, some "
        "minutes each on the starter graph:",
        icon=":material/terminal:",
    )
    st.code("\n".join(f"lladr reproduce --kg {graph} --table {table}" for table in ("noise", "masking")), language=None)


def take_away(rows: Sequence[Row], results: Mapping[str, Mapping[str, Any]], file_name: str) -> None:
    """Offer the table as CSV and all results as JSON."""
    with st.container(horizontal=True):
        for label, content, mime in (
            ("CSV", to_csv(table_records(rows), CSV_COLUMNS), "text/csv"),
            ("JSON", json.dumps(results, indent=1), "application/json"),
        ):
            name = f"{file_name}.{label.lower()}"
            st.download_button(label, content, name, mime, on_click="ignore", icon=":material/download:")
        link_box()
    st.caption("Each picture has a button in its corner that saves it as SVG.")
