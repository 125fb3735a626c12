"""List the pages; to add one, write its file in ``pages/`` and a line here."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from dashboard import state

PAGES = Path(__file__).parents[1] / "pages"


@dataclass(frozen=True)
class Entry:
    """One line of the navigation; the first one is what opens."""

    name: str  #: of the file in ``pages/`` and in the address
    title: str
    group: str
    icon: str


ENTRIES = (
    Entry("start", "Start", "Explore", ":material/search:"),
    Entry("candidates", "Candidates", "Explore", ":material/format_list_numbered:"),
    Entry("evidence", "Evidence", "Explore", ":material/route:"),
    Entry("casestudy", "Case study", "Explore", ":material/clinical_notes:"),
    Entry("newcomer", "New entity", "Explore", ":material/add_circle:"),
    Entry("atlas", "Atlas", "Explore", ":material/scatter_plot:"),
    Entry("descriptions", "Descriptions", "Workshop", ":material/description:"),
    Entry("evaluation", "Evaluation", "Workshop", ":material/monitoring:"),
    Entry("training", "Training", "Workshop", ":material/model_training:"),
    Entry("data", "Data", "Workshop", ":material/database:"),
)


def pages() -> dict[str, list[st.Page]]:
    """Return the pages by group, for ``st.navigation``."""
    groups: dict[str, list[st.Page]] = {}
    for entry in ENTRIES:
        groups.setdefault(entry.group, []).append(page(entry.name))
    return groups


def page(name: str) -> st.Page:
    """Return one page."""
    entry = next(entry for entry in ENTRIES if entry.name == name)
    default = entry is ENTRIES[0]
    return st.Page(PAGES / f"{name}.py", title=entry.title, icon=entry.icon, url_path=None if default else name, default=default)


def go(name: str, **context: str | None) -> None:
    """Open a page with some values of the context changed."""
    state.write(**context)
    st.switch_page(page(name), query_params=state.context())
