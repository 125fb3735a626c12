"""Run the paper's experiments."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from core.cli.app import app
from core.cli.progress import console
from core.cli.shared import print_table, tell
from core.config import RunSettings, read_toml
from core.errors import EngineError
from core.grid import KeptEngine, engine_named, tidy
from core.kg.loaders import load_graph
from core.pipeline.experiments import Study, distinct_cells, named_files
from core.pipeline.reproduce import KEY, Reproduction, reproduce, with_paper_lines
from core.pipeline.reproduction_files import cell_words, heading, write_reproduction
from core.types import Progress as Report
from core.workspace import Workspace, graph_slug, write_text

WORK = "1"  #: raised when a cell of the same settings gives other numbers
QUICK = {"model": {"dim": 32}, "training": {"epochs": 2}}
COLUMNS = ["backbone", "variant", "condition", "seeds", "MR", "paper MR", "MRR", "paper MRR", "full MRR"]
Table = Literal["main", "prompt", "temperature", "anchor", "encoder", "noise", "masking", "all"]


@app.command("reproduce")
def reproduce_command(
    kg: Annotated[str, typer.Option(help="starter, a folder with nodes.tsv and edges.tsv[.gz], or NODES,EDGES.")] = "starter",
    table: Annotated[Table, typer.Option(help="Which of the paper's tables.")] = "main",
    seeds: Annotated[int, typer.Option(min=1, help="How many; each has its own split, start and noise.")] = 3,
    backbones: Annotated[
        str, typer.Option(help="Such as transe,rotate; default: those that the paper has in the table, and complex in main.")
    ] = "",
    engine: Annotated[
        Literal["local", "processes", "ray"], typer.Option(help="Here, in processes, or on a Ray cluster.")
    ] = "local",
    workers: Annotated[int | None, typer.Option(min=1, help="Cells at the same time; default: one a core.")] = None,
    address: Annotated[
        str | None, typer.Option(help="HOST:PORT of a Ray cluster, or auto; default: one of this machine.")
    ] = None,
    gpus: Annotated[float, typer.Option(min=0, help="GPUs, or a share of one, that Ray keeps for each cell.")] = 0,
    descriptions: Annotated[
        list[str] | None, typer.Option(help="PROMPT=FILE or TEMPERATURE=FILE: what a language model wrote; may be repeated.")
    ] = None,
    text: Annotated[
        Literal["full", "blind", "shuffled"] | None, typer.Option(help="blind: without the fields that name uses; default: full.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the graph.")] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with settings that the tables do not vary.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of table.md, table.csv, figure.svg and results.csv.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Two epochs and 32 numbers an entity: to see that it works.")] = False,
) -> None:
    """Run the paper's experiments and put our numbers beside the paper's.

    What is done is kept: a command that was stopped goes on where it was, and tables share their cells.
    """
    workspace, settings = Workspace.default(), RunSettings.parse(read_toml(config) if config else {})
    settings = settings.replace(**QUICK) if quick else settings
    settings = settings.replace(training={"epochs": epochs}) if epochs else settings
    settings = settings.replace(text={"mode": text}) if text else settings
    files, chosen = named_files(descriptions or []), tuple(filter(None, backbones.split(",")))
    here = engine_named(engine, workers=workers, address=address, gpus=gpus)
    study = Study(load_graph(kg), workspace, settings, seeds=seeds, backbones=chosen, files=files)
    lines = with_paper_lines(study.lines(table))
    kept = KeptEngine(here, workspace.root / "experiments" / "results", version=f"{version('lladr-explorer')}, {WORK}")
    with _followed() as (on_text, on_cell):
        result = reproduce(workspace, lines, kept, on_text=on_text, on_cell=on_cell)
    folder = out or workspace.root / "reproduce" / f"{graph_slug(study.graph.name)}-{table}"
    written = write_reproduction(result, study, folder)
    write_text(folder / "results.csv", _tidy(result))
    for name, rows in result.table().groupby("table", sort=False):
        _print(f"{name} on {study.graph.source.title}", rows)
    tell(f"Another graph and other texts than the paper's: compare differences. Written: {', '.join(map(str, written))}.")
    if result.errors:
        words = "; ".join(f"{count} of them: {error}" for error, count in result.errors.items())
        raise EngineError(f"Some cells failed. {words}", advice="mend it and give the same command again: the rest is kept.")


def _print(title: str, rows: pd.DataFrame) -> None:
    """Print one table, without columns that say nothing in it, and below it why lines have no number of ours."""
    records = [{column: cell_words(line, column) for column in COLUMNS} for line in rows.to_dict("records")]
    shown = [column for column in COLUMNS if any(record[column] for record in records)]
    print_table(title, [heading(column) for column in shown], [{heading(key): row[key] for key in shown} for row in records])
    for remark, lines in rows[rows["seeds"] == 0].groupby("remark", sort=False):
        labels = [" ".join(filter(None, label)) for label in zip(*(lines[part] for part in KEY[1:]), strict=True)]
        tell(f"{', '.join(labels)}: {remark}.")


def _tidy(result: Reproduction) -> str:
    """Return one row a cell, as CSV."""
    cells = distinct_cells(result.lines)
    outcomes = {place: result.outcomes[cell] for place, cell in enumerate(cells) if cell in result.outcomes}
    return tidy(cells, outcomes).to_csv(index=False)


@contextmanager
def _followed() -> Iterator[tuple[Report, Report]]:
    """Draw bars for texts and cells; Ctrl-C says that the work goes on next time."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"))
    with Progress(*columns, TimeRemainingColumn(elapsed_when_finished=False), console=console) as bars:
        text = bars.add_task("text vectors", total=None, visible=False)
        cells = bars.add_task("cells", total=None)
        try:
            yield (
                lambda done, total: bars.update(text, completed=done, total=total, visible=True),
                lambda done, total: bars.update(cells, completed=done, total=total),
            )
        except KeyboardInterrupt as stop:
            raise EngineError("Stopped.", advice="give the same command again: it goes on where it was.") from stop
