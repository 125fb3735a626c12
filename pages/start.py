"""Start: what this is, find a disease, what is loaded, how good it is."""

import streamlit as st

import pages
from core.casestudy.overview import GraphCounts
from core.kg.graph import KnowledgeGraph
from core.kg.search import Match
from core.pipeline import LoadedRun, known_evaluation
from dashboard import components, jobs, navigation, resources, state, theme
from dashboard.theme import plain

EXAMPLE = "Alzheimer's disease"
UNTREATED_SHOWN = 8


def main() -> None:
    """Draw the page."""
    st.title("Which known drugs might help, and why?")
    st.markdown(
        "For physicians and researchers: pick a disease, read a ranked list of drugs that exist already, and see for each what "
        "speaks for it. The ranking is learned from a knowledge graph and from what a language model wrote about its entities."
    )
    run = resources.chosen_run()
    graph = resources.chosen_graph()
    search(graph)
    if run is None:
        pages.no_run()
    left, right = st.columns([2, 3], gap="large")
    with left:
        what_is_loaded(graph, resources.counts(graph))
    with right:
        how_good(run)
        if run is not None:
            better(graph)
    cards(graph)


def search(graph: KnowledgeGraph) -> None:
    """Find a disease by name, synonym or misspelling; a button opens it."""
    query = st.text_input(
        "Search a disease",
        placeholder='Name, synonym or abbreviation, such as "AD"; misspellings are fine',
        icon=":material/search:",
        key="search",
    )
    matches = resources.disease_index(graph).find(query)
    if query and not matches:
        st.info("No disease of this graph comes near to that. Try another name or a synonym.", icon=":material/help:")
    with st.container(horizontal=True):
        for match in matches:
            if st.button(match_words(graph, match), key=f"match-{match.row}"):
                open_disease(graph, match.row)
    example = resources.disease_index(graph).find(EXAMPLE, limit=1)
    if not query and example and st.button(f"Worked example: {plain(graph.names[example[0].row])}", icon=":material/school:"):
        open_disease(graph, example[0].row)


def match_words(graph: KnowledgeGraph, match: Match) -> str:
    """Name a disease that was found, and the synonym by which."""
    name = graph.names[match.row]
    return plain(name) if match.text.casefold() == name.casefold() else f"{plain(name)} :gray[({plain(match.text)})]"


def open_disease(graph: KnowledgeGraph, row: int) -> None:
    """Go to the candidates of a disease."""
    navigation.go("candidates", disease=graph.vocabulary.entities[row], drug=None)


def what_is_loaded(graph: KnowledgeGraph, counts: GraphCounts) -> None:
    """Say what the graph holds and where it comes from."""
    st.subheader("What is loaded")
    st.markdown(
        f"{plain(graph.source.title)}: **{theme.counted(counts.drugs, 'drug')}**, "
        f"**{theme.counted(counts.diseases, 'disease')}**, **{theme.counted(counts.facts, 'fact')}**"
        + (f", of which {theme.count(counts.corroborated)} are also in an independent database." if counts.corroborated else ".")
    )
    components.source_badge(graph.source)


def how_good(run: LoadedRun | None) -> None:
    """Say how well the chosen run finds treatments that it has not seen."""
    st.subheader("How good is it?")
    if run is None:
        st.caption("Not known yet: nothing is trained.")
        return
    workspace, base = resources.workspace(), resources.base_of(run.name)
    result = known_evaluation(workspace, run.name)
    if result is None:
        st.caption(f"Not measured yet for this run: `lladr evaluate --run {run.name}` does it.")
        return
    components.evaluation_words(known_evaluation(workspace, base.name) if base else None, result)


def better(graph: KnowledgeGraph) -> None:
    """Offer to train the fusion where there is none, and show how far it is."""
    workspace = resources.workspace()
    now = jobs.combination(workspace)
    if resources.wants_fusion(graph) or (now and now.running):
        components.better_run(lambda: jobs.combine(workspace), lambda: jobs.combination(workspace))


def cards(graph: KnowledgeGraph) -> None:
    """Offer diseases to begin with."""
    visits = resources.known_rows(graph, state.visits())
    groups = {"Diseases without a known treatment": resources.untreated(graph)[:UNTREATED_SHOWN], "Your last visits": visits}
    shown = {title: rows for title, rows in groups.items() if rows}
    for column, (title, rows) in zip(st.columns(max(len(shown), 1)), shown.items(), strict=False):
        with column.container(border=True):
            st.markdown(f"**{title}**")
            with st.container(horizontal=True):
                for row in rows:
                    if st.button(plain(graph.names[row]), key=f"{title}-{row}"):
                        open_disease(graph, row)


main()
