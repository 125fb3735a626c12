"""The fusion against scikit-learn on a design matrix from slow loops; and that nothing it learns from, or is asked, was seen."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from core.errors import TrainingError
from core.evaluate.baselines import MatrixScorer
from core.fusion import Fold, Fusion, FusionScorer, Held, Weights, disease_folds, fit_fusion, treatment_folds
from core.fusion.combination import STRENGTHS
from core.kg.graph import KnowledgeGraph
from core.kg.loaders import load_graph
from core.kg.splits import without_pairs, zero_shot_split
from core.kge.checkpoints import load_model
from core.kge.scoring import KgeScorer
from core.pipeline import evaluate_run, evaluation, scorers, single, train_run, training
from core.workspace import RunFolder, Workspace
from tests.core.casestudy.scorers import RandomScorer
from tests.core.pipeline.runs import toy_settings
from tests.toy import ASPIRIN, DIABETES, LEVODOPA, MEMANTINE, METFORMIN, PARKINSON, PRION, graph_of, row_of

N_DRUGS, N_DISEASES = 40, 12


@pytest.fixture(scope="module")
def treated() -> KnowledgeGraph:
    """Forty drugs, twelve diseases, 72 treatments at random, and a few drugs that only relieve."""
    nodes = [(f"d{n}", f"d{n}", "Compound", "") for n in range(N_DRUGS)]
    nodes += [(f"x{n}", f"x{n}", "Disease", "") for n in range(N_DISEASES)]
    chosen = np.random.default_rng(0).permutation(N_DRUGS * N_DISEASES)[:80]
    roles = ["treats"] * 72 + ["palliates"] * 8
    return graph_of(nodes, [(f"d{n % 40}", role, f"x{n // 40}", "", "") for n, role in zip(chosen, roles, strict=True)])


def planted(graph, name, strength, *, seed):
    """Return a component that knows the treatments through noise; with strength 0 it knows nothing."""
    matrix = np.random.default_rng(seed).standard_normal((N_DISEASES, N_DRUGS))
    for drug, disease in graph.known.tolist():
        matrix[disease - N_DRUGS, drug] += strength
    return MatrixScorer(name, graph.drugs, graph.diseases, matrix)


def folds_with(graph, cut, *strengths) -> list[Fold]:
    """Return three folds whose components good, noise and fair know the treatments as well as this."""
    names = zip(("good", "noise", "fair"), strengths, strict=True)
    parts = [planted(graph, name, strength, seed=seed) for seed, (name, strength) in enumerate(names, start=1)]
    return [Fold(without_pairs(graph, held.removed), held, parts) for held in cut(graph, 3, seed=0)]


@pytest.fixture(scope="module")
def folds(treated) -> list[Fold]:
    return folds_with(treated, treatment_folds, 3, 0, 1)


@pytest.fixture(scope="module")
def whole_diseases(treated) -> list[Fold]:
    """At diseases that lose all treatments, what is good elsewhere knows nothing."""
    return folds_with(treated, disease_folds, 0, 0, 2)


def codes(graph, pairs):
    return set(graph.pair_codes(pairs).tolist())


def test_what_knows_the_treatments_gets_the_weight(folds, whole_diseases):
    fusion = fit_fusion(folds, whole_diseases)
    assert fusion.components == ("good", "noise", "fair")
    good, noise, fair = fusion.treated.values
    assert good > 2 * fair > 0
    assert abs(noise) < 0.15 * good
    good, noise, fair = fusion.untreated.values
    assert fair > 4 * max(abs(good), abs(noise))
    for weights in (fusion.treated, fusion.untreated):
        assert weights.strength in STRENGTHS


@pytest.mark.parametrize("regime", ["treated", "untreated"])
def test_weights_are_those_of_scikit_learn_on_a_matrix_from_loops(folds, whole_diseases, treated, regime):
    """Each drug that is not known without the fold, for each disease of the fold, is one example.

    What only relieves a disease of the fold is none: it is held out, but no protocol asks for it, nor lets it compete. A drug
    that has no use left is none either: that would say that it is an answer.
    """
    examples, labels, relieves = [], [], {tuple(pair) for pair in treated.pairs("palliates").tolist()}
    for fold in {"treated": folds, "untreated": whole_diseases}[regime]:
        held_out = {tuple(pair) for pair in fold.held.treatments.tolist()}
        known = relieves | {tuple(pair) for pair in fold.graph.known.tolist()}
        for disease in {disease for _, disease in held_out}:
            rows = [part.matrix[disease - N_DRUGS] for part in fold.components]
            columns = [(row - row.mean()) / row.std() for row in rows]
            used = {drug for drug, _ in fold.graph.known.tolist()}
            for drug in used - {drug for drug, other in known if other == disease}:
                examples.append([column[drug] for column in columns])
                labels.append((drug, disease) in held_out)
    weights = fit_fusion(folds, whole_diseases).of(regime)
    model = LogisticRegression(C=weights.strength, max_iter=1000, tol=1e-8).fit(np.array(examples), np.array(labels))
    np.testing.assert_allclose(weights.values, model.coef_[0], rtol=0.01, atol=1e-4)
    more = {"treated": 1, "untreated": 3}[regime]  # all treatments of a disease were held out, not a third of them
    assert weights.intercept == pytest.approx(model.intercept_.item() - np.log(more), rel=0.01)
    assert weights.n_positives == sum(labels) < 72


def test_one_disease_is_enough_to_learn_from(treated):
    """There is no other disease to choose the strength by: the strongest regularisation is taken."""
    pairs = treated.pairs("treats")
    pairs = pairs[pairs[:, 1] == pairs[0, 1]]
    fold = Fold(without_pairs(treated, pairs), Held(pairs, pairs), [planted(treated, "good", 3, seed=1)])
    weights = fit_fusion([fold], [fold]).treated
    assert weights.strength == min(STRENGTHS)
    assert weights.values[0] > 0


def test_where_no_answer_has_another_use_all_are_examples(treated):
    """All treatments at once leave no drug with any: the graph is too small to be choosy."""
    pairs = treated.known
    fold = Fold(without_pairs(treated, pairs), Held(treated.pairs("treats"), pairs), [planted(treated, "good", 3, seed=1)])
    assert fit_fusion([fold], [fold]).untreated.n_positives == 72


@pytest.mark.parametrize("count", [2, 3, 7])
def test_folds_are_disjoint_and_complete(treated, count):
    held = treatment_folds(treated, count, seed=1)
    assert all(np.array_equal(part.removed, part.treatments) for part in held)
    parts = [part.treatments for part in held]
    together = [code for part in parts for code in sorted(codes(treated, part))]
    assert len(parts) == count
    assert sorted(together) == sorted(codes(treated, treated.pairs("treats")))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("count", [2, 3, 7])
def test_folds_of_diseases_take_all_that_is_known_for_them(treated, count):
    held, diseases = disease_folds(treated, count, seed=1), []
    for part in held:
        mine = {disease for _, disease in part.treatments.tolist()}
        assert codes(treated, part.treatments) == {
            code for pair in treated.pairs("treats") if pair[1] in mine for code in codes(treated, pair[None])
        }
        assert not mine & set(without_pairs(treated, part.removed).known[:, 1].tolist())
        assert {disease for _, disease in part.removed.tolist()} == mine
        diseases.append(mine)
    assert sorted(disease for mine in diseases for disease in mine) == sorted({d for _, d in treated.pairs("treats").tolist()})
    assert max(map(len, diseases)) - min(map(len, diseases)) <= 1


@pytest.mark.parametrize("cut", [treatment_folds, disease_folds])
def test_folds_follow_their_seed(treated, cut):
    one, same, other = ([part.treatments.tolist() for part in cut(treated, 3, seed=seed)] for seed in (0, 0, 1))
    assert one == same != other


def test_too_few_treatments_are_refused(toy):
    assert len(treatment_folds(toy, 2, seed=0)) == 2
    with pytest.raises(TrainingError, match=r"The graph has 4 known treatments, too few.*\nExpected: at least 6"):
        treatment_folds(toy, 3, seed=0)
    assert len(disease_folds(toy, 3, seed=0)) == 3
    with pytest.raises(TrainingError, match=r"has known treatments of 3 diseases, too few.*\nExpected: at least 4"):
        disease_folds(toy, 4, seed=0)


FUSION = Fusion(("a", "b"), Weights((0.7, -0.2), -1.5, 0.1, 3), Weights((0.3, 0.4), -2.5, 0.1, 3))


@pytest.fixture
def scorer(toy) -> FusionScorer:
    return FusionScorer(FUSION, [RandomScorer(), RandomScorer(levels=3)], toy)


def test_a_score_is_the_sum_of_standardised_components(toy, scorer):
    """Prion disease is the toy's only disease that no drug treats or relieves."""
    parts = [component.scores(toy.drugs, toy.diseases) for component in (RandomScorer(), RandomScorer(levels=3))]
    one, other = ((part - part.mean(1, keepdims=True)) / part.std(1, keepdims=True) for part in parts)
    prion = (toy.diseases == row_of(toy, PRION))[:, None]
    added = np.stack([np.where(prion, 0.3, 0.7) * one, np.where(prion, 0.4, -0.2) * other], axis=-1)
    np.testing.assert_allclose(scorer.contributions(toy.drugs, toy.diseases), added)
    np.testing.assert_allclose(scorer.scores(toy.drugs, toy.diseases), added.sum(-1) - np.where(prion, 2.5, 1.5))


