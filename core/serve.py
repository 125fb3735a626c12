"""Serve the dashboard: a command of its own that does not wait for what the other commands import."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from core.workspace import Workspace

ROOT = Path(__file__).parents[1]


def serve(port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8501) -> None:
    """Open the dashboard on 127.0.0.1."""
    environment = os.environ | {"LLADR_HOME": str(Workspace.default().root)}
    typer.echo(f"Dashboard: http://127.0.0.1:{port} (Ctrl-C ends it)", err=True)
    command = [sys.executable, "-m", "dashboard.server", str(port)]
    raise typer.Exit(subprocess.call(command, cwd=ROOT, env=environment))  # noqa: S603 - our own arguments


def alone() -> typer.Typer:
    """Return a command line that knows this command only."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(serve)
    app.callback()(lambda: None)  # else typer would take the command's name for an argument
    return app
