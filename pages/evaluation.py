"""Evaluation: how good is a run on what it has not seen, beside what any model must beat."""

import datetime
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import pages
from core.pipeline.evaluation import disease_results
from core.pipeline.questions import Question
from core.pipeline.verdicts import Row, headline
from core.workspace import file_slug
from dashboard import resources
from dashboard.charts import evaluation as charts
from dashboard.charts import figure_config
from dashboard.components import evaluation as parts
from dashboard.components import evaluation_tables as tables
from dashboard.jobs import evaluation as work
from dashboard.resources import evaluation as data
from dashboard.theme import plain


def main() -> None:
    """Draw the page."""
    if resources.chosen_run_name() is None:
        pages.no_run()
        return
    choice = data.choice()
    first = choice.runs[0]
    st.title("Evaluation")
    top = st.container()
    parts.pickers(choice)
    question = data.question(choice)
    if question is None:
        parts.lacks_something(choice)
    else:
        results = {name: found for name in choice.runs if (found := data.result(name, question))}
        for name in choice.runs:
            if name not in results:
                offer(name, question, f"{plain(name)}: this run is not measured yet under this protocol.")
            elif "baselines" not in results[name]:
                offer(name, question, f"{plain(name)}: the simple methods beside it are not measured yet.")
        if first in results:
            measured(first, data.rows(choice.runs, question), results, question, top)
        else:
            with top:
                parts.sentence(f"How good {first} is under this protocol is not measured yet.")
    badges(first)
    robustness(first)


def offer(name: str, question: Question, lacking: str, *, with_controls: bool = False) -> None:
    """Offer to measure what is not measured yet, in the background."""
    workspace, n_entities = resources.workspace(), resources.run(name).graph.n_entities
    parts.measuring(
        name,
        lacking,
        seconds=work.expected_seconds(workspace, name, question, n_entities, with_controls=with_controls),
        start=lambda: work.start(workspace, name, question, n_entities, with_controls=with_controls),
        stop=lambda: work.stop(workspace, name),
        progress=lambda: work.measurement(workspace, name),
    )


def measured(first: str, rows: list[Row], results: dict[str, dict[str, Any]], question: Question, top: DeltaGenerator) -> None:
    """Show all that was measured under this question."""
    result = results[first]
    metric = parts.metric_picker(list(result["metrics"]))
    file_name = file_slug("evaluation", question.protocol, first, datetime.date.today().isoformat())
    with top:
        parts.sentence(headline(result))
        parts.standing_words(rows, metric)
        parts.left_out(result.get("skipped", 0))
    st.plotly_chart(charts.interval_plot(rows, metric), config=figure_config(f"{file_name}_methods"), key="methods")
    tables.method_table(rows, metric, charts.number)
    if "baselines" in result and "controls" not in result and not question.scorer:
        offer(first, question, "The same embedding with other text is not measured yet.", with_controls=True)
    with st.expander("All metrics", icon=":material/table:"):
        tables.all_metrics(rows, charts.number)
    tables.take_away(rows, results, file_name)
    st.subheader("Disease by disease")
    if question.kind.candidates == "sampled diseases":
        parts.no_disease_plot()
    else:
        grades = {grade.id: grade for grade in data.grades(first)}
        figure = charts.disease_plot(disease_results(result), grades)
        st.plotly_chart(figure, config=figure_config(f"{file_name}_diseases"), key="diseases")
        st.caption("One dot a disease, larger with more held-out treatments; colour and shape are its badge, listed below.")
    st.subheader("Did the text give the answers away?")
    tables.leak_words(result["leaks"], metric, charts.number)
    if calibration := result.get("calibration"):
        st.subheader("Can a probability be read from a score?")
        tables.calibration_words(calibration)
        st.plotly_chart(charts.calibration_plot(calibration), config=figure_config(f"{file_name}_calibration"), key="calibration")


def badges(name: str) -> None:
    """List how far the ranking of each disease can be trusted."""
    st.subheader("How far can each disease's ranking be trusted?")
    st.caption(f"From all headline evaluations (drugs-for-disease) of {plain(name)}; other pages show the same badge.")
    tables.grade_table(data.grades(name))


def robustness(name: str) -> None:
    """Show what becomes of the recipes when facts or descriptions are taken away."""
    graph = resources.run(name).graph
    st.subheader("How robust is it?")
    table = data.robustness(graph)
    if table is None:
        tables.no_robustness(graph.name)
        return
    with st.container(key="wide"):
        st.plotly_chart(charts.robustness_curves(table), config=figure_config("robustness"), key="robustness")
    tables.robustness_words(data.robustness_notes(graph))


main()
