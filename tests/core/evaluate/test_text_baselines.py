import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from core.errors import TrainingError
from core.evaluate.text_baselines import direct_text, text_classifier
from core.kg.splits import random_split
from tests.core.evaluate.scorers import many_diseases


@pytest.fixture
def graph():
    return many_diseases()


def vectors(graph, dim=6, seed=0):
    return np.random.default_rng(seed).normal(size=(graph.n_entities, dim)).astype(np.float32)


def test_direct_text_is_the_cosine_of_centred_vectors(graph):
    text = vectors(graph)
    scorer = direct_text(graph, text)
    found = scorer.scores(graph.drugs[3:5], graph.diseases[7:9])
    of_drugs, of_diseases = text[graph.drugs].mean(0), text[graph.diseases].mean(0)
    for row, disease in enumerate(graph.diseases[7:9]):
        for column, drug in enumerate(graph.drugs[3:5]):
            one, other = text[drug] - of_drugs, text[disease] - of_diseases
            assert found[row, column] == pytest.approx(one @ other / np.linalg.norm(one) / np.linalg.norm(other), abs=1e-5)


def test_direct_text_knows_no_treatment(graph):
    text = vectors(graph)
    split = random_split(graph, fraction=0.5, seed=0)
    np.testing.assert_array_equal(direct_text(graph, text).matrix, direct_text(split.graph, text).matrix)


def test_the_classifier_is_scikit_learns_on_the_same_examples(graph):
    """With as few dimensions as components, the reduction is a rotation: fit on features made anew, pair by pair."""
    from core.evaluate import text_baselines

    text = vectors(graph)
    drugs, diseases = text_baselines._components(text[graph.drugs], text[graph.diseases])
    pairs, labels = text_baselines._examples(graph, 0)
    features = np.array([np.concatenate([drugs[d], diseases[e], drugs[d] * diseases[e]]) for d, e in pairs])
    model = LogisticRegression(C=1.0, max_iter=2000).fit(features, labels)
    matrix = text_classifier(graph, text).matrix
    asked = np.array([np.concatenate([drugs[d], diseases[e], drugs[d] * diseases[e]]) for d, e in [(0, 0), (5, 9), (29, 79)]])
    expected = model.decision_function(asked) - model.intercept_
    np.testing.assert_allclose([matrix[0, 0], matrix[9, 5], matrix[79, 29]], expected, atol=1e-4)


def test_the_classifier_learns_a_rule_that_the_texts_tell():
    """Drugs treat the diseases whose texts are like theirs; held-out pairs follow the rule, and its opposite where that held."""
    whole = many_diseases(n_drugs=40, n_diseases=40, treatments=600)
    text = vectors(whole, dim=4, seed=1)
    alike = (text[whole.triples[:, 0]] * text[whole.triples[:, 2]]).sum(1) > 0
    for graph, sign in ((whole.kept(alike), 1), (whole.kept(~alike), -1)):
        split = random_split(graph, fraction=0.3, seed=0)
        matrix = sign * text_classifier(split.graph, text).matrix
        like = text[graph.diseases] @ text[graph.drugs].T > 0
        assert matrix[like].mean() > matrix[~like].mean() + 1


def test_components_keep_distances_and_have_common_axes(graph):
    from core.evaluate.text_baselines import _components

    text = vectors(graph)
    drugs, diseases = _components(text[graph.drugs], text[graph.diseases])
    centred = [text[rows] - text[rows].mean(0) for rows in (graph.drugs, graph.diseases)]
    scale = (drugs @ diseases.T) / (centred[0] @ centred[1].T)
    np.testing.assert_allclose(scale, scale[0, 0], rtol=1e-3)
    assert (np.concatenate([drugs, diseases]) ** 2).mean() == pytest.approx(1.0)


def test_examples_are_the_known_pairs_and_unknown_ones(graph):
    from core.evaluate.text_baselines import NEGATIVES, _examples

    pairs, labels = _examples(graph, 0)
    known = {(int(d), int(e) - 30) for d, e in graph.known}
    assert {tuple(pair) for pair in pairs[labels == 1].tolist()} == known
    assert not known & {tuple(pair) for pair in pairs[labels == 0].tolist()}
    assert NEGATIVES * 0.8 < (labels == 0).sum() / len(known) <= NEGATIVES


def test_without_treatments_there_is_nothing_to_learn(graph):
    with pytest.raises(TrainingError, match="no known treatment"):
        text_classifier(graph.kept(np.zeros(len(graph.triples), dtype=bool)), vectors(graph))
