"""The command ``lladr atlas`` from the outside."""

import json
from functools import partial

import pandas as pd
import pytest

from core.pipeline import atlas
from core.projection.layout import LayoutSettings
from core.workspace import Workspace

FILES = ["atlas.html", "atlas.parquet", "atlas.png", "atlas.svg", "measures.json"]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LLADR_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(atlas, "LayoutSettings", lambda: LayoutSettings(draft_epochs=20, epochs=10))
    return Workspace(tmp_path / "home")


@pytest.fixture
def atlas_of(lladr):
    return partial(lladr, "atlas")


@pytest.mark.usefixtures("trained")
def test_it_writes_table_measures_and_figure(atlas_of, home, tmp_path):
    result = atlas_of("--before", "plain", "--after", "full", "--out", tmp_path / "out")
    assert result.code == 0, result.err
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == FILES
    columns = ["id", "name", "kind", "x_before", "y_before", "x_after", "y_after", "overlap"]
    assert list(pd.read_parquet(tmp_path / "out" / "atlas.parquet").columns) == columns
    assert "plain (before) and full (after)" in result.out
    assert "mean little" in result.out
    assert not (home.root / "cache" / "atlas" / "report.json").exists()
    record = json.loads(atlas_of("--json").out)  # without names: the default run and its base
    assert record == json.loads((tmp_path / "out" / "measures.json").read_text())


@pytest.mark.parametrize(
    ("arguments", "words"), [((), "pair of runs"), (("--before", "nobody", "--after", "full"), "No run is called 'nobody'")]
)
def test_what_is_missing_is_said_without_a_traceback(atlas_of, arguments, words):
    result = atlas_of(*arguments)
    assert (result.code, result.out) == (1, "")
    assert words in result.err
    assert "Traceback" not in result.err


@pytest.mark.usefixtures("trained")
def test_an_unwritable_folder_is_said_before_the_work(atlas_of, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("here is a file")
    monkeypatch.setattr(atlas, "make_panel", lambda *args, **kw: pytest.fail("it was laid out first"))
    result = atlas_of("--out", tmp_path / "file")
    assert result.code == 1
    assert "could not be written" in result.err
