"""The parts of page Case study: recovery in numbers, tables that choose, the dossier."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.casestudy.recovery import Recovery
from core.kg.graph import KnowledgeGraph
from dashboard import state, theme
from dashboard.components.context import link_box
from dashboard.components.files import download
from dashboard.components.tables import warning_cells
from dashboard.components.words import errors_shown
from dashboard.theme import plain

PARTS = {"disease": "This disease", "drug": "One drug in all diseases"}
TABLE_HEIGHT = 440


def recovery_part(found: Mapping[str, Recovery], draw: Callable[[Mapping[str, Recovery]], Any]) -> None:
    """Show how many drugs of each list stand near the top, as a curve and in numbers; say so where there is no list."""
    if not found:
        st.info(
            "The graph knows no treatment and no trial of this disease. Give a list of your own below.", icon=":material/help:"
        )
        return
    st.plotly_chart(draw(found), key="curves")
    recovery_table(found)
    st.caption(
        "Known treatments were learned from: they are the control. Trial drugs are kept from training where the graph "
        "says so. The dashed line is what a random order would find."
    )


def recovery_table(found: Mapping[str, Recovery]) -> None:
    """Show, for each list, how many stand among the first 10, 50, 100, with what chance gives."""
    records = [
        {
            "List": name,
            "Among the first": part.depth,
            "Found": f"{part.found} of {part.of}",
            "By chance": part.chance,
            "As many by chance": theme.one_in(part.p),
        }
        for name, each in found.items()
        for part in each.at
    ]
    column = st.column_config
    st.dataframe(
        pd.DataFrame(records),
        hide_index=True,
        column_config={
            "By chance": column.NumberColumn(format="%.1f", help="Expected if the order were random."),
            "As many by chance": column.TextColumn(help="How often a random order has so many or more (hypergeometric)."),
        },
    )


def own_list(take: Callable[[str], None]) -> None:
    """Take a list of drugs from the reader, and say what of the last one could not be read."""
    with st.expander("Look for drugs of your own list", icon=":material/playlist_add:"):
        if (text := list_form()) is not None:
            take(text)
    for problem in state.problems():
        st.caption(plain(problem))


def list_form() -> str | None:
    """Let the reader paste or upload a list of drugs; returns its text once it is given."""
    with st.form("list", border=False):
        text = st.text_area("Names, one a line (synonyms and DrugBank identifiers are fine)", height=110)
        file = st.file_uploader("or a text file", type=["txt", "tsv", "csv"])
        given = st.form_submit_button("Look for these", icon=":material/search:")
    if not given:
        return None
    return file.getvalue().decode("utf-8-sig", errors="replace") if file else text


def located(graph: KnowledgeGraph, names: Sequence[str], rows: Sequence[int | None], table: pd.DataFrame) -> None:
    """Show where drugs of a published list stand in this ranking."""
    ranked = table.set_index("row")
    records = [
        {
            "Published place": place,
            "Drug": name if row is None else graph.names[row],
            "Here": "" if row is None else theme.ordinal(ranked.loc[row, "rank"]),
            "Above": "" if row is None else f"{ranked.loc[row, 'percentile']:.1f} %",
            "Status": "not in this graph" if row is None else theme.status_mark(ranked.loc[row, "status"]).cell,
        }
        for place, (name, row) in enumerate(zip(names, rows, strict=True), start=1)
    ]
    column = st.column_config
    configuration = {
        "Here": column.TextColumn(help=f"Place among all {theme.count(len(table))} drugs of this graph."),
        "Above": column.TextColumn(help="Share of the other drugs that stand below."),
    }
    st.dataframe(pd.DataFrame(records), hide_index=True, column_config=configuration)
    st.caption(
        "Xiang et al. 2025 (arXiv 2510.12181) list these for Alzheimer's disease, ranked on another graph (DRKG). A place here "
        "is a comparison, not a confirmation."
    )


def chosen_part() -> str:
    """Return which part of the page the address names."""
    return asked if (asked := state.read("part")) in PARTS else "disease"


def part_picker() -> None:
    """Choose between one disease with its drugs and one drug in all diseases."""
    labels = {"format_func": PARTS.__getitem__, "required": True, "label_visibility": "collapsed"}
    st.segmented_control("Part of the page", list(PARTS), **labels, **state.widget("part", chosen_part(), default="disease"))


def any_drug_picker(graph: KnowledgeGraph, chosen: int | None) -> None:
    """Choose a drug among all of the graph, by name."""
    names = {graph.vocabulary.entities[row]: graph.names[row] for row in graph.drugs.tolist()}
    st.selectbox(
        "Drug",
        sorted(names, key=lambda each: names[each].casefold()),
        index=None,
        format_func=names.__getitem__,
        placeholder="Choose or type",
        **state.widget("drug", None if chosen is None else graph.vocabulary.entities[chosen]),
    )


def top_candidates(table: pd.DataFrame, why: Sequence[str], verdicts: Mapping[str, str], chosen: str | None) -> None:
    """Show the first candidates with reason and verdict; a selected row becomes the drug of the context.

    :param table: rows of a shortlist with its outlook
    :param why: one sentence a row
    :param verdicts: words by identifier of the drug
    """
    identifiers = table["id"].tolist()
    shown = pd.DataFrame(
        {
            "#": table["rank"],
            "Drug": table["name"],
            "Above": table["percentile"],
            "Warning": [" ".join(cells) for cells in warning_cells(table)],
            "Verdict": [verdicts.get(each, "") for each in identifiers],
            "Why": list(why),
        }
    )
    column = st.column_config
    configuration = {
        "#": column.NumberColumn(format="%.0f", width=45, pinned=True, help="Place among all drugs."),
        "Drug": column.TextColumn(width=140, pinned=True, help="Select the row to give a verdict below."),
        "Above": column.NumberColumn(format="%.1f %%", width=75, help="Share of the other drugs that stand below."),
        "Warning": column.TextColumn(width=110, help="What is held against it; the reasons stand on page Candidates."),
        "Verdict": column.TextColumn(width=110, help="What readers think of it."),
        "Why": column.TextColumn("Why, in one line", width=420, help="The most specific path from drug to disease."),
    }
    _selectable(shown, configuration, "drug", identifiers, chosen)


def across_table(table: pd.DataFrame, chosen: str | None) -> None:
    """Show where one drug stands in each disease; a selected row becomes the disease of the context."""
    marks = [theme.status_mark(status).cell for status in table["status"]]
    shown = pd.DataFrame({"#": table["rank"], "Disease": table["name"], "Status": marks, "Above": table["percentile"]})
    column = st.column_config
    configuration = {
        "#": column.NumberColumn(format="%.0f", width=60, pinned=True, help="Place of the drug among all drugs of this disease."),
        "Disease": column.TextColumn(width=300, pinned=True, help="Select the row to make it the disease of the sidebar."),
        "Status": column.TextColumn(width=160, help="What the graph already knows of drug and disease."),
        "Above": column.ProgressColumn(format="%.1f %%", min_value=0, max_value=100, help="Share of the drugs that stand below."),
    }
    _selectable(shown, configuration, "disease", table["id"].tolist(), chosen)
    st.caption("A place far up in many diseases speaks of a popular drug, not of one disease. No mark is no proof of safety.")


def across_tools(disease: str | None, text: str, file_name: str) -> bool:
    """Offer table, address and the evidence for the disease of the context; returns whether that evidence is asked for.

    :param text: the table as CSV
    """
    label = None if disease is None else f"Evidence for {plain(disease)}"
    with st.container(horizontal=True):
        asked = label is not None and st.button(label, type="primary", icon=":material/route:")
        download("CSV", text, f"{file_name}.csv")
        link_box()
    return asked


def _selectable(shown: pd.DataFrame, configuration: Any, name: state.Name, identifiers: list[str], chosen: str | None) -> None:
    """Show a table of which a selected row goes to the context."""
    key = f"{name}-{hash((tuple(identifiers), chosen in identifiers))}"

    def select() -> None:
        rows = state.table_selection(key)
        state.write(**{name: identifiers[rows[0]] if rows else None})

    st.dataframe(
        shown,
        hide_index=True,
        column_config=configuration,
        key=key,
        on_select=select,
        selection_mode="single-row",
        selection_default={"selection": {"rows": [identifiers.index(chosen)] if chosen in identifiers else []}},
        height=theme.table_height(len(shown), TABLE_HEIGHT),
    )


def dossier_picker(table: pd.DataFrame, chosen: Sequence[str], first: Sequence[str]) -> None:
    """Choose the drugs that a dossier is made of.

    :param table: a shortlist
    :param chosen: their identifiers now
    :param first: identifiers that the address need not name
    """
    names = dict(zip(table["id"], table["name"], strict=True))
    arguments = state.widget("chosen", list(chosen), default=list(first))
    st.multiselect("Drugs in the report", list(names), format_func=names.__getitem__, **arguments)


def dossier_files(html: str, pdf: Callable[[str], bytes], name: str) -> None:
    """Offer a dossier as HTML and, where it can be printed, as PDF."""
    with st.container(horizontal=True):
        download("HTML", html, f"{name}.html")
        with errors_shown():
            download("PDF", pdf(html), f"{name}.pdf")
