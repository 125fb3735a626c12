"""Case study: are known and trial drugs of a disease found again, which candidates hold up, and a report to take away."""

import pandas as pd
import streamlit as st

import pages
from core.casestudy.export import rank_records, to_csv
from core.casestudy.filters import Filters, select
from core.casestudy.lists import PAPER_DISEASE, PAPER_TEN, recovery_lists
from core.pipeline import LoadedRun
from dashboard import components, navigation, resources, state
from dashboard.charts import casestudy as drawn
from dashboard.components import casestudy as parts
from dashboard.components.notes import note_form, notes_kept, verdict_words
from dashboard.resources import casestudy as found
from dashboard.theme import plain

FIRST = 10  #: new drugs that are judged, and of which a dossier is made where none is chosen
LIST = "your list"
ACROSS_COLUMNS = ("rank", "id", "name", "percentile", "status")


def main() -> None:
    """Draw the page."""
    run = resources.chosen_run()
    if run is None:
        pages.no_run()
    elif parts.chosen_part() == "drug":
        in_all_diseases(run, resources.chosen_disease(run.graph))
    else:
        of_disease(run, resources.chosen_disease(run.graph))


def of_disease(run: LoadedRun, disease: int | None) -> None:
    """Work one disease through."""
    st.title("Case study" if disease is None else f"Case study: {plain(run.graph.names[disease])}")
    parts.part_picker()
    if disease is None:
        pages.no_disease()
        return
    components.trust(found.reliability(run.name, run.graph, disease), resources.disease_warnings(run.graph, disease))
    components.link_box()
    table = found.outlook(run.name, disease)
    first = select(table, Filters("new")).candidates.head(FIRST)
    recovered(run, disease)
    if run.graph.vocabulary.entities[disease] == PAPER_DISEASE:
        st.subheader("The ten candidates of the paper")
        parts.located(run.graph, PAPER_TEN, [found.same_name(run.graph, name) for name in PAPER_TEN], table)
    verdicts(run, disease, table, first)
    report(run, disease, table, first["id"].tolist())


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
    text = to_csv(rank_records(table, ACROSS_COLUMNS), ACROSS_COLUMNS)
    of = None if disease is None else graph.names[disease]
    if parts.across_tools(of, text, pages.file_name(graph.names[drug], run.name)):
        navigation.go("evidence", part=None)


def recovered(run: LoadedRun, disease: int) -> None:
    """Show how many drugs of each list stand near the top."""
    st.subheader("Are known and trial drugs found again?")
    mine = tuple(resources.known_rows(run.graph, list(state.listed("listed"))))
    lists = {name: rows for name, rows in (recovery_lists(run.graph, disease) | {LIST: mine}).items() if rows}
    places = {name: found.recovered(run.name, disease, rows) for name, rows in lists.items()}
    parts.recovery_part(places, drawn.recovery_curves)
    parts.own_list(lambda text: take_list(run, text))


def take_list(run: LoadedRun, text: str) -> None:
    """Put a reader's list into the context."""
    listed = found.read_list(run.graph, text)
    state.report(listed.unknown)
    state.write(listed=",".join(run.graph.vocabulary.entities[row] for row in listed.rows) or None)
    st.rerun()


def verdicts(run: LoadedRun, disease: int, table: pd.DataFrame, first: pd.DataFrame) -> None:
    """Show the first candidates, and take what readers think of them."""
    st.subheader("The first new candidates, and your verdicts")
    graph, book, identifiers = run.graph, found.notes(), run.graph.vocabulary.entities
    notes = book.current(graph.name, identifiers[disease])
    why = resources.reasons(run.name, disease)
    chosen = resources.chosen_drug(graph)
    drug = int((table if first.empty else first)["row"].iloc[0]) if chosen is None else chosen
    reasons, words = [why[row] for row in first["row"]], verdict_words(notes)
    parts.top_candidates(first, reasons, words, None if chosen is None else identifiers[chosen])
    left, right = st.columns(2, gap="large")
    with left:
        components.drug_picker(table, identifiers[drug])
        note_form(graph, disease, drug, book)
    with right:
        notes_kept(graph, notes, book)


def report(run: LoadedRun, disease: int, table: pd.DataFrame, first: list[str]) -> None:
    """Make the dossier of chosen drugs."""
    st.subheader("Dossier")
    asked = [each for each in state.listed("chosen") if each in run.graph.vocabulary.entity_row]
    chosen = first if state.read("chosen") is None else asked
    parts.dossier_picker(table, chosen, first)
    if not chosen:
        st.info("Choose at least one drug for the report.", icon=":material/checklist:")
    elif st.button("Make the dossier", icon=":material/description:"):
        with st.spinner("Gathering paths, warnings and texts ..."):
            html = found.dossier_html(run.name, disease, tuple(resources.known_rows(run.graph, chosen)))
        parts.dossier_files(html, found.pdf, pages.file_name(run.graph.names[disease], run.name))


main()
