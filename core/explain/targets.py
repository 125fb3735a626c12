"""Learn, from the graph's own treatments, which of a drug's targets makes it a drug for a disease.

A drug binds many genes: its target, but also the enzymes that break it down and relatives of the target. The model says: a drug
works through one of its genes, and which one it is shows on two sides. On the side of the drug: its relatives (same class,
similar structure) act on that gene too, and few other drugs do. On the side of the disease: other drugs that treat it, or
treat diseases that resemble it, act on the gene, and the disease is associated with it or with genes that interact with it.
So the probability that drug d treats disease x is a mixture over its genes,

    P(x | d) = sum over g of  softmax_g(a . h(d, g)) * softmax_x(b . f(g, x)),

and the ten numbers a and b are those that make the known treatments of the graph most probable. What a drug itself is known to
treat never counts in its h and f. The weight of a gene is its posterior, ``P(g | d, x)``; no mechanism is ever looked at.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import optimize

from core.explain.tables import DISEASE_SIDE, DRUG_SIDE, Support, TargetTables
from core.kg.graph import KnowledgeGraph
from core.types import FloatArray, IntArray

PAIRS, OTHERS = 500, 31  #: known pairs to learn from, and other diseases that each is compared with
FEWEST = 30  #: known pairs below which nothing is learned
REMEMBERED = 4096  #: drugs whose logits in all diseases are kept
RIDGE = 1e-3
#: where too little is known, set by judgement: enrichment and excess among drugs of the class and similar drugs, rarity;
#: enrichment among drugs that treat it and its relatives, association, associated genes beside, number of treatments
DEFAULT = np.array([1.0, 1.0, 0.3, 0.3, 0.5, 1.0, 0.5, 0.5, 0.5, 0.0])


class TargetModel:
    """Weigh the targets of a drug for a disease.

    :param graph: the graph; the model is learned when it is made (a second or two)
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._tables = TargetTables(graph)
        examples = _examples(self._tables)
        self.learned = len(examples.starts) >= FEWEST
        self.weights = _most_probable(examples) if self.learned else DEFAULT
        self._logits = lru_cache(REMEMBERED)(self._targets_and_logits)  # the next disease asks for the same drugs

    def posterior(self, drug: int, disease: int) -> tuple[IntArray, FloatArray]:
        """Return a drug's targets (entity rows) and the probability of each to be the one that matters; shapes (n_targets,)."""
        targets, logits = self._logits(drug)
        if not len(targets):
            return targets, np.zeros(0)
        mine = logits[:, int(np.searchsorted(self._tables.diseases, disease))]
        return self._tables.genes[targets], np.exp(mine - _log_sum(mine))

    def _targets_and_logits(self, drug: int) -> tuple[IntArray, FloatArray]:
        """Return a drug's targets (places among the genes) and their logits in every disease; shape (n_targets, n_diseases)."""
        targets, every = self._tables.targets(drug), np.arange(len(self._tables.diseases))
        attention = self._tables.drug_side(drug, targets) @ self.weights[:DRUG_SIDE]
        relevance = self._tables.disease_side(drug, targets, every) @ self.weights[DRUG_SIDE:]
        return targets, attention[:, None] + relevance - _log_sum(relevance)[:, None]

    def support(self, drug: int, gene: int, disease: int) -> Support:
        """Return the counts behind a gene's weight."""
        return self._tables.support(drug, gene, disease)


@dataclass(frozen=True)
class _Examples:
    """Known pairs, each with the targets of its drug and some other diseases."""

    drug_side: FloatArray  #: shape (n_bindings, DRUG_SIDE)
    disease_side: FloatArray  #: shape (n_bindings, 1 + OTHERS, DISEASE_SIDE); the true disease first
    starts: IntArray  #: shape (n_pairs,); the first binding of each pair

    def loss(self, weights: FloatArray) -> tuple[float, FloatArray]:
        """Return the mean negative log likelihood, with a small ridge, and its gradient."""
        sizes, n = np.diff(np.append(self.starts, len(self.drug_side))), len(self.starts)
        attention = self.drug_side @ weights[:DRUG_SIDE]
        attention -= np.repeat(np.logaddexp.reduceat(attention, self.starts), sizes)
        relevance = self.disease_side @ weights[DRUG_SIDE:]
        chance = relevance - _log_sum(relevance)[:, None]
        joint = attention + chance[:, 0]
        likelihood = np.logaddexp.reduceat(joint, self.starts)
        share = np.exp(joint - np.repeat(likelihood, sizes))
        expected = np.einsum("nx,nxf->nf", np.exp(chance), self.disease_side)
        gradient = np.concatenate([(np.exp(attention) - share) @ self.drug_side, share @ (expected - self.disease_side[:, 0])])
        return float(-likelihood.mean() + RIDGE * weights @ weights), gradient / n + 2 * RIDGE * weights


def _most_probable(examples: _Examples) -> FloatArray:
    return optimize.minimize(examples.loss, DEFAULT, jac=True, method="L-BFGS-B", options={"maxiter": 60}).x


def _examples(tables: TargetTables) -> _Examples:
    """Take some known pairs whose drug has a target."""
    generator = np.random.default_rng(0)
    rows, columns = tables.treats.nonzero()
    bound = np.diff(tables.binds.indptr)[rows] > 0
    chosen = np.sort(generator.permutation(np.flatnonzero(bound))[:PAIRS])
    drug_side, disease_side = [np.zeros((0, DRUG_SIDE))], [np.zeros((0, 1 + OTHERS, DISEASE_SIDE))]
    for row, column in zip(rows[chosen].tolist(), columns[chosen].tolist(), strict=True):
        drug = int(tables.drugs[row])
        targets = tables.targets(drug)
        untreated = np.setdiff1d(np.arange(len(tables.diseases)), tables.treats[row].indices)
        if not len(untreated):
            continue
        drug_side.append(tables.drug_side(drug, targets))
        places = np.append(column, generator.choice(untreated, OTHERS))
        disease_side.append(tables.disease_side(drug, targets, places))
    sizes = np.array([len(part) for part in drug_side[1:]], dtype=np.int64)
    return _Examples(np.concatenate(drug_side), np.concatenate(disease_side), np.cumsum(sizes) - sizes)


def _log_sum(values: FloatArray) -> FloatArray:
    """Return the logarithm of the sum of exponentials along the last axis."""
    top = values.max(-1, keepdims=True)
    return (top + np.log(np.exp(values - top).sum(-1, keepdims=True)))[..., 0]
