"""Update only the rows that a batch touched."""

import torch
from torch import Tensor

from core.kge.kernels.loops import is_fast
from core.kge.kernels.rows import Uses, step_adagrad, sum_pull_and_step

EPSILON = 1e-10


class RowwiseAdagrad:
    """Adagrad with one accumulator a row: the mean of the squared gradient over the columns (as in PyTorch-BigGraph).

    :param table: shape (n, d); changed in place
    :param learning_rate: step length, root mean square over a row, at its first step
    """

    state_names = ("sums",)

    def __init__(self, table: Tensor, learning_rate: float) -> None:
        self._table = table
        self._rate = learning_rate
        self.sums = torch.zeros(len(table), device=table.device)

    @torch.no_grad()
    def step(self, rows: Tensor, gradient: Tensor) -> None:
        """Move distinct rows against their gradient. Shapes (b,), (b, d)."""
        if is_fast(self._table, gradient):
            step_adagrad(self._table, self.sums, rows, gradient, self._rate, EPSILON)
            return
        sums = self.sums[rows] + gradient.square().mean(-1)
        self.sums[rows] = sums
        self._table.index_add_(0, rows, gradient * (-self._rate / (sums.sqrt() + EPSILON))[:, None])

    def step_to_text(self, rows: Tensor, uses: Uses, text: Tensor, weight: float) -> Tensor:
        """Add the pull of the cosine anchor, and take the step, in one pass over float32 rows on the CPU.

        :param rows: shape (b,), distinct
        :param uses: of these rows; their gradients are summed
        :param text: shape (n, d)
        :param weight: of the anchor loss
        :returns: the mean anchor loss before the step, shape ()
        """
        return torch.tensor(sum_pull_and_step(uses, self._table, self.sums, rows, text, weight, self._rate, EPSILON))


class RowwiseAdam:
    """Adam (Kingma and Ba 2015) on the rows of the batch only; each row counts its own steps.

    :param table: shape (n, d); changed in place
    :param learning_rate: Adam's alpha
    """

    state_names = ("first", "second", "steps")

    def __init__(self, table: Tensor, learning_rate: float, betas: tuple[float, float] = (0.9, 0.999)) -> None:
        self._table = table
        self._rate = learning_rate
        self._betas = betas
        self.first, self.second = torch.zeros_like(table), torch.zeros_like(table)
        self.steps = torch.zeros(len(table), device=table.device)

    @torch.no_grad()
    def step(self, rows: Tensor, gradient: Tensor) -> None:
        """Move distinct rows against their gradient. Shapes (b,), (b, d)."""
        (beta1, beta2), steps = self._betas, self.steps[rows] + 1
        first = self.first[rows].lerp_(gradient, 1 - beta1)
        second = self.second[rows].lerp_(gradient.square(), 1 - beta2)
        self.first[rows], self.second[rows], self.steps[rows] = first, second, steps
        mean = first / (1 - beta1**steps)[:, None]
        scale = (second / (1 - beta2**steps)[:, None]).sqrt_().add_(1e-8)
        self._table.index_add_(0, rows, mean.div_(scale), alpha=-self._rate)


Optimizer = RowwiseAdagrad | RowwiseAdam
OPTIMIZERS = {"adagrad": RowwiseAdagrad, "adam": RowwiseAdam}


def optimizer_state(owner: str, optimizer: Optimizer) -> dict[str, Tensor]:
    """Return what an optimiser remembers, by name."""
    return {f"{owner}.{name}": getattr(optimizer, name) for name in optimizer.state_names}


def all_rows(table: Tensor) -> Tensor:
    """Return the number of every row. Shape (n, d) -> (n,)."""
    return torch.arange(len(table), device=table.device)
