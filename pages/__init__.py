"""One user task each; run by the shell in dashboard/app.py. Here stands what several of them have alike."""

import datetime

import streamlit as st

from core.workspace import file_slug
from dashboard import components, jobs, navigation, resources


def no_run() -> None:
    """Say that nothing is trained yet, and offer to train."""
    components.first_run(lambda: jobs.prepare(resources.workspace()), lambda: jobs.preparation(resources.workspace()))


def no_disease() -> None:
    """Say how to choose a disease."""
    st.info("Choose a disease in the sidebar, or search one on the start page.", icon=":material/search:")
    st.page_link(navigation.page("start"), label="Search a disease")


def file_name(*parts: str) -> str:
    """Name a file to take away by what it shows, the run and the date; without its ending."""
    return file_slug(*parts, datetime.date.today().isoformat())
