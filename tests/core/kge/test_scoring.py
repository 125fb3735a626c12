import numpy as np
import pytest
import torch

from core.config import ModelSettings, TextSettings
from core.kge.model import new_model
from core.kge.scoring import DISEASES_A_BLOCK, KgeScorer
from tests.core.kge.tables import INTERACTION_NAMES


def model_of(graph, interaction, **settings):
    model = ModelSettings(interaction=interaction, dim=8, **settings)
    return new_model(graph.vocabulary, model, TextSettings(), None, seed=5)


def slow_score(model, drug, disease, relations):
    """The best relation, asked in both directions, by the formula for one triple."""

    def score(start, row, end):
        start, end = model.entities[start][None], model.entities[end][None]
        return model.interaction.triple_scores(start, model.relations[row][None], end, 12.0).item()

    return max((score(drug, r, disease) + score(disease, r + model.n_relations, drug)) / 2 for r in relations)


@pytest.mark.parametrize("interaction", INTERACTION_NAMES)
def test_scores_are_the_slow_loop(toy, interaction):
    model, relations = model_of(toy, interaction), toy.relation_rows(["treats", "palliates"])
    scores = KgeScorer("run", model, relations).scores(toy.drugs, toy.diseases)
    expected = [[slow_score(model, drug, disease, relations.tolist()) for drug in toy.drugs] for disease in toy.diseases]
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-5)
    assert scores.dtype == np.float64


def test_without_reciprocal_relations_both_directions_agree(toy):
    model, relations = model_of(toy, "rotate", reciprocal=False), toy.relation_rows(["treats"])
    scores = KgeScorer("run", model, relations).scores(toy.drugs, toy.diseases)
    forward = model.score_tails(
        torch.from_numpy(toy.drugs).long(), torch.tensor(relations).repeat(6), torch.from_numpy(toy.diseases).long()
    )
    np.testing.assert_allclose(scores, forward.T.numpy(), atol=1e-4)


def test_more_diseases_than_a_block_are_scored_in_order(toy):
    scorer = KgeScorer("run", model_of(toy, "transe"), toy.relation_rows(["treats"]))
    diseases = np.resize(toy.diseases, DISEASES_A_BLOCK + 3)
    scores = scorer.scores(toy.drugs, diseases)
    np.testing.assert_allclose(scores, scorer.scores(toy.drugs, toy.diseases)[np.resize(np.arange(4), len(diseases))], atol=1e-5)


def test_no_disease_has_no_row(toy):
    assert KgeScorer("run", model_of(toy, "distmult"), toy.relation_rows(["treats"])).scores(
        toy.drugs, toy.diseases[:0]
    ).shape == (0, 6)
