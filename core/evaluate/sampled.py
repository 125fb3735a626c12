"""Rank the true one among a few sampled candidates, as the field does: LLaDR's own protocol."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.evaluate.metrics import per_query, pooled_auc_parts
from core.evaluate.ranks import Ranks
from core.evaluate.results import Evaluation, collect
from core.kg.graph import KnowledgeGraph
from core.types import BoolArray, FloatArray, IntArray, Scorer

OTHERS = 49  #: random diseases beside the true one (Xiang et al. 2025, arXiv 2510.12181)
PAPER_HITS = (3, 10)
DISEASES_A_BLOCK = 64
PAIRS_A_BLOCK = 1024  #: pairs that draw among all diseases at once
DRUGS_A_BLOCK = 256  #: bounds the memory of the scores: so many drugs against all diseases


def paper(
    scorer: Scorer,
    graph: KnowledgeGraph,
    test: IntArray,
    *,
    split: str,
    draws: int = 10,
    seed: int = 0,
    filtered: bool = False,
    others: int = OTHERS,
) -> Evaluation:
    """Rank each held-out disease of a drug among random other diseases (Xiang et al. 2025, arXiv 2510.12181).

    MR, MRR, H@3 and H@10 are means over pairs and draws, ties at their mean place. AUC compares the scores of all true
    pairs with those of all drawn ones, whatever their drug, as the reference does; averaged over the draws.

    :param graph: the whole graph
    :param test: shape (k, 2): held-out (drug, disease)
    :param split: name of the split, for the record
    :param draws: how often the other diseases are drawn
    :param seed: of the draws
    :param filtered: never draw a disease that the drug is known to treat or relieve
    :param others: how many are drawn; all that there are where there are fewer
    """
    others = min(others, len(graph.diseases) - 1)
    names = ("MR", "MRR", *(f"H@{k}" for k in PAPER_HITS), "AUC")
    sums = dict.fromkeys(names, np.zeros(len(test)))
    for drawn in _draws(scorer, graph, test, draws=draws, seed=seed, filtered=filtered, others=others):
        for name, values in _values(drawn).items():
            sums[name] = sums[name] + values
    metrics, per_disease = collect(graph, test, {name: values / draws for name, values in sums.items()})
    which = "that the drug is not known to treat, " if filtered else ""
    words = (
        f"diseases for a drug, {split}; the true disease among {others} random others, {which}{draws} draws, seed {seed}, "
        "realistic ties, AUC over pooled scores"
    )
    name = "paper-filtered" if filtered else "paper"
    return Evaluation(words, scorer.name, len(test), len(per_disease), others + 1, metrics, name, per_disease)


def degree_matched(
    scorer: Scorer,
    graph: KnowledgeGraph,
    test: IntArray,
    *,
    split: str,
    draws: int = 10,
    seed: int = 0,
    others: int = OTHERS,
) -> Evaluation:
    """Rank each held-out drug among those drugs that are known for the most nearly equal number of diseases.

    Degree is the number of diseases that a drug treats or relieves, held-out pairs not counted; drugs of one degree are drawn
    at random. Drugs known for the disease do not compete. Where degree is all that a scorer knows, it is near chance here.

    :param graph: the whole graph
    :param test: shape (k, 2): held-out (drug, disease)
    """
    others = min(others, len(graph.drugs) - 1)
    columns, absent = _matched_columns(graph, test, draws=draws, seed=seed, others=others)
    ranks, candidates = np.empty((2, draws, len(test)))
    diseases, number = np.unique(test[:, 1], return_inverse=True)
    for start in range(0, len(diseases), DISEASES_A_BLOCK):
        table = scorer.scores(graph.drugs, diseases[start : start + DISEASES_A_BLOCK])
        here = np.flatnonzero((number >= start) & (number < start + DISEASES_A_BLOCK))
        first = np.zeros(len(here), dtype=int)
        for draw in range(draws):
            scores = np.take_along_axis(table[number[here] - start], columns[draw, here], axis=1)
            found = Ranks.of_targets(scores, first, absent[draw, here])
            ranks[draw, here], candidates[draw, here] = found.realistic, found.candidates
    values = {"MR": ranks} | per_query(Ranks(ranks, candidates))
    shown = {name: values[name].mean(0) for name in ("MR", "MRR", "H@1", "H@3", "H@10", "AUC")}
    metrics, per_disease = collect(graph, test, shown)
    words = (
        f"drugs for a disease, {split}; the held-out drug among the {others} drugs of the nearest number of known diseases, "
        f"known pairs left out, {draws} draws, seed {seed}, realistic ties"
    )
    return Evaluation(words, scorer.name, len(test), len(diseases), others + 1, metrics, "degree-matched", per_disease)


def _matched_columns(graph: KnowledgeGraph, test: IntArray, *, draws: int, seed: int, others: int) -> tuple[IntArray, BoolArray]:
    """Return the columns that compete, the held-out drug first; True where there was none. Shapes (draws, k, 1 + others)."""
    generator = np.random.default_rng(seed)
    degrees, own = _training_degrees(graph, test), np.searchsorted(graph.drugs, test[:, 0])
    known = _known_columns(graph, test)
    number = np.unique(test[:, 1], return_inverse=True)[1]
    columns = np.empty((draws, len(test), others + 1), dtype=np.int32)
    absent = np.zeros(columns.shape, dtype=bool)
    for draw in range(draws):
        for row, place in enumerate(number.tolist()):
            columns[draw, row], absent[draw, row] = _nearest_degrees(degrees, own[row], known[place], others, generator)
    return columns, absent


def _training_degrees(graph: KnowledgeGraph, test: IntArray) -> IntArray:
    """Return for how many diseases each drug is known without the held-out pairs. Shape (n_drugs,)."""
    kept = graph.known[~np.isin(graph.pair_codes(graph.known), graph.pair_codes(test))]
    return np.bincount(np.searchsorted(graph.drugs, kept[:, 0]), minlength=len(graph.drugs))


def _known_columns(graph: KnowledgeGraph, test: IntArray) -> list[IntArray]:
    """Return the columns of the drugs that are known, or asked for, for each disease of the test, ascending by disease."""
    pairs = np.concatenate([graph.known, test])
    columns = np.searchsorted(graph.drugs, pairs[:, 0])
    return [np.unique(columns[pairs[:, 1] == disease]) for disease in np.unique(test[:, 1])]


def _nearest_degrees(
    degrees: IntArray, own: int, known: IntArray, others: int, generator: np.random.Generator
) -> tuple[IntArray, BoolArray]:
    """Return the drug itself and the drugs nearest in degree that are not known; ties at random."""
    distance = np.abs(degrees - degrees[own]) + generator.random(len(degrees))  # whole numbers and a fraction below one
    distance[known] = np.inf
    distance[own] = np.inf
    nearest = np.argpartition(distance, others - 1)[:others]
    columns = np.concatenate([[own], nearest])
    return columns, np.concatenate([[False], np.isinf(distance[nearest])])


@dataclass(frozen=True)
class Drawn:
    """The scores of one draw; the true one stands first."""

    scores: FloatArray  #: shape (n_pairs, 1 + others)
    left_out: BoolArray  #: same shape; True where there was nothing left to draw


def _draws(
    scorer: Scorer, graph: KnowledgeGraph, test: IntArray, *, draws: int, seed: int, filtered: bool, others: int
) -> Iterator[Drawn]:
    """Yield each draw's scores in the order of ``test``; scores of all diseases are computed once a block of drugs."""
    generators = [np.random.default_rng([seed, draw]) for draw in range(draws)]
    scores = np.empty((draws, len(test), others + 1))
    left_out = np.zeros((draws, len(test), others + 1), dtype=bool)
    order = np.argsort(test[:, 0], kind="stable")
    known = _known_diseases(graph) if filtered else None
    for block in _blocks_of_drugs(test, order):
        drugs = np.unique(test[block, 0])
        table = scorer.scores(drugs, graph.diseases).T  # (n_drugs, n_diseases)
        for rows in np.split(block, range(PAIRS_A_BLOCK, len(block), PAIRS_A_BLOCK)):
            place = np.searchsorted(drugs, test[rows, 0])[:, None]
            barred = _barred(graph, test[rows], known)
            for draw, generator in enumerate(generators):
                columns, left_out[draw, rows] = _drawn_columns(graph, test[rows, 1], barred, others, generator)
                scores[draw, rows] = table[place, columns]
    for draw in range(draws):
        yield Drawn(scores[draw], left_out[draw])


