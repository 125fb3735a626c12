"""The page Atlas through the shell: empty states, the picture's settings, tables, links, downloads."""

import shutil

import numpy as np
import pytest

from core import pipeline
from core.pipeline.atlas import compute_atlas
from core.pipeline.spaces import Pair, pair_for, read_spaces
from core.projection.colouring import by_kind
from core.projection.movers import Change
from core.workspace import Workspace
from dashboard.charts import atlas as charts
from dashboard.jobs import atlas as work
from tests.core.pipeline.runs import toy_settings
from tests.pages.conftest import HOSTILE, words
from tests.toy import ALZHEIMER, DONEPEZIL, MEMANTINE


def copied(workspace: Workspace, root) -> Workspace:
    shutil.copytree(workspace.root, root, ignore=shutil.ignore_patterns("atlas"))
    return Workspace(root)


@pytest.fixture(scope="module")
def laid_out(trained, tmp_path_factory):
    workspace = copied(trained, tmp_path_factory.mktemp("atlas") / "workspace")
    compute_atlas(workspace, read_spaces(workspace, pair_for(workspace)))
    return workspace


def neighbour_table(app):
    return next(frame.value for frame in app.dataframe if "Neighbour" in frame.value)


def test_without_any_run_the_default_pair_is_offered(tmp_path, open_page):
    assert "No run yet" in words(open_page(Workspace(tmp_path), "atlas"))


def test_a_run_without_its_other_half_is_an_instruction(tmp_path, toy_folder, open_page):
    pipeline.train_run(Workspace(tmp_path / "w"), "lladr", toy_settings(toy_folder, text="full", epochs=1))
    app = open_page(Workspace(tmp_path / "w"), "atlas")
    assert "compares two runs" in words(app)
    assert not app.exception


def test_what_is_not_laid_out_is_started_in_the_background(trained, tmp_path, open_page, monkeypatch):
    started = []
    monkeypatch.setattr(work, "start", lambda workspace, pair: started.append(pair))
    app = open_page(copied(trained, tmp_path / "workspace"), "atlas")
    assert "Not laid out yet. It compares 17 entities in 3 spaces" in words(app).replace("*", "")
    next(button for button in app.button if button.label == "Lay out and measure").click().run()
    assert not app.exception
    assert started == [Pair("base", "lladr")]


def test_progress_and_failure_are_shown(trained, tmp_path, open_page, monkeypatch):
    workspace = copied(trained, tmp_path / "workspace")
    now = work.Computation(running=True, share=0.4, seconds_left=75, error="")
    monkeypatch.setattr(work, "computation", lambda workspace: now)
    progress = open_page(workspace, "atlas").get("progress")
    assert [(bar.proto.value, bar.proto.text) for bar in progress] == [(40, "Laying out: 40 %, 1 min left")]
    failed = work.Computation(running=False, share=1, seconds_left=0, error="the last words")
    monkeypatch.setattr(work, "computation", lambda workspace: failed)
    assert open_page(workspace, "atlas").code[0].value == "the last words"


def test_the_neighbours_of_the_disease_are_listed_until_another_entity_is_chosen(laid_out, open_page):
    app = open_page(laid_out, "atlas", disease=ALZHEIMER)
    assert not app.exception
    assert "Neighbours of Alzheimer's disease" in words(app)
    app = open_page(laid_out, "atlas", disease=ALZHEIMER, entity=MEMANTINE)
    table = neighbour_table(app)
    found = known(laid_out)
    row = found.graph.vocabulary.entity_row[MEMANTINE]
    near = {name: [found.graph.names[other] for other in found.panels[name].neighbours[row, :15]] for name in ("before", "after")}
    assert set(table["Neighbour"]) == set(near["before"]) | set(near["after"])
    for _, line in table.iterrows():
        expected = {name: line["Neighbour"] in near[name] for name in near}
        assert expected == {"before": "▲" not in line["What became of it"], "after": "▽" not in line["What became of it"]}
        if expected["before"]:
            assert line["Place before"] == str(1 + near["before"].index(line["Neighbour"]))


def known(workspace):
    return compute_atlas(workspace, read_spaces(workspace, pair_for(workspace)))


