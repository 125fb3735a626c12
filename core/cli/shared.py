"""What several commands share: options, loading, output."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from core import pipeline
from core.cli.progress import console
from core.types import Scorer
from core.workspace import Workspace

RunOption = Annotated[str | None, typer.Option("--run", help="Name of a finished run; default: lladr, else the latest.")]
ScorerOption = Annotated[
    str | None, typer.Option("--scorer", help="fusion, lladr, base or a component; default: fusion where the run has one.")
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def load_pair(run: str | None) -> tuple[pipeline.LoadedRun, Scorer | None]:
    """Load a run, and the ranking without text: its own, or that of the run that differs in the text only."""
    workspace = Workspace.default()
    loaded = pipeline.load_run(workspace, run or pipeline.default_run(workspace))
    if loaded.base or not (twin := pipeline.base_of(workspace, loaded.name)):
        return loaded, loaded.base
    return loaded, pipeline.load_run(workspace, twin, graph=loaded.graph).scorer


def print_table(title: str, columns: list[str], records: list[dict[str, Any]]) -> None:
    """Print records to stdout."""
    table = Table(title=Text(title))
    for column in columns:
        numeric = isinstance(records[0][column], int | float) if records else False
        table.add_column(column, justify="right" if numeric else "left")
    for record in records:
        table.add_row(*(_cell(record[column]) for column in columns))
    Console().print(table)


def tell(message: str) -> None:
    """Print to stderr as it is: names and paths are no markup."""
    console.print(message, markup=False, highlight=False)


def _cell(value: object) -> Text:
    return Text(f"{value:.3f}" if isinstance(value, float) else str(value))
