import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from core.errors import UnknownNameError
from core.evaluate import protocols
from core.evaluate.protocols import PROTOCOLS, drugs_for_disease, evaluate, known_matrix, protocol_named
from core.evaluate.screening import SCREENING, RankedList
from core.kg.splits import random_split
from tests.core.evaluate.scorers import KnownScorer, NoiseScorer, TableScorer, many_diseases
from tests.toy import ALZHEIMER, ASPIRIN, DIABETES, DONEPEZIL, EDGES, HALOPERIDOL, MEMANTINE, METFORMIN, PRION, graph_of, row_of


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


#: BEDROC where the true ones are as dense at the top as anywhere: its equation 36 with RIE 1, alpha 20, a hundredth true
EVEN = (0.01 * np.sinh(10) / (np.cosh(10) - np.cosh(10 - 20 * 0.01))) + 1 / (1 - np.exp(20 * 0.99))
BY_HAND: dict[float, dict[str, float]] = {  # two held-out drugs among 198 others, by the score of the two; the others have 0
    0.0: {"MRR": 1 / 100, "H@1": 0, "H@3": 0, "H@10": 0, "H@50": 0, "AUC": 1 / 2, "recall@100": 0, "AUPRC": 2 / 200}
    | {"AUROC": 1 / 2, "EF1%": 1, "BEDROC": EVEN},
    1.0: {"MRR": 1, "H@1": 1, "H@3": 1, "H@10": 1, "H@50": 1, "AUC": 1, "recall@100": 1, "AUPRC": 1}
    | {"AUROC": 1, "EF1%": (2 / 2) / (2 / 200), "BEDROC": 1},
    -1.0: {"MRR": 1 / 199, "H@1": 0, "H@3": 0, "H@10": 0, "H@50": 0, "AUC": 0, "recall@100": 0, "AUPRC": 2 / 200}
    | {"AUROC": 0, "EF1%": 0, "BEDROC": 0},
}


@pytest.mark.parametrize("score", BY_HAND)
def test_constant_perfect_and_reversed_scorers_have_the_values_worked_out_by_hand(score):
    graph = graph_of(
        [(f"Compound::{i}", f"drug{i}", "Compound", "") for i in range(200)] + [("Disease::0", "disease", "Disease", "")],
        [(f"Compound::{i}", "treats", "Disease::0", "", "") for i in range(2)],
    )
    found = drugs_for_disease(KnownScorer(graph.known, score), graph, graph.known, split="by hand").metrics
    assert {name: metric.value for name, metric in found.items()} == pytest.approx(BY_HAND[score], abs=1e-12)


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


@pytest.fixture
def graph():
    return many_diseases()


@pytest.fixture
def held_out(graph):
    return random_split(graph, fraction=0.3, seed=0).test


def by_disease(graph, test, scorer):
    """Return scores of the held-out drugs and of those that compete, disease by disease, with a loop."""
    known = {tuple(pair) for pair in graph.known.tolist()}
    lists = {}
    for disease in sorted(set(test[:, 1].tolist())):
        scores = dict(zip(graph.drugs.tolist(), scorer.scores(graph.drugs, np.array([disease]))[0], strict=True))
        true = [scores[drug] for drug, other in test.tolist() if other == disease]
        lists[disease] = (true, [score for drug, score in scores.items() if (drug, disease) not in known])
    return lists


