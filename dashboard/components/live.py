"""Follow background work without blocking a page."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import ParamSpec, Protocol

import streamlit as st

from dashboard import theme
from dashboard.components.words import errors_shown
from dashboard.theme import plain

SECONDS_BETWEEN_LOOKS = 1.5
Given = ParamSpec("Given")


class Job(Protocol):
    """What is shown of a job."""

    name: str
    share: float
    epoch: int
    epochs: int
    seconds_left: float | None


class Preparation(Protocol):
    """What is shown of the preparation."""

    running: bool
    share: float
    stage: str
    error: str


def part(draw: Callable[Given, None]) -> Callable[Given, None]:
    """Make a part of a page that is drawn anew alone when something in it is used, which is faster than the whole page.

    It runs without the shell then, so errors are shown here.
    """

    @wraps(draw)
    def drawn(*args: Given.args, **kwargs: Given.kwargs) -> None:
        with errors_shown():
            draw(*args, **kwargs)

    return st.fragment(drawn)


def live(draw: Callable[[], bool], *, running: bool) -> None:
    """Draw, and draw again as long as something runs; when it ends, draw the whole page once more.

    :param draw: draws, and returns whether something still runs
    """

    def look() -> None:
        with errors_shown():  # a fragment runs alone: the shell does not see its errors
            if not draw() and running:
                st.rerun(scope="app")

    st.fragment(look, run_every=SECONDS_BETWEEN_LOOKS if running else None)()


def job_panel(running: Callable[[], Sequence[Job]]) -> None:
    """Show the trainings that run now, with time left; nothing where none does."""

    def draw() -> bool:
        jobs = running()
        for job in jobs:
            st.progress(job.share, text=f"Training {plain(job.name)}: {progress_words(job)}")
        return bool(jobs)

    live(draw, running=bool(running()))


def progress_words(job: Job) -> str:
    """Say how far a job is and how long it will take."""
    left = "" if job.seconds_left is None else f", {theme.duration(job.seconds_left)} left"
    return f"epoch {job.epoch} of {job.epochs}{left}" if job.epoch else "reading graph and text"


def first_run(start: Callable[[], None], progress: Callable[[], Preparation | None]) -> None:
    """Say that nothing is trained, and offer to train the default pair; then show how far it is."""
    now = progress()
    if now is None or now.error:
        st.info("**No run yet: train one (two to three minutes).** It trains the graph alone and the graph with text, "
                "then measures how good both are. You can look around meanwhile.", icon=":material/model_training:")  # fmt: skip
        _start(now, "Train the default pair", start)
    if now and now.running:
        live(lambda: _draw_preparation(progress()), running=True)


def better_run(start: Callable[[], None], progress: Callable[[], Preparation | None]) -> None:
    """Offer to train the fusion; then show how far it is."""
    now = progress()
    with st.container(border=True):
        st.markdown("**Combine it with simple methods**")
        if now and now.running:
            live(lambda: _draw_preparation(progress()), running=True)
            return
        st.caption(
            "The fusion weighs LLaDR, shared drugs, random walks, paths and texts by how well they found held-out treatments. "
            "It is measured as they are, and then ranks unless you choose otherwise. About ten minutes in the background."
        )
        _start(now, "Train the fusion", start)


def _start(now: Preparation | None, label: str, start: Callable[[], None]) -> None:
    """Offer to start, or to try again where it failed."""
    if now and now.error:
        st.error("The last try failed. The end of its log:", icon=":material/error:")
        st.code(now.error, language=None)
    if st.button(label, type="primary", icon=":material/play_arrow:"):
        start()
        st.rerun()


def _draw_preparation(now: Preparation | None) -> bool:
    if now:
        st.progress(now.share, text=f"Getting ready: {plain(now.stage)} ...")
    return bool(now and now.running)
