import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial

import numpy as np
import pandas as pd
import pytest

from core.errors import ConfigError, LladrError
from core.grid import KeptEngine, LocalEngine, ProcessEngine, RayEngine
from core.kg.loaders import load_graph
from core.pipeline import cells as cells_room
from core.pipeline import reproduce as room
from core.pipeline.cells import graph_of, run_cell
from core.pipeline.experiments import Line, Study, distinct_cells
from core.pipeline.reproduce import Reproduction, published, reproduce, with_paper_lines
from core.pipeline.reproduction_files import write_reproduction
from core.text.descriptions import load_descriptions
from core.types import Engine
from tests.core.grid.head import ray_head
from tests.core.pipeline.runs import toy_settings

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def study(workspace, toy_folder):
    graph_of.cache_clear()
    settings = toy_settings(toy_folder, epochs=1).replace(text={"encoder": "hashing:16"})
    graph = load_graph(str(toy_folder))
    return Study(graph, workspace, settings, seeds=2, backbones=("transe",), held_out=0.5, draws=2)


class Told:
    """Answer each cell with numbers that are known, or with an error."""

    def __init__(self, answers: list) -> None:
        self._answers = answers

    def map(self, work, tasks) -> Iterator:
        yield from reversed(list(enumerate(self._answers[: len(tasks)])))


def record(value: float) -> dict:
    return {
        "paper": dict.fromkeys(("MR", "MRR", "H@3", "H@10", "AUC"), value),
        "full": dict.fromkeys(("MRR", "H@10", "AUC"), value),
    }


def test_means_and_spreads_are_those_of_the_formula(workspace, study):
    lines = study.lines("main")
    table = reproduce(workspace, lines, Told([record(2.0), record(5.0), record(4.0), record(4.0)])).table()
    assert list(table["seeds"]) == [2, 2]
    assert list(table["MR"]) == [(2 + 5) / 2, 4.0]
    assert list(table["MR sd"]) == [np.sqrt((1.5**2 + 1.5**2) / (2 - 1)), 0.0]
    assert list(table["paper MR"]) == [6.28, 5.46]  # table 2 of arXiv 2510.12181, TransE
    assert list(table["full AUC"]) == [3.5, 4.0]


def test_a_failed_cell_is_left_out_of_the_mean_and_said(workspace, study):
    answers = [record(2.0), ConfigError("No such thing."), record(4.0), record(4.0)]
    result = reproduce(workspace, study.lines("main"), Told(answers))
    line = result.table().iloc[0]
    assert (line["seeds"], line["MR"], line["remark"]) == (1, 2.0, "No such thing.")
    assert np.isnan(line["MR sd"])
    assert result.errors == {"No such thing.": 1}


def test_a_line_that_cannot_be_run_keeps_the_paper_s_number_and_says_why(workspace, study):
    lines = study.lines("prompt")
    table = reproduce(workspace, lines, Told([record(2.0)] * 4)).table().set_index("variant")
    assert table.loc["original", "paper MR"] == 5.46
    assert np.isnan(table.loc["original", "MR"])
    assert "lladr describe" in table.loc["original", "remark"]


def test_progress_counts_cells_to_the_last(workspace, study):
    seen = []
    reproduce(workspace, study.lines("main"), Told([record(1.0)] * 4), on_cell=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


def test_only_the_paper_s_lines_are_added_with_their_reason(study):
    added = [line for line in with_paper_lines(study.lines("main")) if not line.cells]
    assert {(line.backbone, line.why) for line in added} == {("transe", "needs descriptions by gpt-3.5-turbo")} | {
        (name, "not a model of this project") for name in ("graphsage", "gat", "kgt5", "csprom-kg")
    }


def test_texts_are_embedded_once_before_the_cells(workspace, study, monkeypatch):
    texts, embed = [], room.embed_texts
    monkeypatch.setattr(room, "embed_texts", lambda *a, **b: (texts.append(a[2].text), embed(*a, **b)))
    lines = study.lines("main") + study.lines("prompt") + study.lines("masking")
    reproduce(workspace, lines, Told([]))
    assert {(text.mode, text.encoder) for text in texts} == {("full", "hashing:16"), ("name", "hashing:16")}
    assert len(texts) == 2


def test_masked_cells_find_all_texts_in_the_cache(workspace, study, monkeypatch):
    described = []
    monkeypatch.setattr(room, "embed_texts", lambda *a, **b: described.append(len(load_descriptions(a[1]))))
    reproduce(workspace, study.lines("masking")[1:], Told([]))
    assert described == [16]  # all that the toy has, not what the first mask leaves


def test_an_encoder_that_fails_fails_in_its_cells_only(workspace, toy_folder, study, caplog):
    broken = Study(
        study.graph, workspace, study.settings.replace(text={"encoder": "nowhere"}), seeds=1, backbones=("transe",), held_out=0.5
    )
    result = reproduce(workspace, broken.lines("main"), LocalEngine())
    assert [isinstance(outcome, LladrError) for outcome in result.outcomes.values()] == [False, True]
    assert "There is no encoder 'nowhere'." in result.errors


def test_a_second_start_trains_nothing(workspace, study, tmp_path, monkeypatch):
    def once():
        engine = KeptEngine(LocalEngine(), tmp_path / "kept", version="1")
        return reproduce(workspace, study.lines("main"), engine).table()

    first = once()
    monkeypatch.setattr(cells_room, "train_in", lambda *a, **b: 1 / 0)
    pd.testing.assert_frame_equal(once(), first)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["processes", "ray", "running cluster"])
