"""What the tests give to engines: it must be importable in other processes."""

import importlib
import os
import time
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_info

from core.config import Settings
from core.errors import ConfigError


class Number(Settings):
    """A task."""

    value: int
    inner: dict[str, int] = {}  # noqa: RUF012 - pydantic copies it


def square(task: Number) -> dict:
    """Return the square of the number; a user's error for 3, a bug for 13."""
    if task.value == 3:
        raise ConfigError("Three was found.", expected="any other number", advice="take four.")
    if task.value == 13:
        raise ZeroDivisionError("a bug")
    return {"square": task.value**2, "of": {"seed": task.value}}


def counted(folder: Path, task: Number) -> dict:
    """Leave a mark for each call."""
    with (folder / str(task.value)).open("a") as file:
        file.write("x")
    return square(task)


def where(task: Number) -> dict:
    """Return the process and how many threads there are."""
    np.ones((2, 2)) @ np.ones((2, 2))
    return {"pid": os.getpid(), "torch": torch.get_num_threads(), "pools": [pool["num_threads"] for pool in threadpool_info()]}


def parent(task: Number) -> dict:
    """Return the command line of the process that started this one, and the address of its machine as Ray knows it."""
    ray = importlib.import_module("ray")
    words = Path(f"/proc/{os.getppid()}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return {"parent": words, "node": ray.util.get_node_ip_address()}


def slow(folder: Path, task: Number) -> dict:
    """Say that it began, and take a minute (unless it is zero)."""
    (folder / f"began-{task.value}-{os.getpid()}").touch()
    time.sleep(60 if task.value else 0)
    return {}


def killed(task: Number) -> dict:
    """Die as for want of memory."""
    os.kill(os.getpid(), 9)
    return {}
