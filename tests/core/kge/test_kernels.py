import numpy as np
import pytest
import torch

from core.kge import kernels
from core.kge.kernels import loops, rows
from core.kge.kernels.modulus import plain_modulus
from core.kge.kernels.product import plain_complex_product
from core.kge.losses import cosine_anchor
from tests.core.kge.tables import random_tensor


def differences(queries, candidates):
    return queries[:, :, None, :] - candidates[:, None, :, :]


def complex_modulus(queries, candidates):
    real, imaginary = differences(queries, candidates).chunk(2, dim=-1)
    return torch.complex(real, imaginary).abs().sum(-1)


PLAIN = {
    "dot": lambda q, t: torch.einsum("kcd,knd->kcn", q, t),
    "l1": lambda q, t: differences(q, t).abs().sum(-1),
    "l2": lambda q, t: differences(q, t).norm(dim=-1),
    "modulus": complex_modulus,
}
SHAPES = [(2, 3, 5, 6), (1, 1, 1, 2), (4, 7, 1, 10), (1, 5, 9, 4), (3, 8, 12, 70), (9, 1, 1, 6), (2, 6, 5, 1100)]  #: k, c, n, d


def blocks(k, c, n, d, dtype=torch.float32):
    return random_tensor(k, c, d, seed=1, dtype=dtype), random_tensor(k, n, d, seed=2, dtype=dtype)


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_kernel_is_its_plain_formula(name, shape):
    queries, candidates = blocks(*shape)
    result = getattr(kernels, name)(queries, candidates)
    torch.testing.assert_close(result, PLAIN[name](queries, candidates), rtol=1e-5, atol=1e-5)


def test_a_pair_each_is_compared_exactly_in_l2():
    query = random_tensor(1, 1, 50) * 100
    near = query + 1e-2
    torch.testing.assert_close(kernels.l2(query, near)[0, 0, 0], (query.double() - near.double()).norm().float())


def gradients(function, queries, candidates):
    q, t = (x.clone().requires_grad_() for x in (queries, candidates))
    result = function(q, t)
    result.backward(random_tensor(*result.shape, seed=3, dtype=result.dtype))
    return q.grad, t.grad


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_kernel_has_the_gradient_of_its_plain_formula(name, shape):
    found = gradients(getattr(kernels, name), *blocks(*shape))
    expected = gradients(PLAIN[name], *blocks(*shape))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("function", [kernels.dot, kernels.l1, kernels.l2, plain_modulus])
def test_gradients_pass_the_check_by_finite_differences(function):
    tensors = [x.requires_grad_() for x in blocks(2, 2, 3, 4, dtype=torch.float64)]
    assert torch.autograd.gradcheck(function, tensors)


@pytest.mark.parametrize("name", ["l1", "modulus"])
def test_the_numba_gradient_is_a_difference_quotient(name):
    queries, candidates = blocks(1, 2, 3, 4)
    ones = torch.ones(1, 2, 3)
    q = queries.clone().requires_grad_()
    getattr(kernels, name)(q, candidates).backward(ones)
    step = torch.zeros_like(queries, dtype=torch.float64)
    step[0, 1, 2] = 1e-6
    upper, lower = (PLAIN[name](queries.double() + s, candidates.double()).sum() for s in (step, -step))
    torch.testing.assert_close(q.grad[0, 1, 2].double(), (upper - lower) / 2e-6, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["l1", "l2", "modulus"])
def test_where_query_and_candidate_coincide_the_distance_is_nothing_and_the_slope_finite(name):
    queries = random_tensor(1, 2, 4)
    kernel = getattr(kernels, name)
    assert kernel(queries, queries)[0].diagonal().abs().max() < 1e-2
    assert all(gradient.isfinite().all() for gradient in gradients(kernel, queries, queries))


