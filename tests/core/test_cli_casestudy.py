"""The commands of a case from the outside: dossier, recover, new."""

import json

import pytest
from scipy.stats import hypergeom
from typer.testing import CliRunner

from core.cli import app
from core.errors import ConfigError, LladrError, UnknownNameError, WorkspaceError
from core.pipeline import evaluation, load_run, train_run
from core.workspace import Workspace
from tests.core.pipeline.runs import toy_settings
from tests.core.trained import copied
from tests.toy import ALZHEIMER, PRION, write_toy_folder

run = CliRunner()


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = tmp_path_factory.mktemp("case")
    settings = toy_settings(write_toy_folder(folder / "toy"), text="full")
    train_run(Workspace(folder / "home"), "lladr", settings)
    return folder


@pytest.fixture(autouse=True)
def home(case, tmp_path, monkeypatch):
    monkeypatch.setenv("LLADR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    return copied(case, tmp_path)


def lladr(*arguments):
    return run.invoke(app, [str(each) for each in arguments])


def told(result):
    return " ".join(result.stderr.split())


def test_a_dossier_as_html_says_what_was_asked(tmp_path):
    out = tmp_path / "report.html"
    result = lladr("dossier", "--disease", "AD", "--drug", "Aricept", "--drug", "levodopa", "--out", out)
    assert result.exit_code == 0
    html = out.read_text(encoding="utf-8")
    assert "<h2>donepezil</h2>" in html
    assert "may worsen Alzheimer" in html
    assert "<h2>memantine</h2>" not in html
    assert "random graph" in html
    assert "2 drugs" in told(result)


def test_without_drugs_it_takes_the_new_ones(tmp_path):
    """Levodopa alone is neither known nor in trials; in prion disease all six are, but for the one that a text forbids."""
    out = tmp_path / "report.html"
    assert ", 1 drug." in told(lladr("dossier", "--disease", ALZHEIMER, "--out", out))
    assert "<h2>levodopa</h2>" in out.read_text(encoding="utf-8")
    assert "6 drugs" in told(lladr("dossier", "--disease", PRION, "--out", out))
    forbid(tmp_path / "toy", "memantine", "Contraindicated in prion disease.")
    assert "5 drugs" in told(lladr("dossier", "--disease", PRION, "--out", out))
    assert "<h2>memantine</h2>" not in out.read_text(encoding="utf-8")


def forbid(folder, name, sentence):
    """Let the text on a drug warn."""
    path = folder / "descriptions.jsonl"
    described = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    changed = [each | ({"contraindications": sentence} if each["name"] == name else {}) for each in described]
    path.write_text("".join(json.dumps(each) + "\n" for each in changed), encoding="utf-8")


def test_a_dossier_as_pdf_is_one(tmp_path):
    out = tmp_path / "report.PDF"
    assert lladr("dossier", "--disease", ALZHEIMER, "--drug", "donepezil", "--out", out).exit_code == 0
    assert out.read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["--disease", ALZHEIMER, "--out", "report.docx"], ConfigError),
        (["--disease", ALZHEIMER, "--out", "report"], ConfigError),
        (["--disease", "alzhiemer", "--out", "report.html"], UnknownNameError),
        (["--disease", ALZHEIMER, "--drug", "aspirine", "--out", "report.html"], UnknownNameError),
        (["--disease", ALZHEIMER, "--run", "nothing", "--out", "report.html"], LladrError),
        (["--disease", ALZHEIMER, "--drug", "aspirin", "--out", "notes.txt/report.html"], WorkspaceError),
    ],
)
def test_a_dossier_that_cannot_be_made_leaves_nothing(tmp_path, monkeypatch, arguments, kind):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("a file, no folder", encoding="utf-8")
    result = lladr("dossier", *arguments)
    assert isinstance(result.exception, kind)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "notes.txt", "toy"]


