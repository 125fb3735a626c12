"""Atlas: the embedding space before and after the text: the picture, what it shows, what moved."""

import numpy as np
import streamlit as st

import pages
from core.casestudy.marks import Marks
from core.pipeline.atlas import Atlas
from core.pipeline.atlas_files import downloads as files
from dashboard import components, resources, state, theme
from dashboard.charts import atlas as charts
from dashboard.components import atlas as parts
from dashboard.components import atlas_movers as moves
from dashboard.components import atlas_tables as tables
from dashboard.components import texts as search
from dashboard.jobs import atlas as work
from dashboard.resources import atlas as data
from dashboard.resources import texts


def main() -> None:
    """Draw the page."""
    if resources.chosen_run_name() is None:
        pages.no_run()
        return
    st.title("Atlas")
    st.markdown("What the text changed. Every dot is an entity; what the model takes for similar lies close together.")
    pair = data.chosen_pair()
    if pair is None:
        parts.no_pair()
        return
    found = data.atlas(pair)
    if isinstance(found, data.Waiting):
        workspace = resources.workspace()
        parts.waiting(found, lambda: work.start(workspace, pair), lambda: work.computation(workspace))
        return
    file_name = pages.file_name("atlas", pair.before, pair.after)
    search.entity_search(found.graph, texts.entity_index(found.graph), lambda row: choose(found, row))
    entity, disease = texts.chosen_entity(found.graph), resources.chosen_disease(found.graph)
    picked = picture(found, entity, disease, file_name)
    if picked:
        selection(found, picked, file_name)
    if entity is not None:
        neighbours(found, entity)
    measures(found)
    movers(found, disease)
    take_away(found, file_name)


def choose(found: Atlas, row: int) -> None:
    """Look at another entity."""
    state.write(entity=found.graph.vocabulary.entities[row])
    st.rerun()


def picture(found: Atlas, entity: int | None, disease: int | None, file_name: str) -> list[int]:
    """Draw the panels; returns the entities of a box or lasso."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shown = parts.panel_picker(list(found.panels))
        by = parts.colour_picker(data.colours(found.graph, disease=disease))
        components.link_box()
    drawn = charts.panels(
        charts.frames(found.panels, shown),
        data.colour(found, by, disease=disease),
        charts.hover_texts(found.graph, resources.descriptions(found.graph)),
        kinds=by == "kind",
        highlight=None if entity is None else charts.Highlight(entity, found.change(entity)),
        ink=theme.INK[state.look()],
    )
    return charts.selected(drawn, parts.panels_chart(drawn.figure, charts.config(file_name)))


def selection(found: Atlas, picked: list[int], file_name: str) -> None:
    """List what a box or lasso holds, and show where it lies in all panels."""
    tables.selection_table(found.graph, picked, found.overlap, file_name)
    hover = charts.hover_texts(found.graph, {})
    drawn = charts.panels(charts.frames(found.panels), data.marked(found, picked), hover, ink=theme.INK[state.look()])
    parts.marked_chart(drawn.figure, charts.config(f"{file_name}_selection"))


def neighbours(found: Atlas, entity: int) -> None:
    """Show whom an entity is near, before and after."""
    graph = found.graph
    tables.neighbour_words(graph, entity, found.change(entity))
    before, after = (found.panels[name].neighbours[entity] for name in ("before", "after"))
    tables.neighbour_table(graph, entity, before, after, lambda row: state.write(entity=graph.vocabulary.entities[row]))


def measures(found: Atlas) -> None:
    """Say what the spaces separate and what they have in common."""
    st.subheader("What can be measured")
    tables.measure_table(found.measures)
    tables.sentence_list(found.sentences())
    if not data.has_control(found):
        parts.no_control()


def movers(found: Atlas, disease: int | None) -> None:
    """Show what moved most, and what came nearer to the disease."""
    st.subheader("What moved")
    graph, nearer = found.graph, None
    if disease is not None:
        statuses = dict(zip(graph.drugs.tolist(), Marks.of(graph, disease).status, strict=True))
        nearer = moves.Nearer(disease, data.nearer_drugs(found, disease), statuses, names_uses=data.names_uses(found))
    kinds = {"Drugs": graph.drugs, "Diseases": graph.diseases, "All": np.arange(graph.n_entities)}
    moves.mover_tabs(found, {label: data.movers(found, rows) for label, rows in kinds.items()}, nearer)


def take_away(found: Atlas, file_name: str) -> None:
    """Offer table, measures and figure."""
    st.subheader("Take it away")
    parts.downloads(files(found), file_name)


main()
