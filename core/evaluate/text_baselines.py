"""Rank by text alone: the two texts against each other, and a classifier on both."""

import numpy as np

from core.errors import TrainingError
from core.evaluate.baselines import MatrixScorer
from core.kg.graph import KnowledgeGraph
from core.types import FloatArray, IntArray

COMPONENTS = 64  #: principal components of each side that the classifier sees
NEGATIVES = 10  #: random pairs for each known treatment
INVERSE_REGULARISATION = 1.0


def direct_text(graph: KnowledgeGraph, text: FloatArray) -> MatrixScorer:
    """Score a drug by how near its own text is to that of the disease; what is known plays no part.

    Each side is centred by its own mean, so that "is a drug" and "is a disease" do not count.

    :param text: shape (n_entities, dim)
    """
    drugs, diseases = (_unit(text[rows] - text[rows].mean(0)) for rows in (graph.drugs, graph.diseases))
    return MatrixScorer("text-direct", graph.drugs, graph.diseases, (diseases @ drugs.T).astype(float))


def text_classifier(graph: KnowledgeGraph, text: FloatArray, *, seed: int = 0) -> MatrixScorer:
    """Score by a logistic regression that learned from texts which drug treats which disease.

    It sees both texts and their product, column by column, both reduced to the same principal components. It learns from the
    known treatments of this graph against random pairs; a graph without the held-out pairs never shows them.

    :param text: shape (n_entities, dim)
    :param seed: of the random pairs
    :raises TrainingError: if the graph has no treatment to learn from
    """
    from sklearn.linear_model import LogisticRegression  # here: it takes a second, and pages that only rank do without

    drugs, diseases = _components(text[graph.drugs], text[graph.diseases])
    pairs, labels = _examples(graph, seed)
    features = _features(drugs[pairs[:, 0]], diseases[pairs[:, 1]])
    model = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=2000).fit(features, labels)
    of_drug, of_disease, of_product = np.split(model.coef_[0], 3)
    matrix = (drugs @ of_drug)[None] + (diseases @ of_disease)[:, None] + (diseases * of_product) @ drugs.T
    return MatrixScorer("text-classifier", graph.drugs, graph.diseases, matrix)


def _features(drugs: FloatArray, diseases: FloatArray) -> FloatArray:
    return np.concatenate([drugs, diseases, drugs * diseases], axis=1)


def _examples(graph: KnowledgeGraph, seed: int) -> tuple[IntArray, IntArray]:
    """Return columns of drug and disease, known pairs first, and labels. Shapes (k, 2), (k,)."""
    known = np.column_stack([np.searchsorted(graph.drugs, graph.known[:, 0]), np.searchsorted(graph.diseases, graph.known[:, 1])])
    if not len(known):
        raise TrainingError("The graph has no known treatment that a text classifier could learn from.")
    sizes = (len(graph.drugs), len(graph.diseases))
    drawn = np.random.default_rng(seed).integers(sizes, size=(NEGATIVES * len(known), 2))
    unknown = drawn[~np.isin(drawn @ (sizes[1], 1), known @ (sizes[1], 1))]
    return np.concatenate([known, unknown]), np.repeat([1, 0], [len(known), len(unknown)])


def _components(*sides: FloatArray) -> list[FloatArray]:
    """Centre each side, and turn both to common principal components of mean square 1. Shapes (n, dim) -> (n, at most 64)."""
    centred = [(vectors - vectors.mean(0)).astype(float) for vectors in sides]
    axes = np.linalg.svd(np.concatenate(centred), full_matrices=False)[2][:COMPONENTS].T
    scale = max(float(np.sqrt(((np.concatenate(centred) @ axes) ** 2).mean())), 1e-12)
    return [vectors @ axes / scale for vectors in centred]


def _unit(vectors: FloatArray) -> FloatArray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
