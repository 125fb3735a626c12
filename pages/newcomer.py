"""New entity: rank drugs for a disease, or diseases for a drug, that the graph does not have."""

import datetime

import streamlit as st

import pages
from core.casestudy.export import rank_records, to_csv
from core.casestudy.newcomer import Newcomer
from core.pipeline import LoadedRun
from core.pipeline.newcomers import Placed, gene_facts, rank_for_new_disease, rank_new_drug
from core.workspace import file_slug
from dashboard import components, resources, state, theme
from dashboard.components import newcomer as parts
from dashboard.jobs import newcomer as measuring
from dashboard.resources import newcomer as found
from dashboard.theme import plain

KINDS = {"disease": "a disease: rank drugs for it", "drug": "a drug: rank diseases for it"}
SHOWN = 50
COLUMNS = ("rank", "id", "name", "percentile")


def main() -> None:
    """Draw the page."""
    st.title("A disease or drug that the graph does not have")
    run = resources.chosen_run()
    if run is None:
        pages.no_run()
        return
    st.markdown(
        "Paste what is known of it. It is placed among the entities of the graph by its text, and by the genes that you give; "
        "then the drugs are ranked as for any other."
    )
    newcomer = form(run)
    trusted(run.name)
    if newcomer is not None:
        shown(run, newcomer, found.placed(run.name, newcomer))


def form(run: LoadedRun) -> Newcomer | None:
    """Ask for kind, name, description and genes; None until there is a description."""
    graph = run.graph
    genes = {graph.vocabulary.entities[row]: graph.names[row] for row in graph.of_kind(graph.source.target_kind).tolist()}
    kind = state.read("kind") if state.read("kind") in KINDS else "disease"
    st.segmented_control(
        "It is", KINDS, format_func=KINDS.__getitem__, required=True, **state.widget("kind", kind, default="disease")
    )
    name, text = state.kept("newcomer") or ("", "")
    chosen = [each for each in state.listed("genes") if each in genes]
    with st.form("newcomer"):
        name = st.text_input("Name", name)
        text = st.text_area("Description: mechanism, affected genes or targets, symptoms", text, height=160)
        options = sorted(genes, key=genes.__getitem__)
        chosen = st.multiselect("Known genes or targets (may stay empty)", options, chosen, format_func=genes.__getitem__)
        if st.form_submit_button("Rank", type="primary", icon=":material/play_arrow:"):
            state.keep("newcomer", (name, text))
            state.write(genes=",".join(chosen) or None)
    if not name.strip() and not text.strip():
        st.info("Give a name and at least one sentence, then press Rank.", icon=":material/edit:")
        return None
    entity_kind = graph.source.disease_kind if kind == "disease" else graph.source.drug_kind
    facts = gene_facts(graph, entity_kind, resources.known_rows(graph, chosen))
    return Newcomer(entity_kind, name, text, facts)


def trusted(run: str) -> None:
    """Say how reliable this is, or offer to measure it."""
    workspace = resources.workspace()
    if measured := found.trust(run):
        parts.trust_words(measured)
    else:
        parts.trust_offer(run, lambda: measuring.start(workspace, run), lambda: measuring.measurement(workspace, run))


def shown(run: LoadedRun, newcomer: Newcomer, placed: Placed) -> None:
    """Show where it was placed, and the ranking."""
    names = run.graph.names
    near = ", ".join(f"{plain(names[row])} ({cosine:.2f})" for row, cosine in placed.nearest)
    st.markdown(f"**{plain(newcomer.name)}** is described most like: {near}.")
    if placed.nearest and placed.nearest[0][1] < theme.FAR:
        st.warning("Nothing in the graph is described much like it: the ranking has little to go on.", icon=":material/warning:")
    is_disease = newcomer.kind == run.graph.source.disease_kind
    table = rank_for_new_disease(placed) if is_disease else rank_new_drug(placed)
    parts.ranking(table.head(SHOWN), "Drug" if is_disease else "Disease", is_disease=is_disease)
    if is_disease:
        st.caption("Nobody has said yet which drugs are forbidden in it: no drug here was checked for harm.")
    records = rank_records(table, COLUMNS)
    name = file_slug(newcomer.name, run.name, datetime.date.today().isoformat())
    with st.container(horizontal=True):
        st.download_button(
            "CSV", to_csv(records, COLUMNS), f"{name}.csv", "text/csv", on_click="ignore", icon=":material/download:"
        )
        components.link_box()
    st.caption(
        f"{placed.combined.capitalize()} of: {', '.join(placed.parts)}. The link carries kind and genes; name and text stay in "
        "this browser tab, their vectors in the workspace."
    )


main()
