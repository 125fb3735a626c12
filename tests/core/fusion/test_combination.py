"""The fusion against scikit-learn on a design matrix from slow loops; and that nothing it learns from, or is asked, was seen."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from core.errors import TrainingError
from core.evaluate.baselines import MatrixScorer
from core.fusion import Fusion, FusionScorer, fit_fusion
from core.fusion.combination import STRENGTHS, Fold, treatment_folds
from core.kg.graph import KnowledgeGraph
from core.kg.loaders import load_graph
from core.kg.splits import without_pairs
from core.kge.checkpoints import load_model
from core.kge.scoring import KgeScorer
from core.pipeline import evaluate_run, evaluation, scorers, single, train_run, training
from core.workspace import RunFolder, Workspace
from tests.core.casestudy.scorers import RandomScorer
from tests.core.pipeline.runs import toy_settings
from tests.toy import ASPIRIN, DIABETES, LEVODOPA, MEMANTINE, METFORMIN, PARKINSON, PRION, graph_of

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


@pytest.fixture(scope="module")
def folds(treated) -> list[Fold]:
    parts = [planted(treated, "good", 3, seed=1), planted(treated, "noise", 0, seed=2), planted(treated, "fair", 1, seed=3)]
    return [Fold(without_pairs(treated, pairs), pairs, parts) for pairs in treatment_folds(treated, 3, seed=0)]


def codes(graph, pairs):
    return set(graph.pair_codes(pairs).tolist())


def test_what_knows_the_treatments_gets_the_weight(folds):
    fusion = fit_fusion(folds)
    good, noise, fair = fusion.weights
    assert fusion.components == ("good", "noise", "fair")
    assert good > 2 * fair > 0
    assert abs(noise) < 0.15 * good
    assert (fusion.n_positives, fusion.strength in STRENGTHS) == (72, True)


def test_weights_are_those_of_scikit_learn_on_a_matrix_from_loops(folds, treated):
    """Each drug that is not known without the fold, for each disease of the fold, is one example."""
    examples, labels = [], []
    for fold in folds:
        held_out, known = {tuple(pair) for pair in fold.pairs.tolist()}, {tuple(pair) for pair in fold.graph.known.tolist()}
        for disease in {disease for _, disease in held_out}:
            rows = [part.matrix[disease - N_DRUGS] for part in fold.components]
            columns = [(row - row.mean()) / row.std() for row in rows]
            for drug in set(treated.drugs.tolist()) - {drug for drug, other in known if other == disease}:
                examples.append([column[drug] for column in columns])
                labels.append((drug, disease) in held_out)
    fusion = fit_fusion(folds)
    model = LogisticRegression(C=fusion.strength, max_iter=1000, tol=1e-8).fit(np.array(examples), np.array(labels))
    np.testing.assert_allclose(fusion.weights, model.coef_[0], rtol=0.01)
    assert fusion.intercept == pytest.approx(model.intercept_.item(), rel=0.01)


def test_one_disease_is_enough_to_learn_from(treated):
    """There is no other disease to choose the strength by: the strongest regularisation is taken."""
    pairs = treated.pairs("treats")
    pairs = pairs[pairs[:, 1] == pairs[0, 1]]
    fold = Fold(without_pairs(treated, pairs), pairs, [planted(treated, "good", 3, seed=1)])
    fusion = fit_fusion([fold])
    assert (fusion.strength, fusion.n_positives) == (min(STRENGTHS), len(pairs))
    assert fusion.weights[0] > 0


@pytest.mark.parametrize("count", [2, 3, 7])
def test_folds_are_disjoint_and_complete(treated, count):
    parts = treatment_folds(treated, count, seed=1)
    together = [code for part in parts for code in sorted(codes(treated, part))]
    assert len(parts) == count
    assert sorted(together) == sorted(codes(treated, treated.pairs("treats")))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_folds_follow_their_seed(treated):
    one, same, other = ([part.tolist() for part in treatment_folds(treated, 3, seed=seed)] for seed in (0, 0, 1))
    assert one == same != other


def test_too_few_treatments_are_refused(toy):
    assert len(treatment_folds(toy, 2, seed=0)) == 2
    with pytest.raises(TrainingError, match=r"The graph has 4 known treatments, too few.*\nExpected: at least 6"):
        treatment_folds(toy, 3, seed=0)


@pytest.fixture
def scorer(toy) -> FusionScorer:
    fusion = Fusion(("a", "b"), (0.7, -0.2), -1.5, 0.1, 3)
    return FusionScorer(fusion, [RandomScorer(), RandomScorer(levels=3)], toy.drugs)


def test_a_score_is_the_sum_of_standardised_components(toy, scorer):
    parts = [component.scores(toy.drugs, toy.diseases) for component in (RandomScorer(), RandomScorer(levels=3))]
    one, other = ((part - part.mean(1, keepdims=True)) / part.std(1, keepdims=True) for part in parts)
    np.testing.assert_allclose(scorer.scores(toy.drugs, toy.diseases), 0.7 * one - 0.2 * other - 1.5)
    np.testing.assert_allclose(scorer.contributions(toy.drugs, toy.diseases), np.stack([0.7 * one, -0.2 * other], axis=-1))


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
        monkeypatch.setattr(training, "fit_fusion", self._first_argument(training.fit_fusion, self.folds))
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
    settings = toy_settings(toy_folder, text="full", epochs=1).replace(fusion={"folds": 2, "backbones": ["complex"]})
    run = train_run(workspace, "f", settings)
    return spy, workspace, run, load_graph(str(toy_folder)), settings


def test_the_components_of_a_fold_never_saw_its_pairs(spied):
    spy, _, run, graph, settings = spied
    ((first, second),) = spy.folds
    (whole, *without), treats = spy.triples[:3], codes(graph, graph.pairs("treats"))
    assert treats <= pairs_in(graph, whole)
    assert codes(graph, first.pairs) | codes(graph, second.pairs) == treats
    for number, (fold, triples) in enumerate(zip((first, second), without, strict=True)):
        held_out = codes(graph, fold.pairs)
        assert len(held_out) == 4
        assert not held_out & pairs_in(graph, triples)
        assert treats - held_out <= pairs_in(graph, triples)
        assert not held_out & pairs_in(graph, fold.graph.triples)
        assert all(graph_of_simple is fold.graph for graph_of_simple in spy.graphs[5 * number : 5 * number + 5])
        model = load_model(RunFolder(run.members / f"complex-fold{number}").model_file, graph.vocabulary, settings)
        expected = KgeScorer("", model, graph.role_relations("treats")).scores(graph.drugs, graph.diseases)
        np.testing.assert_array_equal(fold.components[-1].scores(graph.drugs, graph.diseases), expected)


def test_the_fusion_of_an_evaluation_never_saw_the_pairs_that_it_is_asked(spied):
    spy, workspace, _, graph, _ = spied
    spy.clear()
    result = evaluate_run(workspace, "f")
    test = codes(graph, graph.pairs("treats")) - pairs_in(graph, spy.triples[0])
    assert len(test) == result["n_pairs"] == 4
    assert len(spy.triples) == 4  # one with text, two folds, one without text
    assert not any(test & pairs_in(graph, triples) for triples in spy.triples)
    (folds,) = spy.folds
    assert not any(test & (codes(graph, fold.pairs) | pairs_in(graph, fold.graph.triples)) for fold in folds)
    assert len(spy.graphs) == 5 * (len(folds) + 1)  # those of the folds, and those that are asked
    assert not any(test & pairs_in(graph, each.triples) for each in spy.graphs)
