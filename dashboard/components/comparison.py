"""Lay several drugs side by side: where they stand, which kinds of path join them to the disease, and the paths as a picture."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import pandas as pd
import streamlit as st
from st_link_analysis import st_link_analysis

from core.explain.metapaths import GroupsTable
from core.explain.paths import Path
from core.explain.sentences import Fact
from core.explain.significance import Chance
from core.types import Progress
from dashboard import state, theme
from dashboard.components.evidence import fact_words
from dashboard.components.words import mark_badges
from dashboard.theme import plain

PARTS = {
    "all": "All",
    "paths": "1 Paths",
    "picture": "2 Picture",
    "counted": "3 What counted",
    "texts": "4 What was written",
}
DRAWINGS = {"move": "to move about", "save": "to save (SVG)"}
MOST_COMPARED = 2
ROW_HEIGHT, ROWS_SHOWN = 35, 9
BEST = "best"
GRAPH_HEIGHT = 430
DOTS = ((0.0026, "●●●"), (0.01, "●●○"), (0.05, "●○○"), (1.0, "○○○"))  #: p-value up to which, and dots
DOTS_HELP = (
    "Strength of the paths of this kind (degree-weighted path count, DWPC), then how many there are. Dots: how seldom a random "
    "graph with the same degrees has as much: ●●● fewer than 1 in 385, ●●○ 1 in 100, ●○○ 1 in 20, ○○○ oftener."
)


class Styled(Protocol):
    """A rule of the drawing's style sheet."""

    def dump(self) -> dict[str, Any]:
        """Return selector and style."""
        ...


def part_picker() -> str:
    """Choose which part of the page to see."""
    asked = state.read("part")
    part = asked if asked in PARTS else "all"
    labels = {"format_func": PARTS.__getitem__, "required": True, "label_visibility": "collapsed"}
    st.segmented_control("Part of the page", list(PARTS), **labels, **state.widget("part", part, default="all"))
    return part


def compare_picker(table: pd.DataFrame, drug: str, chosen: Sequence[str]) -> None:
    """Choose up to two drugs to lay beside the first.

    :param table: a shortlist
    """
    rows = table.loc[table["id"] != drug, ["id", "name", "rank"]].itertuples(index=False)
    labels = {row.id: f"{row.name} ({theme.ordinal(row.rank)})" for row in rows}
    st.multiselect(
        "Compare with",
        list(labels),
        format_func=labels.__getitem__,
        max_selections=MOST_COMPARED,
        placeholder="one or two other drugs",
        **state.widget("compare", list(chosen), default=[]),
    )


def standings(rows: Sequence[pd.Series], total: int) -> None:
    """Say of each drug where it stands and what the graph knows of it."""
    if len(rows) == 1:
        _standing(rows[0], total)
        return
    for column, row in zip(st.columns(len(rows)), rows, strict=True):
        with column, st.container(border=True):
            st.markdown(f"**{plain(row['name'])}**")
            _standing(row, total)


def _standing(row: pd.Series, total: int) -> None:
    st.markdown(f"**{theme.place(row['rank'], total, row.get('base_rank'))}**, {theme.above(row['percentile'], total)}")
    mark_badges(row["status"], row)


def metapath_matrix(table: GroupsTable, names: Sequence[str], chances: Sequence[Mapping[str, Chance]] | None) -> None:
    """Show kinds of path by drugs, the strongest first; a selected row opens its paths."""
    labels = {code: f"{words} ({code})" for code, words in zip(table.codes, table.words, strict=True)}
    asked = state.read("metapath")
    chosen = asked if asked in labels else None
    shown = pd.DataFrame({"Kind of path": list(labels.values())})
    for column in range(len(names)):
        shown[str(column)] = [_cell(table, row, column, chances) for row in range(len(labels))]
    if len(names) == 1 and chances:
        shown["By chance"] = [chance_words(chances[0][code]) for code in table.codes]
    key = f"kinds-{hash((table.codes, table.drugs))}"
    st.dataframe(
        shown,
        hide_index=True,
        column_config={
            "Kind of path": st.column_config.TextColumn(
                pinned=True, width=560 if len(names) == 1 else 320, help="Select a row to read its paths."
            ),
            **{str(column): st.column_config.TextColumn(name, help=DOTS_HELP) for column, name in enumerate(names)},
            "By chance": st.column_config.TextColumn(
                help="Random graphs, in which every node keeps its number of edges, that have as much."
            ),
        },
        key=key,
        on_select=lambda: _open_kind(key, table.codes),
        selection_mode="single-row",
        selection_default={"selection": {"rows": [table.codes.index(chosen)] if chosen else []}},
        height=min(ROWS_SHOWN, len(labels) + 1) * ROW_HEIGHT + 3,
    )
    st.selectbox(
        "Paths shown below",
        [BEST, *labels],
        format_func=lambda code: labels.get(code, "the best of all kinds"),
        **state.widget("metapath", chosen or BEST, default=BEST),
    )


