"""Find held-out pairs whose descriptions name the partner, and say what that means for a gain."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from core.kg.graph import KnowledgeGraph
from core.text.descriptions import FIELDS, Description, Field
from core.types import BoolArray, IntArray

SHORTEST_NAME = 4  #: letters and digits; a shorter name or synonym ("AD") stands in texts by accident


@dataclass(frozen=True)
class Naming:
    """Which pairs have a description that names the partner."""

    by_drug: BoolArray  #: shape (k,): the drug's description names the disease
    by_disease: BoolArray  #: shape (k,): the disease's description names the drug

    @property
    def named(self) -> BoolArray:
        """Return the pairs that either description gives away. Shape (k,)."""
        return self.by_drug | self.by_disease


def find_naming(
    graph: KnowledgeGraph, descriptions: Mapping[int, Description], test: IntArray, *, fields: tuple[Field, ...] = FIELDS
) -> Naming:
    """Search each pair's descriptions for the partner's name and synonyms: whole words, any case.

    :param descriptions: by entity row
    :param test: shape (k, 2): drug, disease
    :param fields: those that are searched
    """

    @cache
    def text(row: int) -> str:
        return " \n ".join(descriptions[row].parts(fields).values()) if row in descriptions else ""

    @cache
    def pattern(row: int) -> re.Pattern[str] | None:
        return name_pattern((graph.names[row], *graph.synonyms[row]))

    def names(row: int, partner: int) -> bool:
        wanted = pattern(partner)
        return bool(wanted and wanted.search(text(row)))

    pairs = [(int(drug), int(disease)) for drug, disease in test]
    by_drug = np.array([names(drug, disease) for drug, disease in pairs], dtype=bool)
    return Naming(by_drug, np.array([names(disease, drug) for drug, disease in pairs], dtype=bool))


def name_pattern(texts: tuple[str, ...]) -> re.Pattern[str] | None:
    """Return what finds any of these names as whole words; None if all are too short."""
    usable = sorted({text.strip() for text in texts if sum(map(str.isalnum, text)) >= SHORTEST_NAME}, key=len, reverse=True)
    if not usable:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(_loose, usable))})(?!\w)", re.IGNORECASE)


def _loose(text: str) -> str:
    """Let words be joined by any space or hyphen: "type-2 diabetes" is "type 2 diabetes"."""
    return r"[\s-]+".join(re.escape(word) for word in re.split(r"[\s-]+", text))


@dataclass(frozen=True)
class Gain:
    """How much better than without text, in one metric."""

    metric: str
    everywhere: float  #: run minus base, all pairs
    unnamed: float | None  #: the same on pairs whose descriptions do not name the partner; None where there are none
    blind: float | None  #: a run with text without uses, minus base, all pairs; None where there is none


def gain_sentence(naming: Naming, gain: Gain | None, *, read: int | None = None) -> str:
    """Say in plain words how much of a gain may be that the language model knew the answer.

    :param gain: None where there is no run without text to compare with
    :param read: how many of the pairs are named in what the run itself reads; None where it reads no text
    """
    count, total = int(naming.named.sum()), len(naming.named)
    start = f"In {count} of {total} held-out pairs ({count / max(total, 1):.0%}) a description names the partner"
    if read is None:
        return f"{start}; this run reads no text, so it gains nothing by that."
    if read != count:
        start += f" ({read} in the fields that this run reads)"
    if gain is None:
        return f"{start}; how much that helps cannot be said, because there is no run without text to compare with (--controls)."
    if gain.everywhere <= 0:
        return f"{start}; the text gains nothing over the run without it ({gain.metric} {gain.everywhere:+.3f})."
    if read == 0:
        found = f"{gain.metric} {gain.everywhere:+.3f}"
        return f"{start}; so naming explains nothing of the text's gain over the run without it ({found})."
    unnamed = f"on the {total - count} that no description gives away"
    compared = [(f"{gain.unnamed:+.3f} {unnamed}", gain.unnamed)] if gain.unnamed is not None else []
    compared += [(f"{gain.blind:+.3f} with text that leaves uses out", gain.blind)] if gain.blind is not None else []
    if not compared:
        return (
            f"{start}; of the gain ({gain.metric} {gain.everywhere:+.3f}) nothing can be said: all pairs are named, no blind run."
        )
    known = sorted(float(np.clip(1 - value / gain.everywhere, 0, 1)) for _, value in compared)
    shares = " to ".join(dict.fromkeys(f"{share:.0%}" for share in known))
    parts = " and ".join(words for words, _ in compared)
    return (
        f"{start}; the text's gain over the run without it, {gain.metric} {gain.everywhere:+.3f} on all pairs, is {parts}: "
        f"about {shares} of the gain may be the language model already knowing the answer."
    )