@pytest.mark.parametrize("block", [1, 7, 64])
def test_headline_numbers_are_those_of_a_slow_loop_whatever_the_blocks(graph, held_out, monkeypatch, block):
    monkeypatch.setattr(protocols, "DISEASES_A_BLOCK", block)
    result = drugs_for_disease(NoiseScorer(graph), graph, held_out, split="x")
    lists = by_disease(graph, held_out, NoiseScorer(graph))
    ranks = [
        1 + sum(other > own for other in others) + sum(other == own for other in others) / 2
        for true, others in lists.values()
        for own in true
    ]
    assert result.metrics["MRR"].value == pytest.approx(np.mean([1 / rank for rank in ranks]))
    assert result.metrics["H@3"].value == pytest.approx(np.mean([rank <= 3 for rank in ranks]))
    areas = [roc_auc_score([1] * len(t) + [0] * len(o), [*t, *o]) for t, o in lists.values()]
    assert result.metrics["AUROC"].value == pytest.approx(np.mean(areas))
    assert result.metrics["AUC"].value == pytest.approx(np.average(areas, weights=[len(t) for t, _ in lists.values()]))
    for name, measure in SCREENING.items():
        expected = [measure(RankedList.of(np.array(true), np.array(others))) for true, others in lists.values()]
        assert [part.metrics[name] for part in result.per_disease] == pytest.approx(expected)
        assert result.metrics[name].value == pytest.approx(np.mean(expected))
    assert [part.id for part in result.per_disease] == [graph.vocabulary.entities[disease] for disease in lists]


def test_a_perfect_scorer_has_the_best_value_of_each_metric(graph, held_out):
    values = {
        name: metric.value
        for name, metric in drugs_for_disease(KnownScorer(held_out, 1), graph, held_out, split="x").metrics.items()
    }
    assert values.pop("EF1%") == pytest.approx(
        np.mean(
            [  # one place in the top; as many candidates as do not know the disease
                (len(o) + len(t)) / len(t) for t, o in by_disease(graph, held_out, TableScorer()).values()
            ]
        )
    )
    assert values == pytest.approx(dict.fromkeys(values, 1.0))


def test_pairs_that_the_graph_does_not_know_can_be_asked_and_do_not_compete_with_each_other(toy):
    """Aspirin and metformin for prion disease, which has no treatment: aspirin is second only to metformin, asked as well."""
    test = rows(toy, (ASPIRIN, PRION), (METFORMIN, PRION))
    scorer = TableScorer({tuple(test[0].tolist()): 1.0, tuple(test[1].tolist()): 2.0})
    assert drugs_for_disease(scorer, toy, test, split="x").metrics["MRR"].value == 1.0


def test_positives_are_compared_with_negatives(graph, held_out):
    scorer = NoiseScorer(graph)
    known = {tuple(pair) for pair in graph.known.tolist()}
    negatives = np.array(
        [p for p in ((d, e) for d in graph.drugs.tolist() for e in graph.diseases.tolist()) if p not in known][::17]
    )
    found = drugs_for_disease(scorer, graph, held_out, split="x", negatives=negatives).metrics
    pairs, labels = np.concatenate([held_out, negatives]), np.repeat([1, 0], [len(held_out), len(negatives)])
    scores = scorer.table[pairs[:, 1], pairs[:, 0]]
    assert found["AUROC vs negatives"].value == pytest.approx(roc_auc_score(labels, scores))
    whole = scorer.table[np.ix_(pairs[:, 1], graph.drugs)]
    places = ((whole < scores[:, None]).sum(1) + (whole == scores[:, None]).sum(1) / 2) / len(graph.drugs)
    assert found["AUROC vs negatives, percentile"].value == pytest.approx(roc_auc_score(labels, places))


def test_every_protocol_says_what_it_asks_and_is_asked_in_one_way(graph, held_out):
    for name, protocol in PROTOCOLS.items():
        result = evaluate(protocol, NoiseScorer(graph), graph, held_out, split="by hand")
        assert result.name == name == protocol_named(name).name
        assert "by hand" in result.protocol
        assert 0 < result.metrics["MRR"].value < 1
        assert len(result.per_disease) == result.n_diseases
    with pytest.raises(UnknownNameError, match="zero-shot"):
        protocol_named("one-shot")


def test_a_record_is_plain_json(graph, held_out):
    record = drugs_for_disease(NoiseScorer(graph), graph, held_out, split="x").as_record()
    assert json.loads(json.dumps(record)) == record
    assert record["metrics"]["MRR"]["low"] <= record["metrics"]["MRR"]["value"]