def _open_kind(key: str, codes: Sequence[str]) -> None:
    rows = state.table_selection(key)
    state.write(metapath=codes[rows[0]] if rows else None)


def _cell(table: GroupsTable, row: int, column: int, chances: Sequence[Mapping[str, Chance]] | None) -> str:
    paths = int(table.n_paths[row, column])
    if not paths:
        return "none"
    dots = f"{chance_dots(chances[column][table.codes[row]])} " if chances else ""
    return f"{dots}{table.dwpc[row, column]:.3f} · {theme.counted(paths, 'path')}"


def chance_dots(chance: Chance) -> str:
    """Return how seldom chance gives as much, in three dots."""
    return next(dots for most, dots in DOTS if chance.p <= most)


def chance_words(chance: Chance) -> str:
    """Say how seldom chance gives as much, and no more than the random graphs can tell."""
    if not chance.reached:
        return f"none of {theme.count(chance.graphs)} random graphs"
    return f"about 1 in {theme.count(max(1, round(1 / chance.p)))} random graphs"


def drawing_picker() -> str:
    """Choose between the picture to move about and the one to save."""
    asked = state.read("drawing")
    drawing = asked if asked in DRAWINGS else "move"
    labels = {"format_func": DRAWINGS.__getitem__, "required": True}
    st.segmented_control("Picture", list(DRAWINGS), **labels, **state.widget("drawing", drawing, default="move"))
    return drawing


def moving_graph(
    elements: dict[str, Any],
    rules: tuple[Sequence[Styled], Sequence[Styled]],
    legend: Sequence[tuple[str, str, str]],
) -> None:
    """Draw a graph that can be dragged and zoomed; a click opens what is known of a node or a fact."""
    signs = [f'<span style="color:{colour}">{sign}</span> {word}' for sign, colour, word in legend]
    st.html(" &ensp; ".join(signs))
    nodes, edges = rules
    layout = {"name": "preset", "fit": True, "padding": 34}
    st_link_analysis(elements, layout, nodes, edges, height=GRAPH_HEIGHT, key="moving-graph")
    st.caption("Thick lines: an independent database has the fact, too. Dotted: correlations. Drag, zoom; click for details.")


def still_graph(figure: Any, config: dict[str, Any]) -> None:
    """Draw a graph that can be saved; on a narrow screen it scrolls."""
    with st.container(key="wide"):
        st.plotly_chart(figure, config=config, key="picture")
    st.caption("Thick lines: also in an independent database. Dotted: correlations. The camera button saves the picture as SVG.")


def chance_button(graphs: int, make: Callable[[Progress], None]) -> None:
    """Offer to make the random graphs that chance is told by, with the time left while they are made."""
    label = f"Compare with chance ({theme.count(graphs)} random graphs, made once, some 20 seconds)"
    if not st.button(label, icon=":material/casino:"):
        return
    bar, began = st.progress(0.0, "Shuffling the graph ..."), time.monotonic()

    def report(done: int, whole: int) -> None:
        left = (time.monotonic() - began) * (whole - done) / max(done, 1)
        bar.progress(done / whole, f"Shuffling the graph: {done} of {whole}, {theme.duration(left)} left")

    make(report)
    st.rerun()


def paths_of_kind(table: GroupsTable, code: str) -> list[list[Path]]:
    """Return the single paths of one kind, a list for each drug."""
    return [[path for group in groups if group.code == code for path in group.paths] for groups in table.groups]


def drug_heading(name: str, facts: Sequence[Fact], *, alone: bool) -> None:
    """Begin the paths of a drug, with what the graph states of the pair itself."""
    if not alone:
        st.markdown(f"##### {plain(name)}")
    if facts:
        st.caption("What the graph states of the pair itself")
        st.markdown("\n".join(f"- {fact_words(item)}" for item in facts))
