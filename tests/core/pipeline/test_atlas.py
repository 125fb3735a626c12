"""From runs to an atlas: which runs belong together, what is shown of them, what is kept and what is compared."""

import json

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from core.errors import FingerprintError, UnknownNameError, WeightsError, WorkspaceError
from core.kg.loaders import load_graph
from core.pipeline import atlas as atlas_module
from core.pipeline import train_run
from core.pipeline.atlas import COLUMNS, Report, compute_atlas, known_atlas, panel_files
from core.pipeline.atlas_files import write_atlas
from core.pipeline.spaces import Pair, labels_of, pair_for, read_spaces, twin_of
from core.projection.layout import LayoutSettings
from core.projection.measures import overlap
from core.projection.neighbours import nearest_by_cosine
from core.workspace import Workspace
from tests.core.pipeline.runs import stop_after, toy_settings
from tests.toy import CHOLINESTERASE_INHIBITOR, DONEPEZIL, EDGES, HALOPERIDOL, NODES, row_of, write_table, write_toy_folder


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def quick(monkeypatch):
    """Lay out in a few epochs; what is laid out stays the same."""
    monkeypatch.setattr(atlas_module, "LayoutSettings", lambda: LayoutSettings(draft_epochs=20, epochs=10))


def train(workspace, folder, **names: str):
    """Train runs that differ in their text only."""
    for name, text in names.items():
        train_run(workspace, name, toy_settings(folder, text=text, epochs=2))


def entities_of(workspace, name: str, member: str = "") -> np.ndarray:
    folder = workspace.run(name).path
    return load_file((folder / "members" / member if member else folder) / "model.safetensors")["entities"]


def test_a_run_with_text_comes_with_its_base_and_the_base_with_the_last_run_with_text(workspace, toy_folder):
    assert pair_for(workspace) is None
    train(workspace, toy_folder, plain="none")
    assert pair_for(workspace, "plain") is None
    train(workspace, toy_folder, first="full", last="blind", mixed="shuffled")
    assert pair_for(workspace, "first") == Pair("plain", "first")
    assert pair_for(workspace, "mixed") == Pair("plain", "mixed")
    assert pair_for(workspace, "plain") == Pair("plain", "last")  # the control is no LLaDR run
    assert twin_of(workspace, "first", "shuffled") == "mixed"
    assert twin_of(workspace, "first", "name") is None
    with pytest.raises(UnknownNameError):
        pair_for(workspace, "nobody")


def test_the_spaces_are_the_tables_of_the_runs_and_the_text(workspace, toy_folder):
    train(workspace, toy_folder, plain="none", full="full", mixed="shuffled")
    spaces = read_spaces(workspace, Pair("plain", "full"))
    assert list(spaces.by_name) == ["before", "after", "text", "shuffled"]
    for name, run in {"before": "plain", "after": "full", "shuffled": "mixed"}.items():
        assert np.array_equal(spaces.by_name[name].vectors, entities_of(workspace, run))
    text = load_file(workspace.run("full").text_file)["vectors"]
    assert np.array_equal(spaces.by_name["text"].vectors, text)
    assert spaces.by_name["before"].title == "plain: complex, no text"


def test_no_control_is_made_up(workspace, toy_folder):
    train(workspace, toy_folder, plain="none", full="full")
    assert list(read_spaces(workspace, Pair("plain", "full")).by_name) == ["before", "after", "text"]


@pytest.mark.slow
def test_a_fusion_holds_both_halves_and_an_ensemble_shows_its_first_member(workspace, toy_folder):
    fusion = toy_settings(toy_folder, text="full", epochs=1).replace(fusion={"folds": 2, "backbones": ["distmult"]})
    train_run(workspace, "fusion", fusion)
    assert pair_for(workspace) == Pair("fusion", "fusion")
    spaces = read_spaces(workspace, Pair("fusion", "fusion"))
    assert np.array_equal(spaces.by_name["before"].vectors, entities_of(workspace, "fusion", "base-seed0"))
    assert np.array_equal(spaces.by_name["after"].vectors, entities_of(workspace, "fusion", "distmult-seed0"))
    assert spaces.by_name["before"].title == "fusion: distmult, no text"
    for name, text in {"plain": "none", "full": "full"}.items():
        train_run(workspace, name, toy_settings(toy_folder, text=text, epochs=1).replace(seeds=2))
    spaces = read_spaces(workspace, pair_for(workspace, "full"))
    assert np.array_equal(spaces.by_name["after"].vectors, entities_of(workspace, "full", "seed0"))
    assert "text" in spaces.by_name


def test_runs_of_two_graphs_are_refused(workspace, toy_folder, tmp_path):
    other = write_toy_folder(tmp_path / "other")
    write_table(other / "nodes.tsv", ["id", "name", "kind", "synonyms"], NODES[::-1])
    train(workspace, toy_folder, full="full")
    train(workspace, other, plain="none")
    with pytest.raises(FingerprintError):
        read_spaces(workspace, Pair("plain", "full"))


def test_a_stopped_run_is_refused(workspace, toy_folder):
    train(workspace, toy_folder, plain="none")
    train_run(workspace, "full", toy_settings(toy_folder, text="full"), hooks=stop_after(1))
    with pytest.raises(WeightsError, match="not trained to its end"):
        read_spaces(workspace, Pair("plain", "full"))


def test_labels_are_the_kinds_and_the_declared_classes(toy):
    labels = labels_of(toy)
    assert labels.kinds.tolist() == toy.kind_codes.tolist()
    assert labels.drugs.tolist() == [row_of(toy, DONEPEZIL), row_of(toy, HALOPERIDOL)]
    assert labels.classes.toarray().tolist() == [[1, 0], [0, 1]]
    assert row_of(toy, CHOLINESTERASE_INHIBITOR) < row_of(toy, "Class::antipsychotic")  # so the columns stand in this order


