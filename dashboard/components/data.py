"""The parts of page Data: what a graph holds, its checks, licences and files."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import pandas as pd
import streamlit as st

from core.casestudy.export import to_csv
from core.kg.census import KindCount, RelationCount
from core.kg.findings import Check
from core.pipeline.inspection import FileFacts, Hub, Inspection
from core.pipeline.licences import NOT_DECLARED, Licence
from core.types import TEXT_MODES, TextMode
from dashboard import state, theme
from dashboard.theme import plain

PARTS = {"graph": "What is loaded", "own": "Bring your own"}
CHECK_COLUMNS = ("verdict", "check", "found", "advice", "cases")
RELATION_COLUMNS = ("start", "relation", "end", "edges", "phrase", "inverse", "means", "declared", "trained")
ROW_HEIGHT, TABLE_HEIGHT = 35, 460


def chosen_part() -> str:
    """Return which part of the page the address names."""
    return asked if (asked := state.read("part")) in PARTS else "graph"


def part_picker() -> None:
    """Choose between looking at a graph and bringing one."""
    labels = {"format_func": PARTS.__getitem__, "required": True, "label_visibility": "collapsed"}
    st.segmented_control("Part of the page", list(PARTS), **labels, **state.widget("part", chosen_part(), default="graph"))


def graph_picker(graphs: Mapping[str, str], chosen: str) -> None:
    """Choose one of the graphs that the workspace knows, or the one that the address names."""
    labels = dict(graphs) if chosen in graphs else {**graphs, chosen: chosen}
    help_text = "The shipped one, those kept in the workspace, and those that runs have learned."
    st.selectbox("Graph", list(labels), format_func=labels.__getitem__, help=help_text, **state.widget("kg", chosen))


def headline(found: Inspection) -> None:
    """Say in one line how much a graph holds, and by whose declaration it is read."""
    counts = found.treatments
    st.markdown(
        f"**{theme.counted(found.entities, 'entity', 'entities')}** · **{theme.counted(found.edges, 'fact')}** · "
        f"{theme.count(found.corroborated)} with a recorded source · "
        f"{theme.counted(counts.pairs, 'known treatment')} of **{theme.counted(counts.diseases, 'disease')}** by "
        f"**{theme.counted(counts.drugs, 'drug')}**"
    )
    st.caption(
        f"Diseases: {theme.count(counts.treated)} with a treatment, {theme.count(counts.relieved)} with symptom relief only, "
        f"{theme.count(counts.untreated)} with neither. Drugs: {theme.count(counts.drugs - counts.used)} without any known use. "
        f"What its relations mean is declared in {plain(found.declared_in)}."
    )


def kind_table(kinds: Sequence[KindCount]) -> None:
    """Show how many entities each kind has, and how many of them are described."""
    shown = pd.DataFrame(
        {
            "Kind": [theme.kind_style(each.kind).word for each in kinds],
            "Entities": [each.entities for each in kinds],
            "Described": [100 * each.described / each.entities for each in kinds],
            "Facts": [each.facts for each in kinds],
            "Isolated": [each.isolated for each in kinds],
            "Identifier": [each.kind for each in kinds],
        }
    )
    column = st.column_config
    configuration = {
        "Kind": column.TextColumn(pinned=True, width=150),
        "Entities": column.NumberColumn(format="localized", help="How many there are."),
        "Described": column.ProgressColumn(format="%.0f %%", min_value=0, max_value=100, help="Share that has a text."),
        "Facts": column.NumberColumn(format="localized", help="Facts that touch one of them."),
        "Isolated": column.NumberColumn(format="localized", help="Those without any fact."),
        "Identifier": column.TextColumn(help="As the files call this kind."),
    }
    _table(shown, configuration)


def relation_table(relations: Sequence[RelationCount]) -> None:
    """Show which relations there are, what each means and how often it occurs."""
    shown = pd.DataFrame(
        {
            "From": [theme.kind_style(each.start).word for each in relations],
            "Reads": [each.phrase for each in relations],
            "To": [theme.kind_style(each.end).word for each in relations],
            "Facts": [each.edges for each in relations],
            "Counts as": [", ".join(theme.MARKS[role].text for role in each.roles) for each in relations],
            "Learned": ["yes" if each.trained else "no: mark and test only" for each in relations],
            "Backwards": [each.inverse for each in relations],
            "Identifier": [each.relation if each.declared else f"{each.relation} (not declared)" for each in relations],
        }
    )
    column = st.column_config
    configuration = {
        "From": column.TextColumn(pinned=True, width=110),
        "Facts": column.NumberColumn(format="localized"),
        "Counts as": column.TextColumn(help="Which part the source declares it to play: it decides marks, tests and warnings."),
        "Learned": column.TextColumn(help="Whether models may learn from it."),
        "Backwards": column.TextColumn(help="How it reads from the other end."),
        "Identifier": column.TextColumn(help="As the files call it."),
    }
    _table(shown, configuration)


def hub_table(hubs: Sequence[Hub]) -> None:
    """Show the entities with the most facts."""
    words = {"Entity": [hub.name for hub in hubs], "Kind": [theme.kind_style(hub.kind).word for hub in hubs]}
    shown = pd.DataFrame({**words, "Facts": [hub.edges for hub in hubs]})
    _table(
        shown, {"Entity": st.column_config.TextColumn(pinned=True), "Facts": st.column_config.NumberColumn(format="localized")}
    )


def _table(shown: pd.DataFrame, configuration: Any) -> None:
    height = min(TABLE_HEIGHT, ROW_HEIGHT * (len(shown) + 1) + 3)
    st.dataframe(shown, hide_index=True, column_config=configuration, height=height)


def schema_downloads(relations: Sequence[RelationCount], file_name: str) -> None:
    """Offer the schema as a table; the picture has its own button."""
    records = [vars(each) | {"means": ", ".join(each.roles)} for each in relations]
    plain_records = [{column: record[column] for column in RELATION_COLUMNS} for record in records]
    _csv("Schema as CSV", lambda: to_csv(plain_records, RELATION_COLUMNS), f"{file_name}.csv")


def check_list(checks: Sequence[Check], file_name: str) -> None:
    """Show what needs a look, each with what to do and the cases; what passed stands folded below."""
    for check in checks:
        if check.level != "pass":
            _check(check)
    passed = [check for check in checks if check.level == "pass"]
    with st.expander(f"✓ {theme.counted(len(passed), 'check')} passed", expanded=len(passed) == len(checks)):
        for check in passed:
            st.markdown(f":green[✓] **{plain(check.name)}**: {plain(check.found)}")
    _csv("Checks as CSV", lambda: to_csv(check_records(checks), CHECK_COLUMNS), f"{file_name}.csv")


def check_records(checks: Sequence[Check]) -> list[dict[str, Any]]:
    """Return the checks as rows, one a case where there are cases."""
    return [
        {"verdict": check.level, "check": check.name, "found": check.found, "advice": check.advice, "cases": case}
        for check in checks
        for case in (check.cases or ("",))
    ]


def _check(check: Check) -> None:
    mark = theme.CHECKS[check.level]
    st.markdown(f":{mark.badge}[**{mark.symbol} {plain(check.name)}**] {plain(check.found)}")
    st.caption(f"What to do: {plain(check.advice)}")
    if check.cases:
        more = f", the first {len(check.cases)}" if check.count > len(check.cases) else ""
        with st.expander(f"{theme.counted(check.count, 'case')}{more}"):
            _table(pd.DataFrame({"Case": check.cases}), {})


def licence_list(licences: Sequence[Licence]) -> None:
    """Say under which licence each part may be used, and where that is declared."""
    for each in licences:
        unknown = each.licence == NOT_DECLARED
        words = f":orange[{each.licence}]" if unknown else f"**{plain(each.licence)}**"
        st.markdown(f"{plain(each.what).capitalize()}: {words} :gray[({plain(each.declared_by)})]")


def file_table(files: Sequence[FileFacts], fingerprint: str) -> None:
    """Show the files with their size and checksum."""
    shown = pd.DataFrame(
        {
            "File": [each.name for each in files],
            "Size": [size_words(each.size) for each in files],
            "SHA-256": [f.sha256 for f in files],
        }
    )
    _table(shown, {"File": st.column_config.TextColumn(pinned=True)})
    st.caption(f"Fingerprint of all identifiers in their order: {fingerprint[:16]}. Runs carry it and refuse another graph.")


def size_words(size: int) -> str:
    """Write a number of bytes: ``2.4 MB``."""
    for unit, bytes_each in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= bytes_each:
            return f"{size / bytes_each:.1f} {unit}"
    return f"{size} B"


class RunOnGraph(Protocol):
    """What is shown of a run that learned a graph."""

    name: str
    text: TextMode
    state: str
    fingerprint: str


def run_list(runs: Sequence[RunOnGraph], fingerprint: str) -> None:
    """Show the runs that learned a graph, and say where the graph has changed since."""
    if not runs:
        st.info("No run has learned this graph yet: train one below.", icon=":material/model_training:")
        return
    same = [each.fingerprint in ("", fingerprint) for each in runs]
    shown = pd.DataFrame(
        {
            "Run": [each.name for each in runs],
            "State": [theme.STATES[each.state] for each in runs],
            "Text": [each.text for each in runs],
            "Graph": ["as it learned it" if each else "changed since" for each in same],
        }
    )
    _table(shown, {"Run": st.column_config.TextColumn(pinned=True)})


def train_box(kg: str, *, described: bool, start: Callable[[TextMode], None]) -> None:
    """Offer to train on a graph, here or on the command line."""
    with st.container(border=True):
        modes = list(TEXT_MODES)
        default = "full" if described else "name"
        text = st.selectbox("Train on this graph, with text", modes, modes.index(default), format_func=_mode_words)
        st.code(f"lladr train --kg {shlex.quote(kg)} --text {text}", language=None, wrap_lines=True)
        if st.button("Train on it", icon=":material/play_arrow:", help="With the standard preset; page Training has all others."):
            start(text)


def _mode_words(mode: TextMode) -> str:
    return f"{mode}: {theme.TEXT_MODES[mode]}"


def _csv(label: str, data: Callable[[], str], name: str) -> None:
    st.download_button(label, data, name, "text/csv", on_click="ignore", icon=":material/download:")
