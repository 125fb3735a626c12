"""Map a name from a list to an entity: by name, by synonym, by likeness."""

import re
from collections.abc import Collection, Sequence

from rapidfuzz import fuzz, process

from core.kg.graph import KnowledgeGraph
from core.llm.mentions import GENE_KINDS, Lexicon, normal_text

FUZZY_ACCEPTED = 88.0  #: likeness, 0 to 100, from which a name that the graph does not have is taken for one that it has
TRIED = 5  #: of the most similar names, those whose numbers are compared


class NameMap:
    """Find the entities that a whole name means, and how alike name and entity are.

    :param lexicon: the dictionary of the graph
    :param classes: rows of the pharmacologic classes
    """

    def __init__(self, graph: KnowledgeGraph, lexicon: Lexicon, classes: Collection[int]) -> None:
        self._graph = graph
        self._lexicon = lexicon
        self._classes = classes
        self._entries: dict[str, tuple[list[str], list[int]]] = {}
        self._known: dict[tuple[str, tuple[str, ...]], tuple[Sequence[int], float]] = {}  #: a name is mapped once

    def kind(self, row: int) -> str:
        """Return the kind of an entity, with one word each for all classes (``class``) and all genes (``gene``)."""
        if row in self._classes:
            return "class"
        return "gene" if self._graph.kinds[row] in GENE_KINDS else self._graph.kinds[row]

    def map(self, name: str, kinds: tuple[str, ...]) -> tuple[Sequence[int], float]:
        """Return the entities of these kinds that a name means: by the dictionary if it covers the whole name, else the nearest.

        :returns: rows, and the likeness, 0 to 100; no rows and 0 where nothing is alike
        """
        if (name, kinds) not in self._known:
            self._known[name, kinds] = self._mapped(name, kinds)
        return self._known[name, kinds]

    def _mapped(self, name: str, kinds: Sequence[str]) -> tuple[Sequence[int], float]:
        whole = [mention for mention in self._lexicon.find(name) if mention.text == name.strip(" .")]
        rows = [row for mention in whole for row in mention.rows if self.kind(row) in kinds]
        return (rows, whole[0].score) if rows else self._nearest(normal_text(name), kinds)

    def _nearest(self, query: str, kinds: Sequence[str]) -> tuple[Sequence[int], float]:
        """Return the most similar name whose numbers and single letters agree: type 1 is not type 2."""
        best: tuple[Sequence[int], float] = ([], 0.0)
        for kind in kinds:
            texts, rows = self._of_kind(kind)
            near = process.extract(query, texts, scorer=fuzz.token_sort_ratio, score_cutoff=FUZZY_ACCEPTED, limit=TRIED)
            for text, score, place in near:
                if score > best[1] and _numbers(text) == _numbers(query):
                    best = [rows[place]], float(score)
        return best

    def _of_kind(self, kind: str) -> tuple[list[str], list[int]]:
        if kind not in self._entries:
            graph = self._graph
            of_kind = [row for row in range(graph.n_entities) if self.kind(row) == kind]
            entries = [(normal_text(text), row) for row in of_kind for text in (graph.names[row], *graph.synonyms[row])]
            self._entries[kind] = ([text for text, _ in entries], [row for _, row in entries])
        return self._entries[kind]


def _numbers(text: str) -> list[str]:
    """Return the words of a name that tell it from its neighbours: with a digit, Roman, or a single letter."""
    return sorted(word for word in text.split() if len(word) == 1 or re.search(r"\d", word) or re.fullmatch("[ivx]+", word))
