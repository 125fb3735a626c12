"""Measure what the text did to the place of a drug: with less text, with none, and without one sentence at a time."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.casestudy.attribution.ranker import Place, Ranker, Shifts
from core.kg.graph import KnowledgeGraph
from core.text.descriptions import Description, Field
from core.text.matrix import MODE_FIELDS
from core.types import Embedder, FloatArray, IntArray, TextMode

MEASURABLE = 0.01  #: standard deviations between drugs, as for facts
LADDER: tuple[TextMode, ...] = ("none", "name", "blind", "full")
_END = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!vs\.)(?<!cf\.)\s+(?=[A-Z0-9(\"'])")

How = Literal["trained", "counterfactual"]


@dataclass(frozen=True)
class Sentence:
    """One sentence of a description."""

    row: int  #: entity
    field: Field
    number: int  #: zero-based, within the field
    text: str

    @property
    def key(self) -> str:
        """Name it for an address: the entity's row, the field and the number."""
        return f"{self.row}.{self.field}.{self.number}"


@dataclass(frozen=True)
class SentenceEffect:
    """What one sentence did to the place of a drug."""

    sentence: Sentence
    change: float  #: by how much it lifts the drug, in standard deviations between drugs
    rank_without: float

    @property
    def measurable(self) -> bool:
        """Return whether the change is large enough to be named."""
        return abs(self.change) >= MEASURABLE


@dataclass(frozen=True)
class TextPlace:
    """Where a drug stands with so much text."""

    mode: TextMode
    rank: float | None  #: None where it cannot be told
    how: How | None  #: a run that was trained with this text, or this run with the text of drug and disease swapped
    reason: str = ""  #: why it cannot be told


class Wording:
    """Turn descriptions into text vectors as :func:`core.text.matrix.build_text_matrix` does, a few at a time.

    :param descriptions: by entity row
    :param embedder: that of the run; vectors should be cached
    :param mode: text mode of the run
    """

    def __init__(
        self, graph: KnowledgeGraph, descriptions: Mapping[int, Description], embedder: Embedder, mode: TextMode
    ) -> None:
        self._graph = graph
        self._descriptions = descriptions
        self._embedder = embedder
        self.mode = mode

    def fields(self, row: int, mode: TextMode | None = None) -> dict[Field, list[str]]:
        """Return the sentences of an entity's fields that a text mode uses."""
        description = self._descriptions.get(row)
        parts = description.parts(MODE_FIELDS[mode or self.mode]) if description else {}
        return {field: sentences(text) for field, text in parts.items()}

    def sentences(self, rows: Sequence[int]) -> list[Sentence]:
        """Return all sentences that the run's mode uses."""
        return [
            Sentence(row, field, number, text)
            for row in rows
            for field, texts in self.fields(row).items()
            for number, text in enumerate(texts)
        ]

    def vectors(self, wanted: Sequence[tuple[int, dict[Field, list[str]]]]) -> FloatArray:
        """Embed entities as if these were the sentences of their fields. Shape (len(wanted), 2 * encoder dim), float32."""
        names = [self._graph.names[row] for row, _ in wanted]
        parts = [
            [" ".join(texts) for texts in fields.values() if texts] or [name]
            for name, (_, fields) in zip(names, wanted, strict=True)
        ]
        distinct = list(dict.fromkeys([*names, *(text for texts in parts for text in texts)]))
        encoded = dict(zip(distinct, self._embedder.encode(distinct), strict=True))
        halves = [
            np.concatenate([encoded[name], _unit_sum([encoded[text] for text in texts])])
            for name, texts in zip(names, parts, strict=True)
        ]
        return (np.stack(halves) / np.sqrt(2)).astype(np.float32)

    def without(self, row: int, left_out: Collection[Sentence]) -> dict[Field, list[str]]:
        """Return the sentences of an entity but these."""
        gone = {(sentence.field, sentence.number) for sentence in left_out if sentence.row == row}
        return {
            field: [text for number, text in enumerate(texts) if (field, number) not in gone]
            for field, texts in self.fields(row).items()
        }


def sentences(text: str) -> list[str]:
    """Cut a text into sentences; joined by a space they are the text again, but for its spaces."""
    return [part.strip() for part in _END.split(text) if part.strip()]


def why_no_text(ranker: Ranker, wording: Wording | None) -> str:
    """Say why the text's part of this run cannot be changed; empty where it can."""
    if wording is None or not all(member.retext for member in ranker.members):
        return "this ranking uses no text"
    if wording.mode == "shuffled":
        return "in this control run the descriptions are dealt out at random: no sentence belongs to its entity"
    return ""


def text_places(
    ranker: Ranker, wording: Wording | None, drug: int, disease: int, *, trained: Mapping[TextMode, float]
) -> list[TextPlace]:
    """Return where the drug stands without text, with names only, with blind and with full text.

    :param trained: ranks by runs that differ from this one in nothing but the text
    """
    reason = why_no_text(ranker, wording)
    return [_text_place(ranker, wording, drug, disease, mode, trained, reason) for mode in LADDER]


def _text_place(
    ranker: Ranker,
    wording: Wording | None,
    drug: int,
    disease: int,
    mode: TextMode,
    trained: Mapping[TextMode, float],
    reason: str,
) -> TextPlace:
    if mode == (wording.mode if wording else "none"):
        return TextPlace(mode, ranker.place(drug, disease).rank, "trained")
    if mode in trained:
        return TextPlace(mode, trained[mode], "trained")
    if reason:
        return TextPlace(mode, None, None, f"no run with this text, and {reason}")
    rows = np.array([drug, disease])
    vectors = None if mode == "none" else wording.vectors([(row, wording.fields(row, mode)) for row in rows.tolist()])
    models = text_shifts(ranker, rows, vectors).models(ranker.members)
    return TextPlace(mode, ranker.place(drug, disease, models).rank, "counterfactual")


def sentence_effects(ranker: Ranker, wording: Wording | None, drug: int, disease: int) -> list[SentenceEffect]:
    """Leave out one sentence of drug or disease at a time; the largest effects first. Empty where the run uses no text."""
    if why_no_text(ranker, wording):
        return []
    before = ranker.place(drug, disease)
    items = wording.sentences([drug, disease])
    if not items:
        return []
    vectors = wording.vectors([(item.row, wording.without(item.row, [item])) for item in items])
    effects = [_sentence_effect(ranker, drug, disease, item, before, vectors[[number]]) for number, item in enumerate(items)]
    return sorted(effects, key=lambda effect: -abs(effect.change))


def _sentence_effect(
    ranker: Ranker, drug: int, disease: int, item: Sentence, before: Place, vector: FloatArray
) -> SentenceEffect:
    models = text_shifts(ranker, np.array([item.row]), vector).models(ranker.members)
    place = ranker.place(drug, disease, models)
    return SentenceEffect(item, before.height - place.height, place.rank)


def text_shifts(ranker: Ranker, rows: IntArray, vectors: FloatArray | None) -> Shifts:
    """Return how rows move with other text vectors; None takes the text away. Shapes (k,), (k, columns)."""
    return Shifts(rows, [member.retext.shift(rows, vectors).numpy() for member in ranker.members])


def _unit_sum(vectors: Sequence[FloatArray]) -> FloatArray:
    total = np.sum(vectors, axis=0)
    return total / max(float(np.linalg.norm(total)), 1e-12)
