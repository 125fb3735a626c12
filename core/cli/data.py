"""Look at a graph: what it holds, what is wrong with it, whose it is; keep one in the workspace."""

import json
from pathlib import Path
from typing import Annotated

import typer

from core.cli.app import app
from core.cli.shared import JsonFlag, print_table, tell
from core.errors import ConfigError, LladrError
from core.kg.census import TreatmentCount
from core.kg.findings import Check
from core.kg.loaders import load_graph
from core.kg.stored import files_of, store_graph
from core.pipeline.inspection import Inspection, inspect, preview
from core.workspace import Workspace

CASES_SHOWN = 3
SIGNS = {"pass": "ok", "warn": "look", "fail": "FAILS"}


@app.command("data")
def data_command(
    kg: Annotated[str, typer.Option(help="starter, a folder with nodes.tsv and edges.tsv[.gz], or NODES,EDGES.")] = "starter",
    store: Annotated[
        str | None, typer.Option(help="Keep the folder in the workspace under this name, if it can be used.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Count and check a graph, with what to do about each finding; list licences and files.

    A folder that cannot be loaded is reported line by line.
    """
    try:
        found = inspect(load_graph(kg))
    except LladrError:
        _tell_problems(Path(kg))
        raise
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=1, ensure_ascii=False))
    else:
        _show(found)
    if store:
        _store(kg, store)


def _store(kg: str, name: str) -> None:
    if not Path(kg).is_dir():
        raise ConfigError(f"{kg} is no folder.", expected="--kg FOLDER with --store", advice="put both tables into one folder.")
    folder = store_graph(Workspace.default(), name, files_of(Path(kg)))
    tell(f"Stored. Train on it: `lladr train --kg {folder}`.")


def _tell_problems(folder: Path) -> None:
    if not folder.is_dir():
        return
    seen = preview(folder)
    for problem in seen.scan.problems:
        tell(f"{problem.where}: {problem.found} What to do: {problem.advice}")
    if seen.scan.left_out:
        tell(f"... and {seen.scan.left_out} more.")
    if seen.draft:
        tell(f"A source.toml to fill in:\n\n{seen.draft}")


def _show(found: Inspection) -> None:
    title = f"{found.title}: {found.entities:,} entities, {found.edges:,} edges"
    print_table(title, ["kind", "entities", "described", "isolated", "facts"], [vars(kind) for kind in found.kinds])
    relations = [
        vars(each) | {"means": ", ".join(each.roles), "declared": "yes" if each.declared else "NO"} for each in found.relations
    ]
    print_table("Relations", ["start", "relation", "end", "edges", "means", "declared"], relations)
    print_table("Hubs", ["name", "kind", "edges"], [vars(hub) for hub in found.hubs])
    counts = found.treatments
    tell(treatment_words(counts))
    print_table("Checks", ["verdict", "check", "found"], [_check_record(check) for check in found.checks])
    for check in found.checks:
        _tell_cases(check)
    print_table("Licences", ["what", "licence", "declared_by"], [vars(each) for each in found.licences])
    print_table("Files", ["name", "size", "sha256"], [vars(file) for file in found.files])


def treatment_words(counts: TreatmentCount) -> str:
    """Say how many diseases and drugs have a known use."""
    neither = f"{counts.relieved:,} more relieved, {counts.untreated:,} neither"
    return (
        f"{counts.treated:,} of {counts.diseases:,} diseases are treated, {neither}; "
        f"{counts.used:,} of {counts.drugs:,} drugs have a known use."
    )


def _check_record(check: Check) -> dict[str, str]:
    return {"verdict": SIGNS[check.level], "check": check.name, "found": check.found}


def _tell_cases(check: Check) -> None:
    if check.advice:
        tell(f"{check.name}: {check.advice}")
        for case in check.cases[:CASES_SHOWN]:
            tell(f"  {case}")
