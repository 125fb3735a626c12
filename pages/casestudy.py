"""Case study: are known and trial drugs of a disease found again, which candidates hold up, and a report to take away."""

import datetime

import pandas as pd
import streamlit as st

from core.casestudy.export import rank_records, to_csv
from core.casestudy.filters import Filters, select
from core.casestudy.lists import PAPER_DISEASE, PAPER_TEN, recovery_lists
from core.errors import LladrError
from core.pipeline import LoadedRun
from core.workspace import file_slug
from dashboard import components, jobs, navigation, resources, state
from dashboard.charts import casestudy as drawn
from dashboard.components import casestudy as parts
from dashboard.resources import casestudy as found
from dashboard.theme import plain

FIRST = 10  #: new drugs that a dossier is made of where none is chosen
LIST = "your list"
ACROSS_COLUMNS = ("rank", "id", "name", "percentile", "status")


def main() -> None:
    """Draw the page."""
    run = resources.chosen_run()
    if run is None:
        components.first_run(lambda: jobs.prepare(resources.workspace()), lambda: jobs.preparation(resources.workspace()))
        return
    if parts.chosen_part() == "drug":
        in_all_diseases(run, resources.chosen_disease(run.graph))
    else:
        of_disease(run, resources.chosen_disease(run.graph))


def of_disease(run: LoadedRun, disease: int | None) -> None:
    """Work one disease through."""
    st.title("Case study" if disease is None else f"Case study: {plain(run.graph.names[disease])}")
    parts.part_picker()
    if disease is None:
        st.info("Choose a disease in the sidebar, or search one on the start page.", icon=":material/search:")
        st.page_link(navigation.page("start"), label="Search a disease")
        return
    components.trust(found.reliability(run.name, run.graph, disease), resources.disease_warnings(run.graph, disease))
    components.link_box()
    table = found.outlook(run.name, disease)
    recovered(run, disease)
    if run.graph.vocabulary.entities[disease] == PAPER_DISEASE:
        published(run, table)
    verdicts(run, disease, table)
    report(run, disease, table)


def in_all_diseases(run: LoadedRun, disease: int | None) -> None:
    """Show where one drug stands in every disease."""
    graph, drug = run.graph, resources.chosen_drug(run.graph)
    st.title("One drug in all diseases" if drug is None else f"{plain(graph.names[drug])} in all diseases")
    parts.part_picker()
    parts.any_drug_picker(graph, drug)
    if drug is None:
        st.info("Choose a drug: it is ranked among all drugs in every disease.", icon=":material/medication:")
        return
    table = found.across(run.name, drug)
    parts.across_table(table, None if disease is None else graph.vocabulary.entities[disease])
    st.caption("A place far up in many diseases speaks of a popular drug, not of one disease. No mark is no proof of safety.")
    with st.container(horizontal=True):
        if disease is not None and st.button(
            f"Evidence for {plain(graph.names[disease])}", type="primary", icon=":material/route:"
        ):
            navigation.go("evidence", part=None)
        name = file_slug(graph.names[drug], run.name, datetime.date.today().isoformat())
        text = to_csv(rank_records(table, ACROSS_COLUMNS), ACROSS_COLUMNS)
        st.download_button("CSV", text, f"{name}.csv", "text/csv", on_click="ignore", icon=":material/download:")
        components.link_box()


def recovered(run: LoadedRun, disease: int) -> None:
    """Show how many drugs of each list stand near the top."""
    graph = run.graph
    st.subheader("Are known and trial drugs found again?")
    mine = tuple(resources.known_rows(graph, list(state.listed("listed"))))
    lists = {name: rows for name, rows in (recovery_lists(graph, disease) | {LIST: mine}).items() if rows}
    places = {name: found.recovered(run.name, disease, rows) for name, rows in lists.items()}
    if places:
        st.plotly_chart(drawn.recovery_curves(places), key="curves")
        parts.recovery_table(places)
        st.caption(
            "Known treatments were learned from: they are the control. Trial drugs are kept from training where the graph "
            "says so. The dashed line is what a random order would find."
        )
    else:
        st.info(
            "The graph knows no treatment and no trial of this disease. Give a list of your own below.", icon=":material/help:"
        )
    with st.expander("Look for drugs of your own list", icon=":material/playlist_add:"):
        if (text := parts.list_form()) is not None:
            take_list(run, text)
    for problem in state.problems():
        st.caption(plain(problem))


