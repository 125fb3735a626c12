import json

import pytest
from typer.testing import CliRunner

from core.cli.app import app
from core.errors import ConfigError, GraphFormatError, WorkspaceError
from core.kg.loaders import load_graph
from core.workspace import Workspace
from tests.toy import EDGES, NODES, write_table


def run(*arguments):
    result = CliRunner().invoke(app, ["data", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0
    return result


def refused(*arguments):
    """Return the exit of a command that must fail, with all that it printed."""
    return CliRunner().invoke(app, ["data", *map(str, arguments)])


def test_a_graph_is_counted_and_checked(toy_folder):
    report = json.loads(run("--kg", toy_folder, "--json").stdout)
    assert {kind["kind"]: kind["entities"] for kind in report["kinds"]}["Gene"] == 5
    assert sum(relation["edges"] for relation in report["relations"]) == len(EDGES)
    levels = {check["name"]: check["level"] for check in report["checks"]}
    assert (levels["shared names"], levels["self loops"]) == ("warn", "pass")


def test_the_tables_say_the_same_with_what_to_do(toy_folder):
    printed = run("--kg", toy_folder).output
    for words in ("Pharmacologic Class", "3 of 4 diseases are treated", "dementia:", "not declared", "keep an abbreviation"):
        assert words in " ".join(printed.split())


def test_bad_lines_are_all_named_before_the_error(toy_folder):
    with (toy_folder / "edges.tsv").open("a") as file:
        file.write("a\tb\nGene::X\ttreats\tGene::ACHE\t\t\n")
    result = refused("--kg", toy_folder)
    assert isinstance(result.exception, GraphFormatError)
    printed = " ".join(result.output.split())
    assert f"edges.tsv, line {len(EDGES) + 2}: 2 column(s)" in printed
    assert f"edges.tsv, line {len(EDGES) + 3}: the head 'Gene::X' is no node." in printed


def test_a_missing_declaration_is_drafted(toy_folder):
    renamed = [(head, f"my_{relation}", *rest) for head, relation, *rest in EDGES]
    write_table(toy_folder / "edges.tsv", ["head", "relation", "tail", "detail", "corroborated"], renamed)
    result = refused("--kg", toy_folder)
    assert isinstance(result.exception, ConfigError)
    assert "[roles]" in result.output


def test_a_sound_folder_is_stored_and_its_command_told(toy_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("LLADR_HOME", str(tmp_path / "home"))
    printed = run("--kg", toy_folder, "--store", "mine").output
    folder = Workspace.default().root / "graphs" / "mine"
    assert load_graph(str(folder)).n_entities == len(NODES)
    assert f"lladr train --kg {folder}" in "".join(printed.split("\n"))
    assert isinstance(refused("--kg", toy_folder, "--store", "mine").exception, WorkspaceError)


def test_only_a_folder_can_be_stored(tmp_path, monkeypatch):
    monkeypatch.setenv("LLADR_HOME", str(tmp_path / "home"))
    with pytest.raises(ConfigError, match="no folder"):
        CliRunner().invoke(app, ["data", "--kg", "starter", "--store", "mine"], catch_exceptions=False)
    assert not (tmp_path / "home").exists()


def test_a_hostile_name_is_printed_as_it_is(toy_folder):
    hostile = [*NODES, ("Gene::h", "[red]x[/red]", "Gene", "")]
    write_table(toy_folder / "nodes.tsv", ["id", "name", "kind", "synonyms"], hostile)
    assert "[red]x[/red] (Gene::h)" in run("--kg", toy_folder).output