def test_the_graph_says_which_weights_a_disease_gets(toy, scorer):
    regimes = {disease: scorer.regime(disease) for disease in toy.diseases.tolist()}
    assert regimes == {disease: "untreated" if disease == row_of(toy, PRION) else "treated" for disease in toy.diseases.tolist()}
    without = zero_shot_split(toy, seed=0, fraction=0.4)
    asked = FusionScorer(FUSION, [RandomScorer(), RandomScorer(levels=3)], without.graph)
    for disease in np.unique(without.test[:, 1]).tolist():
        assert asked.regime(disease) == "untreated"
        assert not np.allclose(*(each.scores(toy.drugs, np.array([disease])) for each in (asked, scorer)))


def test_what_only_relieves_is_a_treatment_of_the_graph(toy):
    """Parkinson's disease without levodopa keeps donepezil, which relieves it: components that read known drugs still speak."""
    rest = without_pairs(toy, np.array([[row_of(toy, LEVODOPA), row_of(toy, PARKINSON)]]))
    assert FusionScorer(FUSION, [], rest).regime(row_of(toy, PARKINSON)) == "treated"


def test_weights_survive_their_file():
    record = json.loads(json.dumps(FUSION.as_dict()))
    assert record["regimes"]["untreated"] == {"values": [0.3, 0.4], "intercept": -2.5, "strength": 0.1, "n_positives": 3}
    assert Fusion.parse(record) == FUSION


