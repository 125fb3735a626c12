"""Runs that are trained once a session: each test gets a copy with its own graph, and may spoil both."""

import shutil
from pathlib import Path

from core.workspace import Workspace

SMALL = ("--dim", 8, "--epochs", 2, "--threads", 1, "--device", "cpu", "--batch-size", 16, "--negatives", 4)
TOY = ("--encoder", "hashing:16", *SMALL)  #: options of a run that takes a tenth of a second


def copied(once: Path, to: Path) -> Workspace:
    """Copy a folder that holds a workspace ``home`` and the graph ``toy`` of its runs; the runs are then of the copied graph.

    The weights still name the old graph, which nobody asks of a finished run.

    :param to: may have a toy graph of the same content already
    """
    for part in ("home", "toy"):
        shutil.copytree(once / part, to / part, dirs_exist_ok=True)
    for settings in (to / "home").rglob("settings.json"):
        settings.write_text(settings.read_text(encoding="utf-8").replace(f"{once}/", f"{to}/"), encoding="utf-8")
    return Workspace(to / "home")
