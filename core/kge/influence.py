"""Say what single facts did to a trained model: train a few rows on, once with the facts and once without them.

Everything else is held as it is. Both trainings start from the trained rows, with fresh optimiser state, and compete with the
same corrupted entities, so all that differs between them comes from the facts left out. It takes milliseconds where training
anew takes minutes; how near it comes to that is measured in ``tests/benchmarks/attribution_quality.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.config import RunSettings
from core.kg.graph import KnowledgeGraph
from core.kge.losses import ANCHORS, link_loss, softmax_loss
from core.kge.model import Model
from core.kge.optimizers import OPTIMIZERS
from core.kge.sampling import Batch, frequency_weights, with_inverses
from core.types import BoolArray, FloatArray, IntArray

STEPS = 8  #: of each training; every step sees all facts that touch the rows
DRAWS = 2  #: sets of corrupted entities, taken in turn
CHUNK = 32  #: positives that share one set of corrupted entities
NEGATIVES = 32  #: corrupted entities a chunk, drawn with repetition


class RowTrainer:
    """Train some rows of a model on, with and without some facts; the model itself stays as it is.

    The N3 pull of a run is left out, and rows of an injection other than ``blend`` are moved themselves, not through their
    projection.

    :param model: trained
    :param settings: of the run
    :param text: shape (n_entities, dim): what the anchor pulls to; None for a base model
    """

    def __init__(self, graph: KnowledgeGraph, model: Model, settings: RunSettings, text: FloatArray | None) -> None:
        self._model = model
        self._settings = settings
        self._text = None if text is None else torch.from_numpy(text)
        self._facts = _Facts(graph, settings)

    @property
    def model(self) -> Model:
        """Return the trained model."""
        return self._model

    def shifts(self, rows: IntArray, left_out: Sequence[IntArray], *, seed: int = 0) -> list[Tensor]:
        """Return by how much leaving facts out moves the rows.

        :param rows: shape (k,), distinct entity rows: those that may move
        :param left_out: sets of facts, each of shape (m, 3); what the model never learned from moves nothing
        :returns: one tensor a set, shape (k, dim): vectors without the facts minus vectors with them
        """
        positives = self._facts.touching(rows)
        generator = np.random.default_rng(seed)
        chunks = self._facts.chunks(positives, generator)
        batches = [self._facts.batch(chunks, generator) for _ in range(DRAWS)]
        together = self._train(rows, batches, np.ones(chunks.shape, dtype=bool))
        result = []
        for facts in left_out:
            gone = np.isin(np.where(chunks < 0, ~chunks, chunks), self._facts.places(facts))
            result.append(self._train(rows, batches, ~gone) - together if gone.any() else torch.zeros_like(together))
        return result

    def _train(self, rows: IntArray, batches: list[Batch], kept: BoolArray) -> Tensor:
        """Return the rows after some steps on what is kept. Shapes (k,), (chunks, CHUNK) -> (k, dim)."""
        training, text = self._settings.training, self._settings.text
        table = self._model.entities.data[torch.from_numpy(rows)].clone()
        rate = training.learning_rate * (text.rho if text.mode != "none" else 1)
        optimizer = OPTIMIZERS[training.optimizer](table, rate)
        local = [_LocalBatch.of(batch, rows, kept, self._model) for batch in batches]
        pull = self._pulls(batches[0], rows)
        everything = torch.arange(len(rows))
        for step in range(STEPS):
            leaf = table.clone().requires_grad_()
            loss = self._loss(local[step % len(local)], leaf) + self._anchor(leaf, rows, pull)
            optimizer.step(everything, torch.autograd.grad(loss, leaf)[0])
        return table

    def _loss(self, batch: "_LocalBatch", leaf: Tensor) -> Tensor:
        training, model = self._settings.training, self._model
        heads, tails, negatives = batch.vectors(leaf)
        queries = model.queries(heads, batch.relations, batch.directed)
        gamma = self._settings.model.gamma
        positive = model.interaction.scores(queries.flatten(0, 1)[:, None], tails.flatten(0, 1)[:, None], gamma)
        negative = model.interaction.scores(queries, negatives, gamma)
        parts = positive.view(batch.weights.shape), negative, batch.known, batch.weights
        if training.objective == "softmax":
            link = softmax_loss(*parts)
        else:
            link = link_loss(*parts, temperature=training.adversarial_temperature)
        return training.link_weight * link * batch.weights.sum() / training.batch_size

    def _anchor(self, leaf: Tensor, rows: IntArray, pull: Tensor) -> Tensor:
        if self._text is None or not self._settings.text.anchor_weight:
            return leaf.new_zeros(())
        distances = ANCHORS[self._settings.text.anchor](leaf, self._text[torch.from_numpy(rows)])
        return self._settings.text.anchor_weight * (pull * distances).sum()

    def _pulls(self, batch: Batch, rows: IntArray) -> Tensor:
        """Weigh the anchor of each row as an epoch does: once for each batch that it occurs in. Shape (k,)."""
        size = self._settings.training.batch_size
        uses = np.array([((batch.heads == row) | (batch.tails == row)).sum() for row in rows])
        return torch.from_numpy(np.minimum(uses, -(-self._facts.count // size)).astype(np.float32) / size)


class _Facts:
    """The directed facts that a run learned from, ready to be looked up by entity."""

    def __init__(self, graph: KnowledgeGraph, settings: RunSettings) -> None:
        self._n_relations, self._n_entities = graph.n_relations, graph.n_entities
        self._directed = with_inverses(graph.training_triples, graph.n_relations)
        weighted = settings.training.frequency_weights
        self._weights = (frequency_weights(self._directed) if weighted else np.ones(self.count)).astype(np.float32)
        self._codes = self._code(*self._directed.T)
        self._order = np.argsort(self._codes, kind="stable")
        self._sorted = self._codes[self._order]
        self._pools, self._pool_of = _pools(self._directed, graph.kind_codes, constrained=settings.training.type_constrained)

    @property
    def count(self) -> int:
        """Return the number of directed facts."""
        return len(self._directed)

    def touching(self, rows: IntArray) -> IntArray:
        """Return the directed facts that begin or end at one of these rows. Shape (p,), ascending."""
        size = 2 * self._n_relations * self._n_entities
        low, high = (np.searchsorted(self._sorted, np.asarray(rows, dtype=np.int64) * size + more) for more in (0, size))
        leaving = np.concatenate([self._order[a:b] for a, b in zip(low, high, strict=True)])
        return np.unique(np.concatenate([leaving, (leaving + self.count // 2) % self.count]))

    def places(self, facts: IntArray) -> IntArray:
        """Return where facts stand, in both directions; those never learned from stand nowhere. Shape (m, 3) -> (at most 2m,)."""
        codes = self._code(*np.asarray(facts, dtype=np.int64).reshape(-1, 3).T)
        place = np.minimum(np.searchsorted(self._sorted, codes), self.count - 1)
        found = self._order[place[self._sorted[place] == codes]]
        return np.concatenate([found, (found + self.count // 2) % self.count])

    def chunks(self, positives: IntArray, generator: np.random.Generator) -> IntArray:
        """Cut facts into chunks whose tails have the same kinds; one that only fills up stands as ``~row``. Shape (k, CHUNK)."""
        pool = self._pool_of[self._directed[positives, 1]]
        return np.concatenate([_chunked(generator.permutation(positives[pool == number])) for number in np.unique(pool)])

    def batch(self, chunks: IntArray, generator: np.random.Generator) -> Batch:
        """Draw corrupted entities for chunks."""
        rows = np.where(chunks < 0, ~chunks, chunks)
        heads, relations, tails = (self._directed[rows, column] for column in range(3))
        pools = [self._pools[number] for number in self._pool_of[relations[:, 0]]]
        negatives = np.stack([pool[generator.integers(len(pool), size=NEGATIVES)] for pool in pools])
        known = self._known(heads[..., None], relations[..., None], negatives[:, None])
        return Batch(heads, relations, tails, self._weights[rows] * (chunks >= 0), negatives, known)

    def _known(self, heads: IntArray, relations: IntArray, tails: IntArray) -> BoolArray:
        codes = self._code(heads, relations, tails)
        place = np.minimum(np.searchsorted(self._sorted, codes), self.count - 1)
        return self._sorted[place] == codes

    def _code(self, heads: IntArray, relations: IntArray, tails: IntArray) -> IntArray:
        return (heads * (2 * self._n_relations) + relations) * self._n_entities + tails


@dataclass(frozen=True)
class _LocalBatch:
    """A batch whose moving rows are known by their number."""

    fixed: Tensor  #: shape (uses, dim): vectors of all uses, as the trained model has them
    moving: Tensor  #: shape (m,): which uses are of rows that move
    numbers: Tensor  #: shape (m,): of those rows
    shapes: tuple[tuple[int, ...], ...]  #: of heads, tails and negatives
    relations: Tensor  #: shape (k, c, relation width)
    directed: Tensor  #: shape (k, c)
    weights: Tensor  #: shape (k, c)
    known: Tensor  #: shape (k, c, n)

    @classmethod
    def of(cls, batch: Batch, rows: IntArray, kept: BoolArray, model: Model) -> "_LocalBatch":
        """Look up what does not move."""
        parts = batch.heads, batch.tails, batch.negatives
        used = torch.from_numpy(np.concatenate([part.ravel() for part in parts]))
        number = torch.full((len(model.entities),), -1)
        number[torch.from_numpy(rows)] = torch.arange(len(rows))
        moving = torch.nonzero(number[used] >= 0)[:, 0]
        directed = torch.from_numpy(batch.relations)
        return cls(
            model.entities.data[used],
            moving,
            number[used][moving],
            tuple(part.shape for part in parts),
            model.relations.data[model.relation_rows(directed)],
            directed,
            torch.from_numpy(batch.weights * kept),
            torch.from_numpy(batch.known),
        )

    def vectors(self, leaf: Tensor) -> list[Tensor]:
        """Return the vectors of heads, tails and negatives, with those of the moving rows from the leaf."""
        vectors = self.fixed.index_copy(0, self.moving, leaf[self.numbers])
        sizes = [int(np.prod(shape)) for shape in self.shapes]
        return [part.view(*shape, -1) for part, shape in zip(vectors.split(sizes), self.shapes, strict=True)]


def _pools(directed: IntArray, kind_codes: IntArray, *, constrained: bool) -> tuple[list[IntArray], IntArray]:
    """Return the entities that may stand at a tail, and which of these pools each directed relation uses."""
    n_directed, everything = int(directed[:, 1].max()) + 1, np.arange(len(kind_codes))
    if not constrained:
        return [everything], np.zeros(n_directed, dtype=np.int64)
    present = np.zeros((n_directed, int(kind_codes.max()) + 1), dtype=bool)
    present[directed[:, 1], kind_codes[directed[:, 2]]] = True
    kinds, pool_of = np.unique(present, axis=0, return_inverse=True)
    return [everything[allowed[kind_codes]] for allowed in kinds], pool_of.ravel()


def _chunked(rows: IntArray) -> IntArray:
    filled = np.resize(rows, -(-len(rows) // CHUNK) * CHUNK)
    filled[len(rows) :] = ~filled[len(rows) :]
    return filled.reshape(-1, CHUNK)


def with_rows(model: Model, rows: IntArray, vectors: Tensor) -> Model:
    """Return a model like this one with some rows changed. Shapes (k,), (k, dim)."""
    changed = Model(0, model.n_relations, model.settings)
    changed.interaction = model.interaction
    changed.entities.data = model.entities.data.clone()
    changed.entities.data[torch.from_numpy(rows)] = vectors
    changed.relations.data = model.relations.data
    return changed
