"""Descriptions: what language models wrote about an entity, checked against the graph sentence by sentence."""

from functools import partial

import streamlit as st

import pages
from core.config import DescribeSettings
from core.kg.graph import KnowledgeGraph
from core.workspace import file_slug
from dashboard import navigation, resources, state, theme
from dashboard.components import claims, extraction, link_box
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
    names = graph.vocabulary.entities
    shown.entity_search(graph, texts.entity_index(graph), lambda row: navigation.go("descriptions", entity=names[row]))
    entity = texts.chosen_entity(graph)
    if entity is None:
        st.info("Search a drug, a disease or a gene to read what was written about it.", icon=":material/search:")
    else:
        one_entity(graph, entity)
    st.divider()
    write(graph, entity)
    whole_graph(graph)


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
        shown.facts_and_history(graph, text, pages.file_name(graph.names[entity], text.key))
    shown.edit_form(found, save)
    link_box()


def save(text: texts.Text, changes: dict[str, str | list[str]], author: str, reason: str) -> None:
    """Keep an edit as a new version."""
    texts.edit(text, changes, author=author, reason=reason)
    state.tell(f"Saved as a new version of: {text.title}.")
    st.rerun()


def write(graph: KnowledgeGraph, entity: int | None) -> None:
    """Let a model write about this entity now, or about many in the background."""
    st.subheader("Let a language model write")
    workspace = resources.workspace()
    if texts.server_is_configured():
        model = jobs.usual_model()
        if entity is not None:
            extraction.write_one_form(model, partial(write_one, graph, entity))
        extraction.write_many_form(graph.kind_names, model, partial(jobs.estimated, workspace, graph), partial(start, graph))
    else:
        extraction.no_server()
    found, resume = partial(jobs.extractions, workspace, graph.name), partial(jobs.resume, workspace)
    extraction.follow(found, stop=jobs.stop, resume=resume, log=jobs.log_tail)


def write_one(graph: KnowledgeGraph, entity: int, settings: DescribeSettings) -> None:
    """Ask for one description while the reader waits."""
    with st.spinner("The model is writing ..."):
        outcome = jobs.write_one(resources.workspace(), graph, entity, settings)
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
        claims.whole_report(graph, checked.claims, checked.report, file_slug(graph.source.name, source, "claims"))
    elif st.button("Check them all against the graph", icon=":material/fact_check:"):
        state.write(source=source)
        st.rerun()


main()
