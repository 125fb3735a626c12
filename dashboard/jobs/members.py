"""Say how far each model of an ensemble or a fusion is."""

from dataclasses import dataclass
from typing import Any

from core import pipeline
from core.pipeline.members import Member, members
from core.workspace import RunFolder
from dashboard import jobs


@dataclass(frozen=True)
class ModelJob:
    """How far one model of a run is."""

    name: str  #: of its folder
    role: str  #: ``lladr``, ``base`` or ``fold``
    interaction: str
    seed: int
    fold: int  #: -1 where it is none
    regime: str | None  #: of a fold: ``treated`` or ``untreated``
    state: str
    epoch: int
    epochs: int
    trace: list[dict[str, Any]]

    @property
    def share(self) -> float:
        """Return the part that is done, 0 to 1; one that ended early is done."""
        return 1.0 if self.state == "finished" else self.epoch / self.epochs


def models_of(run: RunFolder, job: jobs.Job) -> list[ModelJob]:
    """Return the models of a run in the order of their training; empty where it is a single one.

    A run that was finished before there were folds of whole diseases has none.
    """
    parts = [part for part in members(job.settings) if job.state != "finished" or part.folder(run).path.exists()]
    return [_model(run, part, runs_now=job.running) for part in parts] if len(parts) > 1 else []


def _model(run: RunFolder, part: Member, *, runs_now: bool) -> ModelJob:
    folder, settings = part.folder(run), part.settings
    status = pipeline.run_status(folder, mine=runs_now)
    state = status["state"] if folder.status_file.exists() else "waiting"
    return ModelJob(
        name=part.name,
        role=part.role,
        interaction=settings.model.interaction,
        seed=settings.training.seed,
        fold=part.fold,
        regime=part.regime,
        state=state,
        epoch=status["epoch"],
        epochs=settings.training.epochs,
        trace=folder.trace(),
    )
