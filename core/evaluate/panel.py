"""List the baselines that stand in every table: cheap, made from the training graph alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.evaluate import baselines
from core.evaluate.text_baselines import direct_text, text_classifier
from core.evaluate.walks import PageRankScorer
from core.kg.graph import KnowledgeGraph
from core.types import FloatArray, Scorer


@dataclass(frozen=True)
class Baseline:
    """A simple method, and what it does in words."""

    words: str
    make: Callable[[KnowledgeGraph, FloatArray | None], Scorer]
    needs_text: bool = False


BASELINES: dict[str, Baseline] = {
    "degree-prior": Baseline("how many treatments drug and disease have", lambda graph, _: baselines.degree_prior(graph)),
    "gba-drug": Baseline(
        "what the drug shares with the known drugs of the disease", lambda graph, _: baselines.guilt_by_association(graph)
    ),
    "gba-disease": Baseline(
        "what the disease shares with the diseases of the drug", lambda graph, _: baselines.similar_diseases(graph)
    ),
    "pagerank": Baseline("random walks from the disease (personalised PageRank)", lambda graph, _: PageRankScorer(graph)),
    "paths": Baseline("degree-weighted paths of two and three edges", lambda graph, _: baselines.path_counts(graph)),
    "text-direct": Baseline(
        "how near the texts of drug and disease are", lambda graph, text: direct_text(graph, text), needs_text=True
    ),
    "text-drug": Baseline(
        "how near the drug's text is to those of the known drugs",
        lambda graph, text: baselines.nearest_drug_text(graph, text),
        needs_text=True,
    ),
    "text-disease": Baseline(
        "how near the disease's text is to those of the drug's diseases",
        lambda graph, text: baselines.nearest_disease_text(graph, text),
        needs_text=True,
    ),
    "text-classifier": Baseline(
        "logistic regression on the two texts, learned from the training treatments",
        lambda graph, text: text_classifier(graph, text),
        needs_text=True,
    ),
}


def baseline_scorers(graph: KnowledgeGraph, text: FloatArray | None = None) -> Iterator[Scorer]:
    """Make each baseline when it is asked for, so that one matrix at a time is in memory.

    :param graph: the training graph, without the held-out pairs
    :param text: shape (n_entities, dim); without it the text baselines are left out
    """
    for baseline in BASELINES.values():
        if text is not None or not baseline.needs_text:
            yield baseline.make(graph, text)
