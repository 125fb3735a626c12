"""Evidence: why a drug might help in a disease: paths in words and drawn, what counted, and what the language model wrote."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

import pages
from core.casestudy.contributions import contributions, weights_words
from core.explain.direct import direct_facts
from core.explain.paths import Path
from core.kg.graph import KnowledgeGraph
from core.pipeline import LoadedRun
from dashboard import charts, components, resources, state, theme
from dashboard.charts import evidence as drawn
from dashboard.components import comparison, measured
from dashboard.components import evidence as parts
from dashboard.resources import evidence as found
from dashboard.resources import texts as written
from dashboard.theme import plain

PATHS, BESIDE = 10, 5  #: best paths of a drug alone, and of each drug that is compared


def main() -> None:
    """Draw the page."""
    run = resources.chosen_run()
    if run is None:
        pages.no_run()
        return
    graph, disease = run.graph, resources.chosen_disease(run.graph)
    if disease is None:
        st.title("Evidence")
        pages.no_disease()
        return
    table = resources.shortlist(run.name, disease)
    drugs = found.chosen_drugs(graph, table, most_others=comparison.MOST_COMPARED)
    drug, names = drugs[0], (graph.names[drugs[0]], graph.names[disease])
    file_name = pages.file_name(*names, run.name)
    header(graph, table, drugs, disease)
    parts.take_away(found.record(run, table, drug, disease, top=PATHS), file_name, *names)
    part = comparison.part_picker()
    shown = shown_paths(graph, drugs, disease)
    if part in ("all", "paths"):
        paths_part(graph, drugs, disease, shown)
    if part in ("all", "picture") and shown[0]:
        picture(graph, shown[0], file_name)
    if part in ("all", "counted"):
        counted(run, drug, disease, len(table))
    if part in ("all", "texts"):
        rows, texts = (*drugs, disease), resources.descriptions(graph)
        claims = {row: written.claims_of(graph, row, texts.get(row)) for row in rows}
        parts.descriptions(graph, rows, texts, claims)


def header(graph: KnowledgeGraph, table: pd.DataFrame, drugs: Sequence[int], disease: int) -> None:
    """Ask the question, say where the drugs stand, and let others be chosen."""
    ranked = table.set_index("row")
    rows = [ranked.loc[drug] for drug in drugs]
    st.title(theme.question(plain(graph.names[drugs[0]]), plain(graph.names[disease]), rows[0]["status"]))
    comparison.standings(rows, len(table))
    identifiers = [graph.vocabulary.entities[drug] for drug in drugs]
    one, other = st.columns(2)
    with one:
        components.drug_picker(table, identifiers[0])
    with other:
        comparison.compare_picker(table, identifiers[0], identifiers[1:])


def shown_paths(graph: KnowledgeGraph, drugs: tuple[int, ...], disease: int) -> list[list[Path]]:
    """Return for each drug its paths of the chosen kind, or its best of all kinds."""
    table, code = found.metapaths(graph, drugs, disease), state.read("metapath")
    if code in table.codes:
        return comparison.paths_of_kind(table, code)
    top = PATHS if len(drugs) == 1 else BESIDE
    return [resources.best_paths(graph, drug, disease, top=top) for drug in drugs]


def paths_part(graph: KnowledgeGraph, drugs: tuple[int, ...], disease: int, shown: Sequence[Sequence[Path]]) -> None:
    """Show kinds of path by drugs, and then single paths in words."""
    st.subheader("Paths")
    table = found.metapaths(graph, drugs, disease)
    chances = found.chances(graph, table, disease)
    if table.codes:
        comparison.metapath_matrix(table, [graph.names[drug] for drug in drugs], chances)
        if chances is None:
            comparison.chance_button(found.n_random_graphs(graph), partial(found.make_chances, graph))
    for column, drug, paths in zip(st.columns(len(drugs)), drugs, shown, strict=True):
        with column:
            comparison.drug_heading(graph.names[drug], direct_facts(graph, drug, disease), alone=len(drugs) == 1)
            parts.path_list(graph, paths, found.remarks(graph, paths))
    st.caption("Paths say what connects the two, not that it helps: a drug may act on a target in the opposite direction.")


def picture(graph: KnowledgeGraph, paths: Sequence[Path], file_name: str) -> None:
    """Draw the chosen paths, to be moved about or to be saved."""
    st.subheader("Picture")
    chosen, ink = parts.path_picker(paths), theme.INK[state.look()]
    if not chosen:
        st.caption("Choose a path to draw.")
    elif comparison.drawing_picker() == "move":
        rules = drawn.path_rules(graph, chosen, ink=ink)
        comparison.moving_graph(drawn.path_elements(graph, chosen), rules, drawn.kind_legend(graph, chosen))
    else:
        comparison.still_graph(charts.path_graph(graph, chosen, ink=ink), charts.figure_config(file_name))


def counted(run: LoadedRun, drug: int, disease: int, total: int) -> None:
    """Show what carried the rank, what the text did, and what each fact and sentence did."""
    st.subheader(f"What counted for {plain(run.graph.names[drug])}")
    measured.carried(contributions(run.scorer, drug, disease), weights_words(run.scorer, disease), charts.contribution_bars)
    texts = found.texts(run.name, drug, disease)
    measured.text_ladder(texts.places, total, charts.rank_ladder)
    if measured.measure_button("about 2 seconds"):
        facts, sentences = found.facts(run.name, drug, disease), found.sentences(run.name, drug, disease)
        measured.ticks(run.graph, facts, sentences, texts, total, partial(found.what_if, run.name, drug, disease))


main()
