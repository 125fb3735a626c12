import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cosine, euclidean
from scipy.special import logsumexp, softmax
from scipy.stats import entropy

from core.kge.losses import ANCHORS, add_anchor, link_loss, n3, softmax_loss
from tests.core.kge.tables import random_tensor

K, C, N = 2, 3, 4


def log_sigma(x):
    return -math.log1p(math.exp(-x))


def slow_link_loss(positive, negative, known, weights, temperature):
    """Go over every positive and every corruption that is kept."""
    total = 0.0
    for k in range(len(positive)):
        for c in range(len(positive[k])):
            kept = [score for score, out in zip(negative[k][c], known[k][c], strict=True) if not out]
            strength = [math.exp(temperature * score) for score in kept]
            wrong = sum(s / sum(strength) * -log_sigma(-score) for s, score in zip(strength, kept, strict=True))
            total += weights[k][c] * (-log_sigma(positive[k][c]) + wrong)
    return total / sum(map(sum, weights))


@pytest.fixture
def block():
    positive, negative = random_tensor(K, C, seed=1), random_tensor(K, C, N, seed=2) * 3
    known = random_tensor(K, C, N, seed=3) > 0.8
    weights = random_tensor(K, C, seed=4).abs()
    known[0, 1] = True  # nothing to compare with
    weights[1, 2] = 0  # fills up
    return positive, negative, known, weights


@pytest.mark.parametrize("temperature", [0.0, 0.5, 1.0, 3.0])
def test_link_loss_is_the_formula_of_the_paper(block, temperature):
    expected = slow_link_loss(*(x.tolist() for x in block), temperature)
    assert link_loss(*block, temperature=temperature).item() == pytest.approx(expected, rel=1e-5)


def test_temperature_zero_weighs_all_corruptions_alike(block):
    positive, negative, known, weights = block
    known, weights = torch.zeros_like(known), torch.ones_like(weights)
    expected = np.logaddexp(0, -positive.numpy()).mean() + np.logaddexp(0, negative.numpy()).mean()
    assert link_loss(positive, negative, known, weights, temperature=0).item() == pytest.approx(expected, rel=1e-5)


def test_self_adversarial_weights_have_no_gradient(block):
    positive, negative, known, weights = block
    negative = negative.requires_grad_()
    link_loss(positive, negative, known, weights, temperature=1.0).backward()
    shares = torch.nan_to_num(negative.detach().masked_fill(known, -torch.inf).softmax(-1))
    expected = shares * negative.detach().sigmoid() * (weights / weights.sum())[..., None]
    torch.testing.assert_close(negative.grad, expected)


def test_known_corruptions_and_fillers_change_nothing(block):
    positive, negative, known, weights = block
    before = link_loss(positive, negative, known, weights, temperature=1.0)
    changed_positive = positive.masked_fill(weights == 0, 50.0)
    after = link_loss(changed_positive, negative.masked_fill(known, 50.0), known, weights, temperature=1.0)
    torch.testing.assert_close(before, after)


def test_a_batch_without_any_corruption_has_a_finite_loss_and_gradient(block):
    positive, negative, known, weights = block
    negative = negative.requires_grad_()
    loss = link_loss(positive, negative, torch.ones_like(known), weights, temperature=1.0)
    loss.backward()
    assert loss.isfinite()
    assert not negative.grad.any()


def test_softmax_loss_is_the_cross_entropy_of_the_positive_among_what_is_kept(block):
    positive, negative, known, weights = block
    expected = 0.0
    for k, c in np.ndindex(K, C):
        kept = negative[k, c][~known[k, c]].tolist()
        expected += weights[k, c].item() * -math.log(softmax([positive[k, c].item(), *kept])[0])
    assert softmax_loss(*block).item() == pytest.approx(expected / weights.sum().item(), rel=1e-5)


def test_softmax_loss_does_not_see_what_is_left_out(block):
    positive, negative, known, weights = block
    changed = negative.masked_fill(known, 50.0).requires_grad_()
    torch.testing.assert_close(softmax_loss(*block), softmax_loss(positive, changed, known, weights))
    gradient = torch.autograd.grad(softmax_loss(positive, changed, known, weights), changed)[0]
    assert not gradient[known].any()
    assert gradient.isfinite().all()


def test_softmax_loss_is_torchs_cross_entropy_where_all_compete():
    positive, negative = random_tensor(K, C, seed=1), random_tensor(K, C, N, seed=2)
    nothing, alike = torch.zeros(K, C, N, dtype=torch.bool), torch.ones(K, C)
    logits = torch.cat([negative, positive[..., None]], dim=-1).flatten(0, 1)
    expected = torch.nn.functional.cross_entropy(logits, torch.full((K * C,), N))
    torch.testing.assert_close(softmax_loss(positive, negative, nothing, alike), expected)


