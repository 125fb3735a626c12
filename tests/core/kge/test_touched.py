import numpy as np
import pytest
import torch

from core.kge import touched
from core.kge.losses import add_anchor
from core.kge.optimizers import RowwiseAdagrad
from core.kge.touched import TouchedRows
from tests.core.kge.tables import random_tensor

USES = (np.array([[3, 1], [3, 0]]), np.array([1, 3, 5]))


@pytest.mark.parametrize("fast", [True, False])
def test_the_gradient_is_that_of_indexing_the_table(monkeypatch, fast):
    monkeypatch.setattr(touched, "is_fast", lambda *tensors: fast)
    table = random_tensor(7, 4).requires_grad_()
    weights = random_tensor(2, 2, 4, seed=1), random_tensor(3, 4, seed=2)
    sum((w * table[use].square()).sum() for w, use in zip(weights, USES, strict=True)).backward()
    used = TouchedRows(table.detach(), *USES)
    sum((w * vectors.square()).sum() for w, vectors in zip(weights, used.vectors, strict=True)).backward()
    assert used.rows.tolist() == [0, 1, 3, 5]
    torch.testing.assert_close(used.gradient(), table.grad[used.rows])


def test_each_use_keeps_its_shape_and_its_repetitions():
    table = random_tensor(7, 4)
    used = TouchedRows(table, *USES)
    assert all(torch.equal(vectors, table[use]) for vectors, use in zip(used.vectors, USES, strict=True))


def test_one_pass_is_sum_pull_and_step_one_after_the_other():
    table, text = random_tensor(7, 4), random_tensor(7, 4, seed=1)
    used = TouchedRows(table.clone(), *USES)
    for number, vectors in enumerate(used.vectors):
        vectors.grad = random_tensor(*vectors.shape, seed=2 + number)
    apart, at_once = RowwiseAdagrad(table.clone(), 0.1), RowwiseAdagrad(table.clone(), 0.1)
    gradient = used.gradient()
    anchor = add_anchor("cosine", table, text, used.rows, gradient, weight=0.7)
    apart.step(used.rows, gradient)
    torch.testing.assert_close(at_once.step_to_text(used.rows, used.uses(), text, 0.7), anchor)
    torch.testing.assert_close(at_once._table, apart._table)
    torch.testing.assert_close(at_once.sums, apart.sums)
