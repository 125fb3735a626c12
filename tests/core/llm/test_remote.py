"""Extraction through engines: the same descriptions as directly, and no question asked twice."""

from collections import deque

import pytest

from core.errors import LladrError
from core.grid.engines import LocalEngine, ProcessEngine
from core.llm.budget import Budget
from core.llm.limits import RateLimit
from core.llm.remote import extract_with
from core.llm.session import files_of
from core.types import Engine
from core.workspace import Workspace
from tests.core.llm.conftest import MODEL, Opener, drugs_named
from tests.llm_server import ChatServer

NAMES = [f"drug {number}" for number in range(40)]


@pytest.fixture(autouse=True)
def _environment(chat: ChatServer, monkeypatch) -> None:
    for name, value in chat.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("core.llm.client.LONGEST_WAIT", 0.05)


def run(opened: Opener, workspace: Workspace, names: list[str], *, engine: Engine | None = None, **options):
    writer = opened(drugs_named(names), asks=False, **options)
    stop = RateLimit().stop
    return extract_with(engine or LocalEngine(), writer, range(len(names)), files_of(workspace, writer), stop=stop), writer


def test_every_entity_is_described_once(opened: Opener, workspace: Workspace, chat: ChatServer) -> None:
    tally, writer = run(opened, workspace, NAMES)
    assert (tally.state, tally.written, tally.done) == ("finished", 40, 40)
    assert set(chat.answered.values()) == {1}
    versions = writer.store.current(graph="many", prompt="treatment", model=MODEL)
    assert {version.fields["background"] for version in versions.values()} == {f"background of {name}" for name in NAMES}
    assert sum(version.completion_tokens + version.prompt_tokens for version in versions.values()) == tally.tokens
    assert run(opened, workspace, NAMES)[0].kept == 40
    assert chat.received.total() == 40


def test_unusable_replies_are_repaired_in_a_later_wave(opened: Opener, workspace: Workspace, chat: ChatServer) -> None:
    chat.faults = deque(["truncated", "refusal", "drop late", "wrong schema"])
    tally, _ = run(opened, workspace, NAMES)
    assert (tally.written, tally.refused, tally.failed) == (38, 1, 1)  # a lost answer comes again with the next start
    assert chat.received.total() == 40 + 2
    assert run(opened, workspace, NAMES)[0].written == 1
    assert chat.received.total() == 40 + 3


def test_the_budget_is_not_exceeded(opened: Opener, workspace: Workspace, chat: ChatServer) -> None:
    tally, _ = run(opened, workspace, NAMES, budget=Budget(None, tokens=12_000))
    assert tally.state == "budget spent"
    assert 0 < tally.tokens <= 12_000
    assert run(opened, workspace, NAMES)[0].done == 40
    assert set(chat.answered.values()) == {1}


def test_a_duplicate_waits_for_the_first(opened: Opener, workspace: Workspace, chat: ChatServer) -> None:
    tally, _ = run(opened, workspace, ["aspirin"] * 3)
    assert (tally.written, chat.received.total()) == (3, 1)


def test_a_server_that_refuses_the_key_ends_it(opened: Opener, workspace: Workspace, chat: ChatServer) -> None:
    chat.faults = deque(["401"] * 100)
    with pytest.raises(LladrError, match="401"):
        run(opened, workspace, NAMES)
    chat.faults.clear()
    assert run(opened, workspace, NAMES)[0].done == 40


@pytest.mark.slow
def test_processes_do_it_too(opened: Opener, workspace: Workspace, chat: ChatServer) -> None:
    tally, _ = run(opened, workspace, NAMES, engine=ProcessEngine(2))
    assert tally.written == 40
    assert set(chat.answered.values()) == {1}
