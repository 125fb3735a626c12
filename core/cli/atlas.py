"""The command ``lladr atlas``: the embedding space before and after the text."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from core.cli.app import app
from core.cli.progress import console
from core.cli.shared import JsonFlag, tell
from core.errors import UnknownNameError
from core.pipeline.atlas import Report, compute_atlas, report_file
from core.pipeline.atlas_files import make_folder, write_atlas
from core.pipeline.spaces import Pair, pair_for, read_spaces
from core.projection.layout import LayoutSettings
from core.types import Progress as ProgressHook
from core.workspace import Workspace


@app.command()
def atlas(
    before: Annotated[str | None, typer.Option(help="Run without text; default: the base of the other one.")] = None,
    after: Annotated[str | None, typer.Option(help="Run with text; default: lladr, else the latest.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for atlas.parquet, measures.json and the figure (SVG, PNG, HTML).")
    ] = None,
    method: Annotated[
        Literal["fast", "umap-learn"], typer.Option(help="Our UMAP, or umap-learn's own, to compare (several times slower).")
    ] = "fast",
    as_json: JsonFlag = False,
) -> None:
    """Lay out and measure the embedding space before and after the text, comparably.

    The layout is kept in the workspace: a second call reads it. The first one takes seconds for the starter graph, and one to
    two minutes for 40,000 entities.
    """
    workspace = Workspace.default()
    pair = _pair(workspace, before, after)
    spaces = read_spaces(workspace, pair)
    if out is not None:
        make_folder(out)
    with _followed(workspace) as progress:
        found = compute_atlas(workspace, spaces, settings=LayoutSettings(method=method), progress=progress)
    if out is not None:
        names = ", ".join(file.name for file in write_atlas(found, out))
        tell(f"Written to {out}: {names}.")
    if as_json:
        typer.echo(json.dumps(found.record(), indent=1))
        return
    typer.echo("\n".join([f"{pair.before} (before) and {pair.after} (after)", *found.sentences(), found.record()["warning"]]))


def _pair(workspace: Workspace, before: str | None, after: str | None) -> Pair:
    if before and after:
        return Pair(before, after)
    found = pair_for(workspace, after or before)
    if found is None:
        raise UnknownNameError(
            "pair of runs",
            after or before or "any",
            (),
            advice="train both: `lladr prepare`, or `lladr train` with and without text.",
        )
    return Pair(before or found.before, after or found.after)


@contextmanager
def _followed(workspace: Workspace) -> Iterator[ProgressHook]:
    """Give progress that draws a bar and tells a waiting page how far it is."""
    report = Report(report_file(workspace))
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("left"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        bar = bars.add_task("laying out", total=1000)

        def progress(done: int, total: int) -> None:
            bars.update(bar, completed=done, total=total)
            report(done, total)

        try:
            yield progress
        finally:
            report.close()
