"""Bring a graph of one's own: what the files look like, what they would be, and where they are kept."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import streamlit as st

from core.errors import GraphFormatError
from core.kg.scan import Problem, Scan
from core.kg.stored import GRAPH_FILES
from core.pipeline.inspection import Preview
from core.types import Progress
from dashboard import state, theme
from dashboard.components.data import check_list, headline, licence_list, relation_table
from dashboard.components.words import error_box
from dashboard.theme import plain

MOST_MEGABYTES = 200  #: of an upload
MOST_BYTES = MOST_MEGABYTES * 10**6  #: of all files together
FILE_WORDS = {
    "nodes.tsv": "One entity a line, tab-separated: id, name, kind; synonyms (separated by a bar) may follow.",
    "edges.tsv": "One fact a line (edges.tsv.gz is fine, too): head, relation, tail; detail and source may follow.",
    "source.toml": "What the relations mean. Which of them means *treats* is yours to say; it is never guessed.",
    "descriptions.jsonl": "Optional: one text an entity, field by field. A language model can write it later.",
    "README.md": "Optional: what is written after *Licence:* is shown for the descriptions.",
}
LINES_SHOWN = 6
STAGES = ("Reading the files ...", "Counting and checking ...", "Looking for the lines of what would be left out ...")


def form_step(example: Mapping[str, str], archive: bytes) -> None:
    """Show what the files look like, and offer the smallest graph that works."""
    st.subheader("1. Your files")
    st.markdown(
        "Up to five text files in one folder; the first two are needed, and nearly always the third. "
        "Take the example, look how it is made, and put yours in its place."
    )
    st.download_button(
        "Example graph (zip)", archive, "example-graph.zip", "application/zip", on_click="ignore", icon=":material/download:"
    )
    for tab, (name, words) in zip(st.tabs(list(FILE_WORDS)), FILE_WORDS.items(), strict=True):
        with tab:
            st.markdown(words)
            st.code(_first_lines(example[name]), language="toml" if name.endswith(".toml") else None)


def _first_lines(text: str) -> str:
    lines = text.split("\n")
    shown = lines if "[" in text and "=" in text else lines[:LINES_SHOWN]
    return "\n".join(shown)


def give_step() -> tuple[str, dict[str, bytes]]:
    """Ask for a folder or for files; returns the folder's path and the files, both empty as long as nothing is given."""
    st.subheader("2. Look at them")
    help_text = "A folder with nodes.tsv and edges.tsv[.gz] on the machine that runs this page."
    folder = st.text_input(
        "A folder on this machine", help=help_text, **state.widget("folder", state.read("folder") or "", default="")
    )
    given = st.file_uploader(
        "or upload the files",
        type=["tsv", "gz", "toml", "jsonl", "md"],
        accept_multiple_files=True,
        max_upload_size=MOST_MEGABYTES,
        help=f"Their names decide what they are: {', '.join(GRAPH_FILES)}.",
    )
    return folder.strip(), {file.name: file.getvalue() for file in given}


def refuse_large(files: Mapping[str, bytes]) -> None:
    """Keep uploads within what a page can hold in memory.

    :raises GraphFormatError: if they are too large together
    """
    if sum(map(len, files.values())) > MOST_BYTES:
        found, expected = "the files are too large together.", f"at most {MOST_MEGABYTES} MB"
        raise GraphFormatError(Path("upload"), None, found, expected=expected, advice="give the path of their folder instead.")


@contextmanager
def stages() -> Iterator[Progress]:
    """Show how far a preview is while it is made."""
    bar = st.empty()

    def show(done: int, total: int) -> None:
        bar.progress(done / total, text=STAGES[min(done, len(STAGES) - 1)])

    show(0, len(STAGES))
    try:
        yield show
    finally:
        bar.empty()


def preview_words(seen: Preview) -> None:
    """Show what the files would be as a graph, or what keeps them from being one; nothing is stored by that."""
    _problems(seen.scan)
    if seen.error and not seen.scan.refused:
        error_box(seen.error)
    if seen.draft:
        st.markdown("A **source.toml** to fill in: name the relation that means *treats*, and correct how each one reads.")
        st.code(seen.draft, language="toml")
        st.download_button(
            "source.toml", seen.draft, "source.toml", "application/toml", on_click="ignore", icon=":material/download:"
        )
    if seen.inspection is None:
        st.caption("Nothing was stored. Mend the files and give them again.")
        return
    headline(seen.inspection)
    st.markdown("**What each relation would mean**")
    relation_table(seen.inspection.relations)
    first, second = st.columns(2)
    with first:
        st.markdown("**First entities**")
        st.dataframe(pd.DataFrame(seen.nodes), hide_index=True)
    with second:
        st.markdown("**First facts, read aloud**")
        st.dataframe(pd.DataFrame({"fact": seen.edges}), hide_index=True)
    st.markdown("**Checks**")
    check_list(seen.inspection.checks, "checks")
    licence_list(seen.inspection.licences)


def _problems(scan: Scan) -> None:
    refused = [each for each in scan.problems if each.refused]
    noted = [each for each in scan.problems if not each.refused]
    if refused:
        total = theme.counted(_total(scan, refused=True), "problem")
        lines = "\n".join(f"- {problem_words(each)}" for each in refused)
        st.error(f"This is no graph yet: {total}.\n\n{lines}{_more(scan, refused)}", icon=":material/error:")
    if noted:
        with st.expander(f"Lines that are repeated or say nothing: {theme.count(_total(scan, refused=False))}"):
            st.markdown("\n".join(f"- {problem_words(each)}" for each in noted) + _more(scan, noted))


def _total(scan: Scan, *, refused: bool) -> int:
    return sum(number for (_, refuses), number in scan.counts.items() if refuses == refused)


def _more(scan: Scan, shown: Sequence[Problem]) -> str:
    """Say how many there are beside those that are shown."""
    rest = _total(scan, refused=shown[0].refused) - len(shown)
    return f"\n- and {theme.count(rest)} more like these" if rest else ""


def problem_words(problem: Problem) -> str:
    """Say where a problem is, what it is and what to do."""
    expected = f" Expected: {plain(problem.expected)}." if problem.expected else ""
    return f"**{plain(problem.where)}**: {plain(problem.found)}{expected} What to do: {plain(problem.advice)}"


def store_step(stem: str, store: Callable[[str], None]) -> None:
    """Ask for a name, and keep the graph under it."""
    st.subheader("3. Keep it and train on it")
    st.markdown("It is copied into the workspace as it is now, so that runs find unchanged what they have learned.")
    with st.form("store", border=False):
        name = st.text_input("Name of the graph", stem, help="Letters, digits, dot, dash and underscore.")
        if st.form_submit_button("Store in the workspace", type="primary", icon=":material/save:"):
            store(name.strip())


def nothing_given() -> None:
    """Say what to do first."""
    st.info(
        "Give a folder or upload at least nodes.tsv and edges.tsv: a preview shows what they would be.", icon=":material/upload:"
    )


def kept_words(name: str) -> str:
    """Say that a graph is kept."""
    return f"Stored as {plain(name)}. Train on it below."
