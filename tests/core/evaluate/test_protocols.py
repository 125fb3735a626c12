import numpy as np
import pytest

from core.evaluate.protocols import drugs_for_disease, known_matrix
from core.kg.splits import random_split
from tests.toy import ALZHEIMER, DIABETES, DONEPEZIL, EDGES, HALOPERIDOL, MEMANTINE, METFORMIN, row_of


class TableScorer:
    """Score from a dictionary of (drug, disease) rows; 0 where there is nothing."""

    def __init__(self, table=None):
        self.name = "table"
        self.table = table or {}

    def scores(self, drugs, diseases):
        return np.array([[self.table.get((int(drug), int(disease)), 0.0) for drug in drugs] for disease in diseases])


def rows(graph, *pairs):
    return np.array([[row_of(graph, drug), row_of(graph, disease)] for drug, disease in pairs], dtype=np.int32)


def test_known_pairs_are_a_matrix_of_diseases_and_drugs(toy):
    diseases = toy.diseases[[2, 0, 3, 1]]  # in any order
    known = {(head, tail) for head, relation, tail, _, _ in EDGES if relation in ("treats", "palliates")}
    names = toy.vocabulary.entities
    expected = [[(names[drug], names[disease]) in known for drug in toy.drugs] for disease in diseases]
    np.testing.assert_array_equal(known_matrix(toy, diseases), expected)


def test_other_known_drugs_of_the_disease_do_not_compete(toy):
    """For Alzheimer's disease, donepezil and haloperidol (known) score above memantine; metformin does too, and counts."""
    test = rows(toy, (MEMANTINE, ALZHEIMER))
    better = rows(toy, (DONEPEZIL, ALZHEIMER), (HALOPERIDOL, ALZHEIMER), (METFORMIN, ALZHEIMER))
    scorer = TableScorer({**{tuple(pair): 2.0 for pair in better.tolist()}, tuple(test[0].tolist()): 1.0})
    result = drugs_for_disease(scorer, toy, test, split="by hand")
    assert result.metrics["MRR"].value == 1 / 2
    assert result.metrics["AUC"].value == pytest.approx(2 / 3)  # of metformin, levodopa, aspirin, two stand below
    assert (result.n_pairs, result.n_diseases, result.n_candidates) == (1, 1, 6)


def test_a_constant_scorer_ranks_in_the_middle_of_what_competes(toy):
    result = drugs_for_disease(TableScorer(), toy, rows(toy, (METFORMIN, DIABETES)), split="by hand")
    assert result.metrics["MRR"].value == 1 / 3.5  # six drugs, none other known
    assert result.metrics["AUC"].value == 0.5


def test_perfect_and_reversed_scorers(toy):
    test = random_split(toy, fraction=0.5, seed=0).test
    for score, expected in [(1.0, 1.0), (-1.0, 0.0)]:
        scorer = TableScorer({tuple(pair): score for pair in test.tolist()})
        assert drugs_for_disease(scorer, toy, test, split="by hand").metrics["AUC"].value == expected


def test_each_held_out_pair_is_one_query(toy):
    test = rows(toy, (MEMANTINE, ALZHEIMER), (METFORMIN, DIABETES), (DONEPEZIL, ALZHEIMER))
    result = drugs_for_disease(TableScorer({tuple(test[1].tolist()): 1.0}), toy, test, split="by hand")
    tied = (1 + 4) / 2  # with Alzheimer's three drugs that are not known to help
    assert result.metrics["MRR"].value == pytest.approx((1 / tied + 1 + 1 / tied) / 3)
    assert (result.n_pairs, result.n_diseases) == (3, 2)


def test_the_protocol_is_written_out(toy):
    result = drugs_for_disease(TableScorer(), toy, rows(toy, (METFORMIN, DIABETES)), split="by hand")
    for words in ("drugs for a disease", "by hand", "all 6 drugs", "left out", "realistic ties"):
        assert words in result.protocol
    assert result.scorer == "table"


def test_a_score_of_nan_is_refused(toy):
    test = rows(toy, (METFORMIN, DIABETES))
    with pytest.raises(ValueError, match="NaN"):
        drugs_for_disease(TableScorer({tuple(test[0].tolist()): np.nan}), toy, test, split="by hand")
