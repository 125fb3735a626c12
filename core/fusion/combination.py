"""Weigh the components by a logistic regression on treatments that they had not seen.

The graph's known treatments are cut into folds. For each fold, every component is made anew from the graph without the
fold's pairs (the embeddings are trained anew, too), so the regression sees each component as it will be on new pairs. The
strength of the regularisation is chosen by folds over whole diseases. External truth is never used.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GroupKFold

from core.errors import TrainingError
from core.evaluate.baselines import known_pairs_matrix
from core.fusion.ensemble import standardised
from core.kg.graph import KnowledgeGraph
from core.types import FloatArray, IntArray, Scorer

STRENGTHS = (0.001, 0.01, 0.1, 1.0)  #: inverse regularisation strengths that are tried
DISEASE_FOLDS = 5


@dataclass(frozen=True)
class Fusion:
    """Weights of the components; the fusion is the log odds that a pair is a known treatment."""

    components: tuple[str, ...]
    weights: tuple[float, ...]  #: one a component, on scores standardised within a disease
    intercept: float
    strength: float  #: inverse regularisation strength that was chosen
    n_positives: int  #: held-out treatments that were learned from

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


class FusionScorer:
    """Score by the weighted sum of standardised components.

    :param components: in the order of the fusion's weights
    :param all_drugs: shape (n,): the drugs over which components are standardised, ascending
    """

    name = "fusion"

    def __init__(self, fusion: Fusion, components: Sequence[Scorer], all_drugs: IntArray) -> None:
        self.fusion = fusion
        self._components = components
        self._all_drugs = all_drugs

    def scores(self, drugs: IntArray, diseases: IntArray) -> FloatArray:
        """Return log odds of being a known treatment. Shape (n_diseases, n_drugs)."""
        return self.contributions(drugs, diseases).sum(axis=-1) + self.fusion.intercept

    def contributions(self, drugs: IntArray, diseases: IntArray) -> FloatArray:
        """Return what each component adds to a score. Shape (n_diseases, n_drugs, n_components)."""
        columns = np.searchsorted(self._all_drugs, drugs)
        features = component_features(self._components, self._all_drugs, diseases)
        return features[:, columns] * np.array(self.fusion.weights)


def component_features(components: Sequence[Scorer], drugs: IntArray, diseases: IntArray) -> FloatArray:
    """Return the components' scores, standardised within each disease. Shape (n_diseases, n_drugs, n_components)."""
    return np.stack([standardised(component.scores(drugs, diseases)) for component in components], axis=-1)


@dataclass(frozen=True)
class Fold:
    """Treatments held out together, and the components made without them."""

    graph: KnowledgeGraph  #: without the fold's pairs
    pairs: IntArray  #: shape (k, 2): drug, disease
    components: Sequence[Scorer]


def treatment_folds(graph: KnowledgeGraph, count: int, *, seed: int) -> list[IntArray]:
    """Cut the pairs that a drug treats into folds at random.

    :returns: ``count`` arrays of pairs, shape (k, 2) each
    :raises TrainingError: if there are fewer pairs than folds
    """
    pairs = graph.pairs("treats")
    if len(pairs) < 2 * count:
        raise TrainingError(
            f"The graph has {len(pairs)} known treatments, too few to learn a fusion from.",
            expected=f"at least {2 * count}",
            advice="train without --fusion.",
        )
    fold_of = np.random.default_rng(seed).permutation(len(pairs)) % count
    return [pairs[fold_of == fold] for fold in range(count)]


def fit_fusion(folds: Sequence[Fold]) -> Fusion:
    """Learn the weights from all folds together."""
    names = tuple(component.name for component in folds[0].components)
    features, labels, diseases = (np.concatenate(part) for part in zip(*map(_examples, folds), strict=True))
    strength = _chosen_strength(features, labels, diseases)
    model = _regression(strength).fit(features, labels)
    weights = tuple(float(weight) for weight in model.coef_[0])
    return Fusion(names, weights, float(model.intercept_[0]), strength, int(labels.sum()))


def _examples(fold: Fold) -> tuple[FloatArray, IntArray, IntArray]:
    """Return features, labels and diseases of the fold's pairs and of all drugs not known for the same diseases."""
    graph = fold.graph
    diseases = np.unique(fold.pairs[:, 1])
    features = component_features(fold.components, graph.drugs, diseases)
    labels = np.zeros(features.shape[:2], dtype=np.int64)
    labels[np.searchsorted(diseases, fold.pairs[:, 1]), np.searchsorted(graph.drugs, fold.pairs[:, 0])] = 1
    open_pairs = known_pairs_matrix(graph)[np.searchsorted(graph.diseases, diseases)] == 0
    disease_of = np.broadcast_to(diseases[:, None], labels.shape)
    return features[open_pairs], labels[open_pairs], disease_of[open_pairs]


def _chosen_strength(features: FloatArray, labels: IntArray, diseases: IntArray) -> float:
    """Return the strength with the best average precision on diseases that the regression did not see."""
    n_splits = min(DISEASE_FOLDS, len(np.unique(diseases)))
    if n_splits < 2:
        return STRENGTHS[0]
    splits = list(GroupKFold(n_splits).split(features, labels, diseases))
    return max(STRENGTHS, key=lambda strength: _precision(features, labels, splits, strength))


def _precision(features: FloatArray, labels: IntArray, splits: list[tuple[IntArray, IntArray]], strength: float) -> float:
    values = []
    for train, test in splits:
        if labels[train].any() and labels[test].any():
            decision = _regression(strength).fit(features[train], labels[train]).decision_function(features[test])
            values.append(average_precision_score(labels[test], decision))
    return float(np.mean(values)) if values else 0.0


def _regression(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=5000, tol=1e-6)
