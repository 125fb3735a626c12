"""The shell: page table, sidebar with the one context, errors that a user can act on, the footer."""

from pathlib import Path

import streamlit as st

from core.errors import LladrError
from dashboard import components, jobs, navigation, resources, state

ASSETS = Path(__file__).parents[1] / "assets"


def main() -> None:
    """Draw one page with everything around it."""
    st.set_page_config(page_title="LLaDR Explorer", page_icon=str(ASSETS / "icon.svg"), layout="wide")
    st.logo(str(ASSETS / "logo.svg"), icon_image=str(ASSETS / "icon.svg"), size="large")
    components.trim_margins()
    page = st.navigation(navigation.pages())
    state.begin()
    with st.sidebar, components.errors_shown():  # pages that need no run go on: one of them may say what is wrong
        _sidebar()
    try:
        page.run()
    except LladrError as error:
        components.error_box(error)
        if st.button("Back to the start", icon=":material/arrow_back:"):
            navigation.go("start", **dict.fromkeys(state.context()))
    components.footer()


def _sidebar() -> None:
    workspace = resources.workspace()
    choices = resources.run_choices()
    name = resources.chosen_run_name()
    graph = resources.run(name).graph if name in {choice.name for choice in choices} else resources.graph("starter")
    components.disease_picker(graph, resources.disease_index(graph), state.read("disease"))
    components.run_picker(choices, name)
    st.caption(f"Graph: {components.plain(graph.source.title)}")
    components.job_panel(lambda: [job for job in jobs.jobs(workspace) if job.running])


main()