def take_list(run: LoadedRun, text: str) -> None:
    """Put a reader's list into the context."""
    listed = found.read_list(run.graph, text)
    state.report(listed.unknown)
    state.write(listed=",".join(run.graph.vocabulary.entities[row] for row in listed.rows) or None)
    st.rerun()


def published(run: LoadedRun, table: pd.DataFrame) -> None:
    """Locate the ten drugs of the paper's own case study."""
    st.subheader("The ten candidates of the paper")
    rows = [found.same_name(run.graph, name) for name in PAPER_TEN]
    parts.located(run.graph, PAPER_TEN, rows, table)
    st.caption(
        "Xiang et al. 2025 (arXiv 2510.12181) list these for Alzheimer's disease, ranked on another graph (DRKG). A place here "
        "is a comparison, not a confirmation."
    )


def verdicts(run: LoadedRun, disease: int, table: pd.DataFrame) -> None:
    """Show the first candidates, and take what readers think of them."""
    st.subheader("The first new candidates, and your verdicts")
    graph, book = run.graph, found.notes()
    notes = book.current(graph.name, graph.vocabulary.entities[disease])
    first = select(table, Filters("new")).candidates.head(FIRST)
    why = resources.reasons(run.name, disease)
    chosen = resources.chosen_drug(graph)
    drug = int(table["row"].iloc[0] if first.empty else first["row"].iloc[0]) if chosen is None else chosen
    identifier = graph.vocabulary.entities[drug]
    words = parts.verdict_words(notes)
    parts.top_candidates(first, [why[row] for row in first["row"]], words, identifier if chosen is not None else None)
    left, right = st.columns(2, gap="large")
    with left:
        components.drug_picker(table, identifier)
        parts.note_form(graph, disease, drug, book)
    with right:
        parts.note_list(graph, notes)
        st.download_button("All notes (JSON lines)", book.export(), "notes.jsonl", on_click="ignore", icon=":material/download:")
        parts.notes_form(book)


def report(run: LoadedRun, disease: int, table: pd.DataFrame) -> None:
    """Make the dossier of chosen drugs."""
    st.subheader("Dossier")
    graph = run.graph
    first = select(table, Filters("new")).candidates["id"].head(FIRST).tolist()
    asked = [each for each in state.listed("chosen") if each in graph.vocabulary.entity_row]
    chosen = first if state.read("chosen") is None else asked
    names = dict(zip(table["id"], table["name"], strict=True))
    st.multiselect(
        "Drugs in the report", list(names), format_func=names.__getitem__, **state.widget("chosen", chosen, default=first)
    )
    name = file_slug(graph.names[disease], run.name, datetime.date.today().isoformat())
    if not chosen:
        st.info("Choose at least one drug for the report.", icon=":material/checklist:")
    elif st.button("Make the dossier", icon=":material/description:"):
        with st.spinner("Gathering paths, warnings and texts ..."):
            html = found.dossier_html(run.name, disease, tuple(resources.known_rows(graph, chosen)))
        with st.container(horizontal=True):
            st.download_button("HTML", html, f"{name}.html", "text/html", on_click="ignore", icon=":material/download:")
            try:
                st.download_button(
                    "PDF", found.pdf(html), f"{name}.pdf", "application/pdf", on_click="ignore", icon=":material/download:"
                )
            except LladrError as error:
                components.error_box(error)


main()