def test_recovery_of_the_graphs_own_lists_against_counting(home):
    """Alzheimer's disease: three known, two in trials; for the trial list the known ones do not compete, which leaves three."""
    records = json.loads(lladr("recover", "--disease", "AD", "--json").stdout)
    assert [(each["list"], each["depth"], each["of"]) for each in records] == [
        (name, depth, of) for name, of in (("known (control)", 3), ("in trials", 2)) for depth in (10, 50, 100)
    ]
    assert {each["found"] for each in records if each["list"] == "in trials"} == {2}
    assert {each["recall"] for each in records} == {1.0}
    assert {each["chance"] for each in records if each["list"] == "in trials"} == {2.0}  # all three drugs are within ten


def test_recovery_of_a_list_in_a_file(home, tmp_path):
    listed = tmp_path / "trials.txt"
    listed.write_text("﻿ASA\nmetformin; no such drug\n\n", encoding="utf-8")
    result = lladr("recover", "--disease", ALZHEIMER, "--drugs", listed, "--json")
    first = json.loads(result.stdout)[0]
    assert (first["list"], first["of"], first["found"]) == ("trials.txt", 2, 2)
    assert first["p"] == pytest.approx(hypergeom.sf(1, 3, 2, 3))
    assert "Left out: No drug is called 'no such drug'" in told(result)
    table = lladr("recover", "--disease", ALZHEIMER, "--drugs", listed)
    assert "Alzheimer's disease, run lladr" in table.stdout


def test_a_list_of_unknown_drugs_or_an_unreadable_one_is_refused(tmp_path):
    (tmp_path / "names.txt").write_text("nothing\n", encoding="utf-8")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    for name, kind in {"names.txt": ConfigError, "bytes.txt": WorkspaceError, "missing.txt": WorkspaceError}.items():
        result = lladr("recover", "--disease", ALZHEIMER, "--drugs", tmp_path / name)
        assert isinstance(result.exception, kind)
    assert "--drugs FILE" in str(lladr("recover", "--disease", PRION).exception)


def described(tmp_path, text="Loss of memory with deposits; ACHE is involved."):
    path = tmp_path / "text.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_new_disease_is_ranked_and_the_way_is_said(tmp_path, home):
    result = lladr("new", "--name", "new dementia", "--description", described(tmp_path), "--gene", "ACHE", "--top", 3, "--json")
    records = json.loads(result.stdout)
    assert [record["rank"] for record in records] == sorted(record["rank"] for record in records)
    assert len(records) == 3
    graph = load_run(home, "lladr").graph
    assert {record["id"] for record in records} <= {graph.vocabulary.entities[row] for row in graph.drugs}
    assert "Driven by the text: near to" in told(result)
    assert "was not measured" in told(result)


def test_a_new_drug_is_placed_in_diseases(tmp_path):
    result = lladr("new", "--kind", "drug", "--name", "newpezil", "--description", described(tmp_path), "--gene", "ACHE")
    assert "newpezil (new), run lladr" in result.stdout
    assert "prion disease" in result.stdout


def test_trust_is_measured_on_request_and_then_said(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation, "TEST_FRACTION", 0.5)
    asked = ["new", "--name", "new dementia", "--description", described(tmp_path)]
    assert "How well that works: H@10" in told(lladr("new", "--trust"))
    assert "How well that works: H@10" in told(lladr(*asked))


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        (["--kind", "gene"], ConfigError),
        (["--gene", "ACHEE"], UnknownNameError),
        (["--run", "plain"], ConfigError),
        (["--name", " "], ConfigError),
        (["--description", "missing.txt"], WorkspaceError),
    ],
)
def test_what_cannot_be_placed_is_refused(tmp_path, home, toy_folder, more, kind):
    train_run(home, "plain", toy_settings(toy_folder))
    result = lladr("new", "--name", "new", "--description", described(tmp_path), *more)
    assert isinstance(result.exception, kind)


def test_a_description_must_be_a_text(tmp_path):
    (tmp_path / "text.txt").write_text("  \n", encoding="utf-8")
    assert isinstance(lladr("new", "--name", "new", "--description", tmp_path / "text.txt").exception, ConfigError)
    assert isinstance(lladr("new", "--name", "new", "--description", tmp_path).exception, WorkspaceError)


@pytest.mark.parametrize("arguments", [[], ["--name", "new"], ["--trust", "--name", "new"]])
def test_half_a_newcomer_is_refused(arguments):
    assert "both, or --trust alone" in str(lladr("new", *arguments).exception)
