import pytest
import torch

from core.kge import kernels
from core.kge.kernels.modulus import plain_modulus
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
SHAPES = [(2, 3, 5, 6), (1, 1, 1, 2), (4, 7, 1, 10), (1, 5, 9, 4)]  #: k, c, n, d


def blocks(k, c, n, d, dtype=torch.float32):
    return random_tensor(k, c, d, seed=1, dtype=dtype), random_tensor(k, n, d, seed=2, dtype=dtype)


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_kernel_is_its_plain_formula(name, shape):
    queries, candidates = blocks(*shape)
    result = getattr(kernels, name)(queries, candidates)
    torch.testing.assert_close(result, PLAIN[name](queries, candidates), rtol=1e-5, atol=1e-5)


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


def test_the_numba_gradient_is_a_difference_quotient():
    queries, candidates = blocks(1, 2, 3, 4)
    gradient = gradients(lambda q, t: kernels.modulus(q, t).sum()[None], queries, candidates)[0] / random_tensor(1, seed=3)
    step = torch.zeros_like(queries, dtype=torch.float64)
    step[0, 1, 2] = 1e-6
    upper, lower = (plain_modulus(queries.double() + s, candidates.double()).sum() for s in (step, -step))
    torch.testing.assert_close(gradient[0, 1, 2].double(), (upper - lower) / 2e-6, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["l1", "l2", "modulus"])
def test_where_query_and_candidate_coincide_the_distance_is_nothing_and_the_slope_finite(name):
    queries = random_tensor(1, 2, 4)
    kernel = getattr(kernels, name)
    assert kernel(queries, queries)[0].diagonal().abs().max() < 1e-2
    assert all(gradient.isfinite().all() for gradient in gradients(kernel, queries, queries))


def test_queries_that_are_not_contiguous_are_compared_alike():
    queries, candidates = blocks(2, 3, 5, 6)
    turned = queries.transpose(0, 1).contiguous().transpose(0, 1)
    assert not turned.is_contiguous()
    torch.testing.assert_close(kernels.modulus(turned, candidates), kernels.modulus(queries, candidates))


def test_nan_is_not_lost_on_the_way():
    queries, candidates = blocks(1, 2, 3, 4)
    queries[0, 1, 0] = torch.nan
    result = kernels.modulus(queries, candidates)
    assert result[0, 1].isnan().all()
    assert result[0, 0].isfinite().all()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("name", PLAIN)
def test_cuda_gives_the_same(name):
    queries, candidates = blocks(2, 3, 5, 6)
    result = getattr(kernels, name)(queries.cuda(), candidates.cuda()).cpu()
    torch.testing.assert_close(result, PLAIN[name](queries, candidates), rtol=1e-4, atol=1e-4)
