"""Train a model: the loop on one screen. It yields events and neither prints nor saves."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from core.config import RunSettings
from core.errors import TrainingError
from core.kge.chance import seeded
from core.kge.losses import link_loss, n3, softmax_loss
from core.kge.model import Model
from core.kge.optimizers import OPTIMIZERS
from core.kge.representations import representation_of
from core.kge.sampling import Batch, ChunkSampler
from core.kge.touched import TouchedRows, on_device
from core.kge.weights import Weights
from core.types import Progress, silent

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class EpochEnd:
    """What an epoch did; losses are means over its steps."""

    epoch: int  #: one-based
    epochs: int  #: how many there will be
    loss: float
    link: float
    anchor: float
    seconds: float
    triples: int  #: positives seen, both directions


class Trainer:
    """Hold a model with its optimisers, and train it epoch by epoch.

    :param model: changed in place; moved to the device
    :param sampler: gives the batches of an epoch
    :param settings: of the whole run
    """

    def __init__(self, model: Model, sampler: ChunkSampler, settings: RunSettings) -> None:
        self.device = choose_device(settings.training.device)
        self.model = model.to(self.device)
        self.sampler = sampler
        self.settings = settings
        self.epoch = 0  #: epochs done
        self.saved = 0  #: epochs done at the last checkpoint; 0 where there is none
        self._parts = 1  #: steps that a batch is cut into, where memory is short
        optimizer, rate = OPTIMIZERS[settings.training.optimizer], settings.training.learning_rate
        self.entities = representation_of(self.model, settings.text, optimizer, rate)
        self.relation_optimizer = optimizer(model.relations.data, rate)
        self.weights = Weights(model.weights, optimizer, rate)

    def run(self, *, on_step: Progress = silent) -> Iterator[EpochEnd]:
        """Train from :attr:`epoch` to the last epoch.

        :param on_step: called after each step with (steps done, steps) of the epoch
        :raises TrainingError: if the loss is no finite number any more
        """
        epochs = self.settings.training.epochs
        while self.epoch < epochs:
            began = time.perf_counter()
            losses = self._steps(on_step)
            self.entities.settle()
            self._check(losses)
            self.epoch += 1
            link, anchor, total = losses.mean(0).tolist()
            triples = self.sampler.n_positives
            yield EpochEnd(self.epoch, epochs, total, link, anchor, time.perf_counter() - began, triples)

    def _steps(self, on_step: Progress) -> Tensor:
        """Take the steps of an epoch; dropout draws from the epoch's seed. Shape (steps, 3), on the CPU."""
        losses = []
        with self._in_training(), seeded(self.settings.training.seed, self.epoch, device=self.device):
            for batch in self.sampler.epoch(self.epoch):
                losses.append(self._step_in_memory(batch))
                on_step(len(losses), self.sampler.n_batches)
        return torch.stack(losses).cpu()

    @contextmanager
    def _in_training(self) -> Iterator[None]:
        self.model.train()
        try:
            yield
        finally:
            self.model.eval()

    def _step_in_memory(self, batch: Batch) -> Tensor:
        """Take one step, or where the device's memory does not hold it, several smaller ones from then on."""
        waiting, losses, sizes = batch.parts(self._parts), [], []
        while waiting:
            part = waiting[0]
            try:
                losses.append(self.step(part))
            except torch.OutOfMemoryError as error:
                self._cut_smaller(part, error)
                waiting = [piece for each in waiting for piece in each.parts(2)]
            else:
                sizes.append(float(part.weights.sum() / batch.weights.sum()))
                del waiting[0]
        return sum(size * loss for size, loss in zip(sizes, losses, strict=True))

    def _cut_smaller(self, part: Batch, error: torch.OutOfMemoryError) -> None:
        if part.heads.size == 1:
            raise TrainingError(
                f"The device {self.device} has too little memory for one positive and {part.negatives.shape[1]} corruptions.",
                advice="lower negatives or dim, or use --device cpu.",
            ) from error
        self.weights.forget()
        self._parts *= 2
        logger.warning("Out of memory: each batch is cut into %d parts from now on.", self._parts)

    def step(self, batch: Batch) -> Tensor:
        """Take one step; return the link, anchor and total loss. Shape (3,)."""
        model, text, training = self.model, self.settings.text, self.settings.training
        directed, weights, known = (on_device(a, self.device) for a in (batch.relations, batch.weights, batch.known))
        entities = self.entities.touch(batch.heads, batch.tails, batch.negatives)
        relations = TouchedRows(model.relations.data, model.relation_rows(batch.relations))
        (head, tail, negative), (relation,) = entities.vectors, relations.vectors

        queries = model.queries(head, relation, directed)
        positive_scores = self._scores(queries.flatten(0, 1)[:, None], tail.flatten(0, 1)[:, None]).view(weights.shape)
        negative_scores = self._scores(queries, negative)
        link = self._link(positive_scores, negative_scores, known, weights)
        if training.n3_weight:
            link = link + training.n3_weight * self._n3(head, relation, tail, weights)
        (training.link_weight * link).backward()

        link, anchor = link.detach(), self.entities.move(entities)
        self.relation_optimizer.step(relations.rows, relations.gradient())
        self.weights.step()
        return torch.stack([link, anchor, training.link_weight * link + text.anchor_weight * anchor])

    def _link(self, positive: Tensor, negative: Tensor, known: Tensor, weights: Tensor) -> Tensor:
        if self.settings.training.objective == "softmax":
            return softmax_loss(positive, negative, known, weights)
        return link_loss(positive, negative, known, weights, temperature=self.settings.training.adversarial_temperature)

    def _n3(self, heads: Tensor, relations: Tensor, tails: Tensor, weights: Tensor) -> Tensor:
        """Pull on the positives' vectors; the angles of RotatE have no size to pull on."""
        interaction = self.model.interaction
        tables = (heads, tails) if interaction.relations_are_angles else (heads, tails, relations)
        return sum(n3(table.flatten(0, 1), weights.ravel(), is_complex=interaction.is_complex) for table in tables)

    def _scores(self, queries: Tensor, candidates: Tensor) -> Tensor:
        return self.model.interaction.scores(queries, candidates, self.settings.model.gamma)

    def _check(self, losses: Tensor) -> None:
        """Refuse to go on with a loss or vectors that are no finite numbers: a checkpoint shall be worth resuming."""
        bad = torch.nonzero(~torch.isfinite(losses[:, 2]))
        if len(bad):
            step = int(bad[0, 0])
            raise self._diverged(f"The loss became {losses[step, 2]:g} in step {step + 1} of epoch {self.epoch + 1}.", "loss")
        tables = self.model.entities.data, self.model.relations.data, *self.weights.tables()
        if not all(torch.stack(table.aminmax()).isfinite().all() for table in tables):
            raise self._diverged(f"Vectors became infinite in the last step of epoch {self.epoch + 1}.", "vectors")

    def _diverged(self, found: str, what: str) -> TrainingError:
        kept = f"the checkpoint of epoch {self.saved} is kept" if self.saved else "no checkpoint was written before it"
        advice = f"lower the learning rate or raise the number of negatives, under another --name or with --restart; {kept}."
        return TrainingError(found, expected=f"finite {what}", advice=advice)


def choose_device(name: str) -> torch.device:
    """Return the device of that name; ``auto`` is CUDA where it is, else the CPU.

    :raises TrainingError: if the device is not there
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise TrainingError(f"There is no device {name!r}.", expected="auto, cpu, cuda or cuda:NUMBER") from error
    if device.type not in ("cpu", "cuda") or (device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count()):
        raise TrainingError(
            f"The device {name!r} was asked for, but this machine has {torch.cuda.device_count()} CUDA device(s).",
            advice="use --device auto or --device cpu.",
        )
    return device
