"""Descriptions: what language models wrote about an entity, checked against the graph sentence by sentence."""

import datetime
from functools import partial

import streamlit as st

from core.config import DescribeSettings
from core.errors import LladrError
from core.kg.graph import KnowledgeGraph
from core.workspace import file_slug
from dashboard import navigation, resources, state, theme
from dashboard.components import claims, error_box, extraction, link_box, live
from dashboard.components import texts as shown
from dashboard.jobs import descriptions as jobs
from dashboard.resources import texts
from dashboard.theme import plain


def main() -> None:
    """Draw the page."""
    st.title("Descriptions")
    st.markdown(
        "What language models wrote about drugs, diseases and genes, beside what the graph states. "
        "This text is what LLaDR adds to the graph: read it before you trust it."
    )
    if message := state.told():
        st.success(plain(message), icon=":material/check:")
    graph = resources.chosen_graph()
    shown.entity_search(graph, texts.entity_index(graph), lambda row: choose(graph, row))
    entity = texts.chosen_entity(graph)
    if entity is None:
        st.info("Search a drug, a disease or a gene to read what was written about it.", icon=":material/search:")
    else:
        one_entity(graph, entity)
    st.divider()
    write(graph, entity)
    whole_graph(graph)


def choose(graph: KnowledgeGraph, row: int) -> None:
    """Open an entity."""
    navigation.go("descriptions", entity=graph.vocabulary.entities[row])


def one_entity(graph: KnowledgeGraph, entity: int) -> None:
    """Show the descriptions of an entity side by side; offer to edit them."""
    shown.entity_header(graph, entity)
    found = texts.texts_of(graph, entity)
    if not found:
        st.info("Nothing is written about it yet.", icon=":material/help:")
        return
    chosen = shown.text_picker(found)
    shown.verdict_key()
    shown.text_columns(graph, chosen)
    for text in chosen:
        with st.expander(f"Facts and edges: {plain(text.title)} ({theme.counted(len(text.claims), 'fact')})"):
            claims.claim_table(graph, text.claims, file_slug(graph.names[entity], text.key, datetime.date.today().isoformat()))
        if len(text.versions) > 1:
            with st.expander(f"Earlier versions: {plain(text.title)} ({len(text.versions) - 1})", icon=":material/history:"):
                shown.history(graph, text)
    shown.edit_form(found, save)
    link_box()


def save(text: texts.Text, changes: dict[str, str | list[str]], author: str, reason: str) -> None:
    """Keep an edit as a new version."""
    if not changes:
        st.warning("Nothing was changed, so nothing was saved.", icon=":material/help:")
        return
    try:
        texts.edit(text, changes, author=author, reason=reason)
    except LladrError as error:  # said here, so that what was typed stays
        error_box(error)
        return
    state.tell(f"Saved as a new version of: {text.title}.")
    st.rerun()


def write(graph: KnowledgeGraph, entity: int | None) -> None:
    """Let a model write about this entity now, or about many in the background."""
    st.subheader("Let a language model write")
    if not texts.server_is_configured():
        extraction.no_server()
    else:
        if entity is not None:
            extraction.write_one_form(jobs.usual_model(), lambda settings: write_one(graph, entity, settings))
        extraction.write_many_form(
            graph.kind_names,
            jobs.usual_model(),
            estimate=lambda settings: jobs.estimated(resources.workspace(), graph, settings),
            start=lambda settings, usd: start(graph, settings, usd),
        )
    if jobs.extractions(resources.workspace(), graph.name):
        live(lambda: follow(graph), running=any(job.running for job in jobs.extractions(resources.workspace(), graph.name)))


def write_one(graph: KnowledgeGraph, entity: int, settings: DescribeSettings) -> None:
    """Ask for one description while the reader waits."""
    try:
        with st.spinner("The model is writing ..."):
            outcome = jobs.write_one(resources.workspace(), graph, entity, settings)
    except LladrError as error:  # said here, so that the choices stay
        error_box(error)
        return
    if outcome.version is None:
        st.error(f"The model gave no usable description: {plain(outcome.reason)}", icon=":material/error:")
        return
    state.write(texts=None)  # so that the new one is among those that are shown
    state.tell("Written." if outcome.state == "written" else "This was written before; the model was not asked again.")
    st.rerun()


def start(graph: KnowledgeGraph, settings: DescribeSettings, usd: float | None) -> None:
    """Start an extraction in the background."""
    jobs.start(resources.workspace(), graph, settings, budget_usd=usd)
    state.tell(f"Writing has started: prompt {settings.prompt}, {settings.model}.")
    st.rerun()


def follow(graph: KnowledgeGraph) -> bool:
    """Draw all extractions; returns whether any runs."""
    workspace = resources.workspace()
    found = jobs.extractions(workspace, graph.name)
    for job in found:
        stop, resume, log = partial(jobs.stop, job), partial(jobs.resume, workspace, job), partial(jobs.log_tail, job)
        extraction.extraction_panel(job, stop=stop, resume=resume, log=log)
    return any(job.running for job in found)


def whole_graph(graph: KnowledgeGraph) -> None:
    """Report all descriptions of a source."""
    st.subheader("All descriptions of this graph")
    titles = texts.sources(graph)
    if not titles:
        st.info("This graph comes without descriptions: write them with `lladr describe`.", icon=":material/help:")
        return
    source = shown.source_picker(titles)
    described = texts.descriptions_of(graph, source).described
    st.caption(f"{plain(titles[source])}: {theme.counted(len(described), 'description')}.")
    if len(described) > texts.AT_ONCE:
        st.info("So many take a while: `lladr ground` checks them.", icon=":material/terminal:")
    elif state.read("source") == source:
        checked = texts.checked(graph, source)
        claims.report_words(checked.report)
        st.markdown("**All facts with their verdicts**")
        claims.claim_downloads(graph, checked.claims, file_slug(graph.source.name, source, "claims"))
    elif st.button("Check them all against the graph", icon=":material/fact_check:"):
        state.write(source=source)
        st.rerun()


main()
