"""Compile inner loops with numba, and share them out among torch's threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numba
import numpy as np
import torch
from torch import Tensor

from core.types import FloatArray

WORTH_A_THREAD = 2**18  #: numbers in the arrays of a loop, below which it runs on one thread

MAY_CHANGE = {"reassoc", "nsz", "arcp", "contract", "afn"}  #: all of fastmath but the promise that no number is NaN or infinite

#: Compile a loop to SIMD code. Sums may be reordered; without numpy's error model each division would be checked for zero,
#: and a loop with a branch in it does not vectorise.
OPTIONS = {"fastmath": MAY_CHANGE, "error_model": "numpy", "nogil": True}
loop = numba.njit(cache=True, **OPTIONS)

#: A part of a loop, written into the loop that calls it. Were it linked, code compiled just now and code from the cache could
#: round differently, and a training would not go on bit for bit in another process.
part_of_a_loop = numba.njit(inline="always", **OPTIONS)


def is_fast(*tensors: Tensor) -> bool:
    """Tell whether numba loops can take these tensors: float32 on the CPU."""
    return all(tensor.device.type == "cpu" and tensor.dtype == torch.float32 for tensor in tensors)


def array(tensor: Tensor) -> FloatArray:
    """Return the numbers of a tensor, row after row; a view where they lie so already."""
    return tensor.detach().contiguous().numpy()


def in_chunks(compiled: Callable[..., None], *arrays: FloatArray) -> None:
    """Run a loop over the first axis of the arrays, a part of it on each of torch's threads.

    Each row of that axis must be computed alone, so that the result has the same bits on any number of threads.
    """
    threads = min(torch.get_num_threads(), len(arrays[0]))
    if threads == 1 or sum(a.size for a in arrays) < WORTH_A_THREAD:
        compiled(*arrays)
        return
    edges = np.linspace(0, len(arrays[0]), threads + 1).astype(int)
    with ThreadPoolExecutor(threads) as pool:
        parts = [pool.submit(compiled, *(a[start:end] for a in arrays)) for start, end in pairwise(edges)]
    for part in parts:
        part.result()