@pytest.mark.parametrize("c", [1, 4, 5])
def test_where_query_and_candidate_coincide_both_slopes_of_l1_are_opposite(c):
    """Moving all together changes no distance, so all slopes of a coordinate sum to nothing: -1 on one side, 1 on the other."""
    tensors = [torch.zeros(1, c, 6), torch.zeros(1, 3, 6)]
    weights = random_tensor(1, c, 3, seed=3)
    to_queries, to_candidates = gradients(kernels.l1, *tensors)
    torch.testing.assert_close(to_queries, -weights.sum(2)[:, :, None].expand(1, c, 6))
    torch.testing.assert_close(to_candidates, weights.sum(1)[:, :, None].expand(1, 3, 6))


@pytest.mark.parametrize("name", PLAIN)
def test_queries_that_are_not_contiguous_are_compared_alike(name):
    queries, candidates = blocks(2, 3, 5, 6)
    turned = queries.transpose(0, 1).contiguous().transpose(0, 1)
    assert not turned.is_contiguous()
    kernel = getattr(kernels, name)
    torch.testing.assert_close(kernel(turned, candidates), kernel(queries, candidates))
    torch.testing.assert_close(gradients(kernel, turned, candidates), gradients(kernel, queries, candidates))


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_a_number_that_is_none_is_not_lost_on_the_way(name, value):
    queries, candidates = blocks(1, 2, 3, 4)
    queries[0, 1, 0] = value
    result = getattr(kernels, name)(queries, candidates)
    assert not result[0, 1].isfinite().any()
    assert result[0, 0].isfinite().all()


@pytest.mark.parametrize("name", ["l1", "modulus"])
def test_threads_do_not_change_a_bit(name, monkeypatch):
    tensors, kernel = blocks(5, 7, 6, 10), getattr(kernels, name)
    monkeypatch.setattr(loops, "WORTH_A_THREAD", 0)
    results = []
    for threads in (1, 3):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        results.append((kernel(*tensors), *gradients(kernel, *tensors)))
    assert all(torch.equal(one, three) for one, three in zip(*results, strict=True))


def test_a_complex_product_is_numpys():
    left, right = random_tensor(2, 3, 6, seed=1), random_tensor(2, 3, 6, seed=2)
    a, b = (x.numpy()[..., :3] + 1j * x.numpy()[..., 3:] for x in (left, right))
    expected = np.concatenate([(a * b).real, (a * b).imag], axis=-1)
    np.testing.assert_allclose(kernels.complex_product(left, right), expected, rtol=1e-5, atol=1e-6)


def test_a_complex_product_has_autograds_gradient():
    pair = random_tensor(2, 3, 6, seed=1), random_tensor(2, 3, 6, seed=2)
    torch.testing.assert_close(gradients(kernels.complex_product, *pair), gradients(plain_complex_product, *pair))


def test_a_complex_product_broadcasts_on_the_slow_path():
    left, right = random_tensor(4, 6, seed=1), random_tensor(6, seed=2)
    torch.testing.assert_close(kernels.complex_product(left, right), kernels.complex_product(left, right.expand(4, 6)))


def test_the_pull_of_the_cosine_is_autograds():
    table, text, touched = random_tensor(6, 4, seed=1), random_tensor(6, 4, seed=2), torch.tensor([4, 1, 5])
    text[5] = 0  # an entity without text
    before = random_tensor(3, 4, seed=3)
    entities = table[touched].requires_grad_()
    loss = cosine_anchor(entities, text[touched]).mean()
    loss.backward()
    gradient = before.clone()
    assert rows.pull_cosine(table, text, touched, gradient, 0.7) == pytest.approx(loss.item(), rel=1e-5)
    torch.testing.assert_close(gradient, before + 0.7 * entities.grad)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("name", PLAIN)
def test_cuda_gives_the_same(name):
    queries, candidates = blocks(2, 3, 5, 6)
    result = getattr(kernels, name)(queries.cuda(), candidates.cuda()).cpu()
    torch.testing.assert_close(result, PLAIN[name](queries, candidates), rtol=1e-4, atol=1e-4)
