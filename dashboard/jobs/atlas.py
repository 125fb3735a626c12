"""Compute an atlas in a process of its own, and follow it."""

from dataclasses import dataclass
from pathlib import Path

from core.errors import LladrError
from core.pipeline.atlas import report_file
from core.pipeline.spaces import Pair
from core.workspace import Workspace, read_json
from dashboard.jobs import _alive, _failure, _processes, _spawn_once


@dataclass(frozen=True)
class Computation:
    """How far the layout is."""

    running: bool
    share: float  #: 0 to 1
    seconds_left: float | None  #: None where it cannot be said yet
    error: str  #: the end of the log where it failed


def start(workspace: Workspace, pair: Pair) -> None:
    """Start ``lladr atlas`` in the background, unless it runs."""
    _spawn_once(workspace, ["atlas", "--before", pair.before, "--after", pair.after], _log(workspace))


def computation(workspace: Workspace) -> Computation | None:
    """Return how far the last computation is; None if this server has not started any."""
    log = _log(workspace)
    if log not in _processes:
        return None
    if _alive(log):
        share, left = _reported(workspace)
        return Computation(running=True, share=share, seconds_left=left, error="")
    return Computation(running=False, share=1.0, seconds_left=0.0, error=_failure(log))


def _reported(workspace: Workspace) -> tuple[float, float | None]:
    """Return share and time left as the process last said; it says nothing at its very start and end."""
    try:
        said = read_json(report_file(workspace))
    except LladrError:
        return 0.0, None
    return said["share"], said["seconds_left"]


def _log(workspace: Workspace) -> Path:
    return workspace.root / "atlas.log"
