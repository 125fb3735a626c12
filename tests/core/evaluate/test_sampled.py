import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from core.evaluate import sampled
from core.evaluate.baselines import degree_prior
from core.evaluate.protocols import degree_matched, drugs_for_disease, paper
from core.kg.splits import random_split
from tests.core.evaluate.scorers import KnownScorer, NoiseScorer, TableScorer, many_diseases


@pytest.fixture
def graph():
    return many_diseases()


@pytest.fixture
def test_pairs(graph):
    return random_split(graph, fraction=0.3, seed=0).test


def values(result):
    return {name: metric.value for name, metric in result.metrics.items()}


def test_a_constant_scorer_stands_at_25_and_a_half_of_50(graph, test_pairs):
    result = paper(TableScorer(), graph, test_pairs, split="by hand")
    assert values(result) == {"MR": 25.5, "MRR": pytest.approx(1 / 25.5), "H@3": 0.0, "H@10": 0.0, "AUC": 0.5}
    assert (result.n_candidates, result.n_pairs, result.name) == (50, len(test_pairs), "paper")


def test_a_perfect_and_a_reversed_scorer(graph, test_pairs):
    perfect = values(paper(KnownScorer(test_pairs, 1), graph, test_pairs, split="x", filtered=True))
    assert perfect == {"MR": 1.0, "MRR": 1.0, "H@3": 1.0, "H@10": 1.0, "AUC": pytest.approx(1.0)}
    last = values(paper(KnownScorer(test_pairs, -1), graph, test_pairs, split="x", filtered=True))
    assert last == {"MR": 50.0, "MRR": pytest.approx(1 / 50), "H@3": 0.0, "H@10": 0.0, "AUC": pytest.approx(0.0)}


def draws_seen(monkeypatch):
    """Keep each draw's scores; with a scorer that gives each disease its own score, these say which were drawn."""
    seen, yielded = [], sampled._draws
    monkeypatch.setattr(sampled, "_draws", lambda *a, **k: (seen.append(drawn) or drawn for drawn in yielded(*a, **k)))
    return seen


class OwnRow:
    name = "row"

    def scores(self, drugs, diseases):
        return np.repeat(diseases[:, None].astype(float), len(drugs), axis=1)


@pytest.mark.parametrize("filtered", [False, True])
def test_each_draw_has_49_distinct_others(graph, test_pairs, monkeypatch, filtered):
    seen = draws_seen(monkeypatch)
    paper(OwnRow(), graph, test_pairs, split="x", draws=4, filtered=filtered)
    known = {tuple(pair) for pair in graph.known.tolist()}
    assert len(seen) == 4
    drew_known = 0
    for drawn in seen:
        for (drug, disease), candidates in zip(test_pairs.tolist(), drawn.scores.astype(int).tolist(), strict=True):
            assert candidates[0] == disease
            assert len(set(candidates)) == 50
            assert set(candidates) <= set(graph.diseases.tolist())
            drew_known += sum((drug, other) in known for other in candidates[1:])
    assert (drew_known == 0) == filtered
    assert not np.array_equal(seen[0].scores, seen[1].scores)


def test_numbers_are_those_of_a_slow_loop_over_the_same_draws(graph, test_pairs, monkeypatch):
    seen = draws_seen(monkeypatch)
    result = values(paper(NoiseScorer(graph), graph, test_pairs, split="x", draws=3))
    ranks = [1 + sum(row[1:] > row[0]) + sum(row[1:] == row[0]) / 2 for drawn in seen for row in drawn.scores]
    assert result["MR"] == pytest.approx(np.mean(ranks))
    assert result["MRR"] == pytest.approx(np.mean([1 / rank for rank in ranks]))
    assert result["H@10"] == pytest.approx(np.mean([rank <= 10 for rank in ranks]))
    labels = np.tile(np.arange(50) == 0, len(test_pairs))
    pooled = [roc_auc_score(labels, drawn.scores.ravel()) for drawn in seen]
    assert result["AUC"] == pytest.approx(np.mean(pooled))


@pytest.mark.parametrize("filtered", [False, True])
def test_where_nothing_is_left_to_chance_the_protocol_is_an_obvious_loop(filtered):
    """Of 30 diseases all 29 others compete, so that no draw matters: MR, MRR, H@k and the pooled AUC from scratch."""
    graph = many_diseases(n_drugs=12, n_diseases=30, treatments=60)
    test = random_split(graph, fraction=0.3, seed=0).test
    scorer, known = NoiseScorer(graph), {tuple(pair) for pair in graph.known.tolist()}
    ranks, labels, scores = [], [], []
    for drug, disease in test.tolist():
        own, others = scorer.table[disease, drug], []
        for other in graph.diseases.tolist():
            if other != disease and not (filtered and (drug, other) in known):
                others.append(scorer.table[other, drug])
        above, beside = sum(score > own for score in others), sum(score == own for score in others)
        ranks.append(((1 + above) + (1 + above + beside)) / 2)  # the mean of best and worst place
        labels += [1] + [0] * len(others)
        scores += [own, *others]
    found = values(paper(scorer, graph, test, split="x", draws=3, filtered=filtered))
    assert found.pop("MR") == pytest.approx(sum(ranks) / len(ranks))
    assert found.pop("MRR") == pytest.approx(sum(1 / rank for rank in ranks) / len(ranks))
    assert [found.pop(f"H@{k}") for k in (3, 10)] == pytest.approx([sum(r <= k for r in ranks) / len(ranks) for k in (3, 10)])
    assert found == {"AUC": pytest.approx(roc_auc_score(labels, scores))}


