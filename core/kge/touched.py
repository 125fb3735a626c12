"""Hand the rows of a table that a batch touches to autograd, and collect their gradient."""

import numpy as np
import torch
from torch import Tensor

from core.kge.kernels.loops import array, is_fast
from core.kge.kernels.rows import Uses, sum_uses
from core.types import BoolArray, FloatArray, IntArray


class TouchedRows:
    """One tensor for each use of a table by a batch, all of them leaves; a row that is used twice stands there twice.

    The distinct rows are found before anything goes to the device: CUDA need not be asked, and waited for, how many there are.

    :param table: shape (n, d)
    :param uses: rows of the table, of any shape
    """

    def __init__(self, table: Tensor, *uses: IntArray) -> None:
        used = np.concatenate([use.ravel() for use in uses])
        self._order = np.argsort(used, kind="stable")
        ascending = used[self._order]
        self._edges = np.flatnonzero(np.concatenate([[True], ascending[1:] != ascending[:-1], [True]]))
        self.rows = on_device(ascending[self._edges[:-1]], table.device)  #: shape (b,), distinct, ascending
        taken = [table.index_select(0, on_device(use.ravel(), table.device)) for use in uses]
        #: shapes of the uses, and d
        self.vectors = [rows.view(*use.shape, -1).requires_grad_() for rows, use in zip(taken, uses, strict=True)]

    def uses(self) -> Uses:
        """Return the gradients of all uses, for a loop that sums those of each row."""
        gradients = tuple(array(vectors.grad.flatten(0, -2)) for vectors in self.vectors)
        return Uses(gradients, np.cumsum([0, *map(len, gradients)]), self._order, self._edges)

    def gradient(self) -> Tensor:
        """Return the gradient of :attr:`rows`, summed over their uses. Shape (b, d)."""
        gradients = [vectors.grad.flatten(0, -2) for vectors in self.vectors]
        if is_fast(*gradients):
            return sum_uses(self.uses())
        places = np.empty_like(self._order)
        places[self._order] = np.repeat(np.arange(len(self.rows)), np.diff(self._edges))
        result = gradients[0].new_zeros(len(self.rows), gradients[0].shape[1])
        parts = on_device(places, result.device).split([len(gradient) for gradient in gradients])
        for part, gradient in zip(parts, gradients, strict=True):
            result.index_add_(0, part, gradient)
        return result


def on_device(values: IntArray | FloatArray | BoolArray, device: torch.device) -> Tensor:
    """Send an array to a device; from pinned memory to CUDA, so that the host need not wait."""
    tensor = torch.from_numpy(values)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)
