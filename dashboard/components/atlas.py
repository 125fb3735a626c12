"""The parts of the page Atlas: what to show and to colour by, background work, what to take away."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import streamlit as st

from core.projection.colouring import ColourBy
from core.projection.words import PANEL_WORDS, WARNING
from dashboard import state, theme
from dashboard.components.files import download
from dashboard.components.live import live

COLOUR_WORDS: dict[ColourBy, str] = {
    "kind": "kind of entity",
    "class": "class of drugs",
    "area": "organ of diseases",
    "degree": "number of facts",
    "score": "rank for the disease",
    "moved": "how far its neighbourhood moved",
}


class Computation(Protocol):
    """What is shown of the background work."""

    running: bool
    share: float
    seconds_left: float | None
    error: str


class Waiting(Protocol):
    """What is shown of two runs that are not laid out yet."""

    n_entities: int
    n_panels: int


class Download(Protocol):
    """What is needed of a file to take away."""

    label: str
    ending: str
    mime: str
    make: Callable[[], str | bytes]


def waiting(what: Waiting, start: Callable[[], None], progress: Callable[[], Computation | None]) -> None:
    """Say that the layout is not computed, and offer it; then show how far it is."""
    now = progress()
    if now and now.running:
        live(lambda: _draw_progress(progress()), running=True)
        return
    st.info(
        f"**Not laid out yet.** It compares {theme.count(what.n_entities)} entities in {what.n_panels} spaces: about "
        f"{theme.duration(_seconds(what))} in the background, once. You can look around meanwhile.",
        icon=":material/scatter_plot:",
    )
    if now and now.error:
        st.error("The last try failed. The end of its log:", icon=":material/error:")
        st.code(now.error, language=None)
    if st.button("Lay out and measure", type="primary", icon=":material/play_arrow:"):
        start()
        st.rerun()


def _seconds(what: Waiting) -> float:
    """Estimate from what was measured on one core: some seconds to start, then a little more than linear, in tens."""
    return 10 * round(1 + (what.n_panels + 1) * what.n_entities**1.25 / 300_000)


def _draw_progress(now: Computation | None) -> bool:
    if now and now.running:
        left = f", {theme.duration(now.seconds_left)} left" if now.seconds_left is not None else ""
        st.progress(now.share, text=f"Laying out: {100 * now.share:.0f} %{left}")
    return bool(now and now.running)


def no_pair() -> None:
    """Say that a space before or after is missing."""
    st.info(
        "**The atlas compares two runs: one without text (base) and one with it (LLaDR), all else alike.** "
        "The run that is chosen has no such partner. Train it on the page Training: the same settings, text *none* or *full*.",
        icon=":material/model_training:",
    )


def colour_picker(options: Sequence[ColourBy]) -> ColourBy:
    """Choose what the picture is coloured by."""
    chosen = state.read("colour")
    chosen = chosen if chosen in options else "kind"
    st.selectbox(
        "Colour by", options, format_func=COLOUR_WORDS.__getitem__, width=250, **state.widget("colour", chosen, default="kind")
    )
    return chosen


def panel_picker(names: Sequence[str]) -> list[str]:
    """Choose which panels to see; before and after where nothing is chosen."""
    default = ["before", "after"]
    asked = (state.read("panels") or ",".join(default)).split(",")
    chosen = [name for name in names if name in asked] or default
    labels = {name: PANEL_WORDS[name].capitalize() for name in names}
    arguments = state.widget("panels", chosen, default=default)
    st.pills("Panels", list(names), selection_mode="multi", format_func=labels.__getitem__, **arguments)
    return chosen


def panels_chart(figure: Any, config: dict[str, Any]) -> Any:
    """Draw the panels; returns the points of a box or lasso."""
    with st.container(key="wide"):
        event = st.plotly_chart(figure, config=config, key="panels", on_select="rerun", selection_mode=("box", "lasso"))
    st.caption(f"Draw a box or a lasso around dots to list them; hover to read; zoom in one panel zooms all. {WARNING}")
    return event.selection.points


def marked_chart(figure: Any, config: dict[str, Any]) -> None:
    """Draw where a selection lies in all panels."""
    with st.expander("Where it lies in every panel", icon=":material/scatter_plot:"):
        st.plotly_chart(figure, config=config, key="marked")


def no_control() -> None:
    """Say that nothing shows what the mere presence of text does."""
    st.caption(
        "No control yet: a run that differs in its text only, mode *shuffled*, would show what the mere presence of text does. "
        "Train one on the page Training."
    )


def downloads(files: Sequence[Download], file_name: str) -> None:
    """Offer files, each made when it is asked for."""
    with st.container(horizontal=True):
        for each in files:
            download(each.label, each.make, f"{file_name}.{each.ending}", each.mime)
