"""Training: choose, start in the background, follow, stop, resume."""

import streamlit as st

from core.config import RunSettings
from core.workspace import Workspace
from dashboard import charts, components, jobs, resources, state
from dashboard.charts.training import losses_of_models
from dashboard.jobs.members import models_of
from dashboard.theme import plain


def main() -> None:
    """Draw the page."""
    workspace = resources.workspace()
    st.title("Training")
    st.markdown(
        "A run learns the graph, with or without what a language model wrote. "
        "It trains in the background: leave this page as you like."
    )
    if message := state.told():
        st.success(message, icon=":material/check:")
    if chosen := components.training_form(resources.run_names()):
        start(*chosen)
    for name in jobs.failed_starts(workspace):
        st.error(f"The run {plain(name)} could not start. The end of its log:", icon=":material/error:")
        st.code(jobs.log_tail(workspace, name), language=None)
    st.subheader("Runs")
    if runs := jobs.jobs(workspace):
        components.live(follow, running=any(job.running for job in runs))
    else:
        st.info("No run yet: start one above (a minute or two for the standard preset).", icon=":material/model_training:")


def start(name: str, settings: RunSettings) -> None:
    """Start a run and watch it; a graph that cannot be read is said now, not in a log."""
    resources.graph(settings.kg)
    jobs.start(resources.workspace(), name, settings)
    state.write(watch=name)
    state.tell(f"{plain(name)} has started.")
    st.rerun()


def follow() -> bool:
    """Draw all runs, and how far the watched one is; returns whether any runs."""
    workspace = resources.workspace()
    runs = jobs.jobs(workspace)
    names = [job.name for job in runs]
    watched = runs[names.index(state.read("watch"))] if state.read("watch") in names else runs[0]
    components.run_table(runs, watched.name)
    details(workspace, watched)
    return any(job.running for job in runs)


def details(workspace: Workspace, job: jobs.Job) -> None:
    """Draw one run: state, buttons, what went wrong, loss."""
    components.job_header(job)
    components.job_buttons(
        job,
        stop=lambda: jobs.stop(workspace, job.name),
        resume=lambda: jobs.resume(workspace, job.name),
        restart=lambda: jobs.resume(workspace, job.name, restart=True),
    )
    if job.state == "failed":
        components.failure(job.error, jobs.log_tail(workspace, job.name))
    if models := models_of(workspace.run(job.name), job):
        components.model_table(models)
        traces = [(components.model_words(model), components.group_words(model), model.trace) for model in models if model.trace]
        figure = losses_of_models(traces, models[0].epochs) if traces else None
    else:
        trace = workspace.run(job.name).trace()
        figure = charts.loss_curve(trace, job.epochs) if trace else None
    if figure:
        st.plotly_chart(figure, config=charts.figure_config(f"loss_{job.name}"), key="loss")


main()
