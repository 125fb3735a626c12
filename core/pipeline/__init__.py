"""Run the stages in order: graph, text, training, scoring, evaluation."""

from core.pipeline.evaluation import evaluate_run, known_evaluation
from core.pipeline.runs import (
    FUSION_RUN,
    base_of,
    default_run,
    finished_runs,
    is_being_trained,
    read_settings,
    run_status,
)
from core.pipeline.scorers import LoadedRun, load_run, scorer_names
from core.pipeline.single import Hooks
from core.pipeline.training import train_run

DEFAULT_RUNS = {"base": "none", "lladr": "full"}  #: what ``lladr prepare`` trains: names and text modes

__all__ = [
    "DEFAULT_RUNS",
    "FUSION_RUN",
    "Hooks",
    "LoadedRun",
    "base_of",
    "default_run",
    "evaluate_run",
    "finished_runs",
    "is_being_trained",
    "known_evaluation",
    "load_run",
    "read_settings",
    "run_status",
    "scorer_names",
    "train_run",
]
