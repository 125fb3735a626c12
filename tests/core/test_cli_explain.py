import json

import pytest
from typer.testing import CliRunner

from core.cli import app
from core.errors import ConfigError, GraphFormatError, UnknownNameError
from tests.toy import ALZHEIMER, ASPIRIN, DIABETES, DONEPEZIL, HALOPERIDOL, MEMANTINE

run = CliRunner()
FEW = ["--permutations", "20"]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LLADR_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def explain(folder, *arguments):
    return run.invoke(app, ["explain", "--kg", str(folder), *FEW, *map(str, arguments)])


def pairs_file(folder, *pairs):
    path = folder / "pairs.tsv"
    path.write_text("compound\tdisease\n" + "".join(f"{drug}\t{disease}\n" for drug, disease in pairs), encoding="utf-8")
    return path


def test_one_pair_as_json(toy_folder, home):
    result = explain(toy_folder, "--drug", "Aricept", "--disease", "Alzheimer's disease", "--json")
    record = json.loads(result.stdout)
    assert (record["compound"], record["disease"]) == (DONEPEZIL, ALZHEIMER)
    assert record["paths"][0]["sentence"].startswith("donepezil inhibits ACHE")
    assert 1 / 21 <= record["paths"][0]["p"] <= 1
    assert len(list((home / "cache" / "permutations").iterdir())) == 1


def test_pairs_of_a_file_one_record_a_line_in_their_order(toy_folder, tmp_path):
    pairs = [(MEMANTINE, ALZHEIMER), (ASPIRIN, DIABETES), ("haloperidol", "PD"), (MEMANTINE, ALZHEIMER)]
    out = tmp_path / "out.jsonl"
    result = explain(toy_folder, "--pairs", pairs_file(tmp_path, *pairs), "--out", out, "--top", 1)
    assert result.exit_code == 0
    records = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [record["compound"] for record in records] == [MEMANTINE, ASPIRIN, HALOPERIDOL, MEMANTINE]
    assert [len(record["paths"]) for record in records] == [1, 0, 1, 1]
    assert records[0] == records[3]


def test_a_person_reads_sentences_and_chance(toy_folder):
    result = explain(toy_folder, "--drug", "memantine", "--disease", "Alzheimer's disease")
    assert "1. memantine inhibits GRIN1 (channel blocker)" in result.stdout
    assert "(CiGaD)" in result.stdout
    assert "random graph" in result.stdout
    none = explain(toy_folder, "--drug", "aspirin", "--disease", "type 2 diabetes mellitus")
    assert "it cannot say why" in none.stdout


def test_no_random_graphs_when_none_are_asked_for(toy_folder, home):
    result = run.invoke(
        app, ["explain", "--kg", str(toy_folder), "--drug", "memantine", "--disease", ALZHEIMER, "--permutations", "0", "--json"]
    )
    assert json.loads(result.stdout)["paths"][0]["p"] is None
    assert not home.exists()


def test_an_unknown_drug_names_the_nearest(toy_folder):
    result = explain(toy_folder, "--drug", "memantin", "--disease", ALZHEIMER)
    assert isinstance(result.exception, UnknownNameError)
    assert "memantine" in result.exception.message


def test_an_unknown_pair_of_a_file_names_its_line_and_writes_nothing(toy_folder, tmp_path):
    path, out = pairs_file(tmp_path, (MEMANTINE, ALZHEIMER), ("memantin", ALZHEIMER)), tmp_path / "out.jsonl"
    result = explain(toy_folder, "--pairs", path, "--out", out)
    assert isinstance(result.exception, GraphFormatError)
    assert result.exception.line == 3
    assert "memantine" in result.exception.message
    assert not out.exists()
    skipped = explain(toy_folder, "--pairs", path, "--out", out, "--skip-unknown")
    assert "1 left out" in " ".join(skipped.stderr.split())
    assert len(out.read_text(encoding="utf-8").splitlines()) == 1


@pytest.mark.parametrize(
    "arguments", [[], ["--drug", "memantine"], ["--drug", "memantine", "--disease", ALZHEIMER, "--pairs", "pairs.tsv"]]
)
def test_it_must_be_clear_which_pairs_are_meant(toy_folder, arguments):
    assert isinstance(explain(toy_folder, *arguments).exception, ConfigError)


def test_longer_paths_on_request(toy_folder):
    """Donepezil treats Alzheimer's disease, whose gene GRIN1 interacts with DRD2, a gene of Parkinson's: four edges."""
    asked = ["--drug", "donepezil", "--disease", "PD", "--json", "--edges"]
    found = {edges: json.loads(explain(toy_folder, *asked, edges).stdout)["paths"] for edges in ("2", "3", "4")}
    assert found["2"] == found["3"] == []
    assert {len(path["relations"]) for path in found["4"]} == {4}
    assert explain(toy_folder, *asked, "5").exit_code == 2
