"""Candidates: the ranked drugs of a disease, with marks, filters, reasons and downloads."""

from collections.abc import Iterable

import pandas as pd
import streamlit as st

import pages
from core.casestudy.filters import Selection, classes_of, select
from core.kg.graph import KnowledgeGraph
from dashboard import charts, components, navigation, resources, state, theme
from dashboard.resources import casestudy as found
from dashboard.theme import plain

PATHS_IN_PANEL = 3


def main() -> None:
    """Draw the page."""
    run = resources.chosen_run()
    if run is None:
        pages.no_run()
        return
    graph, disease = run.graph, resources.chosen_disease(run.graph)
    if disease is None:
        st.title("Candidates")
        pages.no_disease()
        return
    resources.chosen_drug(graph)  # an unknown one stops the page, not a part of it
    state.visited(graph.vocabulary.entities[disease])
    components.disease_header(resources.summary(graph, disease))
    components.trust(found.reliability(run.name, graph, disease), resources.disease_warnings(graph, disease))
    ranking(run.name, graph, disease)


@components.part
def ranking(run: str, graph: KnowledgeGraph, disease: int) -> None:
    """Show what the filters leave of the ranking."""
    table = found.outlook(run, disease)
    selection = select(table, components.filter_bar(classes_of(table)))
    listing(run, graph, disease, table, selection)
    contraindicated(selection.contraindicated)


@components.part
def listing(run: str, graph: KnowledgeGraph, disease: int, table: pd.DataFrame, selection: Selection) -> None:
    """Show the candidates, and the reasons of the one that is selected."""
    tools(selection.candidates, pages.file_name(graph.names[disease], run))
    hidden_words(selection.hidden_known, selection.hidden_trials, selection.hidden_contraindicated)
    drug, shown = resources.chosen_drug(graph), selection.candidates
    if set(components.EVIDENCE_COLUMNS) & set(components.chosen_columns()):
        shown = found.with_paths(graph, shown, disease)
    why = resources.reasons(run, disease)
    chosen = graph.vocabulary.entities[drug] if drug is not None else None
    components.candidate_table(shown, len(table), [why[row] for row in shown["row"]], chosen)
    if drug is None:
        st.caption("Select a row to read why.")
    else:
        panel(graph, table.set_index("row").loc[drug], disease, len(table))


def tools(table: pd.DataFrame, file_name: str) -> None:
    """Offer columns, downloads and the address."""
    with st.container(horizontal=True, horizontal_alignment="right"):
        components.column_picker()
        components.downloads(table, file_name)
        components.link_box()


def hidden_words(known: int, trials: int, contraindicated: int) -> None:
    """Say what the filters hide."""
    groups = {"known treatment": known, "drug in trials": trials, "contraindicated drug": contraindicated}
    plurals = {"drug in trials": "drugs in trials"}
    words = [theme.counted(number, word, plurals.get(word)) for word, number in groups.items() if number]
    if words:
        st.caption(f"Hidden by the filters: {', '.join(words)}.")


def panel(graph: KnowledgeGraph, row: pd.Series, disease: int, total: int) -> None:
    """Say of the selected drug where it stands and why."""
    with st.container(border=True):
        st.subheader(plain(row["name"]))
        components.mark_badges(row["status"], row)
        components.warned(row["warnings"], known=bool(row["treats"] or row["palliates"]))
        st.markdown(f"**{theme.place(row['rank'], total, row.get('base_rank'))}**, {theme.above(row['percentile'], total)}")
        words, ladder = st.columns([3, 2])
        with words:
            components.path_list(graph, resources.best_paths(graph, row.name, disease, top=PATHS_IN_PANEL))
        if "base_rank" in row:
            steps = [("without text", row["base_rank"]), ("with text", row["rank"])]
            ladder.plotly_chart(charts.rank_ladder(steps, total), config={"staticPlot": True}, key="ladder")
        with st.container(horizontal=True):
            if st.button("Open evidence", type="primary", icon=":material/route:"):
                navigation.go("evidence")
            if st.button("In other diseases", icon=":material/lists:"):
                navigation.go("casestudy", part="drug")
            components.external_links(row["name"], graph.names[disease])


def contraindicated(table: pd.DataFrame) -> None:
    """Show the drugs that a fact or a text forbids apart, each with its reason."""
    if table.empty:
        return
    st.subheader(f"✕ Contraindicated: {theme.counted(len(table), 'drug')}")
    bars = [[each for each in mine if each.bars] for mine in table["warnings"]]
    reasons = [sorted(mine, key=lambda each: each.kind == "stated") for mine in bars]  # a text says why, a bare edge does not
    texts, sources = ([_joined(getattr(each, part) for each in mine) for mine in reasons] for part in ("text", "source"))
    components.contraindicated_table(table, texts, sources)


def _joined(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(text.rstrip(".;") for text in texts))


main()
