"""Measure how well new diseases are placed, in a process of its own, and follow it."""

from dataclasses import dataclass
from pathlib import Path

from core import pipeline
from core.pipeline.questions import Question
from core.workspace import Workspace
from dashboard.jobs import _alive, _failure, _processes, _spawn_once

TRAINING = 0.8  #: share of the work that training without the held-out diseases takes


@dataclass(frozen=True)
class Measurement:
    """How far the measurement is."""

    running: bool
    share: float  #: 0 to 1
    error: str  #: the end of the log where it failed


def start(workspace: Workspace, run: str) -> None:
    """Start ``lladr new --trust`` in the background, unless it runs."""
    _spawn_once(workspace, ["new", "--trust", "--run", run], _log(workspace, run))


def measurement(workspace: Workspace, run: str) -> Measurement | None:
    """Return how far the last measurement is; None if this server has not started any."""
    log = _log(workspace, run)
    if log not in _processes:
        return None
    if _alive(log):
        return Measurement(running=True, share=TRAINING * _trained(workspace, run), error="")
    return Measurement(running=False, share=1.0, error=_failure(log))


def _trained(workspace: Workspace, run: str) -> float:
    status = pipeline.run_status(Question("zero-shot").folder(workspace.run(run)))
    return status["epoch"] / max(status.get("epochs", 1), 1)


def _log(workspace: Workspace, run: str) -> Path:
    return workspace.run(run).path / "newcomers.log"
