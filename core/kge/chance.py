"""Seed torch's own random numbers for a while: dropout and start values of modules that draw from them."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

CPU = torch.device("cpu")


@contextmanager
def seeded(*numbers: int, device: torch.device = CPU) -> Iterator[None]:
    """Give the generators of the CPU and of a device a seed made of numbers, and afterwards their own state back."""
    seed = int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield
