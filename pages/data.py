"""Data: what is loaded, how it is made, what is wrong with it, whose it is; and how to bring a graph of one's own."""

from pathlib import Path

import streamlit as st

from core.config import RunSettings
from core.errors import LladrError
from core.kg.graph import KnowledgeGraph
from core.kg.stored import Content, files_of, store_graph
from core.pipeline.inspection import Inspection, Preview
from core.types import TextMode
from core.workspace import file_slug
from dashboard import charts, components, jobs, navigation, resources, state, theme
from dashboard.charts.data import schema_figure
from dashboard.components import data as parts
from dashboard.components import data_steps as steps
from dashboard.components.training import free_name
from dashboard.components.words import errors_shown
from dashboard.resources import data as found
from dashboard.theme import plain
from pages import file_name


def main() -> None:
    """Draw the page."""
    st.title("Data")
    st.markdown("Every ranking rests on a graph of facts: look at what it holds, and at what is wrong with it.")
    if message := state.told():
        st.success(message, icon=":material/check:")
    parts.part_picker()
    if parts.chosen_part() == "own":
        bring()
    else:
        loaded()


def loaded() -> None:
    """Show one graph; one that cannot be read is said below the choice, so that another can be chosen."""
    name = found.chosen_name()
    parts.graph_picker(found.known_graphs(), name)
    with errors_shown():
        graph = resources.graph(name)
        described(graph, found.inspected(graph))


def described(graph: KnowledgeGraph, seen: Inspection) -> None:
    """Draw all that is known of a graph."""
    parts.headline(seen)
    if graph.name == "starter":
        components.source_badge(graph.source)
    file = file_name(Path(graph.name.split(",")[0]).name, "graph")
    st.subheader("What it is made of")
    figure = schema_figure(seen.kinds, seen.relations, ink=theme.INK[state.look()])
    st.plotly_chart(figure, config=charts.figure_config(f"{file}_schema"), key="schema")
    st.caption("Kinds of entity with their number, and how many facts join them; ↻ within one kind. Hover for the relations.")
    tables(seen, file)
    st.subheader("Checks")
    parts.check_list(seen.checks, f"{file}_checks")
    st.subheader("Licences and files")
    parts.licence_list(seen.licences)
    parts.file_table(seen.files, seen.fingerprint)
    st.subheader("Runs that learned it")
    parts.run_list(found.runs_on(graph.name), seen.fingerprint)
    parts.train_box(graph.name, described=any(kind.described for kind in seen.kinds), start=lambda text: train(graph, text))
    components.link_box()


def tables(seen: Inspection, file: str) -> None:
    """Show kinds, relations and hubs."""
    kinds, relations, hubs = st.tabs(["Kinds", "Relations", "Largest hubs"])
    with kinds:
        parts.kind_table(seen.kinds)
    with relations:
        parts.relation_table(seen.relations)
        parts.schema_downloads(seen.relations, f"{file}_schema")
    with hubs:
        st.caption("Entities that touch most others: a path through one of them says little.")
        parts.hub_table(seen.hubs)


def train(graph: KnowledgeGraph, text: TextMode) -> None:
    """Start a run with the standard preset, and watch it."""
    settings = RunSettings.parse({"kg": graph.name, "text": {"mode": text}})
    stem = f"{file_slug(Path(graph.name.split(',')[0]).name)}-{settings.model.interaction}-{text}-0"
    name = free_name(stem, resources.run_names())
    jobs.start(resources.workspace(), name, settings)
    state.tell(f"{plain(name)} has started.")
    navigation.go("training", watch=name)


def bring() -> None:
    """Go through the three steps."""
    steps.form_step(found.example(), found.example_archive())
    folder, uploads = steps.give_step()
    if not folder and not uploads:
        steps.nothing_given()
        return
    with errors_shown():
        files: dict[str, Content] = dict(uploads) or {**files_of(Path(folder).expanduser())}
        seen = look(folder, uploads)
        steps.preview_words(seen)
        if seen.inspection is not None:
            stem = "my-graph" if uploads else file_slug(Path(folder).name)
            steps.store_step(stem, lambda name: store(name, files))


def look(folder: str, uploads: dict[str, bytes]) -> Preview:
    """Preview what was given; uploads win over a folder.

    :raises GraphFormatError: if too much is uploaded, or a file that is no part of a graph
    """
    with steps.stages() as progress:
        if not uploads:
            return found.preview_of_folder(Path(folder).expanduser(), progress)
        steps.refuse_large(uploads)
        return found.preview_of_files(uploads, progress)


def store(name: str, files: dict[str, Content]) -> None:
    """Keep the graph and look at it; a refusal is said here, so that what was given stays."""
    try:
        folder = store_graph(resources.workspace(), name, files)
    except LladrError as error:
        components.error_box(error)
        return
    state.tell(steps.kept_words(name))
    state.write(kg=str(folder.resolve()), part=None, folder=None)
    st.rerun()


main()
