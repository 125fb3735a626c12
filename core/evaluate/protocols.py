"""Name what is asked, who competes and what is filtered; one path for every scorer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.errors import UnknownNameError
from core.evaluate.metrics import per_query, two_sample_auc
from core.evaluate.ranks import Ranks, percentiles
from core.evaluate.results import Evaluation, collect
from core.evaluate.sampled import degree_matched, paper
from core.evaluate.screening import SCREENING, RankedList
from core.kg.graph import KnowledgeGraph
from core.types import BoolArray, FloatArray, IntArray, Scorer

__all__ = ["PROTOCOLS", "Evaluation", "Protocol", "degree_matched", "drugs_for_disease", "evaluate", "known_matrix", "paper"]

DISEASES_A_BLOCK = 64  #: bounds the memory: so many diseases against all drugs

SplitKind = Literal["random", "part", "zero-shot", "area", "external"]
Candidates = Literal["all drugs", "drugs of the same degree", "sampled diseases"]


@dataclass(frozen=True)
class Protocol:
    """What is held out, what competes with it, and what is left out of the competition."""

    name: str
    words: str  #: one line for people
    split: SplitKind
    candidates: Candidates = "all drugs"
    filtered: bool = True  #: other known pairs do not compete


PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol("drugs-for-disease", "a tenth of the treatments held out, each ranked among all drugs of its disease", "random"),
        Protocol(
            "every-treatment",
            "the treatments in five parts, one of them (the seed, 0 to 4) held out; all five together ask for each once",
            "part",
        ),
        Protocol("zero-shot", "a fifth of the diseases lose all their treatments; all drugs compete", "zero-shot"),
        Protocol("area", "all treatments of a therapeutic area are held out; all drugs compete", "area"),
        Protocol(
            "degree-matched",
            "held-out drugs compete only with drugs of as many known diseases, so being well known does not help",
            "random",
            "drugs of the same degree",
        ),
        Protocol("external", "pairs from a file that the graph does not contain; all drugs compete", "external"),
        Protocol(
            "paper",
            "LLaDR's own: the true disease of a drug among 49 random others",
            "random",
            "sampled diseases",
            filtered=False,
        ),
        Protocol("paper-filtered", "as paper, but no disease is drawn that the drug is known for", "random", "sampled diseases"),
    )
}


def protocol_named(name: str) -> Protocol:
    """Return a protocol.

    :raises UnknownNameError: names those that there are
    """
    if name not in PROTOCOLS:
        raise UnknownNameError("protocol", name, tuple(PROTOCOLS), advice="give one of these to --protocol.")
    return PROTOCOLS[name]


def evaluate(
    protocol: Protocol,
    scorer: Scorer,
    graph: KnowledgeGraph,
    test: IntArray,
    *,
    split: str,
    negatives: IntArray | None = None,
    seed: int = 0,
) -> Evaluation:
    """Ask a scorer under a protocol.

    :param graph: the whole graph, whose known pairs are filtered
    :param test: shape (k, 2): held-out (drug, disease)
    :param split: name of the split, for the record
    :param negatives: shape (m, 2): pairs that are no treatments, compared with the test pairs
    :param seed: of what a protocol draws
    """
    if protocol.candidates == "sampled diseases":
        return paper(scorer, graph, test, split=split, seed=seed, filtered=protocol.filtered)
    if protocol.candidates == "drugs of the same degree":
        return degree_matched(scorer, graph, test, split=split, seed=seed)
    return drugs_for_disease(scorer, graph, test, split=split, name=protocol.name, negatives=negatives)


def drugs_for_disease(
    scorer: Scorer,
    graph: KnowledgeGraph,
    test: IntArray,
    *,
    split: str,
    name: str = "drugs-for-disease",
    negatives: IntArray | None = None,
) -> Evaluation:
    """Rank each held-out drug among all drugs of its disease; other known pairs, training and test, do not compete.

    MRR, H@k and AUC are means over held-out pairs. The metrics of :mod:`core.evaluate.screening` take the held-out drugs of
    a disease together, and are means over diseases.

    :param graph: the whole graph, whose known pairs are filtered
    :param test: shape (k, 2): held-out (drug, disease)
    :param split: name of the split, for the record
    :param name: of the protocol
    :param negatives: shape (m, 2): pairs that are no treatments; adds the AUC of test pairs against these
    """
    diseases, number = np.unique(test[:, 1], return_inverse=True)
    column = np.searchsorted(graph.drugs, test[:, 0])
    ranks, candidates = np.empty(len(test)), np.empty(len(test), dtype=np.int64)
    of_diseases = {metric: np.empty(len(diseases)) for metric in SCREENING}
    for place, here, scores, competing in _lists(scorer, graph, test, diseases, number):
        ranked = RankedList.of(scores[column[here]], scores[competing])
        ranks[here], candidates[here] = ranked.ranks, ranked.n_others + 1
        for metric, measure in SCREENING.items():
            of_diseases[metric][place] = measure(ranked)
    metrics, per_disease = collect(graph, test, per_query(Ranks(ranks, candidates)), of_diseases)
    if negatives is not None and len(negatives):
        metrics |= _against_negatives(scorer, graph, test, negatives)
    n_drugs = len(graph.drugs)
    words = f"drugs for a disease, {split}; all {n_drugs} drugs, other known treats/palliates pairs left out, realistic ties"
    return Evaluation(words, scorer.name, len(test), len(diseases), n_drugs, metrics, name, per_disease)


def known_matrix(graph: KnowledgeGraph, diseases: IntArray) -> BoolArray:
    """Return which drugs are known to treat or palliate these diseases. Shape (n_diseases, n_drugs)."""
    return _pairs_matrix(graph, graph.known, diseases)


def _pairs_matrix(graph: KnowledgeGraph, pairs: IntArray, diseases: IntArray) -> BoolArray:
    pairs = pairs[np.isin(pairs[:, 1], diseases)]
    order = np.argsort(diseases)
    rows = order[np.searchsorted(diseases, pairs[:, 1], sorter=order)]
    matrix = np.zeros((len(diseases), len(graph.drugs)), dtype=bool)
    matrix[rows, np.searchsorted(graph.drugs, pairs[:, 0])] = True
    return matrix


def _lists(
    scorer: Scorer, graph: KnowledgeGraph, test: IntArray, diseases: IntArray, number: IntArray
) -> Iterator[tuple[int, IntArray, FloatArray, BoolArray]]:
    """Yield, for each disease, its number, its rows of the test, the scores of all drugs, and which of these compete.

    Scores are asked for in blocks, so that no more than these are in memory at once.

    :raises ValueError: if a score is NaN
    """
    by_disease = np.split(np.argsort(number, kind="stable"), np.cumsum(np.bincount(number))[:-1])
    for start in range(0, len(diseases), DISEASES_A_BLOCK):
        block = diseases[start : start + DISEASES_A_BLOCK]
        left_out = known_matrix(graph, block) | _pairs_matrix(graph, test, block)
        scores = checked(scorer.scores(graph.drugs, block))
        for row in range(len(block)):
            yield start + row, by_disease[start + row], scores[row], ~left_out[row]


def checked(scores: FloatArray) -> FloatArray:
    """Return scores that can be ranked.

    :raises ValueError: if a score is NaN
    """
    if np.isnan(scores).any():
        message = "scores have NaN: they cannot be ranked"
        raise ValueError(message)
    return scores


def _against_negatives(scorer: Scorer, graph: KnowledgeGraph, test: IntArray, negatives: IntArray) -> dict:
    """Compare test pairs with negative ones, by score and by percentile among all drugs of the disease."""
    pairs = np.concatenate([test, negatives])
    diseases, row = np.unique(pairs[:, 1], return_inverse=True)
    scores, places = np.empty((2, len(pairs)))
    for start in range(0, len(diseases), DISEASES_A_BLOCK):
        table = checked(scorer.scores(graph.drugs, diseases[start : start + DISEASES_A_BLOCK]))
        here = np.flatnonzero((row >= start) & (row < start + DISEASES_A_BLOCK))
        own = table[row[here] - start, np.searchsorted(graph.drugs, pairs[here, 0])]
        below = (table[row[here] - start] < own[:, None]).sum(1)
        equal = (table[row[here] - start] == own[:, None]).sum(1)
        scores[here] = own
        places[here] = percentiles(len(graph.drugs) - below - equal + (equal + 1) / 2, len(graph.drugs))
    k = len(test)
    return {
        name: two_sample_auc(values[:k], values[k:], test[:, 1], negatives[:, 1])
        for name, values in (("AUROC vs negatives", scores), ("AUROC vs negatives, percentile", places))
    }