def test_a_graph_without_classes_has_none(toy_folder):
    write_table(
        toy_folder / "edges.tsv",
        ["head", "relation", "tail", "detail", "corroborated"],
        [edge for edge in EDGES if edge[1] != "has_class"],
    )
    labels = labels_of(load_graph(str(toy_folder)))
    assert len(labels.drugs) == 0
    assert labels.fingerprint() != labels_of(load_graph(str(write_toy_folder(toy_folder / "whole")))).fingerprint()


@pytest.mark.usefixtures("quick")
def test_two_identical_runs_have_no_movement_and_no_residual(workspace, toy_folder):
    train(workspace, toy_folder, one="none", other="none")
    found = compute_atlas(workspace, read_spaces(workspace, Pair("one", "other")))
    assert found.overlap.tolist() == [1.0] * 17
    assert found.panels["after"].residual == pytest.approx(0, abs=1e-9)
    assert found.panels["after"].coordinates == pytest.approx(found.panels["before"].coordinates, abs=1e-4)
    assert found.panels["before"].measures == found.panels["after"].measures


@pytest.mark.usefixtures("quick")
def test_what_is_kept_is_not_computed_again_and_what_is_new_is(workspace, toy_folder, monkeypatch):
    train(workspace, toy_folder, plain="none", full="full")
    pair = Pair("plain", "full")
    spaces = read_spaces(workspace, pair)
    assert known_atlas(workspace, spaces) is None
    told = []
    first = compute_atlas(workspace, spaces, progress=lambda done, total: told.append(done))
    assert told == sorted(told)
    assert told[-1] == 1000
    made = []
    original = atlas_module.make_panel
    monkeypatch.setattr(atlas_module, "make_panel", lambda *args, **kw: made.append(1) or original(*args, **kw))
    again = compute_atlas(workspace, read_spaces(workspace, pair))
    assert made == []
    pd.testing.assert_frame_equal(first.table(), again.table())

    train(workspace, toy_folder, mixed="shuffled")  # one more panel: only that one is laid out
    third = compute_atlas(workspace, read_spaces(workspace, pair))
    assert made == [1]
    assert list(third.panels) == ["before", "after", "text", "shuffled"]
    pd.testing.assert_frame_equal(first.table(), third.table())

    file = panel_files(workspace, spaces)["after"]
    file.write_bytes(file.read_bytes()[:-3])  # damaged: made again, to the same bits
    assert known_atlas(workspace, spaces) is None
    pd.testing.assert_frame_equal(first.table(), compute_atlas(workspace, spaces).table())
    assert made == [1, 1]


def test_the_name_of_a_layout_follows_from_its_vectors_labels_and_settings(workspace, toy_folder, monkeypatch):
    train(workspace, toy_folder, plain="none", full="full")
    spaces = read_spaces(workspace, Pair("plain", "full"))
    files = panel_files(workspace, spaces)
    assert len(set(files.values())) == 4
    spaces.by_name["after"].vectors[3, 2] += 1e-3
    changed = panel_files(workspace, spaces)
    assert {name for name in files if files[name] != changed[name]} == {"after"}
    spaces.by_name["before"].vectors[3, 2] += 1e-3
    assert not set(panel_files(workspace, spaces).values()) & set(files.values())  # all panels start from its draft
    monkeypatch.setattr(atlas_module, "LayoutSettings", lambda: LayoutSettings(seed=1))
    assert not set(panel_files(workspace, spaces).values()) & set(changed.values())


@pytest.mark.usefixtures("quick")
def test_the_files_hold_what_was_computed(workspace, toy_folder, tmp_path, toy):
    train(workspace, toy_folder, plain="none", full="full")
    found = compute_atlas(workspace, read_spaces(workspace, Pair("plain", "full")))
    files = write_atlas(found, tmp_path / "out")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == sorted(file.name for file in files)
    table = pd.read_parquet(tmp_path / "out" / "atlas.parquet")
    assert tuple(table.columns) == COLUMNS
    assert tuple(table["id"]) == toy.vocabulary.entities
    near = [nearest_by_cosine(entities_of(workspace, run), 15).rows for run in ("plain", "full")]
    assert table["overlap"].tolist() == overlap(*near).tolist()
    record = json.loads((tmp_path / "out" / "measures.json").read_text())
    assert (record["before"], record["after"]) == ("plain", "full")
    assert record["panels"]["before"]["residual"] == 0
    assert record["overlap"]["value"] == pytest.approx(table["overlap"].mean())
    assert "mean little" in record["warning"]


@pytest.mark.usefixtures("quick")
def test_a_full_disk_leaves_the_old_files_whole(workspace, toy_folder, tmp_path, small_files):
    train(workspace, toy_folder, plain="none", full="full")
    found = compute_atlas(workspace, read_spaces(workspace, Pair("plain", "full")))
    before = {file: file.read_bytes() for file in write_atlas(found, tmp_path / "out")}
    with small_files(100), pytest.raises(WorkspaceError):
        write_atlas(found, tmp_path / "out")
    assert {file: file.read_bytes() for file in (tmp_path / "out").iterdir()} == before


def test_a_report_says_how_far_it_is_and_is_gone_in_the_end(tmp_path):
    report = Report(tmp_path / "report.json")
    report(400, 1000)
    said = json.loads((tmp_path / "report.json").read_text())
    assert said["share"] == 0.4
    assert 0 <= said["seconds_left"] < 60
    report(500, 1000)  # at once after: too early to be written
    assert json.loads((tmp_path / "report.json").read_text()) == said
    report.close()
    assert list(tmp_path.iterdir()) == []
