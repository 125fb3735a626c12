"""Measure how good a run is in a process of its own, and follow it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core import pipeline
from core.errors import WorkspaceError
from core.pipeline.controls import control_folder, controls, trained_control
from core.pipeline.questions import Question
from core.pipeline.steps import Step, current_step
from core.workspace import RunFolder, Workspace
from dashboard.jobs import _alive, _processes, _spawn, _tail, job

SECONDS_TO_START = 10.0
SECONDS_TO_ASK = 25.0  #: the run and nine simple methods, of a graph of this size, on one core
USUAL_ENTITIES = 14_000
MOST_BEFORE_END = 0.97  #: of the last stage, as long as its process runs
NOTHING_MEASURED = Step("", done=0, total=0, seconds=0.0, pid=0)


@dataclass(frozen=True)
class Asked:
    """What a process was started for."""

    question: Question
    with_controls: bool
    seconds_to_ask: float


@dataclass(frozen=True)
class Measurement:
    """How far a measurement is."""

    protocol: str
    running: bool
    stage: str
    share: float  #: 0 to 1
    seconds_left: float
    error: str  #: the end of the log where it failed


@dataclass(frozen=True)
class _Stage:
    words: str
    seconds: float  #: that all of it takes
    share: float  #: that is done


_asked: dict[Path, Asked] = {}  #: by log file; those that this server started
_seen: dict[Path, Step] = {}  #: by log file; how far each was when last asked: nothing says so once all is measured
_stopped: set[Path] = set()  #: log files of those that a reader stopped


def start(workspace: Workspace, name: str, question: Question, n_entities: int, *, with_controls: bool = False) -> None:
    """Start ``lladr evaluate`` in the background, always with the simple methods.

    :param n_entities: of the graph, for the estimate of time
    :param with_controls: also train and measure the same embedding with other text
    :raises WorkspaceError: if the run is being measured
    """
    log = _log(workspace.existing_run(name))
    if _alive(log):
        raise WorkspaceError(f"The run {name!r} is being measured now.", advice="wait for it, or stop it.")
    arguments = ["evaluate", "--run", name, "--protocol", question.protocol, "--split-seed", str(question.split_seed)]
    for option, value in (
        ("--scorer", question.scorer),
        ("--area", question.area),
        ("--positives", question.positives),
        ("--negatives", question.negatives),
    ):
        arguments += [option, str(value)] if value else []
    arguments += ["--skip-unknown"] if question.skip_unknown else []
    _stopped.discard(log)
    _seen.pop(log, None)
    _asked[log] = Asked(question, with_controls, seconds_to_ask(n_entities))
    _spawn(workspace, [*arguments, "--baselines", *(["--controls"] if with_controls else [])], log)


def stop(workspace: Workspace, name: str) -> None:
    """Ask a measurement to end after the epoch that it trains, or the method that it measures; what is done is kept."""
    log = _log(workspace.existing_run(name))
    if _alive(log):
        _stopped.add(log)
        _processes[log].terminate()


def measurement(workspace: Workspace, name: str) -> Measurement | None:
    """Return how far the last measurement of a run is; None if this server has not started any."""
    run = workspace.existing_run(name)
    log = _log(run)
    if log not in _asked or log not in _processes:
        return None
    asked = _asked[log]
    if not _alive(log):
        failed = _processes[log].returncode and log not in _stopped
        return Measurement(
            asked.question.protocol, running=False, stage="", share=1.0, seconds_left=0.0, error=_tail(log) if failed else ""
        )
    step = _step(run, log)
    stages = [*_training_stages(workspace, run, asked), _asking_stage(asked, step)]
    total = sum(stage.seconds for stage in stages)
    left = sum(stage.seconds * (1 - stage.share) for stage in stages)
    now = stages[-1] if step.words else next(stage for stage in stages if stage.share < 1)
    return Measurement(
        asked.question.protocol, running=True, stage=now.words, share=1 - left / total, seconds_left=left, error=""
    )


def expected_seconds(
    workspace: Workspace, name: str, question: Question, n_entities: int, *, with_controls: bool = False
) -> float:
    """Estimate how long a measurement would take, from how long the run's own training took."""
    asked = Asked(question, with_controls, seconds_to_ask(n_entities))
    stages = _training_stages(workspace, workspace.existing_run(name), asked)
    return sum(stage.seconds * (1 - stage.share) for stage in stages) + asked.seconds_to_ask


def seconds_to_ask(n_entities: int) -> float:
    """Estimate how long the run and the simple methods take once all is trained."""
    return SECONDS_TO_START + SECONDS_TO_ASK * n_entities / USUAL_ENTITIES


def _step(run: RunFolder, log: Path) -> Step:
    """Return how far a process is with its measurements; what another one left behind does not count."""
    step = current_step(run)
    if step and step.pid == _processes[log].pid:
        _seen[log] = step
    return _seen.get(log, NOTHING_MEASURED)


def _asking_stage(asked: Asked, step: Step) -> _Stage:
    """Return the last stage: at the pace of what is measured already, or of the estimate where that is nothing."""
    words = f"asking, {step.done + 1} of {step.total}: {step.words}" if step.words else "asking it and the simple methods"
    seconds = step.seconds / step.done * step.total if step.done else asked.seconds_to_ask
    return _Stage(words, seconds, min(step.done / step.total, MOST_BEFORE_END) if step.total else 0.0)


def _training_stages(workspace: Workspace, run: RunFolder, asked: Asked) -> Iterator[_Stage]:
    """Yield what is to be trained."""
    seconds = _seconds_trained(run)
    for words, folder in _trainings(workspace, run, asked):
        yield _Stage(words, seconds, _trained(folder))


def _trainings(workspace: Workspace, run: RunFolder, asked: Asked) -> Iterator[tuple[str, RunFolder]]:
    """Yield what is trained, in words, and where: the run once more, and the controls."""
    folder = asked.question.folder(run)
    if asked.question.kind.split != "external":
        yield "training it once more without the held-out pairs", folder
    if asked.with_controls:
        for control in controls(pipeline.read_settings(run)).values():
            place = trained_control(workspace, folder, control) or control_folder(folder, control)
            yield f"training {control.words}", place


def _seconds_trained(run: RunFolder) -> float:
    status = pipeline.run_status(run)
    spent = status.get("ended", 0.0) - status.get("started", 0.0)
    return max(spent, sum(line["seconds"] for line in run.trace()), 1.0)


def _trained(folder: RunFolder) -> float:
    return job(folder).share if folder.settings_file.exists() and folder.status_file.exists() else 0.0


def _log(run: RunFolder) -> Path:
    return run.evaluations / "log.txt"
