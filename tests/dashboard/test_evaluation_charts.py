from math import log10

import pandas as pd
import pytest

from core.evaluate.reliability import Reliability
from core.evaluate.results import DiseaseResult
from core.pipeline.verdicts import Row
from dashboard import theme
from dashboard.charts.evaluation import calibration_plot, disease_plot, interval_plot, robustness_curves


def row(name: str, kind: str, value: float, low: float, high: float) -> Row:
    return Row(name, kind, "<b>words</b>", {"MRR": {"value": value, "low": low, "high": high}}, {})


def test_each_method_has_its_interval_and_the_run_is_a_line_through_all():
    rows = [
        row("me", "run", 0.3, 0.2, 0.5),
        row("pagerank", "simple method", 0.4, 0.35, 0.6),
        row("mine<", "other run", 0.1, 0, 1),
    ]
    figure = interval_plot(rows, "MRR")
    ends = {
        name: (value - minus, value + plus)
        for trace in figure.data
        for name, value, minus, plus in zip(trace.y, trace.x, trace.error_x.arrayminus, trace.error_x.array, strict=True)
    }
    assert ends["me"] == pytest.approx((0.2, 0.5))
    assert ends["random walks"] == pytest.approx((0.35, 0.6))
    assert set(ends) == {"me", "random walks", "mine&lt;"}
    assert [shape.x0 for shape in figure.layout.shapes] == [0.3]
    assert figure.layout.yaxis.categoryarray == ("random walks", "mine&lt;", "me")  # from below
    assert "<b>words" not in figure.to_json()


def test_a_method_without_the_metric_is_not_drawn():
    assert not interval_plot([row("me", "run", 0.3, 0.2, 0.5)], "MR").data


def results(**auc: float) -> list[DiseaseResult]:
    return [DiseaseResult(name, f"{name}<i>", 3, {"AUC": value, "H@50": 0.5}) for name, value in auc.items()]


def grade(name: str, level: str) -> Reliability:
    return Reliability(name, name, level, "", 3, 0.9)


def test_diseases_stand_best_first_in_the_colour_and_shape_of_their_grade():
    figure = disease_plot(results(a=0.4, b=0.99, c=0.8), {"b": grade("b", "reliable"), "a": grade("a", "weak")})
    drawn = {trace.name: (list(trace.x), list(trace.y)) for trace in figure.data}
    assert drawn == {
        "reliable (1)": ([1], [99.0]),
        "weak (1)": ([3], [40.0]),
        "no evidence (1)": ([2], [80.0]),
    }
    marks = [(trace.marker.color, trace.marker.symbol) for trace in figure.data]
    assert [colour for colour, _ in marks] == [mark.colour for mark in theme.LEVELS.values()]
    assert len({symbol for _, symbol in marks}) == 3
    assert "b&lt;i&gt;" in figure.data[0].hovertext[0]
    assert "above 99.0 % of the others" in figure.data[0].hovertext[0]
    assert figure.layout.yaxis.range[0] < 40


def test_chance_is_drawn_only_where_a_disease_comes_near():
    assert len(disease_plot(results(a=0.6), {}).layout.shapes) == 1
    assert not disease_plot(results(a=0.95), {}).layout.shapes


def test_a_bin_in_which_nothing_was_true_is_hollow_at_the_edge():
    figure = calibration_plot({"predicted": [0.001, 0.2], "observed": [0.0, 0.1], "counts": [90, 10]})
    diagonal, curve = figure.data
    assert list(diagonal.x) == list(diagonal.y)
    assert list(curve.x) == pytest.approx([0.1, 20])
    assert list(curve.marker.symbol) == ["circle-open", "circle"]
    assert curve.y[1] == pytest.approx(10)
    assert log10(diagonal.x[0]) <= log10(curve.y[0]) < log10(0.1)


def test_a_bin_without_any_probability_is_drawn_too():
    figure = calibration_plot({"predicted": [0.0], "observed": [0.0], "counts": [5]})
    assert figure.data[1].x[0] > 0


def damaged(damage: str, share: float, variant: str, value: float, paper: float | None) -> dict:
    return {
        "damage": damage,
        "share": share,
        "variant": variant,
        "backbone": "transe",
        "value": value,
        "sd": None,
        "paper": paper,
    }


def test_each_kind_of_damage_has_its_panel_and_ours_is_told_from_the_papers():
    table = pd.DataFrame(
        [
            damaged("facts deleted", 20, "base", 17.0, 6.7),
            damaged("facts deleted", 0, "base", 16.0, 6.3),
            damaged("facts deleted", 0, "LLaDR", 13.0, None),
            damaged("facts added", 0, "base", 16.0, 6.3),
        ]
    )
    figure = robustness_curves(table)
    assert [note.text for note in figure.layout.annotations] == ["facts deleted", "facts added"]
    drawn = [(trace.xaxis, trace.name, list(trace.x), list(trace.y), trace.line.dash) for trace in figure.data]
    assert drawn == [
        ("x", "base, transe", [0, 20], [16.0, 17.0], "solid"),
        ("x", "base, transe (paper, other graph)", [0, 20], [6.3, 6.7], "dash"),
        ("x", "LLaDR, transe", [0], [13.0], "solid"),
        ("x2", "base, transe", [0], [16.0], "solid"),
        ("x2", "base, transe (paper, other graph)", [0], [6.3], "dash"),
    ]
    assert [trace.showlegend for trace in figure.data] == [True, True, True, False, False]
    assert figure.layout.yaxis.autorange == "reversed"  # mean ranks: up is better
