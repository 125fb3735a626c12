"""Kill an extraction at random points; the server and the store count what was asked, answered and kept."""

import multiprocessing
import signal
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from core.config import DescribeSettings
from core.llm.cache import ReplyCache
from core.llm.extraction import Writer
from core.llm.running import extract
from core.llm.server import Server
from core.llm.session import files_of, opened_writer
from core.workspace import Workspace
from tests.core.llm.conftest import MODEL, drugs_named
from tests.llm_server import ChatServer

CONCURRENCY = 8
SETTINGS = DescribeSettings(model=MODEL)


def _extract(root: Path, environment: dict[str, str], names: list[str]) -> None:
    workspace = Workspace(root)
    server = Server.from_environment(environment=environment)
    with opened_writer(workspace, drugs_named(names), SETTINGS, server=server) as writer:
        extract(writer, range(len(names)), files_of(workspace, writer), concurrency=CONCURRENCY)


@pytest.mark.parametrize(("kills", "entities"), [(8, 240), pytest.param(100, 1500, marks=pytest.mark.slow)])
def test_a_kill_costs_at_most_what_was_in_flight(chat: ChatServer, workspace: Workspace, kills: int, entities: int) -> None:
    names = [f"drug {number}" for number in range(entities)]
    chat.latency = 0.03
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.core.llm.test_killed", "openai", "httpx2", "pytest"])
    delays = np.random.default_rng(kills).uniform(0.0, 0.15, kills)
    with opened_writer(workspace, drugs_named(names), SETTINGS, server=None) as looking:
        questions = {looking.question(row)[0].key: names[row] for row in range(len(names))}
        kept: set[str] = set()
        for delay in delays:
            asked, answered = Counter(chat.received), chat.answered.total()
            process = context.Process(target=_extract, args=(workspace.root, chat.environment, names))
            process.start()
            _wait_for_work(chat, asked.total(), process)
            time.sleep(delay)
            process.kill()
            process.join()
            assert process.exitcode == -signal.SIGKILL
            time.sleep(0.05)  # what was in flight reaches the server's count
            now = {name for key, name in questions.items() if looking.cache.get(key)}
            assert kept <= now  # nothing is lost
            assert not [name for name in kept if chat.received[name] > asked[name]]  # nothing that is kept is asked again
            assert chat.answered.total() - answered - len(now - kept) <= CONCURRENCY  # paid and not kept: in flight only
            kept = now
        assert 0 < len(kept) < len(names)
        _finish(workspace, chat, looking, names, kept)


def _wait_for_work(chat: ChatServer, asked: int, process: multiprocessing.Process) -> None:
    """Wait until the child asks, or for every third one not at all: some are to die before."""
    if process.pid % 3:
        while chat.received.total() == asked and process.is_alive():
            time.sleep(0.002)


def _finish(workspace: Workspace, chat: ChatServer, looking: Writer, names: list[str], kept: set[str]) -> None:
    """Let it end: every entity is described, each from one reply, and what was kept is not asked again."""
    asked = Counter(chat.received)
    _extract(workspace.root, chat.environment, names)
    assert not [name for name in kept if chat.received[name] > asked[name]]
    assert all(chat.received[name] - asked[name] == 1 for name in names if name not in kept)
    current = looking.store.current(graph="many", prompt="treatment", model=MODEL)
    assert sorted(version.name for version in current.values()) == sorted(names)
    rows = looking.store.database.rows("SELECT COUNT(*) AS n FROM version")
    assert rows[0]["n"] == len(names)
    cache = ReplyCache(workspace.description_store)
    assert not cache.database.rows("SELECT 1 FROM reply WHERE state <> 'done'")
    cache.close()