def _blocks_of_drugs(test: IntArray, order: IntArray) -> Iterator[IntArray]:
    """Split the pairs, sorted by drug, so that no block has more than so many drugs."""
    number = np.unique(test[order, 0], return_inverse=True)[1] // DRUGS_A_BLOCK
    yield from np.split(order, np.flatnonzero(np.diff(number)) + 1)


def _known_diseases(graph: KnowledgeGraph) -> dict[int, IntArray]:
    """Return the columns (among all diseases) of what each drug is known to treat or relieve, by drug row."""
    order = np.argsort(graph.known[:, 0], kind="stable")
    drugs, starts = np.unique(graph.known[order, 0], return_index=True)
    columns = np.searchsorted(graph.diseases, graph.known[order, 1])
    return dict(zip(drugs.tolist(), np.split(columns, starts[1:]), strict=True))


def _barred(graph: KnowledgeGraph, pairs: IntArray, known: dict[int, IntArray] | None) -> BoolArray:
    """Return which diseases may not be drawn: the true one, and what the drug is known for. Shape (k, n_diseases)."""
    barred = np.zeros((len(pairs), len(graph.diseases)), dtype=bool)
    barred[np.arange(len(pairs)), np.searchsorted(graph.diseases, pairs[:, 1])] = True
    for row, drug in enumerate(pairs[:, 0].tolist() if known else ()):
        barred[row, known.get(drug, [])] = True
    return barred


def _drawn_columns(
    graph: KnowledgeGraph, diseases: IntArray, barred: BoolArray, others: int, generator: np.random.Generator
) -> tuple[IntArray, BoolArray]:
    """Draw without replacement; the true disease first. Shapes (k, 1 + others), the second True where nothing was left."""
    keys = np.where(barred, 2.0, generator.random(barred.shape))
    chosen = np.argpartition(keys, others - 1, axis=1)[:, :others] if others else np.empty((len(keys), 0), dtype=int)
    columns = np.column_stack([np.searchsorted(graph.diseases, diseases), chosen])
    absent = np.take_along_axis(keys, columns, axis=1) == 2.0
    absent[:, 0] = False
    return columns, absent


def _values(drawn: Drawn) -> dict[str, FloatArray]:
    """Return the metrics of each pair in one draw."""
    ranks = Ranks.of_targets(drawn.scores, np.zeros(len(drawn.scores), dtype=int), drawn.left_out).realistic
    values = {"MR": ranks, "MRR": 1 / ranks} | {f"H@{k}": (ranks <= k).astype(float) for k in PAPER_HITS}
    values["AUC"] = pooled_auc_parts(drawn.scores[:, 0], drawn.scores[:, 1:], ~drawn.left_out[:, 1:])
    return values
