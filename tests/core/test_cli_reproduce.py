import os
import subprocess
import sys

import pandas as pd
import pytest

from core.cli import main
from core.cli import reproduce as room
from core.grid import LocalEngine
from core.pipeline.cells import graph_of
from tests.core.grid.head import ray_head
from tests.toy import ASPIRIN, DIABETES, LEVODOPA, METFORMIN, PARKINSON, PRION

SMALL = '[text]\nencoder = "{encoder}"\n[training]\nbatch_size = 16\nchunk_size = 4\nnegatives = 4\ndevice = "cpu"\n'


@pytest.fixture
def folder(toy_folder):
    """The toy graph with three treatments more: a tenth of seven is one."""
    with (toy_folder / "edges.tsv").open("a") as file:
        for drug, disease in ((ASPIRIN, PRION), (METFORMIN, PARKINSON), (LEVODOPA, DIABETES)):
            file.write(f"{drug}\ttreats\t{disease}\t\t\n")
    return toy_folder


@pytest.fixture
def call(tmp_path, folder, monkeypatch, capsys):
    graph_of.cache_clear()
    monkeypatch.setenv("LLADR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")

    def reproduce(*arguments, encoder="hashing:16"):
        config = tmp_path / "settings.toml"
        config.write_text(SMALL.format(encoder=encoder))
        fixed = ("--kg", folder, "--config", config, "--quick", "--seeds", 1, "--out", tmp_path / "out")
        monkeypatch.setattr(sys, "argv", ["lladr", "reproduce", *map(str, fixed), *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        return code, *capsys.readouterr()

    return reproduce


def test_one_command_makes_table_figure_and_results(call, tmp_path):
    code, out, err = call("--backbones", "transe,distmult")
    assert code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"table.md", "table.csv", "figure.svg", "results.csv"}
    cells = pd.read_csv(tmp_path / "out" / "results.csv")
    assert sorted(zip(cells["settings.model.interaction"], cells["settings.text.mode"], strict=True)) == [
        ("distmult", "full"), ("distmult", "none"), ("transe", "full"), ("transe", "none"),
    ]  # fmt: skip
    assert set(cells["settings.training.epochs"]) == {2}
    table = pd.read_csv(tmp_path / "out" / "table.csv")
    ours = table[table["seeds"] == 1].set_index(["backbone", "variant"])
    assert ours.loc[("transe", "base"), "MR"] == pytest.approx(cells["paper.MR"][0])
    assert "6.28" in out
    assert "MR, paper" in out
    assert "graphsage GNN, gat GNN, kgt5 language model, csprom-kg language model: not a model of this project." in err


def test_what_is_done_is_not_done_again(call, monkeypatch):
    call("--backbones", "transe")
    done = []
    work = LocalEngine.map
    monkeypatch.setattr(LocalEngine, "map", lambda self, f, tasks: (done.append(len(tasks)), work(self, f, tasks))[1])
    assert call("--backbones", "transe")[0] == 0
    assert call("--backbones", "transe", "--table", "anchor")[0] == 0  # cosine is what main has
    assert done == [0, 2]


def test_each_table_is_printed_by_itself_without_columns_that_say_nothing(call):
    _, out, err = call("--table", "all", "--backbones", "transe")
    titles = [line.split(" on ")[0].strip() for line in out.splitlines() if " on " in line]
    assert titles == ["main", "prompt", "temperature", "anchor", "encoder", "noise", "masking"]
    heads = [line for line in out.splitlines() if "backbone" in line]
    assert ["condition" in head for head in heads] == [False] * 5 + [True] * 2
    assert "MR, here" not in heads[2]  # no descriptions of any temperature
    assert "transe 0.1: needs descriptions written at temperature 0.1" in err


@pytest.mark.slow
def test_a_running_cluster_that_wants_a_token_is_used_and_another_token_refused(call, tmp_path):
    """Cells on the cluster have the numbers of this process; the command runs in one of its own, where Ray reads the token."""
    pytest.importorskip("ray", reason="Ray is optional: pip install -r requirements-ray.txt")
    assert call("--backbones", "transe")[0] == 0
    here = pd.read_csv(tmp_path / "out" / "results.csv")
    with ray_head(token="a" * 32) as address:
        arguments = [*sys.argv[1:], "--engine", "ray", "--address", address, "--workers", "2"]
        for token, code in (("a" * 32, 0), ("b" * 32, 1)):
            home = {"LLADR_HOME": str(tmp_path / token), "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}
            command = [sys.executable, "-m", "core.cli", *arguments]
            told = subprocess.run(command, env=os.environ | home, capture_output=True, text=True, timeout=300)  # noqa: S603
            assert told.returncode == code, told.stderr
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "out" / "results.csv"), here)
    assert f"{address} cannot be used" in told.stderr.replace("\n", " ")
    assert "the token that you were given" in told.stderr.replace("\n", " ")


def test_a_failed_cell_ends_with_an_error_and_the_rest_is_written(call, tmp_path):
    code, _, err = call("--backbones", "transe", encoder="nowhere")
    assert code == 1
    assert "1 of them: There is no encoder 'nowhere'." in err
    table = pd.read_csv(tmp_path / "out" / "table.csv").set_index(["backbone", "variant"])
    assert (table.loc[("transe", "base"), "seeds"], table.loc[("transe", "LLaDR"), "seeds"]) == (1, 0)
    cells = pd.read_csv(tmp_path / "out" / "results.csv")
    assert list(cells["error"].fillna("")) == ["", "There is no encoder 'nowhere'."]


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(call, tmp_path, monkeypatch):
    class Interrupted(LocalEngine):
        def map(self, work, tasks):
            yield next(super().map(work, tasks))
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(room, "engine_named", lambda *a, **b: Interrupted())
        code, _, err = call("--backbones", "transe")
    assert code == 1
    assert "goes on where it was" in err
    assert len(list((tmp_path / "home" / "experiments" / "results").iterdir())) == 1
    assert not (tmp_path / "out").exists()


def test_unusable_options_are_refused_before_anything_is_trained(call, tmp_path):
    for options, found in (
        (("--address", "auto"), "neither address nor GPUs"),
        (("--descriptions", "good=nowhere"), "names no file"),
        (("--backbones", "transe,magic"), "magic"),
    ):
        code, _, err = call(*options)
        assert (code, found in err) == (1, True), err
    assert not (tmp_path / "home").exists()
