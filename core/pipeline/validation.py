"""Stop a training early: watch treatments held out of it, and keep the best epoch."""

import json
import shutil
from pathlib import Path

from core.config import RunSettings
from core.evaluate.protocols import drugs_for_disease
from core.kg.graph import KnowledgeGraph
from core.kg.splits import random_split
from core.kge.checkpoints import save_checkpoint
from core.kge.scoring import KgeScorer
from core.kge.training import Trainer
from core.workspace import RunFolder, atomic

SPLIT_SEED = 7919  #: kept apart from the seeds of evaluation splits


class Validation:
    """Measure the full filtered MRR of drugs for a disease after each epoch.

    The held-out treatments stay out of the training, also of the model that is served: that is the price of stopping early.

    :param graph: the whole graph of the run
    :raises TrainingError: if it has too few treatments to hold any out
    """

    def __init__(self, run: RunFolder, graph: KnowledgeGraph, settings: RunSettings) -> None:
        training = settings.training
        self._split = random_split(graph, fraction=training.validation_fraction, seed=SPLIT_SEED + training.seed)
        self._whole = graph
        self._file = run.best_file
        self._patience = training.patience
        self._best, self._best_epoch = -1.0, 0

    @property
    def graph(self) -> KnowledgeGraph:
        """Return the graph to train on."""
        return self._split.graph

    def remember(self, trace: list[dict]) -> None:
        """Take up the epochs that a resumed training has behind it."""
        for line in trace:
            self._note(line["validation_mrr"], line["epoch"])

    def measure(self, trainer: Trainer) -> float:
        """Return the MRR of the model as it is, and save it if it is the best so far."""
        scorer = KgeScorer("validation", trainer.model, self._whole.role_relations("treats"))
        mrr = drugs_for_disease(scorer, self._whole, self._split.test, split=self._split.name).metrics["MRR"].value
        if self._note(mrr, trainer.epoch):
            save_checkpoint(trainer, self._whole.vocabulary, self._file)
        return mrr

    def exhausted(self, epoch: int) -> bool:
        """Return whether so many epochs have passed without a better one that the training should end."""
        return epoch - self._best_epoch >= self._patience

    def take_best(self, model_file: Path) -> int:
        """Put the best epoch's weights in the place of the last one's; return which it was."""
        with atomic(model_file) as temporary:
            shutil.copyfile(self._file, temporary)
        self._file.unlink()
        return self._best_epoch

    def _note(self, mrr: float, epoch: int) -> bool:
        better = mrr > self._best
        if better:
            self._best, self._best_epoch = mrr, epoch
        return better


def trace_line(values: dict, mrr: float | None) -> str:
    """Return one line of the trace, with the validation where there is one."""
    return json.dumps(values if mrr is None else values | {"validation_mrr": mrr})
