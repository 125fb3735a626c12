"""Cut epochs into chunks of positives that share corrupted entities; keep known true triples out."""

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import numba
import numpy as np

from core.config import TrainingSettings
from core.errors import TrainingError
from core.types import BoolArray, FloatArray, IntArray

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Batch:
    """``k`` chunks of ``c`` positives; the positives of a chunk share ``n`` corrupted tails."""

    heads: IntArray  #: shape (k, c)
    relations: IntArray  #: shape (k, c); directed: the inverse of r is r + n_relations
    tails: IntArray  #: shape (k, c)
    weights: FloatArray  #: shape (k, c), float32; 0 fills up a chunk
    negatives: IntArray  #: shape (k, n)
    known: BoolArray  #: shape (k, c, n); True where the corrupted triple is known to be true, or only fills up

    def parts(self, count: int) -> list["Batch"]:
        """Cut the batch into at most so many smaller ones: between its chunks, and then chunks, which share corruptions still.

        Parts of which nothing counts are left out.
        """
        chunks, positives = self.heads.shape
        if count <= chunks or positives == 1:
            return self._cut(min(count, chunks), list(vars(self)), axis=0)
        names = [name for name in vars(self) if name != "negatives"]
        cuts = min(-(-count // chunks), positives)
        return [part for chunk in self.parts(chunks) for part in chunk._cut(cuts, names, axis=1)]

    def _cut(self, count: int, names: list[str], *, axis: int) -> list["Batch"]:
        pieces = [np.array_split(getattr(self, name), count, axis=axis) for name in names]
        parts = [replace(self, **dict(zip(names, arrays, strict=True))) for arrays in zip(*pieces, strict=True)]
        return [part for part in parts if part.weights.any()]


@dataclass(frozen=True)
class Group:
    """Positives that may share corruptions."""

    rows: IntArray  #: of the directed triples
    pool: IntArray  #: entities that may stand at the tail
    whole: bool  #: compete with the whole pool, not with a sample


class ChunkSampler:
    """Sample the batches of an epoch, each from a generator of its own seed, so that any epoch can be repeated.

    Every triple is asked twice, for its tail and, as the tail of the inverse relation, for its head. Positives whose tails
    have the same kinds stand in chunks together, because they share type-constrained corruptions.

    :param triples: shape (n, 3): what the model may learn from, and all that is known to be true
    :param kind_codes: shape (n_entities,)
    :param one_vs_all: relations whose positives compete with every entity that may stand there, not with a sample
    """

    def __init__(
        self,
        triples: IntArray,
        kind_codes: IntArray,
        n_relations: int,
        settings: TrainingSettings,
        *,
        one_vs_all: Collection[int] = (),
    ) -> None:
        if not len(triples):
            raise TrainingError("There are no edges to learn from.", expected="a graph with edges that may be trained on")
        self._settings = settings
        self._directed = with_inverses(triples, n_relations)
        self._weights = frequency_weights(self._directed) if settings.frequency_weights else np.ones(len(self._directed))
        self._weights = self._weights.astype(np.float32)
        self._query_of, self._indptr, self._answers = _answers_by_query(self._directed)
        whole = {relation + offset for relation in one_vs_all for offset in (0, n_relations)}
        self._groups = _groups(self._directed, kind_codes, whole, type_constrained=settings.type_constrained)
        self._n_entities = len(kind_codes)
        if settings.batch_size > self.n_positives:
            logger.warning(
                "The batch of %d is larger than the graph, which has %d edges counted in both directions: "
                "an epoch is a step or a few. More epochs or a smaller batch_size train longer.",
                settings.batch_size,
                self.n_positives,
            )

    @property
    def n_positives(self) -> int:
        """Return the number of positives an epoch, both directions."""
        return len(self._directed)

    @property
    def n_batches(self) -> int:
        """Return the number of batches an epoch."""
        size = min(self._settings.chunk_size, self._settings.batch_size)
        chunks: dict[int, int] = {}
        for group in self._groups:
            chunks[self._width(group)] = chunks.get(self._width(group), 0) + -(-len(group.rows) // size)
        return sum(-(-count // self._chunks_a_batch) for count in chunks.values())

    @property
    def _chunks_a_batch(self) -> int:
        return max(1, self._settings.batch_size // self._settings.chunk_size)

    def epoch(self, number: int) -> Iterator[Batch]:
        """Yield the batches of an epoch; the same number gives the same batches."""
        generator = np.random.default_rng([self._settings.seed, number])
        pools = [group.pool.copy() for group in self._groups]
        place = np.full(self._n_entities, -1, dtype=np.int32)
        batches = self._shuffled_batches(generator)
        for number in generator.permutation(len(batches)):
            chunks, group_of = batches[number]
            yield self._batch(chunks, group_of, pools, place, generator)

    def _shuffled_batches(self, generator: np.random.Generator) -> list[tuple[IntArray, IntArray]]:
        """Return rows of directed triples, shape (k, c), and each chunk's group; one width of corruptions a batch.

        A row that only fills up a chunk stands as ``~row``.
        """
        batches = []
        for width in sorted({self._width(group) for group in self._groups}):
            numbers = [number for number, group in enumerate(self._groups) if self._width(group) == width]
            chunks = [self._chunks(self._groups[number].rows, generator) for number in numbers]
            group_of = np.repeat(numbers, [len(part) for part in chunks])
            order = generator.permutation(len(group_of))
            stacked, size = np.concatenate(chunks)[order], self._chunks_a_batch
            batches += [(stacked[s : s + size], group_of[order[s : s + size]]) for s in range(0, len(order), size)]
        return batches

    def _width(self, group: "Group") -> int:
        return len(group.pool) if group.whole else self._settings.negatives

    def _chunks(self, rows: IntArray, generator: np.random.Generator) -> IntArray:
        """Shuffle rows and cut them; the last chunk is filled up by repeated rows, so that no other entity is touched."""
        size = min(self._settings.chunk_size, self._settings.batch_size)
        filled = np.resize(generator.permutation(rows), -(-len(rows) // size) * size)
        filled[len(rows) :] = ~filled[len(rows) :]
        return filled.reshape(-1, size)

    def _batch(
        self, chunks: IntArray, group_of: IntArray, pools: list[IntArray], place: IntArray, generator: np.random.Generator
    ) -> Batch:
        n = self._width(self._groups[group_of[0]])
        negatives = np.zeros((len(chunks), n), dtype=np.int64)
        known = np.zeros((*chunks.shape, n), dtype=np.bool_)
        rows = np.where(chunks < 0, ~chunks, chunks)
        for k, group in enumerate(group_of):
            _corrupt(generator, pools[group], negatives[k])
            _mark_known(rows[k], negatives[k], len(pools[group]), self._query_of, self._indptr, self._answers, place, known[k])
        heads, relations, tails = (self._directed[rows, column] for column in range(3))
        return Batch(heads, relations, tails, self._weights[rows] * (chunks >= 0), negatives, known)


def with_inverses(triples: IntArray, n_relations: int) -> IntArray:
    """Return the triples and their inverses (t, r + n_relations, h). Shape (n, 3) -> (2n, 3), int64."""
    heads, relations, tails = triples.astype(np.int64).T
    return np.concatenate([np.stack([heads, relations, tails], 1), np.stack([tails, relations + n_relations, heads], 1)])


def frequency_weights(directed: IntArray) -> FloatArray:
    """Weigh each triple by the inverse square root of how often its (h, r) and (r, t) occur (as in RotatE's code).

    :param directed: shape (2n, 3), triples and then their inverses
    """
    _, query, count = np.unique(_query_keys(directed), return_inverse=True, return_counts=True)
    times = count[query]
    half = len(directed) // 2
    # (r, t) of a triple is the query of its inverse
    weights = 1 / np.sqrt(times + np.concatenate([times[half:], times[:half]]))
    return weights / weights.mean()


def _query_keys(directed: IntArray) -> IntArray:
    """Return one integer for the head and the relation of each triple."""
    return directed[:, 0] * (int(directed[:, 1].max()) + 1) + directed[:, 1]


def _answers_by_query(directed: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Return each triple's query number, and the tails of each query as compressed rows."""
    keys = _query_keys(directed)
    order = np.argsort(keys, kind="stable")
    begins = np.concatenate([[True], np.diff(keys[order]) != 0])
    query_of = np.empty(len(keys), dtype=np.int64)
    query_of[order] = np.cumsum(begins) - 1
    indptr = np.concatenate([np.flatnonzero(begins), [len(keys)]])
    return query_of, indptr.astype(np.int64), directed[order, 2].astype(np.int32)


def _groups(directed: IntArray, kind_codes: IntArray, whole: set[int], *, type_constrained: bool) -> list[Group]:
    """Put relations together whose tails have the same kinds, and which compete in the same way."""
    present = np.zeros((int(directed[:, 1].max()) + 1, int(kind_codes.max()) + 1), dtype=bool)
    present[directed[:, 1], kind_codes[directed[:, 2]]] = True
    relations_of: dict[tuple[tuple[int, ...], bool], list[int]] = {}
    for relation in np.flatnonzero(present.any(axis=1)).tolist():
        kinds = np.flatnonzero(present[relation]) if type_constrained else np.unique(kind_codes)
        relations_of.setdefault((tuple(kinds.tolist()), relation in whole), []).append(relation)
    group_of = np.zeros(len(present), dtype=np.int32)
    for number, (_, relations) in enumerate(sorted(relations_of.items())):
        group_of[relations] = number
    order = np.argsort(group_of[directed[:, 1]], kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(group_of[directed[:, 1]]))[:-1])
    everything = np.arange(len(kind_codes), dtype=np.int32)
    return [
        Group(rows, everything[np.isin(kind_codes, kinds)], whole=is_whole)
        for rows, ((kinds, is_whole), _) in zip(parts, sorted(relations_of.items()), strict=True)
    ]


@numba.njit(cache=True)
def _corrupt(generator, pool, negatives):
    """Draw distinct entities by the first steps of a Fisher-Yates shuffle of the pool, which stays shuffled.

    A pool that is too small is drawn whole and repeated; :func:`_mark_known` masks the repetitions.
    """
    for place in range(min(len(negatives), len(pool))):
        other = place + int(generator.random() * (len(pool) - place))
        pool[place], pool[other] = pool[other], pool[place]
        negatives[place] = pool[place]
    for place in range(len(pool), len(negatives)):
        negatives[place] = negatives[place - len(pool)]


@numba.njit(cache=True)
def _mark_known(chunk, negatives, pool_size, query_of, indptr, answers, place, known):
    """Mark the corrupted triples that are true; ``place`` is scratch space of -1, left as it was found."""
    drawn = min(len(negatives), pool_size)
    for column in range(drawn):
        place[negatives[column]] = column
    for row in range(len(chunk)):
        known[row, drawn:] = True
        query = query_of[chunk[row]]
        for answer in answers[indptr[query] : indptr[query + 1]]:
            if place[answer] >= 0:
                known[row, place[answer]] = True
    for column in range(drawn):
        place[negatives[column]] = -1