def test_softmax_loss_is_scipys_logsumexp_over_what_is_kept(block):
    positive, negative, known, weights = (x.numpy() for x in block)
    kept = np.concatenate([np.ones((K, C, 1)), ~known], axis=-1)
    losses = logsumexp(np.concatenate([positive[..., None], negative], axis=-1), axis=-1, b=kept) - positive
    assert losses[0, 1] == pytest.approx(0)  # nothing competes: the positive is certain
    assert softmax_loss(*block).item() == pytest.approx((weights * losses).sum() / weights.sum(), rel=1e-5)


def test_softmax_loss_is_finite_for_large_scores(block):
    positive, negative, known, weights = block
    large = (positive * 1e4).requires_grad_()
    loss = softmax_loss(large, negative * 1e4, known, weights)
    loss.backward()
    assert loss.isfinite()
    assert large.grad.isfinite().all()


@pytest.mark.parametrize("is_complex", [True, False])
def test_n3_is_the_cube_of_numpys_moduli(is_complex):
    vectors, weights = random_tensor(5, 6, seed=1), random_tensor(5, seed=2).abs()
    array = vectors.double().numpy()
    moduli = np.abs(array[:, :3] + 1j * array[:, 3:]) if is_complex else np.abs(array)
    expected = np.average((moduli**3).sum(axis=1), weights=weights.double().numpy())
    assert n3(vectors, weights, is_complex=is_complex).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("is_complex", [True, False])
def test_n3_pulls_along_each_number_by_three_times_its_modulus(is_complex):
    vectors = random_tensor(1, 6, seed=1).requires_grad_()
    n3(vectors, torch.ones(1), is_complex=is_complex).backward()
    array = vectors.detach().double().numpy()[0]
    moduli = np.tile(np.hypot(array[:3], array[3:]), 2) if is_complex else np.abs(array)
    np.testing.assert_allclose(vectors.grad[0], 3 * moduli * array, rtol=1e-4)


def test_n3_of_nothing_is_nothing_and_its_slope_is_finite():
    vectors = torch.zeros(2, 6).requires_grad_()
    pull = n3(vectors, torch.tensor([1.0, 0.0]), is_complex=True)
    pull.backward()
    assert pull.item() == pytest.approx(0, abs=1e-12)
    assert not vectors.grad.any()


def test_n3_does_not_see_what_only_fills_up():
    vectors, weights = random_tensor(4, 6), torch.tensor([1.0, 0.5, 0.0, 0.0])
    torch.testing.assert_close(n3(vectors, weights, is_complex=True), n3(vectors[:2], weights[:2], is_complex=True))


SCIPY = {"cosine": cosine, "euclidean": euclidean, "kl": lambda e, t: entropy(softmax(t), softmax(e))}


@pytest.mark.parametrize("name", ANCHORS)
def test_an_anchor_is_scipys_distance(name):
    entities, text = random_tensor(5, 6, seed=1), random_tensor(5, 6, seed=2)
    expected = [SCIPY[name](e, t) for e, t in zip(entities.double().numpy(), text.double().numpy(), strict=True)]
    np.testing.assert_allclose(ANCHORS[name](entities, text), expected, rtol=1e-4)


@pytest.mark.parametrize("name", ANCHORS)
def test_an_anchor_is_nothing_at_the_text_and_its_slope_is_finite(name):
    text = random_tensor(5, 6)
    entities = text.clone().requires_grad_()
    distance = ANCHORS[name](entities, text)
    distance.sum().backward()
    assert distance.abs().max() < 1e-5
    assert entities.grad.isfinite().all()


@pytest.mark.parametrize("name", ANCHORS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_added_anchor_is_autograds(name, dtype):
    table, text = random_tensor(6, 8, seed=1, dtype=dtype), random_tensor(6, 8, seed=2, dtype=dtype)
    rows, before = torch.tensor([5, 0, 3]), random_tensor(3, 8, seed=3, dtype=dtype)
    entities, gradient = table[rows].requires_grad_(), before.clone()
    loss = ANCHORS[name](entities, text[rows]).mean()
    loss.backward()
    found = add_anchor(name, table, text, rows, gradient, weight=0.5)
    torch.testing.assert_close(found.to(dtype), loss.detach())
    torch.testing.assert_close(gradient, before + 0.5 * entities.grad)
