"""What the tests of extraction share: a chat server of our own, and writers that ask it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.config import DescribeSettings
from core.kg.graph import KnowledgeGraph
from core.kg.vocabulary import Vocabulary
from core.llm.extraction import Writer
from core.llm.server import Server
from core.llm.session import opened_writer
from core.workspace import Workspace
from tests.llm_server import ChatServer, serving
from tests.toy import toy_graph

MODEL = "toy-model"
Opener = Callable[..., Writer]


@pytest.fixture
def chat() -> Iterator[ChatServer]:
    with serving(ChatServer()) as server:
        yield server


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def opened(chat: ChatServer, workspace: Workspace) -> Iterator[Opener]:
    """Open writers on the toy graph (or another) that ask the test server."""
    with ExitStack() as stack:

        def open_one(graph: KnowledgeGraph | None = None, *, asks: bool = True, **options) -> Writer:
            passed = {name: options.pop(name) for name in ("budget", "limits", "retry_refused") if name in options}
            settings = DescribeSettings(model=MODEL, **options)
            server = Server.from_environment(environment=chat.environment) if asks else None
            return stack.enter_context(opened_writer(workspace, graph or toy_graph(), settings, server=server, **passed))

        yield open_one


def drugs_named(names: list[str]) -> KnowledgeGraph:
    """The toy graph with other entities: drugs of these names, without edges."""
    n = len(names)
    graph = toy_graph()
    vocabulary = Vocabulary(tuple(f"Compound::{number}" for number in range(n)), graph.vocabulary.relations)
    return replace(
        graph,
        name="many",
        vocabulary=vocabulary,
        names=tuple(names),
        kinds=("Compound",) * n,
        synonyms=((),) * n,
        triples=np.zeros((0, 3), dtype=np.int32),
        detail=(),
        provenance=(),
    )
