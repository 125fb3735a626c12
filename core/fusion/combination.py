"""Weigh the components by logistic regressions on treatments that they had not seen.

The graph's known treatments are cut into folds. For each fold, every component is made anew from the graph without the
fold's pairs (the embeddings are trained anew, too), so the regression sees each component as it will be on new pairs. There
are two regressions, because what can be trusted depends on what is known of the disease: one learns from pairs held out at
random, where most diseases keep other treatments, the other from diseases that lose all of theirs. The strength of the
regularisation is chosen by folds over whole diseases. External truth is never used.

A drug that lost all its known uses to a fold is no example. Where every drug of a graph has some use (as where the graph was
cut to such drugs), having none left says that the drug is an answer, and a regression that may learn it does: on the Hetionet
core such drugs are 12 % of the candidates and a third of the answers, and curves or trees in place of weights won a third of
their MRR by them alone and nothing on the others.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import log
from typing import Any

import numpy as np

from core.evaluate.protocols import known_matrix
from core.fusion.ensemble import standardised
from core.fusion.folds import Fold
from core.fusion.regimes import Fusion, Regime, Weights, have_treatments
from core.kg.graph import KnowledgeGraph
from core.types import BoolArray, FloatArray, IntArray, Scorer

STRENGTHS = (0.001, 0.01, 0.1, 1.0)  #: inverse regularisation strengths that are tried
STRENGTH_FOLDS = 5


class FusionScorer:
    """Score by the weighted sum of standardised components; the graph says which weights a disease gets.

    :param components: in the order of the fusion's weights
    :param graph: what the components were made from; components are standardised over its drugs
    """

    name = "fusion"

    def __init__(self, fusion: Fusion, components: Sequence[Scorer], graph: KnowledgeGraph) -> None:
        self.fusion = fusion
        self._components = components
        self._graph = graph

    def regime(self, disease: int) -> Regime:
        """Return whose weights a disease gets: ``untreated`` where the graph knows no drug for it."""
        return "treated" if have_treatments(self._graph, np.array([disease]))[0] else "untreated"

    def scores(self, drugs: IntArray, diseases: IntArray) -> FloatArray:
        """Return log odds of being a known treatment. Shape (n_diseases, n_drugs)."""
        treated = have_treatments(self._graph, diseases)
        intercepts = np.where(treated, self.fusion.treated.intercept, self.fusion.untreated.intercept)
        return self.contributions(drugs, diseases).sum(axis=-1) + intercepts[:, None]

    def contributions(self, drugs: IntArray, diseases: IntArray) -> FloatArray:
        """Return what each component adds to a score. Shape (n_diseases, n_drugs, n_components)."""
        columns = np.searchsorted(self._graph.drugs, drugs)
        features = component_features(self._components, self._graph.drugs, diseases)
        treated = have_treatments(self._graph, diseases)
        weights = np.where(treated[:, None], self.fusion.treated.values, self.fusion.untreated.values)
        return features[:, columns] * weights[:, None]


def component_features(components: Sequence[Scorer], drugs: IntArray, diseases: IntArray) -> FloatArray:
    """Return the components' scores, standardised within each disease. Shape (n_diseases, n_drugs, n_components)."""
    return np.stack([standardised(component.scores(drugs, diseases)) for component in components], axis=-1)


def fit_fusion(treated: Sequence[Fold], untreated: Sequence[Fold]) -> Fusion:
    """Learn the weights of both regimes.

    :param treated: folds of pairs at random, each pair in one
    :param untreated: folds of whole diseases
    """
    names = tuple(component.name for component in treated[0].components)
    without = _fitted(untreated)
    # a disease of the other regime had one part of its treatments held out, not all: brought to one scale to be compared
    return Fusion(names, _fitted(treated), replace(without, intercept=without.intercept - log(len(treated))))


def _fitted(folds: Sequence[Fold]) -> Weights:
    """Learn weights from all folds together."""
    features, labels, diseases, used = (np.concatenate(part) for part in zip(*map(_examples, folds), strict=True))
    if labels[used].any():  # else the graph is so small that nothing would be left to learn from
        features, labels, diseases = features[used], labels[used], diseases[used]
    strength = _chosen_strength(features, labels, diseases)
    model = _regression(strength).fit(features, labels)
    values = tuple(float(weight) for weight in model.coef_[0])
    return Weights(values, float(model.intercept_[0]), strength, int(labels.sum()))


def _examples(fold: Fold) -> tuple[FloatArray, IntArray, IntArray, BoolArray]:
    """Return features, labels and diseases of the fold's treatments and of all drugs not known for the same diseases.

    The last array says for which of these the drug has a known use left.
    """
    graph, held = fold.graph, fold.held
    diseases = np.unique(held.treatments[:, 1])
    features = component_features(fold.components, graph.drugs, diseases)
    labels = _marked(graph, held.treatments, diseases)
    relieved = _marked(graph, held.removed, diseases) & ~labels  # held out, but no example of either kind
    examples = ~known_matrix(graph, diseases) & ~relieved
    disease_of = np.broadcast_to(diseases[:, None], labels.shape)
    used = np.broadcast_to(np.isin(graph.drugs, graph.known[:, 0]), labels.shape)
    return features[examples], labels[examples].astype(np.int64), disease_of[examples], used[examples]


def _marked(graph: KnowledgeGraph, pairs: IntArray, diseases: IntArray) -> BoolArray:
    """Return which drugs these pairs join with each disease. Shape (n_diseases, n_drugs).

    :param pairs: shape (k, 2), of these diseases
    """
    marked = np.zeros((len(diseases), len(graph.drugs)), dtype=bool)
    marked[np.searchsorted(diseases, pairs[:, 1]), np.searchsorted(graph.drugs, pairs[:, 0])] = True
    return marked


def _chosen_strength(features: FloatArray, labels: IntArray, diseases: IntArray) -> float:
    """Return the strength with the best average precision on diseases that the regression did not see."""
    from sklearn.model_selection import GroupKFold  # here: it takes a second, and pages that only rank do without

    n_splits = min(STRENGTH_FOLDS, len(np.unique(diseases)))
    if n_splits < 2:
        return STRENGTHS[0]
    splits = list(GroupKFold(n_splits).split(features, labels, diseases))
    return max(STRENGTHS, key=lambda strength: _precision(features, labels, splits, strength))


def _precision(features: FloatArray, labels: IntArray, splits: list[tuple[IntArray, IntArray]], strength: float) -> float:
    from sklearn.metrics import average_precision_score  # here: as above

    values = []
    for train, test in splits:
        if labels[train].any() and labels[test].any():
            decision = _regression(strength).fit(features[train], labels[train]).decision_function(features[test])
            values.append(average_precision_score(labels[test], decision))
    return float(np.mean(values)) if values else 0.0


def _regression(strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression  # here: as above

    return LogisticRegression(C=strength, max_iter=5000, tol=1e-6)
