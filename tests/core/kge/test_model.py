import numpy as np
import pytest
import torch

from core.config import ModelSettings, TextSettings
from core.errors import FingerprintError
from core.kge.interactions import INTERACTIONS, start_width
from core.kge.model import new_model
from tests.core.kge.tables import INTERACTION_NAMES, random_text
from tests.toy import EDGES, NODES, graph_of

RHO = 0.25


def model_of(graph, text=None, *, seed=0, **model):
    return new_model(graph.vocabulary, ModelSettings.parse({"dim": 8, **model}), TextSettings(rho=RHO), text, seed=seed)


@pytest.mark.parametrize("interaction", INTERACTION_NAMES)
@pytest.mark.parametrize("reciprocal", [True, False])
def test_tables_have_a_row_each_and_start_within_their_width(toy, interaction, reciprocal):
    model = model_of(toy, interaction=interaction, reciprocal=reciprocal)
    assert model.entities.shape == (toy.n_entities, 8)
    assert model.relations.shape == (toy.n_relations * (2 if reciprocal else 1), INTERACTIONS[interaction].relation_width(8))
    for table, width in zip((model.entities, model.relations), start_width(interaction, 8, 12.0), strict=True):
        assert table.abs().max() <= width
        assert table.std().item() == pytest.approx(width / 3**0.5, rel=0.2)  # of a uniform distribution


def test_the_start_blends_text_and_random_values(toy):
    text = random_text(toy, 8)
    u, e = model_of(toy).entities, model_of(toy, text).entities
    torch.testing.assert_close(e.data, RHO * u.data + (1 - RHO) * torch.from_numpy(text.vectors))


def test_the_start_follows_its_seed(toy):
    assert torch.equal(model_of(toy, seed=1).entities, model_of(toy, seed=1).entities)
    assert not torch.equal(model_of(toy, seed=1).entities, model_of(toy, seed=2).entities)


def test_text_is_frozen_and_moves_with_the_model(toy):
    text = random_text(toy, 8)
    model = model_of(toy, text)
    text.vectors[:] = 0
    assert model.text.any()
    assert "text" in dict(model.named_buffers())
    assert model.double().text.dtype == torch.float64
    assert "text" not in dict(model.named_parameters())


def test_text_of_another_row_order_is_refused(toy):
    text = random_text(graph_of(NODES[::-1], EDGES), 8)
    with pytest.raises(FingerprintError, match="another graph"):
        model_of(toy, text)


def test_text_of_another_width_is_reduced_and_not_cut(toy):
    text = random_text(toy, 12)
    model = model_of(toy, text)
    np.testing.assert_allclose(model.text, text.reduced(8).vectors)
    assert "PCA 12 -> 8" in model.text_history["reduction"]


@pytest.mark.parametrize("interaction", INTERACTION_NAMES)
@pytest.mark.parametrize("reciprocal", [True, False])
def test_scored_tails_are_triples_scored_one_by_one(toy, interaction, reciprocal):
    model = model_of(toy, interaction=interaction, reciprocal=reciprocal)
    starts, directed, candidates = torch.tensor([0, 5, 7]), torch.tensor([2, 0, toy.n_relations + 2]), torch.arange(4, 10)
    scores = model.score_tails(starts, directed, candidates)
    for row in range(3):
        for column in range(6):
            expected = one_score(model, starts[row], int(directed[row]), candidates[column])
            assert scores[row, column].item() == pytest.approx(expected, abs=1e-4)


def one_score(model, start, directed, candidate):
    """Score one triple; without reciprocal rows, an inverse asks for the forward triple."""
    start, candidate = model.entities[start][None], model.entities[candidate][None]
    if not model.settings.reciprocal and directed >= model.n_relations:
        start, candidate, directed = candidate, start, directed - model.n_relations
    return model.interaction.triple_scores(start, model.relations[directed][None], candidate, 12.0).item()


def test_relations_blend_their_text_into_the_start(toy):
    plain, blended = model_of(toy, seed=3), model_of(toy, seed=3)
    text = np.random.default_rng(0).standard_normal((2 * toy.n_relations, 8)).astype(np.float32)
    blended.start_relations(text, 0.4)
    torch.testing.assert_close(blended.relations.data, 0.4 * plain.relations.data + 0.6 * torch.from_numpy(text))
