"""Say which runs there are, how far they are, and load them."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, TextIO

from core.config import RunSettings
from core.errors import UnknownNameError, WorkspaceError
from core.workspace import RunFolder, Workspace, explained_disk_errors, read_json

FUSION_RUN = "fusion"  #: what ``lladr prepare --fusion`` trains, too
PREFERRED = (FUSION_RUN, "lladr")  #: what ranks where nobody chooses
State = Literal["running", "stopped", "interrupted", "failed", "finished"]


def read_settings(run: RunFolder) -> RunSettings:
    """Read the settings of a run."""
    return RunSettings.parse(read_json(run.settings_file))


def run_status(run: RunFolder, *, mine: bool = False) -> dict[str, Any]:
    """Return how far a run is; one whose process died is ``interrupted``.

    :param mine: the caller holds the run's lock itself
    """
    if not run.status_file.exists():
        return {"state": "interrupted", "epoch": 0}
    status = read_json(run.status_file)
    if status["state"] == "running" and not mine and not is_being_trained(run):
        status["state"] = "interrupted"
    return status


def is_being_trained(run: RunFolder) -> bool:
    """Return whether a process is training this run now."""
    if not run.lock_file.exists():
        return False
    with run.lock_file.open("r") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


@contextmanager
def claimed(run: RunFolder) -> Iterator[None]:
    """Hold the run's lock, so that two trainings never write into one folder.

    :raises WorkspaceError: if another process holds it
    """
    with explained_disk_errors(run.path):
        run.path.mkdir(parents=True, exist_ok=True)
        file = run.lock_file.open("w")
    with file:
        if not _locked(file):
            raise WorkspaceError(
                f"The run {run.name!r} is being trained by another process.",
                advice="wait for it, stop it, or choose another --name.",
            )
        yield


def _locked(file: TextIO) -> bool:
    """Try for a second: who only looks whether a run is being trained holds the lock for a moment, too."""
    for _ in range(20):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False


def default_run(workspace: Workspace) -> str:
    """Return the run that is shown when none is asked for: ``fusion``, ``lladr``, else the one with text that was trained last.

    :raises UnknownNameError: if nothing is trained yet
    """
    finished = finished_runs(workspace)
    if not finished:
        raise UnknownNameError("finished run", "any", (), advice="run `lladr prepare` (two to three minutes) or `lladr train`.")
    names = [run.name for run in finished]
    with_text = [run.name for run in finished if read_settings(run).text.mode != "none"]
    preferred = [name for name in PREFERRED if name in names]
    return (preferred or (with_text or names)[::-1])[0]


def finished_runs(workspace: Workspace) -> list[RunFolder]:
    """Return the runs that are trained to the end, the last one trained last."""
    ended = [(status["ended"], run.name, run) for run in workspace.runs() if (status := run_status(run))["state"] == "finished"]
    return [run for _, _, run in sorted(ended, key=lambda item: item[:2])]


def base_of(workspace: Workspace, name: str) -> str | None:
    """Return the finished run that differs from this one only in having no text; None if there is none."""
    run = workspace.existing_run(name)
    settings, fingerprint = read_settings(run), run_status(run).get("fingerprint")
    for other in finished_runs(workspace):
        theirs = read_settings(other)
        same = theirs.recipe() == settings.recipe() and run_status(other)["fingerprint"] == fingerprint
        if theirs.text.mode == "none" and same and other.name != name:
            return other.name
    return None
