import math

import pytest
import torch

from core.kge import optimizers
from core.kge.optimizers import OPTIMIZERS, RowwiseAdagrad, RowwiseAdam
from tests.core.kge.tables import random_tensor

ROWS, DIM, RATE = 5, 3, 0.1
CLOSE = {"rtol": 1e-4, "atol": 1e-5}  # 1 - 0.999 has four digits in float32, where torch.optim takes float64


def steps(count=6):
    """Yield rows and gradients; no row is in every step, row 4 in none."""
    for number in range(count):
        rows = torch.tensor([[0, 2], [3], [1, 0, 3]][number % 3])
        yield rows, random_tensor(len(rows), DIM, seed=number)


def slow_adagrad(table):
    table, sums = table.tolist(), [0.0] * ROWS
    for rows, gradients in steps():
        for row, gradient in zip(rows.tolist(), gradients.tolist(), strict=True):
            sums[row] += sum(g * g for g in gradient) / DIM
            table[row] = [x - RATE * g / math.sqrt(sums[row]) for x, g in zip(table[row], gradient, strict=True)]
    return torch.tensor(table)


@pytest.mark.parametrize("fast", [True, False])
def test_adagrad_is_the_slow_loop(monkeypatch, fast):
    monkeypatch.setattr(optimizers, "is_fast", lambda *tensors: fast)
    table = random_tensor(ROWS, DIM, seed=9)
    expected = slow_adagrad(table)
    optimizer = RowwiseAdagrad(table, RATE)
    for rows, gradient in steps():
        optimizer.step(rows, gradient)
    torch.testing.assert_close(table, expected, rtol=1e-5, atol=1e-6)


def test_adagrad_first_steps_by_the_rate_whatever_the_gradients_size():
    for size in (1e-3, 1.0, 1e3):
        table = torch.zeros(2, DIM)
        RowwiseAdagrad(table, RATE).step(torch.tensor([1]), random_tensor(1, DIM) * size)
        assert table[1].square().mean().sqrt().item() == pytest.approx(RATE, rel=1e-4)


def test_adam_is_torchs_where_all_rows_are_touched():
    table = random_tensor(ROWS, DIM, seed=9)
    parameter = torch.nn.Parameter(table.clone())
    ours, theirs = RowwiseAdam(table, RATE), torch.optim.Adam([parameter], lr=RATE)
    for number in range(10):
        gradient = random_tensor(ROWS, DIM, seed=number)
        order = torch.tensor([3, 1, 0, 4, 2])
        ours.step(order, gradient[order])
        parameter.grad = gradient
        theirs.step()
    torch.testing.assert_close(table, parameter.detach(), **CLOSE)


def test_each_row_of_adam_counts_its_own_steps():
    table = random_tensor(ROWS, DIM, seed=9)
    alone = {row: torch.nn.Parameter(table[row].clone()) for row in range(ROWS)}
    theirs = {row: torch.optim.Adam([parameter], lr=RATE) for row, parameter in alone.items()}
    ours = RowwiseAdam(table, RATE)
    for rows, gradients in steps():
        ours.step(rows, gradients)
        for row, gradient in zip(rows.tolist(), gradients, strict=True):
            alone[row].grad = gradient
            theirs[row].step()
    torch.testing.assert_close(table, torch.stack([alone[row].detach() for row in range(ROWS)]), **CLOSE)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_rows_that_are_not_touched_stay_exactly_the_same(name):
    table = random_tensor(ROWS, DIM, seed=9)
    before = table.clone()
    optimizer = OPTIMIZERS[name](table, RATE)
    for rows, gradient in steps():
        optimizer.step(rows, gradient)
    assert torch.equal(table[4], before[4])
    assert (table[:4] != before[:4]).all()
    assert not any(getattr(optimizer, state)[4].any() for state in optimizer.state_names)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_gradient_of_nothing_is_finite(name):
    table = torch.zeros(ROWS, DIM)
    OPTIMIZERS[name](table, RATE).step(torch.tensor([0]), torch.zeros(1, DIM))
    assert torch.equal(table, torch.zeros(ROWS, DIM))
