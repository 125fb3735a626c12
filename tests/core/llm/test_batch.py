"""Batches: sent once, collected once, whatever is killed in between."""

import json
from collections import Counter

import pytest

from core.errors import ChatError
from core.llm.batch import Batches, harvest
from core.llm.budget import Budget, price_of
from core.llm.cache import ReplyCache
from core.llm.running import extract
from core.llm.server import Server
from core.llm.session import files_of
from core.workspace import Workspace
from tests.core.llm.conftest import MODEL, Opener, drugs_named
from tests.llm_server import ChatServer

NAMES = [f"drug {number}" for number in range(12)]


@pytest.fixture
def open_batches(chat: ChatServer, workspace: Workspace):
    made: list[Batches] = []

    def make(cache: ReplyCache, budget: Budget | None = None) -> Batches:
        made.append(Batches(Server.from_environment(environment=chat.environment), cache, budget or Budget(None)))
        return made[-1]

    yield make
    for batches in made:
        batches.close()


def test_submit_status_collect(opened: Opener, open_batches, chat: ChatServer) -> None:
    writer = opened(drugs_named(NAMES), asks=False)
    batches = open_batches(writer.cache, Budget(price_of("gpt-4o-mini", batch=True)))
    chat.batch_done = False
    assert batches.submit(writer, range(12)).waiting == 12
    assert [(state.state, state.requests) for state in batches.states()] == [("in_progress", 12)]
    assert batches.collect() == ([], batches.states())
    chat.batch_done = True
    assert [(state.state, state.completed) for state in batches.states()] == [("completed", 12)]
    (job,), running = batches.collect()
    assert (job.graph, job.settings, job.lost, running) == ("many", writer.settings, 0, [])
    assert harvest(writer, range(12)).written == 12
    versions = writer.store.current(graph="many", prompt="treatment", model=MODEL).values()
    tokens = Counter(prompt=sum(v.prompt_tokens for v in versions), reply=sum(v.completion_tokens for v in versions))
    half = (tokens["prompt"] * 0.15 + tokens["reply"] * 0.60) / 1e6 / 2
    assert sum(version.cost for version in versions) == pytest.approx(half)
    assert batches.collect() == ([], [])
    assert set(chat.answered.values()) == {1}


def test_what_waits_is_not_asked_by_anybody_else(opened: Opener, open_batches, workspace: Workspace, chat: ChatServer) -> None:
    graph = drugs_named(NAMES)
    writer = opened(graph, asks=False)
    open_batches(writer.cache).submit(writer, range(8))
    direct = opened(graph)
    tally = extract(direct, range(12), files_of(workspace, direct), concurrency=2)
    assert (tally.waiting, tally.written) == (8, 4)
    assert open_batches(writer.cache).submit(writer, range(12)).waiting == 8
    assert len(chat.batches) == 1


def test_a_question_of_two_entities_is_one_line(opened: Opener, open_batches, chat: ChatServer) -> None:
    writer = opened(drugs_named(["aspirin", "aspirin", "ibuprofen"]), asks=False)
    open_batches(writer.cache).submit(writer, range(3))
    lines = next(iter(chat.files.values())).decode().splitlines()
    assert len({json.loads(line)["custom_id"] for line in lines}) == len(lines) == 2


def test_many_questions_are_several_batches(opened: Opener, open_batches, chat: ChatServer) -> None:
    writer = opened(drugs_named(NAMES), asks=False)
    batches = open_batches(writer.cache)
    batches.submit(writer, range(12), most=5)
    assert sorted(len(content.decode().splitlines()) for content in chat.files.values()) == [2, 5, 5]
    assert len(batches.collect()[0]) == 3
    assert harvest(writer, range(12)).written == 12


def test_lost_lines_can_be_submitted_again(opened: Opener, open_batches, chat: ChatServer) -> None:
    writer = opened(drugs_named(NAMES), asks=False)
    batches = open_batches(writer.cache)
    chat.batch_lines_lost = 3
    batches.submit(writer, range(12))
    (job,), _ = batches.collect()
    assert job.lost == 3
    assert harvest(writer, range(12)).written == 9
    chat.batch_lines_lost = 0
    assert batches.submit(writer, range(12)).waiting == 3
    batches.collect()
    assert harvest(writer, range(12)).done == 12
    assert set(chat.answered.values()) == {1}


def test_the_budget_limits_what_is_sent(opened: Opener, open_batches, chat: ChatServer) -> None:
    writer = opened(drugs_named(NAMES), asks=False)
    tally = open_batches(writer.cache, Budget(None, tokens=10_000)).submit(writer, range(12))
    assert tally.state == "budget spent"
    lines = next(iter(chat.files.values())).decode().splitlines()
    assert 0 < len(lines) == tally.waiting < 12
    assert tally.tokens <= 10_000


@pytest.mark.parametrize("after", ["claim", "upload", "create"])
def test_a_kill_while_sending_neither_loses_nor_doubles(
    opened: Opener, open_batches, chat: ChatServer, monkeypatch, after: str
) -> None:
    writer = opened(drugs_named(NAMES), asks=False)
    killed = open_batches(writer.cache)
    monkeypatch.setattr(writer.cache, "owner", f"{writer.cache.owner.split('|')[0]}|999999999|dead")
    _kill(monkeypatch, killed, after)
    with pytest.raises(KeyboardInterrupt):
        killed.submit(writer, range(12))
    batches = open_batches(writer.cache)
    again = batches.submit(writer, range(12))
    assert again.waiting == 12
    assert len(chat.batches) == 1
    batches.collect()
    assert harvest(writer, range(12)).written == 12
    assert set(chat.answered.values()) == {1}


def _kill(monkeypatch, batches: Batches, after: str) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    if after == "claim":
        monkeypatch.setattr(batches._api.files, "create", stop)
    elif after == "upload":
        monkeypatch.setattr(batches._api.batches, "create", stop)
    else:
        monkeypatch.setattr(batches, "_set", stop)


def test_collecting_twice_counts_once(opened: Opener, open_batches, chat: ChatServer, monkeypatch) -> None:
    writer = opened(drugs_named(NAMES), asks=False)
    batches = open_batches(writer.cache)
    batches.submit(writer, range(12))
    with monkeypatch.context() as patch:
        _kill(patch, batches, "create")
        with pytest.raises(KeyboardInterrupt):
            batches.collect()
    batches.collect()
    harvest(writer, range(12))
    version = next(iter(writer.store.current(graph="many", prompt="treatment", model=MODEL).values()))
    assert version.completion_tokens == 50


def test_a_server_without_batches_is_explained(opened: Opener, open_batches, chat: ChatServer) -> None:
    writer = opened(drugs_named(NAMES), asks=False)
    batches = open_batches(writer.cache)
    chat.speaks_batches = False
    with pytest.raises(ChatError, match="batch interface"):
        batches.submit(writer, range(12))