def test_each_engine_gives_the_same_numbers(workspace, study, tmp_path, engine):
    """Two workers, cells with text, noise and masks; those on Ray are skipped where it is not installed."""
    lines = [line for line in study.lines("main") + study.lines("noise")[:8] + study.lines("masking")[:2] if line.cells]
    here = Reproduction(lines, dict(zip(distinct_cells(lines), _results(LocalEngine(), workspace, lines), strict=True)))
    with two_workers(engine) as workers:
        other = reproduce(workspace, lines, workers)
    assert len(here.outcomes) >= 14
    assert dict(other.outcomes) == dict(here.outcomes)
    pd.testing.assert_frame_equal(other.table(), here.table())


@contextmanager
def two_workers(engine: str) -> Iterator[Engine]:
    if engine == "processes":
        yield ProcessEngine(2)
        return
    pytest.importorskip("ray", reason="Ray is optional: pip install -r requirements-ray.txt")
    with ray_head() if engine == "running cluster" else nullcontext() as address:
        yield RayEngine(workers=2, address=address)


def _results(engine, workspace, lines):
    return [outcome for _, outcome in engine.map(partial(run_cell, workspace.root), distinct_cells(lines))]


@pytest.fixture
def written(workspace, study, tmp_path):
    lines = with_paper_lines(study.lines("main") + study.lines("prompt"))
    answers = [record(2.0), record(5.0), record(4.0), record(4.0), record(3.0), record(3.5)]
    result = reproduce(workspace, lines, Told(answers))
    files = write_reproduction(result, study, tmp_path / "out")
    return result, {file.name: file.read_text(encoding="utf-8") for file in files}


def test_the_csv_is_the_table(written, tmp_path):
    result, _ = written
    read = pd.read_csv(tmp_path / "out" / "table.csv", keep_default_na=False, na_values=[""])
    assert list(read.columns) == list(result.table().columns)
    assert list(read["MR"].dropna()) == [3.5, 4.0, 3.25, 4.0]


def test_the_markdown_has_our_numbers_beside_the_paper_s(written):
    _, files = written
    (line,) = [line for line in files["table.md"].splitlines() if line.startswith("| transe | base |")]
    assert [cell.strip() for cell in line.split("|")[3:7]] == ["2", "3.50 ± 2.12", "6.28", "3.500 ± 2.121"]
    begin = "| backbone | variant | seeds | MR, here | MR, paper | MRR, here | MRR, paper |"  # of the table that has all of them
    (head,) = [line for line in files["table.md"].splitlines() if line.startswith(begin)]
    assert head.split(" | ")[-4:-1] == ["MRR, here, all drugs", "H@10, here, all drugs", "AUC, here, all drugs"]
    assert "Not the same experiment" in files["table.md"]
    widths = {
        section: {line.count(" | ") for line in lines if line.startswith("|")} for section, lines in _sections(files["table.md"])
    }
    assert {section: len(found) for section, found in widths.items() if found} == {"main": 1, "prompt": 1}


def _sections(text):
    return [(part.splitlines()[0], part.splitlines()) for part in text.split("\n## ")[1:]]


def test_the_figure_has_a_dot_where_the_mean_rank_is(written):
    result, files = written
    root = ET.fromstring(files["figure.svg"])  # noqa: S314 - our own
    dots = [(float(dot.get("cx")), dot[0].text) for dot in root.iter(f"{SVG}circle") if len(dot)]
    places = {value: x for x, value in dots}
    assert set(places) == {"3.50", "4.00", "3.25"}
    diamonds = list(root.iter(f"{SVG}path"))
    assert len(diamonds) - 1 == result.table()["paper MR"].notna().sum()  # one is in the legend
    assert (places["4.00"] - places["3.50"]) > 0


def test_words_of_others_do_not_become_markup(workspace, study, tmp_path):
    line = Line("main", "<b>", "a|b & c", why="<script>")
    files = write_reproduction(Reproduction([line], {}), study, tmp_path / "out")
    texts = {file.name: file.read_text() for file in files}
    assert "<script>" not in texts["figure.svg"]
    ET.fromstring(texts["figure.svg"])  # noqa: S314 - our own
    assert "a\\|b" in texts["table.md"]


def test_the_paper_s_figures_are_those_of_its_tables():
    """Spot checks against arXiv 2510.12181."""
    figures = {figure.key: figure.metrics for figure in published().figures}
    assert figures["main", "rotate", "LLaDR, gpt-3.5-turbo", ""] == {
        "MR": 5.33,
        "MRR": 0.55,
        "H@3": 0.65,
        "H@10": 0.873,
        "AUC": 0.849,
    }
    assert figures["noise", "transe", "base", "40 % added"] == {"MR": 12.23}
    assert figures["masking", "transe", "LLaDR", "60 % masked"] == {"MR": 6.12}
