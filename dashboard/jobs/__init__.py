"""Train in processes of their own: start, follow, stop, resume; no page ever waits for one."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import pipeline
from core.config import RunSettings
from core.errors import WorkspaceError
from core.kg.splits import PARTS
from core.pipeline.members import epochs_in_all
from core.workspace import RunFolder, Workspace, explained_disk_errors, write_text

ROOT = Path(__file__).parents[2]
TAIL_LINES = 15
EPOCHS_FOR_PACE = 10
MOST_MODELS = 4  #: at a time: each takes its own memory

_processes: dict[Path, subprocess.Popen[bytes]] = {}  #: by log file; those that this server started
_asked: dict[Path, RunSettings] = {}  #: by log file; what a run that has not written its settings yet was started with


@dataclass(frozen=True)
class Job:
    """How far a training is."""

    name: str
    state: str
    epoch: int
    epochs: int
    seconds_left: float | None  #: None where no epoch has ended yet, or nothing runs
    error: str
    settings: RunSettings

    @property
    def running(self) -> bool:
        """Return whether a process works on it now."""
        return self.state == "running"

    @property
    def share(self) -> float:
        """Return the part that is done, 0 to 1."""
        return min(self.epoch / self.epochs, 1.0) if self.epochs else 0.0


def jobs(workspace: Workspace) -> list[Job]:
    """Return all runs of the workspace as jobs, those that run first, then by name."""
    runs = [*workspace.runs(), *(run for run in _without_settings(workspace) if _alive(run.log_file))]
    return sorted((job(run) for run in runs), key=lambda each: (not each.running, each.name))


def job(run: RunFolder) -> Job:
    """Return how far a run is."""
    status = pipeline.run_status(run)
    state = "running" if _alive(run.log_file) else status["state"]
    settings = pipeline.read_settings(run) if run.settings_file.exists() else _asked[run.log_file]
    epochs = epochs_in_all(settings)
    left = _left(run, status, epochs) if state == "running" else None
    return Job(run.name, state, status["epoch"], epochs, left, status.get("error", ""), settings)


def _left(run: RunFolder, status: dict[str, Any], epochs: int) -> float | None:
    """Return the seconds left at the pace so far; the models of one run may be trained at the same time."""
    if "first_epoch" not in status:
        return _seconds_left(run.trace(), epochs)
    done = status["epoch"] - status["first_epoch"]
    return (time.time() - status["started"]) / done * (epochs - status["epoch"]) if done > 0 else None


def _seconds_left(trace: list[dict[str, Any]], epochs: int) -> float | None:
    recent = trace[-EPOCHS_FOR_PACE:]
    if not recent:
        return None
    return sum(line["seconds"] for line in recent) / len(recent) * (epochs - recent[-1]["epoch"])


def start(workspace: Workspace, name: str, settings: RunSettings) -> None:
    """Start to train a new run in the background.

    :raises WorkspaceError: if the name is not usable, is being trained, or belongs to a run that is there
    """
    run = workspace.run(name)
    _refuse_second(run)
    if run.settings_file.exists():
        raise WorkspaceError(
            f"A run called {name!r} is there already.",
            expected="a new name",
            advice="choose another name, or select that run in the table below to resume or restart it.",
        )
    _train(workspace, run, settings)


def resume(workspace: Workspace, name: str, *, restart: bool = False) -> None:
    """Go on with a stopped run in the background, or train it anew.

    :raises WorkspaceError: if it is being trained
    """
    run = workspace.existing_run(name)
    _refuse_second(run)
    _train(workspace, run, pipeline.read_settings(run), *(["--restart"] if restart else []))


def stop(workspace: Workspace, name: str) -> None:
    """Ask a training to stop after its epoch; it can be resumed."""
    with explained_disk_errors(workspace.run(name).stop_file):
        workspace.run(name).stop_file.touch()


def log_tail(workspace: Workspace, name: str) -> str:
    """Return the last lines that a background training printed."""
    return _tail(workspace.run(name).log_file)


def failed_starts(workspace: Workspace) -> list[str]:
    """Return the runs that ended before they had any settings, so that no table lists them."""
    return [run.name for run in _without_settings(workspace) if not _alive(run.log_file)]


def _without_settings(workspace: Workspace) -> list[RunFolder]:
    runs = [RunFolder(log.parent) for log in _asked if log.parent.parent == workspace.root / "runs"]
    return [run for run in runs if not run.settings_file.exists()]


@dataclass(frozen=True)
class Preparation:
    """How far ``lladr prepare`` is: the default runs, how good they are, and for which diseases."""

    running: bool
    share: float  #: 0 to 1
    stage: str
    error: str  #: the end of the log where it failed


def prepare(workspace: Workspace) -> None:
    """Start ``lladr prepare`` in the background, unless it runs."""
    _spawn_once(workspace, ["prepare"], _prepare_log(workspace))


def preparation(workspace: Workspace) -> Preparation | None:
    """Return how far the preparation is; None if this server has not started any."""
    return _preparation(_prepare_log(workspace), _stages(workspace, *pipeline.DEFAULT_RUNS))


def combine(workspace: Workspace) -> None:
    """Start ``lladr prepare --fusion`` in the background, unless it runs."""
    _spawn_once(workspace, ["prepare", "--fusion"], _combine_log(workspace))


def combination(workspace: Workspace) -> Preparation | None:
    """Return how far the fusion of ``lladr prepare --fusion`` is; None if this server has not started any."""
    return _preparation(_combine_log(workspace), _stages(workspace, pipeline.FUSION_RUN))


def _preparation(log: Path, stages: list[tuple[str, float]]) -> Preparation | None:
    if log not in _processes:
        return None
    pending = [stage for stage, part in stages if part < 1]
    share = sum(part for _, part in stages) / len(stages)
    return Preparation(_alive(log), share, pending[0] if pending else "ready", _failure(log))


def _stages(workspace: Workspace, *names: str) -> list[tuple[str, float]]:
    runs = [workspace.run(name) for name in names]
    training = [(f"training {run.name}", _share(run)) for run in runs]
    evaluating = [(f"measuring how good {run.name} is", _share(RunFolder(run.evaluations / "random-0"))) for run in runs]
    parts = [RunFolder(runs[-1].evaluations / f"part-{part}") for part in range(PARTS)]
    grading = [("measuring how sure it is for each disease", _share(part)) for part in parts]
    return training + evaluating + grading


def _share(run: RunFolder) -> float:
    return job(run).share if run.settings_file.exists() else 0.0


def _prepare_log(workspace: Workspace) -> Path:
    return workspace.root / "prepare.log"


def _combine_log(workspace: Workspace) -> Path:
    return workspace.root / "combine.log"


def _refuse_second(run: RunFolder) -> None:
    if _alive(run.log_file) or pipeline.is_being_trained(run):
        raise WorkspaceError(
            f"The run {run.name!r} is being trained now.", advice="wait for it, stop it, or choose another name for a second one."
        )


def _train(workspace: Workspace, run: RunFolder, settings: RunSettings, *options: str) -> None:
    config = run.job_file
    write_text(config, as_toml(settings.model_dump(mode="json")))
    _asked[run.log_file] = settings
    command = ["train", "--config", str(config), "--name", run.name, "--jobs", str(models_at_a_time()), *options]
    _spawn(workspace, command, run.log_file)


def models_at_a_time() -> int:
    """Return how many models of an ensemble or a fusion are trained at the same time."""
    return min(os.cpu_count() or 1, MOST_MODELS)


def _spawn(workspace: Workspace, arguments: list[str], log: Path) -> None:
    """Start the command detached and politely: pages go first on the processor."""
    polite = ["nice", "-n", "5"] if shutil.which("nice") else []
    environment = os.environ | {"LLADR_HOME": str(workspace.root)}
    with explained_disk_errors(log):
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as file:
            _processes[log] = subprocess.Popen(  # noqa: S603 - our own arguments, no shell
                [*polite, sys.executable, "-m", "core.cli", *arguments],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def _spawn_once(workspace: Workspace, arguments: list[str], log: Path) -> None:
    """Start the command unless it runs."""
    if not _alive(log):
        _spawn(workspace, arguments, log)


def _alive(log: Path) -> bool:
    return log in _processes and _processes[log].poll() is None


def _failure(log: Path) -> str:
    """Return the end of what a process printed that failed; empty where it runs or went well."""
    return _tail(log) if _processes[log].poll() else ""


def _tail(log: Path) -> str:
    if not log.exists():
        return ""
    lines = log.read_text(encoding="utf-8", errors="replace").replace("\r", "\n").split("\n")
    return "\n".join([line for line in lines if line.strip()][-TAIL_LINES:])


def as_toml(values: dict[str, Any]) -> str:
    """Write settings as TOML: plain values first, then one table a group (JSON's plain values are TOML's too).

    TOML has no null: what is None is left out, and is None again when it is read.
    """
    values = {key: value for key, value in values.items() if value is not None}
    plain = [f"{key} = {_scalar(value)}" for key, value in values.items() if not isinstance(value, dict)]
    groups = [f"[{key}]\n{as_toml(value)}" for key, value in values.items() if isinstance(value, dict)]
    return "\n".join([*plain, *groups]) + "\n"


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
