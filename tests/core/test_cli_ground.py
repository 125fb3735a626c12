import csv
import json
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.cli.app import app
from core.errors import ConfigError, GraphFormatError, UnknownNameError, WorkspaceError
from core.kg.loaders import load_graph
from core.llm.store import DescriptionStore, Version
from core.workspace import Workspace
from tests.toy import ASPIRIN, EDGES, HALOPERIDOL, NODES, write_table, write_toy_folder

FORMULA = '=HYPERLINK("http://evil.example")'


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["ground", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.jsonl"
    lines = [
        {"id": HALOPERIDOL, "name": "haloperidol", "indications": "Parkinson's disease.", "targets": ["DRD2", FORMULA]},
        {"id": ASPIRIN, "name": "warfarin", "mechanism": "Inhibits PTGS1."},
        {"id": "Compound::stranger", "background": "x"},
    ]
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


def test_the_report_counts_verdicts_and_indicators(toy_folder, texts):
    report = json.loads(run("--kg", toy_folder, "--descriptions", texts, "--json"))
    assert {line["claim"]: (line["supported"], line["contradicted"], line["unknown"]) for line in report["verdicts"]} == {
        "targets": (2, 0, 1),
        "indicated_for": (0, 1, 0),
    }
    assert report["counts"] == {"refusals": 0, "unmapped": 1, "misnamed": 1, "duplicates": 0}
    assert report["left_out"] == 1


def test_the_table_says_the_same(toy_folder, texts):
    printed = run("--kg", toy_folder, "--descriptions", texts)
    assert "indicated_for" in printed
    assert "written about another entity" in printed


def test_without_a_file_the_graph_s_own_descriptions_are_checked(toy_folder):
    report = json.loads(run("--kg", toy_folder, "--json"))
    assert {line["kind"]: line["described"] for line in report["coverage"]}["Compound"] == 5


def test_the_claims_are_written_and_a_formula_stays_text(toy_folder, texts, tmp_path):
    out = tmp_path / "claims.csv"
    run("--kg", toy_folder, "--descriptions", texts, "--out", out)
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["mention"]: row["verdict"] for row in rows} == {
        "Parkinson's disease": "contradicted",
        "DRD2": "supported",
        "PTGS1": "supported",
        f"'{FORMULA}": "unknown",
    }
    assert rows[0]["edge"] == "haloperidol is contraindicated in Parkinson's disease (blocks dopamine)"


def test_the_claims_are_written_as_json_too(toy_folder, texts, tmp_path):
    run("--kg", toy_folder, "--descriptions", texts, "--out", tmp_path / "claims.json")
    assert len(json.loads((tmp_path / "claims.json").read_text())) == 4


@pytest.fixture
def workspace(tmp_path: Path, toy_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace whose store has two versions of one description."""
    monkeypatch.setenv("LLADR_HOME", str(tmp_path / "home"))
    workspace = Workspace.default()
    common = {"graph": load_graph(str(toy_folder)).name, "entity": HALOPERIDOL, "name": "haloperidol", "kind": "Compound"}
    written = Version(**common, prompt="good", prompt_version=1, model="m", fields={"indications": "Parkinson's disease."})
    with closing(DescriptionStore(workspace.description_store)) as store:
        store.add(written)
        store.add(written.edited({"indications": "Alzheimer's disease."}, author="A. Reader", reason="wrong"))
    return workspace


def test_the_current_descriptions_of_the_workspace_are_checked(toy_folder, workspace):
    report = json.loads(run("--kg", toy_folder, "--prompt", "good", "--model", "m", "--json"))
    assert report["verdicts"] == [{"claim": "indicated_for", "supported": 1, "contradicted": 0, "unknown": 0}]


def test_a_prompt_and_model_that_wrote_nothing_are_refused_with_those_that_did(toy_folder, workspace):
    with pytest.raises(UnknownNameError) as error:
        CliRunner().invoke(app, ["ground", "--kg", str(toy_folder), "--prompt", "none", "--model", "m"], catch_exceptions=False)
    assert error.value.nearest == ("good by m",)


def test_a_workspace_without_descriptions_is_left_as_it_is(toy_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("LLADR_HOME", str(tmp_path / "empty"))
    with pytest.raises(WorkspaceError, match="lladr describe"):
        CliRunner().invoke(app, ["ground", "--kg", str(toy_folder), "--prompt", "good", "--model", "m"], catch_exceptions=False)
    assert not (tmp_path / "empty").exists()


@pytest.mark.parametrize("arguments", [["--prompt", "good"], ["--model", "m"], ["--out", "claims.xls"]])
def test_half_a_choice_is_refused(toy_folder, arguments):
    with pytest.raises(ConfigError):
        CliRunner().invoke(app, ["ground", "--kg", str(toy_folder), *arguments], catch_exceptions=False)


def test_a_graph_without_descriptions_says_how_to_get_some(tmp_path):
    folder = write_toy_folder(tmp_path / "bare")
    (folder / "descriptions.jsonl").unlink()
    with pytest.raises(GraphFormatError, match="lladr describe"):
        CliRunner().invoke(app, ["ground", "--kg", str(folder)], catch_exceptions=False)


def test_a_hostile_name_of_a_graph_is_printed_as_it_is(tmp_path):
    folder = write_toy_folder(tmp_path / "hostile")
    write_table(
        folder / "nodes.tsv", ["id", "name", "kind", "synonyms"], [*NODES, ("Compound::h", "[red]x[/red]", "Compound", "")]
    )
    write_table(folder / "edges.tsv", ["head", "relation", "tail", "detail", "corroborated"], EDGES)
    (folder / "descriptions.jsonl").write_text(json.dumps({"id": "Compound::h", "name": "[bold]y", "background": "z"}))
    result = CliRunner().invoke(app, ["ground", "--kg", str(folder)], catch_exceptions=False)
    assert "[red]x[/red] (Compound::h): written about [bold]y" in result.output