def test_the_search_opens_an_entity_and_the_address_keeps_it(laid_out, open_page):
    app = open_page(laid_out, "atlas")
    next(box for box in app.text_input if box.label == "Search an entity").set_value("donepzil").run()
    next(button for button in app.button if button.label.startswith("donepezil")).click().run()
    assert not app.exception
    assert app.query_params["entity"] == DONEPEZIL
    assert "Neighbours of donepezil" in words(app)


@pytest.mark.parametrize("colour", ["kind", "class", "degree", "score", "moved", "nonsense"])
def test_every_colour_draws_and_the_measures_are_said(laid_out, open_page, colour):
    app = open_page(laid_out, "atlas", disease=ALZHEIMER, colour=colour, panels="before,text")
    assert not app.exception
    assert len(app.get("plotly_chart")) == 1
    assert "Is like near like?" in words(app)
    assert "mean little" in words(app)
    assert "No control yet" in words(app)


def test_what_cannot_colour_is_not_offered(laid_out, open_page):
    options = next(box for box in open_page(laid_out, "atlas").selectbox if box.label == "Colour by").options
    assert "rank for the disease" not in options  # none is chosen
    assert "organ of diseases" not in options  # the toy graph has none


def test_movers_link_to_their_evidence(laid_out, open_page):
    app = open_page(laid_out, "atlas", disease=ALZHEIMER)
    nearer, drugs, diseases, _ = [frame.value for frame in app.dataframe if "Evidence" in frame.value]
    assert nearer["Evidence"].str.startswith("/evidence?disease=Disease%3A%3Aalzheimer&drug=Compound%3A%3A").all()
    assert len(nearer) == 6
    assert nearer["Place after"].tolist() != nearer["Place before"].tolist()
    assert drugs["Evidence"].str.contains("drug=Compound").all()
    assert not diseases["Evidence"].str.contains("drug=").any()
    without = open_page(laid_out, "atlas")
    assert next(f.value for f in without.dataframe if "Evidence" in f.value)["Evidence"].isna().all()  # no disease: no question


def test_table_measures_and_figure_can_be_taken_away(laid_out, open_page):
    labels = [button.label for button in open_page(laid_out, "atlas").get("download_button")]
    assert labels == ["CSV", "Parquet", "Measures", "SVG", "PNG", "HTML"]


def test_foreign_names_are_text(hostile, tmp_path, open_page):
    workspace = copied(hostile, tmp_path / "workspace")
    found = known(workspace)
    app = open_page(workspace, "atlas", disease="Disease::hostile")
    assert not app.exception
    hover = charts.hover_texts(found.graph, {})
    row = found.graph.names.index(HOSTILE)
    assert "<script>" not in hover[row]
    assert "&lt;script&gt;" in hover[row]


def test_a_selection_is_read_from_any_trace_and_panel(toy):
    places = np.random.default_rng(0).normal(size=(17, 2))
    frames = [charts.Frame("one", places), charts.Frame("two", -places)]
    drawn = charts.panels(
        frames, by_kind(toy), charts.hover_texts(toy, {}), kinds=True, highlight=charts.Highlight(0, Change([1], [2], []))
    )
    for number, trace in enumerate(drawn.figure.data):
        for index, (x, y) in enumerate(zip(trace.x, trace.y, strict=True)):
            (row,) = charts.selected(drawn, [{"curve_number": number, "point_index": index}])
            sign = 1 if trace.xaxis == "x" else -1
            assert (sign * x, sign * y) == pytest.approx(tuple(places[row]))
            assert toy.names[row] in trace.hovertext[index].replace("&#x27;", "'")


def test_panels_share_one_camera(toy):
    places = np.random.default_rng(0).normal(size=(17, 2))
    frames = [charts.Frame("one", places), charts.Frame("two", 3 * places), charts.Frame("three", places)]
    layout = charts.panels(frames, by_kind(toy), charts.hover_texts(toy, {}), kinds=True).figure.layout
    axes = [(layout.xaxis, layout.yaxis), (layout.xaxis2, layout.yaxis2), (layout.xaxis3, layout.yaxis3)]
    assert {(x.matches, y.matches) for x, y in axes} == {("x", "y")}
    assert len({(x.range, y.range) for x, y in axes}) == 1
    low, high = layout.xaxis.range
    assert low < 3 * places[:, 0].min()
    assert high > 3 * places[:, 0].max()
    assert high - low == pytest.approx(layout.yaxis.range[1] - layout.yaxis.range[0])
