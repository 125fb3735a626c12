"""The lladr command from the outside: what it prints, where, and how it ends."""

import csv
import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer
from safetensors.torch import load_file

from core import pipeline
from core.cli.app import app
from core.pipeline import evaluation
from core.pipeline.questions import Question
from core.workspace import Workspace
from tests.core.kge.tables import INTERACTION_NAMES
from tests.core.pipeline.runs import toy_settings
from tests.core.trained import SMALL, TOY
from tests.toy import EDGES, NODES, write_table, write_toy_folder

ROOT = Path(__file__).parents[2]
DRUGS = {"donepezil", "memantine", "metformin", "levodopa", "haloperidol", "aspirin"}
ALZHEIMER_STATUS = {
    "donepezil": "treats",
    "memantine": "treats",
    "metformin": "investigated",
    "levodopa": "cautioned",
    "haloperidol": "palliates",
    "aspirin": "investigated",
}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Point the command to a workspace of its own, wide enough a terminal, and let the toy graph be split."""
    monkeypatch.setenv("LLADR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(evaluation, "TEST_FRACTION", 0.5)
    return Workspace(tmp_path / "home")


@pytest.fixture
def ok(lladr):
    def call(*arguments):
        result = lladr(*arguments)
        assert result.code == 0, result.err
        return result

    return call


def assert_refused(result, *words):
    """See that nothing is on stdout, the words on stderr, no traceback anywhere, and that the exit code says so."""
    assert result.code not in (0, None)
    assert result.out == ""
    assert "Traceback" not in result.err
    for word in words:
        assert word in result.err


@pytest.mark.parametrize("interaction", INTERACTION_NAMES)
def test_each_interaction_is_trained_and_ranks(ok, home, toy_folder, interaction):
    result = ok("train", "--kg", toy_folder, "--interaction", interaction, "--text", "full", "--name", "a", *TOY)
    assert result.out == ""  # progress is no output
    assert "a: finished, epoch 2 of 2." in result.err
    assert pipeline.read_settings(home.run("a")).model.interaction == interaction
    assert len(json.loads(ok("rank", "--disease", "AD", "--run", "a", "--json").out)) == 6


@pytest.mark.parametrize("text", ["full", "blind", "name", "shuffled", "none"])
def test_each_text_mode_is_trained_under_a_name_made_of_its_settings(ok, home, toy_folder, text):
    ok("train", "--kg", toy_folder, "--text", text, "--interaction", "distmult", "--seed", 3, *TOY)
    assert [run.name for run in home.runs()] == [f"toy-distmult-{text}-3"]
    assert (home.runs()[0].path / "text.safetensors").exists() is (text != "none")


def test_flags_win_over_the_file_and_the_file_over_the_defaults(ok, home, toy_folder, tmp_path):
    config = tmp_path / "run.toml"
    config.write_text(
        f'kg = "{toy_folder}"\n[text]\nmode = "none"\n[model]\ndim = 6\ngamma = 3.0\n[training]\nepochs = 1\nthreads = 1\n'
    )
    ok("train", "--config", config, "--name", "a", "--dim", 4)
    settings = pipeline.read_settings(home.run("a"))
    assert (settings.model.dim, settings.model.gamma, settings.training.epochs) == (4, 3.0, 1)
    assert settings.training.batch_size == type(settings)().training.batch_size


@pytest.mark.usefixtures("trained")
def test_the_same_command_again_keeps_a_finished_run(ok, home, toy_folder):
    before = home.run("full").model_file.stat().st_mtime_ns
    ok("train", "--kg", toy_folder, "--text", "full", "--name", "full", *TOY)
    assert home.run("full").model_file.stat().st_mtime_ns == before


@pytest.mark.usefixtures("trained")
def test_rank_gives_json(ok, toy):
    records = json.loads(ok("rank", "--disease", "Alzheimer's disease", "--run", "full", "--json").out)
    assert all(list(record) == ["rank", "id", "name", "score", "percentile", "status"] for record in records)
    assert {record["name"]: record["status"] for record in records} == ALZHEIMER_STATUS
    assert [record["rank"] for record in records] == [1, 2, 3, 4, 5, 6]
    assert [record["percentile"] for record in records] == pytest.approx([100, 80, 60, 40, 20, 0])
    assert [record["score"] for record in records] == sorted((record["score"] for record in records), reverse=True)
    assert {record["id"] for record in records} == {toy.vocabulary.entities[row] for row in toy.drugs}


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("name", ["Alzheimer's disease", "ALZHEIMER'S DISEASE", "AD", "Disease::alzheimer", "alzheimer"])
def test_a_disease_may_be_called_by_any_of_its_names(ok, name):
    records = json.loads(ok("rank", "--disease", name, "--run", "full", "--json").out)
    assert {record["name"]: record["status"] for record in records} == ALZHEIMER_STATUS


@pytest.mark.usefixtures("trained")
def test_rank_gives_the_same_as_csv(ok):
    arguments = ("rank", "--disease", "PD", "--run", "full", "--top", 4)
    records = json.loads(ok(*arguments, "--json").out)
    rows = list(csv.DictReader(io.StringIO(ok(*arguments, "--csv").out)))
    assert len(rows) == len(records) == 4
    assert [{key: str(value) for key, value in record.items()} for record in records] == rows


@pytest.mark.usefixtures("trained")
def test_rank_gives_a_table_with_the_place_of_the_twin(ok):
    result = ok("rank", "--disease", "AD", "--run", "full")
    assert "Alzheimer's disease, run full, 6 drugs" in result.out
    for word in ("base_rank", "class", "percentile", "status", "antipsychotic", "cautioned", *DRUGS):
        assert word in result.out
    assert "not medical advice" in result.err
    assert "base_rank" not in ok("rank", "--disease", "AD", "--run", "plain").out


@pytest.mark.usefixtures("trained")
def test_the_run_with_text_that_was_trained_last_is_ranked_by_default(ok):
    assert "run full" in ok("rank", "--disease", "AD").out


def write_pairs(path, rows):
    path.write_text("\n".join(["compound\tdisease", *("\t".join(row) for row in rows)]) + "\n")
    return path


def read_rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.mark.usefixtures("trained")
def test_fifty_thousand_pairs_are_scored_in_one_call(ok, tmp_path):
    once = [(drug, disease) for drug in sorted(DRUGS) for disease in ("AD", "Parkinson's disease", "Disease::diabetes", "CJD")]
    rows = (once * 2100)[:50_000]
    began = time.perf_counter()
    result = ok("score", "--run", "full", "--pairs", write_pairs(tmp_path / "in.tsv", rows), "--out", tmp_path / "out.tsv")
    assert time.perf_counter() - began < 10
    assert result.out == ""
    assert "50000 pairs scored with full" in result.err
    scored = read_rows(tmp_path / "out.tsv")
    assert list(scored[0]) == ["compound", "disease", "score", "percentile", "rank"]
    assert [(row["compound"], row["disease"]) for row in scored] == rows
    first = {(row["compound"], row["disease"]): row for row in scored[: len(once)]}
    assert all(first[row["compound"], row["disease"]] == row for row in scored)


@pytest.mark.usefixtures("trained")
def test_scored_pairs_agree_with_the_ranked_table(ok, tmp_path):
    """Nothing is known to treat prion disease, so all drugs compete in both."""
    pairs = write_pairs(tmp_path / "in.tsv", [(drug, "CJD") for drug in sorted(DRUGS)])
    ok("score", "--run", "full", "--pairs", pairs, "--out", tmp_path / "out.tsv")
    table = json.loads(ok("rank", "--disease", "CJD", "--run", "full", "--json").out)
    ranked = {record["name"]: (record["rank"], record["percentile"]) for record in table}
    assert {row["compound"]: (float(row["rank"]), float(row["percentile"])) for row in read_rows(tmp_path / "out.tsv")} == ranked


@pytest.mark.usefixtures("trained")
def test_unknown_pairs_are_left_out_where_that_is_wanted(ok, tmp_path):
    pairs = write_pairs(tmp_path / "in.tsv", [("donepezil", "AD"), ("kryptonite", "AD"), ("donepezil", "foo")])
    result = ok("score", "--run", "full", "--pairs", pairs, "--out", tmp_path / "out.tsv", "--skip-unknown")
    assert "1 pairs scored with full" in result.err
    assert "2 left out" in result.err
    assert len(read_rows(tmp_path / "out.tsv")) == 1


@pytest.mark.usefixtures("trained")
def test_evaluate_gives_json_and_the_same_the_second_time(ok):
    first = ok("evaluate", "--run", "full", "--json")
    result = json.loads(first.out)
    assert (result["run"], result["n_pairs"], result["n_candidates"]) == ("full", 2, 6)
    assert set(result["metrics"]) > {"MRR", "H@1", "H@3", "H@10", "H@50", "AUC"}
    assert "realistic ties" in result["protocol"]
    assert ok("evaluate", "--run", "full", "--json").out == first.out
    table = ok("evaluate", "--run", "full")
    assert f"{result['metrics']['MRR']['value']:.3f}" in table.out
    assert result["protocol"][:40] in table.err.replace("\n", " ")


@pytest.mark.usefixtures("trained")
def test_evaluate_takes_another_split(ok):
    results = [json.loads(ok("evaluate", "--run", "full", "--split-seed", seed, "--json").out) for seed in (0, 1)]
    assert results[0]["protocol"] != results[1]["protocol"]


@pytest.mark.usefixtures("trained")
def test_runs_are_listed(ok, toy_folder):
    records = json.loads(ok("runs", "--json").out)
    assert [(record["name"], record["state"], record["epoch"], record["text"]) for record in records] == [
        ("full", "finished", "2/2", "full"),
        ("plain", "finished", "2/2", "none"),
    ]
    assert records[0]["kg"] == str(toy_folder)
    table = ok("runs").out
    assert "full" in table
    assert "finished" in table


def test_a_run_of_several_models_is_listed_with_all_its_epochs(ok, toy_folder):
    ok("train", "--kg", toy_folder, "--text", "none", "--seeds", 3, "--name", "three", *SMALL)
    (record,) = json.loads(ok("runs", "--json").out)
    assert (record["state"], record["epoch"]) == ("finished", "6/6")


def test_a_fusion_ranks_and_is_evaluated_by_each_of_its_scorers(ok, toy_folder, tmp_path):
    config = tmp_path / "run.toml"
    config.write_text('[fusion]\nfolds = 2\nbackbones = ["distmult"]\n')
    ok("train", "--kg", toy_folder, "--text", "full", "--name", "all", "--config", config, *TOY)
    scores = {}
    for scorer in ("fusion", "lladr", "base", "degree"):
        records = json.loads(ok("rank", "--disease", "AD", "--scorer", scorer, "--json").out)
        assert {record["name"] for record in records} == DRUGS
        scores[scorer] = {record["name"]: record["score"] for record in records}
    assert scores["fusion"] != scores["lladr"] != scores["base"]
    by_default = json.loads(ok("rank", "--disease", "AD", "--json").out)
    assert {record["name"]: record["score"] for record in by_default} == scores["fusion"]
    assert "base_rank" in ok("rank", "--disease", "AD").out


def test_no_runs_are_an_empty_list(ok):
    assert json.loads(ok("runs", "--json").out) == []
    result = ok("runs")
    assert (result.out, "lladr prepare" in result.err) == ("", True)


def test_prepare_trains_the_pair_and_evaluates_it(ok, home, toy_folder, monkeypatch):
    settings = toy_settings(toy_folder, text="full", epochs=2)
    monkeypatch.setattr(sys.modules["core.cli.app"], "RunSettings", lambda: settings)
    monkeypatch.setattr(pipeline, "DEFAULT_RUNS", {"base": "none", "lladr": "full"})
    for module in ("core.cli.app", "core.kg.splits"):  # four treatments are too few for five parts
        monkeypatch.setattr(sys.modules[module], "PARTS", 2)
    result = ok("prepare")
    assert result.out == ""
    assert "Ready in" in result.err
    assert [run.name for run in home.runs()] == ["base", "lladr"]
    assert all(pipeline.known_evaluation(home, name) for name in ("base", "lladr"))
    parts = [pipeline.known_evaluation(home, "lladr", question=Question("every-treatment", split_seed=part)) for part in (0, 1)]
    assert sum(part["n_pairs"] for part in parts) == 4
    weights = {name: home.run(name).model_file.stat().st_mtime_ns for name in ("base", "lladr")}
    ok("prepare")
    assert {name: home.run(name).model_file.stat().st_mtime_ns for name in ("base", "lladr")} == weights
    assert "base_rank" in ok("rank", "--disease", "AD").out


def test_prepare_with_fusion_trains_it_of_the_same_text_and_measures_it_as_the_other(ok, home, toy_folder, monkeypatch):
    room = sys.modules["core.cli.app"]
    settings, trained, asked = toy_settings(toy_folder, text="full", epochs=2), [], []
    monkeypatch.setattr(room, "RunSettings", lambda: settings)
    monkeypatch.setattr(room, "_train", lambda workspace, name, settings, **how: trained.append((name, settings)))
    monkeypatch.setattr(room, "evaluate_protocol", lambda workspace, name, question, **how: asked.append((name, question)))
    ok("prepare", "--fusion")
    assert [name for name, _ in trained] == ["base", "lladr", "fusion"]
    assert trained[2][1] == trained[1][1].replace(fusion={})
    parts = [Question("every-treatment", split_seed=part) for part in range(5)]
    assert [question for name, question in asked if name == "fusion"] == [Question(), *parts]
    assert [question for name, question in asked if name == "lladr"] == [Question(), *parts]


COMMANDS = (
    *("prepare", "train", "rank", "score", "runs", "serve"),
    *("evaluate", "reproduce", "explain", "describe", "ground", "dossier", "recover", "new", "atlas", "data"),
)


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_says_what_a_command_does(ok, command):
    result = ok(*([command] if command else []), "--help")
    assert "Usage" in result.out
    assert len(result.out) > 300
    if command is None:
        assert all(name in result.out for name in COMMANDS)


def test_every_option_is_explained():
    commands = typer.main.get_command(app).commands
    assert set(commands) == set(COMMANDS)
    assert [c.name for c in commands.values() if not c.help] == []
    assert [(c.name, option.name) for c in commands.values() for option in c.params if not option.help] == []


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rank", "--disease", "Alzheimer disese"), ("No disease is called 'Alzheimer disese'", "Alzheimer's disease")),
        (("rank", "--disease", "dementia"), ("may be more than one disease", "prion disease")),
        (("rank", "--disease", "donepezil"), ("No disease is called",)),
        (("rank", "--disease", ""), ("No disease is called",)),
        (("rank", "--disease", "AD", "--run", "nope"), ("No run is called 'nope'", "full; plain")),
        (("rank", "--disease", "AD", "--run", "../full"), ("no usable run name",)),
        (("rank", "--disease", "AD", "--top", "0"), ("--top",)),
        (("rank", "--disease", "AD", "--top", "many"), ("--top",)),
        (("rank",), ("--disease",)),
        (("rank", "--disease", "AD", "--run", "full", "--scorer", "fusion"), ("No scorer is called 'fusion'", "lladr")),
        (("evaluate", "--run", "nope"), ("No run is called 'nope'",)),
        (("train", "--kg", "/nowhere"), ("no such graph or folder", "--kg")),
        (("train", "--name", "a/b"), ("no usable run name",)),
        (("train", "--interaction", "complex", "--dim", "7"), ("even dim",)),
        (("train", "--interaction", "rotate", "--dim", "9"), ("even dim",)),
        (("train", "--interaction", "gnn"), ("model.interaction", "pykeen:NAME")),
        (("train", "--epochs", "0"), ("epochs",)),
        (("train", "--rho", "2"), ("text.rho",)),
        (("train", "--learning-rate", "nan"), ("learning_rate",)),
        (("train", "--config", "/nowhere.toml"), ("/nowhere.toml cannot be read",)),
        (("serve", "--port", "high"), ("--port",)),
        (("sing",), ("sing",)),
    ],
)
def test_a_mistake_is_told_on_stderr_and_the_exit_code(lladr, arguments, words):
    assert_refused(lladr(*arguments), *words)


@pytest.mark.parametrize("command", [("rank", "--disease", "AD"), ("evaluate",)])
def test_without_any_run_the_way_to_one_is_told(lladr, command):
    assert_refused(lladr(*command), "lladr prepare")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('colour = "red"', ("colour",)),
        ("[training]\nlr = 1", ("training.lr",)),
        ('text = "none"', ("text", "[text]")),
        ("[model]\ndim = 'x'", ("model.dim",)),
        ("dim = ", ("cannot be read as TOML",)),
    ],
)
def test_a_mistake_in_the_configuration_is_told(lladr, home, toy_folder, tmp_path, content, words):
    config = tmp_path / "run.toml"
    config.write_text(content)
    assert_refused(lladr("train", "--kg", toy_folder, "--config", config), *words)
    assert not home.root.exists()


@pytest.mark.usefixtures("trained")
def test_other_settings_under_the_same_name_are_refused(lladr, ok, home, toy_folder):
    command = ("train", "--kg", toy_folder, "--text", "full", "--name", "full", *TOY, "--seed", 9)
    assert_refused(lladr(*command), "training.seed: 0 there, 9 now", "--restart")
    ok(*command, "--restart")
    assert pipeline.read_settings(home.run("full")).training.seed == 9


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("drug,disease\ndonepezil,AD\n", ("line 1", "compound, disease")),
        ("compound\tdisease\ndonepezil\tAD\ndonepezil\n", ("line 3", "2 tab-separated columns")),
        ("compound\tdisease\ndonepesil\tAD\n", ("line 2", "No drug is called 'donepesil'", "donepezil", "--skip-unknown")),
        ("compound\tdisease\n", ("no pair can be scored",)),
        ("", ("line 1", "compound, disease")),
        (b"compound\tdisease\ncaf\xe9\tAD\n", ("not UTF-8",)),
        (None, ("missing",)),
    ],
)
def test_a_malformed_table_of_pairs_is_told(lladr, tmp_path, content, words):
    pairs = tmp_path / "pairs.tsv"
    if content is not None:
        pairs.write_bytes(content if isinstance(content, bytes) else content.encode())
    result = lladr("score", "--run", "full", "--pairs", pairs, "--out", tmp_path / "out.tsv")
    assert_refused(result, "pairs.tsv", *words)
    assert not (tmp_path / "out.tsv").exists()


@pytest.mark.usefixtures("trained")
def test_a_result_that_cannot_be_written_is_told(lladr, tmp_path):
    pairs = write_pairs(tmp_path / "in.tsv", [("donepezil", "AD")])
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for out in (tmp_path / "file" / "out.tsv", tmp_path / "folder", "/proc/out.tsv"):
        assert_refused(lladr("score", "--run", "full", "--pairs", pairs, "--out", out), "could not be written", "--out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder", "home", "in.tsv", "toy"]


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"garbage" * 50])
def test_damaged_weights_are_told(lladr, home, tmp_path, damage):
    weights = home.run("full").model_file
    weights.write_bytes(damage(weights.read_bytes()))
    pairs = write_pairs(tmp_path / "in.tsv", [("donepezil", "AD")])
    assert_refused(lladr("rank", "--disease", "AD", "--run", "full"), "model.safetensors", "damaged", "train the run again")
    assert_refused(lladr("score", "--run", "full", "--pairs", pairs, "--out", tmp_path / "out.tsv"), "damaged")


@pytest.mark.usefixtures("trained")
def test_a_graph_that_changed_its_rows_is_told(lladr, toy_folder):
    write_table(toy_folder / "nodes.tsv", ["id", "name", "kind", "synonyms"], NODES[::-1])
    assert_refused(lladr("rank", "--disease", "AD", "--run", "full"), "belongs to another graph", "train again")


def test_a_malformed_graph_is_told(lladr, home, toy_folder):
    with (toy_folder / "edges.tsv").open("a") as file:
        file.write("Compound::donepezil\ttreats\tDisease::nowhere\t\t\n")
    result = lladr("train", "--kg", toy_folder, *SMALL)
    assert_refused(result, f"edges.tsv, line {len(EDGES) + 2}", "'Disease::nowhere' is no node")
    assert not home.root.exists()


def test_a_bug_is_no_users_error(lladr, monkeypatch):
    """It shows itself instead of looking like advice."""
    monkeypatch.setattr(Workspace, "runs", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        lladr("runs")


HOSTILE = [
    ("Compound::a", "=1+1", "Compound", ""),
    ("Compound::b", "[red]bold[/red]", "Compound", ""),
    ("Compound::c", "../../etc/passwd", "Compound", ""),
    ("Compound::d", "<script>alert(1)</script>", "Compound", ""),
    ("Compound::e", "[18F]fluorodopa", "Compound", ""),
    ("Compound::f", "{x} %s $HOME `id`", "Compound", ""),
]


def hostile_graph(folder, *drugs, disease="Niemann-Pick"):
    """Write a graph whose names want to be markup, formulas and paths."""
    write_toy_folder(folder)
    nodes = [*drugs, ("Disease::x", disease, "Disease", "")]
    edges = [(drug[0], "treats", "Disease::x", "", "") for drug in drugs[:2]]
    write_table(folder / "nodes.tsv", ["id", "name", "kind", "synonyms"], nodes)
    write_table(folder / "edges.tsv", ["head", "relation", "tail", "detail", "corroborated"], edges)
    return folder


def test_hostile_names_come_out_as_they_are_and_harmless(ok, tmp_path):
    folder = hostile_graph(tmp_path / "odd [graph]", *HOSTILE)
    ok("train", "--kg", folder, "--text", "full", "--name", "a", *TOY)
    arguments = ("rank", "--disease", "niemann-pick")
    names = {node[1] for node in HOSTILE}
    assert {record["name"] for record in json.loads(ok(*arguments, "--json").out)} == names
    rows = csv.DictReader(io.StringIO(ok(*arguments, "--csv").out))
    assert {row["name"] for row in rows} == {"'=1+1" if name == "=1+1" else name for name in names}
    table = ok(*arguments).out
    assert [name for name in names if name not in table] == []
    assert str(folder) in ok("runs").out


MARKUP = "Console markup is read in titles and messages, and _cell() escapes by hand: use rich.markup.escape, or Text"


@pytest.mark.parametrize("name", ["x [/b]", "[red]x"])
def test_a_disease_with_brackets_is_named_in_the_title(ok, tmp_path, name):
    ok("train", "--kg", hostile_graph(tmp_path / "odd", *HOSTILE, disease=name), "--text", "none", "--name", "a", *SMALL)
    assert name in ok("rank", "--disease", name).out


def test_a_drug_with_a_backslash_before_a_bracket_is_named(ok, tmp_path):
    drugs = [("Compound::a", "a\\[/b]", "Compound", ""), ("Compound::b", "b", "Compound", "")]
    ok("train", "--kg", hostile_graph(tmp_path / "odd", *drugs), "--text", "none", "--name", "a", *SMALL)
    assert "a\\[/b]" in ok("rank", "--disease", "niemann-pick").out


@pytest.mark.usefixtures("trained")
def test_a_path_with_brackets_is_told_as_it_is(ok, tmp_path):
    pairs = write_pairs(tmp_path / "in.tsv", [("donepezil", "AD")])
    result = ok("score", "--run", "full", "--pairs", pairs, "--out", tmp_path / "out [b].tsv")
    assert "out [b].tsv" in result.err.replace("\n", "")


@pytest.mark.usefixtures("trained")
def test_both_ways_to_call_it_work_from_a_shell():
    script, module = [str(Path(sys.executable).with_name("lladr"))], [sys.executable, "-m", "core.cli"]
    options = {"cwd": ROOT, "capture_output": True, "text": True, "check": False}
    arguments = ["rank", "--run", "full", "--json", "--disease"]
    good = subprocess.run([*script, *arguments, "AD"], **options)  # noqa: S603 - written here
    bad = subprocess.run([*module, *arguments, "nothing at all"], **options)  # noqa: S603
    assert (good.returncode, good.stderr, len(json.loads(good.stdout))) == (0, "", 6)
    assert (bad.returncode, bad.stdout) == (1, "")
    assert bad.stderr.startswith("Error: No disease is called 'nothing at all'.")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_in_good_order_and_the_run_can_go_on(home, toy_folder, tmp_path, number):
    config = tmp_path / "run.toml"
    config.write_text(
        f'kg = "{toy_folder}"\n[text]\nencoder = "hashing:16"\n[model]\ndim = 8\n[training]\nepochs = 1000000\nthreads = 1\n'
    )
    command = [sys.executable, "-m", "core.cli", "train", "--config", str(config), "--name", "long"]
    run = home.run("long")
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:  # noqa: S603
        try:
            until = time.monotonic() + 30
            while not run.trace() and child.poll() is None and time.monotonic() < until:
                time.sleep(0.05)
            child.send_signal(number)
            out, err = child.communicate(timeout=20)
        finally:
            child.kill()
    assert (child.returncode, out) == (1, "")
    assert "Traceback" not in err
    assert "The run 'long' was stopped" in err
    status = pipeline.run_status(run)
    assert status["state"] == "stopped"
    assert status["epoch"] == len(run.trace()) > 0
    assert {"entities", "entity.sums"} <= set(load_file(run.model_file))


def test_a_full_disk_is_told(lladr, home, toy_folder, small_files):
    with small_files(20_000):
        result = lladr("train", "--kg", toy_folder, "--text", "none", "--name", "a", *SMALL, "--dim", 512, "--epochs", 1)
    assert_refused(result, "could not be written", "LLADR_HOME")
    assert not [path for path in home.run("a").path.iterdir() if path.name.startswith(".")]


def test_the_command_leaves_the_users_files_alone(ok, toy_folder, tmp_path, monkeypatch):
    before = {path.name: path.read_bytes() for path in toy_folder.iterdir()}
    monkeypatch.chdir(tmp_path)
    ok("train", "--kg", "toy", "--text", "full", "--name", "a", *TOY)
    ok("rank", "--disease", "AD")
    assert {path.name: path.read_bytes() for path in toy_folder.iterdir()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "toy"]