def test_a_file_from_before_the_regimes_serves_both():
    """Copied from a run of 24 November 2026, shortened to two components."""
    text = (
        '{"components": ["gba-drug", "paths"], "weights": [0.24, 0.07], "intercept": -4.9, "strength": 0.001, "n_positives": 755}'
    )
    old = Fusion.parse(json.loads(text))
    assert old.treated == old.untreated == Weights((0.24, 0.07), -4.9, 0.001, 755)
    assert old.components == ("gba-drug", "paths")


def test_some_drugs_score_as_among_all(toy, scorer):
    columns, rows = [4, 0, 2], [3, 1]
    for ask in (scorer.scores, scorer.contributions):
        expected = ask(toy.drugs, toy.diseases)[rows][:, columns]
        np.testing.assert_array_equal(ask(toy.drugs[columns], toy.diseases[rows]), expected)


class Spy:
    """What a run was made of: the triples of each model, the folds of the fusion, the graphs of the simple methods."""

    def __init__(self, monkeypatch):
        self.triples, self.folds, self.graphs = [], [], []
        monkeypatch.setattr(single, "ChunkSampler", self._first_argument(single.ChunkSampler, self.triples))
        fit = training.fit_fusion
        monkeypatch.setattr(training, "fit_fusion", lambda *regimes: (self.folds.append(regimes), fit(*regimes))[1])
        for name in ("guilt_by_association", "similar_diseases", "path_counts", "nearest_drug_text", "nearest_disease_text"):
            make = getattr(scorers.baselines, name)
            monkeypatch.setattr(scorers.baselines, name, self._first_argument(make, self.graphs))

    @staticmethod
    def _first_argument(make, seen):
        return lambda first, *args, **options: (seen.append(first), make(first, *args, **options))[1]

    def clear(self):
        for seen in (self.triples, self.folds, self.graphs):
            seen.clear()


