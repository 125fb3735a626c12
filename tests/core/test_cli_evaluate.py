"""The evaluate command from the outside: protocols, tables, files, mistakes."""

import csv
import json
import os
import signal
from dataclasses import replace
from functools import partial

import pytest

from core.evaluate.metrics import WORDS
from core.evaluate.panel import BASELINES
from core.evaluate.protocols import PROTOCOLS
from core.pipeline import evaluation
from core.workspace import Workspace


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LLADR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "220")
    monkeypatch.setattr(evaluation, "TEST_FRACTION", 0.5)
    return Workspace(tmp_path / "home")


@pytest.fixture
def evaluate(lladr, trained):
    return partial(lladr, "evaluate")


def of_json(result):
    assert result.code == 0, result.err
    return json.loads(result.out)


@pytest.mark.parametrize("protocol", ["paper", "degree-matched", "drugs-for-disease"])
def test_a_protocol_is_asked_by_name(evaluate, protocol):
    result = of_json(evaluate("--run", "full", "--protocol", protocol, "--json"))
    assert result["name"] == protocol
    table = evaluate("--run", "full", "--protocol", protocol)
    assert f"{result['metrics']['MRR']['value']:.3f}" in table.out
    assert result["protocol"] in table.err.replace("\n", " ")
    assert result["leaks"]["sentence"] in table.err.replace("\n", " ")


def test_what_was_measured_before_is_told_at_once(evaluate):
    assert "epochs" in evaluate("--run", "full").err
    assert "epochs" not in evaluate("--run", "full").err


def test_baselines_stand_in_the_same_table(evaluate):
    result = of_json(evaluate("--run", "full", "--baselines", "--json"))
    table = evaluate("--run", "full", "--baselines").out
    lines = {line.split()[1]: line for line in table.split("\n") if line.startswith("│")}
    assert set(lines) == {"full", *BASELINES}
    for row in result["baselines"]:
        assert f"{row['metrics']['MRR']['value']:.3f}" in lines[row["scorer"]]
        (p_value,) = [d["p_value"] for d in row["run_minus_this"] if d["metric"] == "MRR"]
        assert f"{p_value:.4f}" in lines[row["scorer"]]


def test_measurements_are_shown_and_none_is_left_out(evaluate):
    bars = evaluate("--run", "full", "--baselines").err
    assert f"{2 + len(BASELINES)}/{2 + len(BASELINES)}" in bars


def test_a_stop_signal_is_heard_between_two_measurements(evaluate, monkeypatch):
    """As page Evaluation stops its process: the simple method that is being measured ends, the next is not begun."""
    begun = []

    def make(name, baseline):
        def made(graph, text):
            begun.append(name)
            if len(begun) == 2:
                os.kill(os.getpid(), signal.SIGTERM)
            return baseline.make(graph, text)

        return replace(baseline, make=made)

    with monkeypatch.context() as patch:
        for name, baseline in BASELINES.items():
            patch.setitem(BASELINES, name, make(name, baseline))
        stopped = evaluate("--run", "full", "--baselines")
    assert stopped.code == 1
    assert "Stopping after this epoch or measurement" in stopped.err
    assert "it goes on where it stopped" in stopped.err
    assert begun == list(BASELINES)[:2]
    assert "epochs" not in evaluate("--run", "full").err  # what was whole is kept


def test_controls_stand_there_too(evaluate):
    table = evaluate("--run", "full", "--controls").out
    assert [f"text {name}" in table for name in ("none", "name", "blind", "shuffled", "init")] == [True] * 5


def test_another_run_is_compared(evaluate):
    result = of_json(evaluate("--run", "full", "--against", "plain", "--json"))
    other = of_json(evaluate("--run", "plain", "--json"))
    for difference in result["differences"]:
        name = difference["metric"]
        expected = result["metrics"][name]["value"] - other["metrics"][name]["value"]
        assert difference["difference"] == pytest.approx(expected)
    assert "full minus plain" in evaluate("--run", "full", "--against", "plain").out


def test_the_table_is_written_as_csv_and_all_as_json(evaluate, tmp_path):
    evaluate("--run", "full", "--baselines", "--out", tmp_path / "o.csv")
    evaluate("--run", "full", "--baselines", "--out", tmp_path / "o.json")
    whole = json.loads((tmp_path / "o.json").read_text())
    rows = list(csv.DictReader((tmp_path / "o.csv").read_text().splitlines()))
    assert len(rows) == len(whole["metrics"]) * (1 + len(BASELINES))
    assert rows[0].keys() == {"scorer", "metric", "value", "low", "high"}
    first = {(row["scorer"], row["metric"]): float(row["value"]) for row in rows}
    assert first["full", "MRR"] == whole["metrics"]["MRR"]["value"]
    assert first["pagerank", "MRR"] == next(r for r in whole["baselines"] if r["scorer"] == "pagerank")["metrics"]["MRR"]["value"]
    assert set(whole["metrics"]) <= set(WORDS)


def test_pairs_of_files_are_asked(evaluate, tmp_path):
    (tmp_path / "p.tsv").write_text("compound\tdisease\naspirin\tCJD\nfoo\tCJD\n")
    (tmp_path / "n.tsv").write_text("compound\tdisease\nlevodopa\tT2DM\n")
    files = ("--positives", tmp_path / "p.tsv", "--negatives", tmp_path / "n.tsv")
    refused = evaluate("--run", "full", "--protocol", "external", *files)
    assert refused.code == 1
    assert "--skip-unknown" in refused.err
    table = evaluate("--run", "full", "--protocol", "external", *files, "--skip-unknown")
    assert "AUROC vs negatives" in table.out
    assert "1 pairs of the files left out" in table.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--protocol", "one-shot"), ("No protocol is called 'one-shot'", *PROTOCOLS)),
        (("--protocol", "external"), ("--positives FILE",)),
        (("--protocol", "external", "--positives", "/nowhere.tsv"), ("/nowhere.tsv cannot be read",)),
        (("--protocol", "area"), ("--area NAME",)),
        (("--protocol", "area", "--area", "brain"), ("has none of its area relations", "zero-shot")),
        (("--area", "brain"), ("--area says nothing",)),
        (("--out", "table.xlsx"), (".json or .csv",)),
        (("--scorer", "fusion"), ("No scorer is called 'fusion'",)),
        (("--against", "nope"), ("No run is called 'nope'",)),
        (("--split-seed", "-1"), ("--split-seed",)),
    ],
)
def test_a_mistake_is_told_on_stderr_and_the_exit_code(evaluate, arguments, words):
    result = evaluate("--run", "full", *arguments)
    assert result.code in (1, 2)
    assert result.out == ""
    assert "Traceback" not in result.err
    assert [word for word in words if word not in result.err.replace("\n", " ")] == []


def test_help_names_every_protocol(evaluate):
    text = " ".join(evaluate("--help").out.replace("│", " ").split())
    assert [name for name in PROTOCOLS if name not in text] == []
