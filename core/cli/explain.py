"""Explain pairs of drug and disease by paths of the graph."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from core.casestudy.pairs import read_pairs
from core.cli.app import NOT_ADVICE, app
from core.cli.progress import console
from core.cli.shared import JsonFlag, tell
from core.errors import ConfigError
from core.explain.records import Explainer
from core.explain.significance import is_cached, null_model
from core.kg.graph import KnowledgeGraph
from core.kg.loaders import load_graph
from core.kg.search import EntityIndex
from core.types import Progress as Report
from core.workspace import Workspace, write_text

Rows = list[tuple[int, int]]  #: drug and disease


@app.command()
def explain(
    kg: Annotated[str, typer.Option(help="starter, a folder with nodes.tsv and edges.tsv[.gz], or NODES,EDGES.")] = "starter",
    drug: Annotated[str | None, typer.Option(help="Name, synonym or identifier of a drug; with --disease.")] = None,
    disease: Annotated[str | None, typer.Option(help="Name, synonym or identifier of a disease; with --drug.")] = None,
    pairs: Annotated[FilePath | None, typer.Option(help="Table with columns compound and disease, instead of the two.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many paths a pair.")] = 10,
    edges: Annotated[int, typer.Option(min=2, max=4, help="Longest path.")] = 3,
    permutations: Annotated[
        int | None, typer.Option(min=0, help="Random graphs to tell chance by; 0 leaves p empty; default: by the graph's size.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the random graphs.")] = 0,
    out: Annotated[FilePath | None, typer.Option(help="Where to write one JSON record a line.")] = None,
    as_json: JsonFlag = False,
    skip_unknown: Annotated[
        bool, typer.Option("--skip-unknown", help="Leave out pairs the graph does not have; say how many.")
    ] = False,
) -> None:
    """Say why a drug might help in a disease: the best paths between the two, each as a sentence.

    A path goes over two or three edges (--edges 4: four), never over an edge between the two themselves. The p-value says how
    often chance alone gives the pair as much of this kind of path: among random graphs in which every entity keeps its number of
    edges of each kind. They are made once for a graph and kept in the workspace.
    """
    graph = load_graph(kg)
    rows, skipped = _rows(graph, drug, disease, pairs, skip_unknown=skip_unknown)
    explainer = Explainer(graph)
    if permutations != 0:
        _add_chance(explainer, seed, permutations)
    records = _records(explainer, rows, top=top, edges=edges)
    if out:
        write_text(out, "".join(_line(record) for record in records))
        tell(f"{len(records)} pairs explained, written to {out}." + (f" {skipped} left out." if skipped else ""))
    elif as_json:
        typer.echo(_line(records[0]) if pairs is None else "".join(map(_line, records)), nl=False)
    else:
        _print(records)
        tell(NOT_ADVICE)


def _rows(
    graph: KnowledgeGraph, drug: str | None, disease: str | None, pairs: FilePath | None, *, skip_unknown: bool
) -> tuple[Rows, int]:
    """Return what is asked for, and how many pairs are left out."""
    if pairs and not (drug or disease):
        found = read_pairs(pairs, graph, skip_unknown=skip_unknown)
        return [(int(one), int(other)) for one, other in found.rows], found.skipped
    if pairs or not (drug and disease):
        raise ConfigError(
            "It is not clear which pairs are meant.",
            expected="--drug with --disease, or --pairs",
            advice='for instance: lladr explain --drug donepezil --disease "Alzheimer\'s disease".',
        )
    return [
        (EntityIndex(graph, graph.drugs, "drug").resolve(drug), EntityIndex(graph, graph.diseases, "disease").resolve(disease))
    ], 0


def _add_chance(explainer: Explainer, seed: int, count: int | None) -> None:
    workspace, search = Workspace.default(), explainer.finder.search
    if is_cached(workspace, search, seed=seed, count=count):
        explainer.null = null_model(workspace, search, seed=seed, count=count)
        return
    with _bar("random graphs") as report:
        explainer.null = null_model(workspace, search, seed=seed, count=count, progress=report)


def _records(explainer: Explainer, rows: Rows, *, top: int, edges: int) -> list[dict[str, Any]]:
    records = []
    with _bar("pairs") as report:
        for done, (drug, disease) in enumerate(rows, start=1):
            records.append(explainer.record(drug, disease, top=top, edges=edges))
            report(done, len(rows))
    return records


@contextmanager
def _bar(what: str) -> Iterator[Report]:
    """Draw a bar with the time left on stderr."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"))
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bars:
        task = bars.add_task(what, total=None)

        def report(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        yield report


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"


def _print(records: list[dict[str, Any]]) -> None:
    for record in records:
        typer.echo(f"{record['compound_name']} and {record['disease_name']}")
        if not record["paths"]:
            typer.echo("  The graph has no such path between them: it cannot say why.")
        for number, path in enumerate(record["paths"], start=1):
            typer.echo(f"  {number}. {path['sentence']}")
            for remark in _remarks(path):
                typer.echo(f"     {remark}")


def _remarks(path: dict[str, Any]) -> list[str]:
    """Return what a reader should know of a path, a line each."""
    chance = f": {path['chance']}" if path["chance"] else ""
    remarks = [f"Paths like this ({path['metapath']}){chance}."]
    if path["target"]:
        remarks.append(f"{path['target']['words']}.")
    if path["opposite"]:
        remarks.append(f"! {path['opposite'][0].upper()}{path['opposite'][1:]}.")
    if correlated := [step["text"] for step in path["steps"] if step["correlation"]]:
        remarks.append(f"Correlation, not mechanism: {'; '.join(correlated)}.")
    if path["unspecific"] or path["generic"]:
        remarks.append(f"Unspecific: {', '.join(path['generic']) or 'a link'} joins nearly anything.")
    return remarks
