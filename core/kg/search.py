"""Find an entity by name, synonym or identifier, misspelt or not."""

from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz, process, utils

from core.errors import AmbiguousNameError, UnknownNameError
from core.kg.graph import KnowledgeGraph
from core.types import IntArray

FUZZY_CUTOFF = 70.0  #: similarity in 0..100 below which a name is no suggestion
ACRONYM_LENGTH = 4  #: so short a text matches a part of nearly anything, so it must match as a whole


@dataclass(frozen=True)
class Match:
    """An entity found, with the text that matched and how well (100 = the same)."""

    row: int
    text: str
    score: float


class EntityIndex:
    """Search the names, synonyms and identifiers of one kind of entity.

    :param graph: the graph
    :param rows: which entities, shape (n,)
    :param what: how errors call such an entity, for instance "disease"
    """

    def __init__(self, graph: KnowledgeGraph, rows: IntArray, what: str) -> None:
        self._graph = graph
        self._what = what
        entries = [(text, int(row)) for row in rows for text in (graph.names[row], *graph.synonyms[row])]
        self._texts = [text for text, _ in entries]
        self._rows = [row for _, row in entries]
        self._processed = [utils.default_process(text) for text in self._texts]
        self._is_short = np.array([len(entry) <= ACRONYM_LENGTH for entry in self._processed], dtype=bool)
        self._exact: dict[str, set[int]] = {}
        for text, row in entries:
            self._exact.setdefault(text.casefold(), set()).add(row)
        for row in rows:
            self._exact.setdefault(graph.vocabulary.entities[row].casefold(), set()).add(int(row))
            self._exact.setdefault(graph.vocabulary.entities[row].split("::", 1)[-1].casefold(), set()).add(int(row))

    def find(self, query: str, *, limit: int = 8) -> list[Match]:
        """Return the best matches, one an entity: the same text first, then beginnings of words, then near ones."""
        query = query.strip()
        if not query:
            return []
        exact = self._exact.get(query.casefold(), set())
        matches = {row: Match(row, query, 100.0) for row in sorted(exact, key=lambda row: self._graph.names[row].casefold())}
        for match in self._fuzzy(query, limit):
            matches.setdefault(match.row, match)
        return list(matches.values())[:limit]

    def resolve(self, query: str) -> int:
        """Return the one entity with exactly this name, synonym or identifier (case aside).

        A name wins over another entity's synonym.

        :raises UnknownNameError: if there is none; carries the nearest names
        :raises AmbiguousNameError: if a synonym is shared
        """
        exact = self._exact.get(query.strip().casefold(), set())
        named = {row for row in exact if self._graph.names[row].casefold() == query.strip().casefold()}
        rows = named or exact
        if len(rows) > 1:
            raise AmbiguousNameError(
                self._what, query, sorted(f"{self._graph.names[r]} ({self._graph.vocabulary.entities[r]})" for r in rows)
            )
        if not rows:
            nearest = [self._graph.names[match.row] for match in self.find(query, limit=5)]
            raise UnknownNameError(self._what, query, nearest, advice="give one of these names, a synonym, or the identifier.")
        return next(iter(rows))

    def _fuzzy(self, query: str, limit: int) -> list[Match]:
        text = utils.default_process(query)
        if not text:
            return []
        near = np.where(
            self._is_short,
            process.cdist([text], self._processed, scorer=fuzz.ratio)[0],
            process.cdist([text], self._processed, scorer=fuzz.WRatio)[0],
        )
        scores = np.maximum(near, [99.0 * any(rest.startswith(text) for rest in _tails(entry)) for entry in self._processed])
        best = np.argsort(-scores, kind="stable")
        matches: dict[int, Match] = {}
        for place in best[: 10 * limit]:
            if scores[place] >= FUZZY_CUTOFF:
                row = self._rows[place]
                matches.setdefault(row, Match(row, self._texts[place], float(scores[place])))
        return list(matches.values())


def _tails(text: str) -> list[str]:
    """Return the text from each of its words on, so that a query may begin anywhere."""
    words = text.split()
    return [" ".join(words[start:]) for start in range(len(words))]
