"""Atlas: the embedding space before and after the text: the picture, what it shows, what moved."""

import datetime

import numpy as np
import streamlit as st

from core.casestudy.marks import Marks
from core.pipeline.atlas import Atlas
from core.pipeline.atlas_files import downloads as files
from core.projection.words import WARNING
from core.types import IntArray
from core.workspace import file_slug
from dashboard import components, jobs, resources, state, theme
from dashboard.charts import atlas as charts
from dashboard.components import atlas as parts
from dashboard.components import atlas_tables as tables
from dashboard.components import texts as search
from dashboard.jobs import atlas as work
from dashboard.resources import atlas as data
from dashboard.resources import texts
from dashboard.theme import plain


def main() -> None:
    """Draw the page."""
    if resources.chosen_run_name() is None:
        components.first_run(lambda: jobs.prepare(resources.workspace()), lambda: jobs.preparation(resources.workspace()))
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
    file_name = file_slug("atlas", pair.before, pair.after, datetime.date.today().isoformat())
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
    with st.container(key="wide"):
        event = st.plotly_chart(
            drawn.figure, config=charts.config(file_name), key="panels", on_select="rerun", selection_mode=("box", "lasso")
        )
    st.caption(f"Draw a box or a lasso around dots to list them; hover to read; zoom in one panel zooms all. {WARNING}")
    return charts.selected(drawn, event.selection.points)


def selection(found: Atlas, picked: list[int], file_name: str) -> None:
    """List what a box or lasso holds, and show where it lies in all panels."""
    tables.selection_table(found.graph, picked, found.overlap, file_name)
    hover = charts.hover_texts(found.graph, {})
    drawn = charts.panels(charts.frames(found.panels), data.marked(found, picked), hover, ink=theme.INK[state.look()])
    with st.expander("Where it lies in every panel", icon=":material/scatter_plot:"):
        st.plotly_chart(drawn.figure, config=charts.config(f"{file_name}_selection"), key="marked")


def neighbours(found: Atlas, entity: int) -> None:
    """Show whom an entity is near, before and after."""
    graph, change = found.graph, found.change(entity)
    st.subheader(f"Neighbours of {plain(graph.names[entity])}")
    st.markdown(
        f"**{len(change.stayed)} stayed, {len(change.came)} came in, {len(change.left)} went out**, in the original space."
    )
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
    graph = found.graph
    kinds: dict[str, IntArray] = {"Drugs": graph.drugs, "Diseases": graph.diseases, "All": np.arange(graph.n_entities)}
    nearer = [] if disease is None else [f"Nearer to {graph.names[disease]}"]
    tabs = st.tabs([*map(plain, nearer), *(f"{label} that moved most" for label in kinds)])
    if disease is not None:
        with tabs[0]:
            statuses = dict(zip(graph.drugs.tolist(), Marks.of(graph, disease).status, strict=True))
            tables.approach_table(graph, data.nearer_drugs(found, disease), statuses, disease)
            tables.approach_note(names_uses=data.names_uses(found))
    for tab, rows in zip(tabs[len(nearer) :], kinds.values(), strict=True):
        with tab:
            moved = data.movers(found, rows)
            tables.mover_table(graph, moved, found.overlap, [found.change(int(row)) for row in moved], disease=disease)


def take_away(found: Atlas, file_name: str) -> None:
    """Offer table, measures and figure."""
    st.subheader("Take it away")
    parts.downloads(files(found), file_name)


main()