def pairs_in(graph, triples):
    """Return the pairs that have some edge, as numbers, whatever its direction."""
    ends = triples[:, [0, 2]]
    return codes(graph, ends) | codes(graph, ends[:, ::-1])


@pytest.fixture
def spied(tmp_path, toy_folder, monkeypatch):
    """A fusion run on the toy graph with eight treatments, and the spy that watched it."""
    more = [(ASPIRIN, PRION), (METFORMIN, PARKINSON), (LEVODOPA, PRION), (MEMANTINE, DIABETES)]
    with (toy_folder / "edges.tsv").open("a") as file:
        file.writelines(f"{drug}\ttreats\t{disease}\t\t\n" for drug, disease in more)
    monkeypatch.setattr(evaluation, "TEST_FRACTION", 0.5)
    spy, workspace = Spy(monkeypatch), Workspace(tmp_path / "home")
    settings = toy_settings(toy_folder, text="full", epochs=1).replace(
        fusion={"folds": 2, "disease_folds": 2, "backbones": ["complex"]}
    )
    run = train_run(workspace, "f", settings)
    return spy, workspace, run, load_graph(str(toy_folder)), settings


@pytest.mark.parametrize(("regime", "place", "files"), [("treated", 0, "fold"), ("untreated", 2, "diseases")])
def test_the_components_of_a_fold_never_saw_its_pairs(spied, regime, place, files):
    spy, _, run, graph, settings = spied
    folds = spy.folds[0][regime == "untreated"]
    whole, without, treats = spy.triples[0], spy.triples[1 + place : 3 + place], codes(graph, graph.pairs("treats"))
    assert treats <= pairs_in(graph, whole)
    assert codes(graph, folds[0].held.treatments) | codes(graph, folds[1].held.treatments) == treats
    for number, (fold, triples) in enumerate(zip(folds, without, strict=True)):
        held_out = codes(graph, fold.held.removed)
        assert len(codes(graph, fold.held.treatments)) == 4
        assert not held_out & pairs_in(graph, triples)
        assert codes(graph, graph.known) - held_out <= pairs_in(graph, triples)
        assert not held_out & pairs_in(graph, fold.graph.triples)
        first = 5 * (place + number)
        assert all(graph_of_simple is fold.graph for graph_of_simple in spy.graphs[first : first + 5])
        model = load_model(RunFolder(run.members / f"complex-{files}{number}").model_file, graph.vocabulary, settings)
        expected = KgeScorer("", model, graph.role_relations("treats")).scores(graph.drugs, graph.diseases)
        np.testing.assert_array_equal(fold.components[-1].scores(graph.drugs, graph.diseases), expected)


def test_the_untreated_regime_sees_its_diseases_without_any_treatment(spied):
    """As the graph that is ranked on has them: their features come from a graph that puts them into the same regime."""
    spy, _, _, graph, _ = spied
    for fold in spy.folds[0][1]:
        asked = np.unique(fold.held.treatments[:, 1])
        scorer = FusionScorer(FUSION, fold.components[:2], fold.graph)
        assert {scorer.regime(disease) for disease in asked.tolist()} == {"untreated"}
        gba_drug = fold.components[0].scores(graph.drugs, asked)
        assert (fold.components[0].name, gba_drug.any()) == ("gba-drug", False)


def test_the_fusion_of_an_evaluation_never_saw_the_pairs_that_it_is_asked(spied):
    spy, workspace, _, graph, _ = spied
    spy.clear()
    result = evaluate_run(workspace, "f")
    test = codes(graph, graph.pairs("treats")) - pairs_in(graph, spy.triples[0])
    assert len(test) == result["n_pairs"] == 4
    assert len(spy.triples) == 6  # one with text, two folds a regime, one without text
    assert not any(test & pairs_in(graph, triples) for triples in spy.triples)
    ((treated, untreated),) = spy.folds
    folds = [*treated, *untreated]
    assert not any(test & (codes(graph, fold.held.removed) | pairs_in(graph, fold.graph.triples)) for fold in folds)
    assert len(spy.graphs) == 5 * (len(folds) + 1)  # those of the folds, and those that are asked
    assert not any(test & pairs_in(graph, each.triples) for each in spy.graphs)
