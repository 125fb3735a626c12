"""Cut epochs into chunks of positives that share corrupted entities; keep known true triples out."""

from collections.abc import Iterator
from dataclasses import dataclass

import numba
import numpy as np

from core.config import TrainingSettings
from core.errors import TrainingError
from core.types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Batch:
    """``k`` chunks of ``c`` positives; the positives of a chunk share ``n`` corrupted tails."""

    heads: IntArray  #: shape (k, c)
    relations: IntArray  #: shape (k, c); directed: the inverse of r is r + n_relations
    tails: IntArray  #: shape (k, c)
    weights: FloatArray  #: shape (k, c), float32; 0 fills up a chunk
    negatives: IntArray  #: shape (k, n)
    known: BoolArray  #: shape (k, c, n); True where the corrupted triple is known to be true, or only fills up


class ChunkSampler:
    """Sample the batches of an epoch, each from a generator of its own seed, so that any epoch can be repeated.

    Every triple is asked twice, for its tail and, as the tail of the inverse relation, for its head. Positives whose tails
    have the same kinds stand in chunks together, because they share type-constrained corruptions.

    :param triples: shape (n, 3): what the model may learn from, and all that is known to be true
    :param kind_codes: shape (n_entities,)
    """

    def __init__(self, triples: IntArray, kind_codes: IntArray, n_relations: int, settings: TrainingSettings) -> None:
        if not len(triples):
            raise TrainingError("There are no edges to learn from.", expected="a graph with edges that may be trained on")
        self._settings = settings
        self._directed = with_inverses(triples, n_relations)
        self._weights = frequency_weights(self._directed) if settings.frequency_weights else np.ones(len(self._directed))
        self._weights = self._weights.astype(np.float32)
        self._query_of, self._indptr, self._answers = _answers_by_query(self._directed, 2 * n_relations)
        self._groups = _groups(self._directed, kind_codes, type_constrained=settings.type_constrained)
        self._n_entities = len(kind_codes)

    @property
    def n_positives(self) -> int:
        """Return the number of positives an epoch, both directions."""
        return len(self._directed)

    @property
    def steps(self) -> int:
        """Return the number of batches an epoch."""
        chunks = sum(-(-len(rows) // self._settings.chunk_size) for rows, _ in self._groups)
        return -(-chunks // self._chunks_a_batch)

    @property
    def _chunks_a_batch(self) -> int:
        return max(1, self._settings.batch_size // self._settings.chunk_size)

    def epoch(self, number: int) -> Iterator[Batch]:
        """Yield the batches of an epoch; the same number gives the same batches."""
        generator = np.random.default_rng([self._settings.seed, number])
        chunks, group_of = self._shuffled_chunks(generator)
        pools = [pool.copy() for _, pool in self._groups]
        place = np.full(self._n_entities, -1, dtype=np.int32)
        for start in range(0, len(chunks), self._chunks_a_batch):
            part = slice(start, start + self._chunks_a_batch)
            yield self._batch(chunks[part], group_of[part], pools, place, generator)

    def _shuffled_chunks(self, generator: np.random.Generator) -> tuple[IntArray, IntArray]:
        """Return rows of directed triples, -1 to fill up, shape (chunks, c); and the group of each chunk."""
        size = self._settings.chunk_size
        chunks, group_of = [], []
        for group, (rows, _) in enumerate(self._groups):
            filled = np.full(-(-len(rows) // size) * size, -1, dtype=np.int64)
            filled[: len(rows)] = generator.permutation(rows)
            chunks.append(filled.reshape(-1, size))
            group_of.append(np.full(len(chunks[-1]), group))
        order = generator.permutation(sum(map(len, chunks)))
        return np.concatenate(chunks)[order], np.concatenate(group_of)[order]

    def _batch(
        self, chunks: IntArray, group_of: IntArray, pools: list[IntArray], place: IntArray, generator: np.random.Generator
    ) -> Batch:
        n = self._settings.negatives
        negatives = np.zeros((len(chunks), n), dtype=np.int64)
        known = np.zeros((*chunks.shape, n), dtype=np.bool_)
        for k, group in enumerate(group_of):
            _corrupt(generator, pools[group], negatives[k])
            _mark_known(chunks[k], negatives[k], len(pools[group]), self._query_of, self._indptr, self._answers, place, known[k])
        heads, relations, tails = (self._directed[chunks, column] for column in range(3))
        return Batch(heads, relations, tails, self._weights[chunks] * (chunks >= 0), negatives, known)


def with_inverses(triples: IntArray, n_relations: int) -> IntArray:
    """Return the triples and their inverses (t, r + n_relations, h). Shape (n, 3) -> (2n, 3), int64."""
    heads, relations, tails = triples.astype(np.int64).T
    return np.concatenate([np.stack([heads, relations, tails], 1), np.stack([tails, relations + n_relations, heads], 1)])


def frequency_weights(directed: IntArray) -> FloatArray:
    """Weigh each triple by the inverse square root of how often its (h, r) and (r, t) occur (as in RotatE's code).

    :param directed: shape (2n, 3), triples and then their inverses
    """
    _, query, count = np.unique(directed[:, :2], axis=0, return_inverse=True, return_counts=True)
    heads_times = count[query.ravel()]
    half = len(directed) // 2
    # (r, t) of a triple is the query of its inverse
    both = heads_times + np.concatenate([heads_times[half:], heads_times[:half]])
    weights = 1 / np.sqrt(both)
    return weights / weights.mean()


def _answers_by_query(directed: IntArray, n_directed_relations: int) -> tuple[IntArray, IntArray, IntArray]:
    """Return each triple's query number, and the tails of each query as compressed rows."""
    keys = directed[:, 0] * n_directed_relations + directed[:, 1]
    _, query_of = np.unique(keys, return_inverse=True)
    order = np.argsort(query_of, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(query_of))])
    return query_of.astype(np.int64), indptr.astype(np.int64), directed[order, 2].astype(np.int32)


def _groups(directed: IntArray, kind_codes: IntArray, *, type_constrained: bool) -> list[tuple[IntArray, IntArray]]:
    """Return, for each set of tail kinds, the rows of its triples and the entities that may stand there."""
    everything = np.arange(len(kind_codes), dtype=np.int32)
    if not type_constrained:
        return [(np.arange(len(directed)), everything)]
    kinds_of: dict[int, frozenset[int]] = {}
    for relation in np.unique(directed[:, 1]):
        tails = directed[directed[:, 1] == relation, 2]
        kinds_of[int(relation)] = frozenset(np.unique(kind_codes[tails]).tolist())
    groups = []
    for kinds in sorted(set(kinds_of.values()), key=sorted):
        relations = [relation for relation, found in kinds_of.items() if found == kinds]
        groups.append((np.flatnonzero(np.isin(directed[:, 1], relations)), everything[np.isin(kind_codes, list(kinds))]))
    return groups


@numba.njit(cache=True)
def _corrupt(generator, pool, negatives):
    """Draw distinct entities by the first steps of a Fisher-Yates shuffle of the pool, which stays shuffled."""
    for place in range(min(len(negatives), len(pool))):
        other = place + int(generator.random() * (len(pool) - place))
        pool[place], pool[other] = pool[other], pool[place]
        negatives[place] = pool[place]


@numba.njit(cache=True)
def _mark_known(chunk, negatives, pool_size, query_of, indptr, answers, place, known):
    """Mark the corrupted triples that are true; ``place`` is scratch space of -1, left as it was found."""
    drawn = min(len(negatives), pool_size)
    for column in range(drawn):
        place[negatives[column]] = column
    for row in range(len(chunk)):
        known[row, drawn:] = True
        query = query_of[chunk[row]] if chunk[row] >= 0 else -1
        if query >= 0:
            for answer in answers[indptr[query] : indptr[query + 1]]:
                if place[answer] >= 0:
                    known[row, place[answer]] = True
    for column in range(drawn):
        place[negatives[column]] = -1
