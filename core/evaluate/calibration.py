"""Turn scores into probabilities on diseases that the map has not seen, and measure how far they are off."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.evaluate.protocols import DISEASES_A_BLOCK, checked, known_matrix
from core.kg.graph import KnowledgeGraph
from core.types import BoolArray, FloatArray, IntArray, Scorer

FOLDS = 5
EDGES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 1.0)  #: quantiles of the probability: true pairs are rare


@dataclass(frozen=True)
class Calibration:
    """Predicted and observed shares, bin by bin."""

    predicted: list[float]  #: mean probability of each bin, ascending
    observed: list[float]  #: share of held-out treatments in it
    counts: list[int]  #: pairs of drug and disease in it
    expected_error: float  #: mean distance of the two, weighted by count (ECE)
    expected_error_top: float  #: the same over the top 1 % of the pairs, where decisions are made
    words: str


def calibrate(scorer: Scorer, graph: KnowledgeGraph, test: IntArray, *, seed: int = 0, folds: int = FOLDS) -> Calibration | None:
    """Fit score to probability on some diseases, and check it on the others (Platt scaling, by folds of whole diseases).

    The probability is that of being one of the held-out treatments among all drugs not known for the disease; scores are
    standardised within each disease. It says nothing of truths that no source knows.

    :param graph: the whole graph, whose other known pairs are left out
    :param test: shape (k, 2): held-out (drug, disease)
    :returns: None where there are fewer diseases than two folds need
    """
    diseases = np.unique(test[:, 1])
    folds = min(folds, len(diseases))
    if folds < 2:
        return None
    values, labels, group = _examples(scorer, graph, test, diseases)
    fold = (np.random.default_rng(seed).permutation(len(diseases)) % folds)[group]
    probability = np.empty(len(values))
    for number in range(folds):
        inside = fold == number
        probability[inside] = _platt(values[~inside], labels[~inside], values[inside])
    return summarised(probability, labels, f"Platt scaling, {folds} folds of {len(diseases)} diseases, seed {seed}")


def summarised(probability: FloatArray, labels: BoolArray, words: str) -> Calibration:
    """Compare probabilities with what happened, in bins that are narrow at the top. Shapes (n,), (n,)."""
    order = np.argsort(probability, kind="stable")
    bounds = np.unique(np.round(np.array(EDGES) * len(order)).astype(int))
    bins = [order[start:end] for start, end in pairwise(bounds)]
    predicted, observed = ([float(values[rows].mean()) for rows in bins] for values in (probability, labels))
    counts = np.array([len(rows) for rows in bins])
    error = np.abs(np.array(predicted) - observed)
    top = bounds[:-1] >= round(0.99 * len(order))
    error_top = float(np.average(error[top], weights=counts[top])) if top.any() else float(error[-1])
    return Calibration(predicted, observed, counts.tolist(), float(np.average(error, weights=counts)), error_top, words)


def _examples(
    scorer: Scorer, graph: KnowledgeGraph, test: IntArray, diseases: IntArray
) -> tuple[FloatArray, BoolArray, IntArray]:
    """Return standardised scores, labels and number of the disease of all drugs that are held out or not known."""
    values, labels, group = [], [], []
    codes = graph.pair_codes(test)
    for start in range(0, len(diseases), DISEASES_A_BLOCK):
        block = diseases[start : start + DISEASES_A_BLOCK]
        scores = checked(scorer.scores(graph.drugs, block))
        spread = scores.std(1, keepdims=True)
        scores = (scores - scores.mean(1, keepdims=True)) / np.where(spread > 1e-12, spread, 1)
        pairs = np.stack(np.broadcast_arrays(graph.drugs[None], block[:, None]), axis=-1).reshape(-1, 2)
        true = np.isin(graph.pair_codes(pairs), codes).reshape(scores.shape)
        used = true | ~known_matrix(graph, block)
        values.append(scores[used])
        labels.append(true[used])
        group.append(np.broadcast_to(np.arange(start, start + len(block))[:, None], scores.shape)[used])
    return np.concatenate(values), np.concatenate(labels), np.concatenate(group)


def _platt(values: FloatArray, labels: BoolArray, asked: FloatArray) -> FloatArray:
    """Fit a logistic curve to scores, and read it at others. Shapes (n,), (n,), (m,) -> (m,)."""
    from sklearn.linear_model import LogisticRegression  # here: it takes a second, and pages that only rank do without

    if labels.all() or not labels.any():
        return np.full(len(asked), float(labels.mean()))
    model = LogisticRegression(C=1e6, max_iter=1000).fit(values[:, None], labels)
    return model.predict_proba(asked[:, None])[:, 1]