def test_the_draws_are_fair(graph, test_pairs):
    """Each of the 79 others is among 49 with the same chance, so the mean rank is 1 and 49/79 of those that stand above."""
    expected = np.mean([1 + 49 / 79 * sum(other > disease for other in graph.diseases.tolist()) for _, disease in test_pairs])
    found = paper(OwnRow(), graph, test_pairs, split="x", draws=300).metrics["MR"].value
    assert found == pytest.approx(expected, abs=0.1)  # at most 2.2 a draw and pair: six standard errors of 0.016


def test_the_same_seed_gives_the_same_draws_whatever_the_blocks(graph, test_pairs, monkeypatch):
    scorer = NoiseScorer(graph)
    first = paper(scorer, graph, test_pairs, split="x", seed=3)
    assert paper(scorer, graph, test_pairs, split="x", seed=4).metrics != first.metrics
    monkeypatch.setattr(sampled, "DRUGS_A_BLOCK", 2)
    monkeypatch.setattr(sampled, "PAIRS_A_BLOCK", 3)
    again = paper(scorer, graph, test_pairs, split="x", seed=3)
    assert values(again) == pytest.approx(values(first))


def test_where_there_are_fewer_diseases_all_others_compete(toy):
    result = paper(TableScorer(), toy, random_split(toy, fraction=0.5, seed=0).test, split="x")
    assert (result.n_candidates, result.metrics["MR"].value) == (4, 2.5)
    assert "among 3 random others" in result.protocol


def test_where_filtering_leaves_fewer_these_compete(toy):
    """Donepezil is known for two of the four diseases, so one that is asked meets two others, not three."""
    pair = toy.pairs("treats")[:1]
    result = paper(TableScorer(), toy, pair, split="x", filtered=True)
    assert result.metrics["MR"].value == 2.0
    assert paper(TableScorer(), toy, pair, split="x").metrics["MR"].value == 2.5


def test_the_order_of_the_pairs_does_not_matter_to_each_disease(graph, test_pairs):
    result = paper(NoiseScorer(graph), graph, test_pairs, split="x")
    assert [part.n_pairs for part in result.per_disease] == np.unique(test_pairs[:, 1], return_counts=True)[1].tolist()
    weights = [part.n_pairs for part in result.per_disease]
    for name, metric in result.metrics.items():
        assert np.average([part.metrics[name] for part in result.per_disease], weights=weights) == pytest.approx(metric.value)


def test_degree_says_little_among_drugs_of_the_same_degree():
    """Some drugs treat much, most little: degree ranks well among all, and near chance among its like."""
    popularity = np.arange(1, 401) ** -0.8
    graph = many_diseases(n_drugs=400, n_diseases=200, treatments=1500, popularity=popularity / popularity.sum())
    split = random_split(graph, fraction=0.2, seed=0)
    scorer = degree_prior(split.graph)
    assert drugs_for_disease(scorer, graph, split.test, split="x").metrics["AUC"].value > 0.65
    assert degree_matched(scorer, graph, split.test, split="x", others=4).metrics["AUC"].value == pytest.approx(0.5, abs=0.08)


def test_matched_drugs_are_the_nearest_in_degree_and_not_known(graph, test_pairs, monkeypatch):
    columns, absent = sampled._matched_columns(graph, test_pairs, draws=2, seed=0, others=5)
    kept = {tuple(p) for p in graph.known.tolist()} - {tuple(p) for p in test_pairs.tolist()}
    degree = {drug: sum(d == drug for d, _ in kept) for drug in graph.drugs.tolist()}
    known = {tuple(pair) for pair in graph.known.tolist()}
    for draw in columns:
        for (drug, disease), row in zip(test_pairs.tolist(), draw, strict=True):
            own, *others = graph.drugs[row].tolist()
            assert own == drug
            assert not any((other, disease) in known for other in others)
            free = [d for d in graph.drugs.tolist() if d != drug and (d, disease) not in known]
            distances = sorted(abs(degree[d] - degree[drug]) for d in free)
            assert sorted(abs(degree[d] - degree[drug]) for d in others) == distances[:5]
    assert not absent.any()
    assert not np.array_equal(columns[0], columns[1])  # ties of degree are drawn


def test_degree_matched_constant_perfect_reversed(graph, test_pairs):
    for scorer, rank, auc in [
        (TableScorer(), 3.5, 0.5),
        (KnownScorer(test_pairs, 1), 1.0, 1.0),
        (KnownScorer(test_pairs, -1), 6.0, 0.0),
    ]:
        found = values(degree_matched(scorer, graph, test_pairs, split="x", others=5))
        assert (found["MR"], found["AUC"]) == (pytest.approx(rank), pytest.approx(auc))
