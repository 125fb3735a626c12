"""Rank without a trained model: what any model must beat, and the components of the fusion.

Each is a :class:`core.types.Scorer` made from a graph. A pair's own treatment edge never counts for that pair: nothing is
similar to itself here, so what a held-out edge would add is only what other drugs and diseases say.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from core.kg.graph import KnowledgeGraph, edge_degree_products
from core.kg.sources import ROLES
from core.types import BoolArray, FloatArray, IntArray

DISEASES_A_BLOCK = 64  #: bounds the memory of the path counts
TEXT_SHARPNESS = 3  #: power of the cosine between diseases: near ones count, the many far ones do not add up


@dataclass(frozen=True)
class MatrixScorer:
    """Look scores up in a matrix of all diseases and all drugs."""

    name: str
    all_drugs: IntArray  #: shape (n_drugs,), ascending
    all_diseases: IntArray  #: shape (n_diseases,), ascending
    matrix: FloatArray  #: shape (n_diseases, n_drugs)

    def scores(self, drugs: IntArray, diseases: IntArray) -> FloatArray:
        """Return the scores of these. Shape (n_diseases, n_drugs)."""
        return self.matrix[np.ix_(np.searchsorted(self.all_diseases, diseases), np.searchsorted(self.all_drugs, drugs))]


def degree(graph: KnowledgeGraph) -> MatrixScorer:
    """Score a drug by the number of diseases that it is known to treat or relieve; the disease does not matter."""
    known = known_pairs_matrix(graph)
    return _scorer("degree", graph, known.sum(0) - known)


def degree_prior(graph: KnowledgeGraph) -> MatrixScorer:
    """Score by the number of diseases that the drug is known for, times the number of drugs known for the disease.

    The prior of Himmelstein et al. 2017 (doi 10.7554/eLife.26726) in its simplest form; it ranks drugs for a disease as
    :func:`degree` does, and diseases for a drug as well. Half a pair is added to both, so that new ones are not all equal.
    """
    known = known_pairs_matrix(graph)
    drugs, diseases = known.sum(0) - known, known.sum(1, keepdims=True) - known
    return _scorer("degree-prior", graph, (drugs + 0.5) * (diseases + 0.5))


def guilt_by_association(graph: KnowledgeGraph) -> MatrixScorer:
    """Score a drug by what it shares (targets, classes, processes) with the known drugs of the disease.

    Shared neighbours count by their rarity (idf) and by the evidence weight of the relation; similarity is the cosine.
    """
    return _scorer("gba-drug", graph, _known(graph) @ association_similarity(graph, graph.drugs))


def similar_diseases(graph: KnowledgeGraph) -> MatrixScorer:
    """Score a drug by how much the diseases that it is known for share (genes, symptoms) with the disease."""
    return _scorer("gba-disease", graph, (_known(graph).T @ association_similarity(graph, graph.diseases)).T)


def nearest_drug_text(graph: KnowledgeGraph, text: FloatArray) -> MatrixScorer:
    """Score a drug by how near its text is to those of the known drugs of the disease.

    :param text: shape (n_entities, dim)
    """
    return _scorer("text-drug", graph, _known(graph) @ text_similarity(text[graph.drugs]))


def nearest_disease_text(graph: KnowledgeGraph, text: FloatArray) -> MatrixScorer:
    """Score a drug by how near the texts of the diseases that it is known for are to that of the disease."""
    similarity = np.maximum(text_similarity(text[graph.diseases]), 0) ** TEXT_SHARPNESS
    return _scorer("text-disease", graph, (_known(graph).T @ similarity).T)


def path_counts(graph: KnowledgeGraph) -> MatrixScorer:
    """Score by the damped number of paths of two and three edges that use no edge between drugs and diseases.

    Each edge counts ``(degree of start * degree of end) ** -0.5`` times its evidence weight, as in
    :mod:`core.explain.paths`; the logarithm keeps a few heavy pairs from ruling the scale.
    """
    adjacency = _damped_adjacency(graph)
    from_drugs = adjacency[graph.drugs]
    matrix = np.empty((len(graph.diseases), len(graph.drugs)))
    for start in range(0, len(graph.diseases), DISEASES_A_BLOCK):
        to_disease = adjacency[graph.diseases[start : start + DISEASES_A_BLOCK]].T.toarray()
        matrix[start : start + DISEASES_A_BLOCK] = (from_drugs @ (to_disease + adjacency @ to_disease)).T
    return _scorer("paths", graph, np.log(matrix + 1e-6))


def known_pairs_matrix(graph: KnowledgeGraph) -> FloatArray:
    """Return 1 where a drug is known to treat or relieve a disease. Shape (n_diseases, n_drugs)."""
    matrix = np.zeros((len(graph.diseases), len(graph.drugs)))
    matrix[np.searchsorted(graph.diseases, graph.known[:, 1]), np.searchsorted(graph.drugs, graph.known[:, 0])] = 1
    return matrix


def _known(graph: KnowledgeGraph) -> sparse.csr_matrix:
    return sparse.csr_matrix(known_pairs_matrix(graph))


def association_similarity(graph: KnowledgeGraph, rows: IntArray) -> FloatArray:
    """Return idf-weighted cosines over shared neighbours; zero with itself. Shape (n_rows, n_rows)."""
    neighbours = _evidence_adjacency(graph)[rows]
    carriers = np.asarray((neighbours > 0).sum(0)).ravel()
    weighted = neighbours @ sparse.diags(np.log(len(rows) / np.maximum(carriers, 1)))
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(1)).ravel())
    unit = sparse.diags(1 / np.maximum(lengths, 1e-12)) @ weighted
    return _without_itself((unit @ unit.T).toarray())


def text_similarity(vectors: FloatArray) -> FloatArray:
    """Return cosines of centred vectors; zero with itself. Shape (n, dim) -> (n, n)."""
    centred = vectors - vectors.mean(0)
    unit = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)
    return _without_itself((unit @ unit.T).astype(float))


def _evidence_adjacency(graph: KnowledgeGraph) -> sparse.csr_matrix:
    """Return the largest evidence weight between two entities."""
    return _adjacency(graph, np.ones(len(graph.triples)))


def _damped_adjacency(graph: KnowledgeGraph) -> sparse.csr_matrix:
    """Return the largest evidence weight between two entities, damped by the degrees of both."""
    return _adjacency(graph, edge_degree_products(graph) ** -0.5)


def _adjacency(graph: KnowledgeGraph, factors: FloatArray) -> sparse.csr_matrix:
    """Return evidence weights times factors, in both directions.

    Roles (treatment, trial, contraindication) and any other edge between a drug and a disease are left out.
    """
    roles = np.concatenate([graph.role_relations(role) for role in ROLES])
    evidence = np.array([graph.source.meaning(relation).evidence_weight for relation in graph.vocabulary.relations])
    evidence[roles] = 0
    weights = np.where(_joins_drug_and_disease(graph), 0, evidence[graph.triples[:, 1]] * factors)
    (heads, _, tails), used = graph.triples[weights > 0].T, weights[weights > 0]
    both = np.concatenate([heads, tails]), np.concatenate([tails, heads])
    order = np.lexsort((-np.tile(used, 2), both[1], both[0]))
    rows, columns, values = both[0][order], both[1][order], np.tile(used, 2)[order]
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1])
    shape = (graph.n_entities, graph.n_entities)
    return sparse.csr_matrix((values[first], (rows[first], columns[first])), shape=shape)


def _joins_drug_and_disease(graph: KnowledgeGraph) -> BoolArray:
    """Return which edges join a drug and a disease, in either direction. Shape (n_edges,)."""
    drug, disease = (np.isin(np.arange(graph.n_entities), rows) for rows in (graph.drugs, graph.diseases))
    heads, tails = graph.triples[:, 0], graph.triples[:, 2]
    return (drug[heads] & disease[tails]) | (disease[heads] & drug[tails])


def _without_itself(similarity: FloatArray) -> FloatArray:
    np.fill_diagonal(similarity, 0)
    return similarity


def _scorer(name: str, graph: KnowledgeGraph, matrix: FloatArray) -> MatrixScorer:
    return MatrixScorer(name, graph.drugs, graph.diseases, np.asarray(matrix))
