"""What every test gets: one thread, the toy graph, the graphs that are too large to write down."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from core.kg.graph import KnowledgeGraph
from core.kg.loaders import load_graph
from tests.toy import toy_graph, write_toy_folder

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def toy() -> KnowledgeGraph:
    return toy_graph()


@pytest.fixture
def toy_folder(tmp_path: Path) -> Path:
    return write_toy_folder(tmp_path / "toy")


@pytest.fixture(scope="session")
def starter() -> KnowledgeGraph:
    return load_graph("starter")


@pytest.fixture
def hetionet() -> Path:
    return _shared("data/hetionet")


@pytest.fixture
def shared_starter() -> Path:
    return _shared("starter")


def _shared(part: str) -> Path:
    if not (SHARED / part).is_dir():
        pytest.skip(f"{SHARED / part} is not on this machine")
    return SHARED / part


@contextmanager
def _small_files(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def small_files():
    """Refuse to let any file grow beyond a size: what a full disk looks like to a program."""
    return _small_files
