"""Measure what a ranking used: single facts, the text, single sentences."""

from core.casestudy.attribution.edges import EdgeEffect, edge_effects
from core.casestudy.attribution.ranker import Place, Ranker, Shifts, TrainedMember
from core.casestudy.attribution.texts import (
    Sentence,
    SentenceEffect,
    TextPlace,
    Wording,
    sentence_effects,
    text_places,
    why_no_text,
)

__all__ = [
    "EdgeEffect",
    "Place",
    "Ranker",
    "Sentence",
    "SentenceEffect",
    "Shifts",
    "TextPlace",
    "TrainedMember",
    "Wording",
    "edge_effects",
    "sentence_effects",
    "text_places",
    "why_no_text",
]
