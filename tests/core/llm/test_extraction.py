"""Extraction against the server's own count of what it answered: nothing lost, nothing paid twice."""

import json
import threading
import time
from collections import deque
from pathlib import Path

import pytest

from core.errors import ChatError, UnknownNameError
from core.kg.graph import KnowledgeGraph
from core.llm.budget import Budget, Price
from core.llm.extraction import chosen_rows, estimate
from core.llm.following import ask_to_stop, extraction_status, is_running
from core.llm.limits import RateLimit
from core.llm.running import extract
from core.llm.session import export, files_of
from core.text.descriptions import load_descriptions
from core.workspace import Workspace
from tests import toy as names
from tests.core.llm.conftest import MODEL, Opener, drugs_named
from tests.core.llm.test_prompts import HOSTILE
from tests.llm_server import KEY, ChatServer

WHICH = {"graph": "toy", "prompt": "treatment", "model": MODEL}


def run(workspace: Workspace, writer, rows: list[int] | None = None, **options):
    rows = list(range(writer.graph.n_entities)) if rows is None else rows
    return extract(writer, rows, files_of(workspace, writer), **{"concurrency": 4, **options})


def test_every_entity_is_described_and_paid_once(opened: Opener, workspace: Workspace, chat: ChatServer) -> None:
    writer = opened()
    tally = run(workspace, writer)
    n = writer.graph.n_entities
    assert (tally.state, tally.written, tally.done, tally.total) == ("finished", n, n, n)
    assert set(chat.answered.values()) == {1}
    current = writer.store.current(**WHICH)
    assert current[names.DONEPEZIL].fields == {
        "background": "background of donepezil",
        "mechanism": "mechanism of donepezil",
        "indications": "indications of donepezil",
        "contraindications": "contraindications of donepezil",
        "indicated_for": ["prion disease"],
        "targets": ["ACHE"],
    }
    assert sum(version.prompt_tokens + version.completion_tokens for version in current.values()) == tally.tokens


def test_the_second_time_nothing_is_asked(opened: Opener, workspace: Workspace, chat: ChatServer) -> None:
    run(workspace, opened())
    tally = run(workspace, opened())
    assert (tally.kept, tally.written, tally.tokens, tally.usd) == (17, 0, 0, None)
    assert chat.received.total() == 17


@pytest.mark.parametrize(
    "change", [{"temperature": 0.1}, {"seed": 1}, {"prompt": "good"}, {"neighbours": True}, {"max_tokens": 50}]
)
def test_other_options_are_other_questions(opened: Opener, chat: ChatServer, change: dict) -> None:
    for options in ({}, change):
        opened(**options).describe(0)
    assert chat.received.total() == 2


@pytest.mark.parametrize(
    ("fault", "asked", "outcome", "why"),
    [
        ("truncated", 2, "written", ""),
        ("wrong schema", 2, "written", ""),
        ("refusal", 1, "refused", "I cannot help"),
        ("empty", 1, "refused", "empty"),
        ("huge", 1, "refused", "1 MB"),
        ("429", 2, "written", ""),
        ("500", 2, "written", ""),
        ("drop", 2, "written", ""),
        ("drop late", 2, "written", ""),
        ("slow 0.2", 1, "written", ""),
        ("half a character", 1, "written", ""),
    ],
)
def test_whatever_goes_wrong_is_settled_and_not_paid_again(
    opened: Opener, chat: ChatServer, fault: str, asked: int, outcome: str, why: str
) -> None:
    chat.faults = deque([fault])
    writer = opened()
    first = writer.describe(0)
    assert (first.state, why in first.reason) == (outcome, True)
    again = writer.describe(0)
    assert again.state == {"written": "kept"}.get(outcome, outcome)
    assert chat.received.total() == asked


def test_a_reply_that_is_twice_unusable_is_refused_for_good(opened: Opener, chat: ChatServer) -> None:
    chat.faults = deque(["truncated", "wrong schema"])
    assert "twice not usable" in opened().describe(0).reason
    assert opened().describe(0).state == "refused"
    assert chat.received.total() == 2
    repair = chat.bodies[1]["messages"]
    assert [message["role"] for message in repair] == ["system", "user", "assistant", "user"]
    assert opened(retry_refused=True).describe(0).state == "written"
    assert chat.received.total() == 3


def test_what_a_repair_cost_counts_in_the_version(opened: Opener, chat: ChatServer) -> None:
    chat.faults = deque(["truncated"])
    writer = opened(budget=Budget(Price(input=1, output=1)))
    version = writer.describe(0).version
    assert version.completion_tokens == 2 * 50
    assert version.cost == pytest.approx((version.prompt_tokens + 100) / 1e6)
    assert writer.budget.spent_usd == pytest.approx(version.cost)


def test_many_faults_at_once_lose_nothing(opened: Opener, workspace: Workspace, chat: ChatServer, monkeypatch) -> None:
    monkeypatch.setattr("core.llm.client.LONGEST_WAIT", 0.05)
    kinds = ["429", "500", "truncated", "drop", "refusal", "wrong schema", "empty", "429 after 0.05", "drop late", "huge"]
    chat.faults = deque(kinds * 3)
    graph = drugs_named([f"drug {number}" for number in range(60)])
    tally = run(workspace, opened(graph), concurrency=8)
    assert tally.done == 60 == tally.written + tally.refused
    asked = chat.received.total()
    again = run(workspace, opened(graph))
    assert (again.kept, again.refused, chat.received.total()) == (tally.written, tally.refused, asked)


def test_two_entities_that_ask_the_same_pay_once(opened: Opener, workspace: Workspace, chat: ChatServer) -> None:
    chat.latency = 0.1
    tally = run(workspace, opened(drugs_named(["aspirin"] * 5)))
    assert (tally.written, chat.received.total()) == (5, 1)


def test_two_at_once_share_the_answers(opened: Opener, workspace: Workspace, chat: ChatServer) -> None:
    chat.latency = 0.05
    graph = drugs_named([f"drug {number}" for number in range(30)])
    tallies = []
    threads = [threading.Thread(target=lambda: tallies.append(run(workspace, opened(graph)))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [tally.done for tally in tallies] == [30, 30]
    assert sum(tally.written for tally in tallies) == 30
    assert set(chat.received.values()) == {1}


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_stays_data_to_the_end(
    opened: Opener, workspace: Workspace, chat: ChatServer, tmp_path: Path, name: str
) -> None:
    graph = drugs_named([name])
    writer = opened(graph)
    assert writer.describe(0).state == "written"
    assert next(iter(chat.received)) == (name if len(name) <= 200 else f"{name[:200]} [cut here: {len(name)} characters]")
    export(workspace, writer)
    lines = files_of(workspace, writer).export_file.read_text().split("\n")
    assert (len(lines), json.loads(lines[0])["name"]) == (2, name)
    assert load_descriptions(graph, files_of(workspace, writer).export_file)[0].name == name


def test_the_budget_stops_before_it_is_exceeded(opened: Opener, workspace: Workspace, chat: ChatServer) -> None:
    graph = drugs_named([f"drug {number}" for number in range(40)])
    tally = run(workspace, opened(graph, budget=Budget(None, tokens=9000)), concurrency=8)
    assert tally.state == "budget spent"
    assert 0 < tally.written < 40
    spent = sum(version.prompt_tokens + version.completion_tokens for version in _all(opened(graph)))
    assert spent == tally.tokens <= 9000
    assert run(workspace, opened(graph)).kept == tally.written
    assert set(chat.received.values()) == {1}


def _all(writer):
    return writer.store.current(graph=writer.graph.name, prompt="treatment", model=MODEL).values()


def test_a_stop_ends_it_and_the_next_start_goes_on(opened: Opener, workspace: Workspace, chat: ChatServer) -> None:
    chat.latency = 0.05
    graph = drugs_named([f"drug {number}" for number in range(60)])
    writer = opened(graph)
    files = files_of(workspace, writer)
    threading.Timer(0.25, ask_to_stop, [files]).start()
    tally = run(workspace, writer)
    assert tally.state == "stopped"
    assert 0 < tally.done < 60
    assert (extraction_status(files)["state"], files.stop_file.exists()) == ("stopped", False)
    assert run(workspace, opened(graph)).kept == tally.written
    assert set(chat.received.values()) == {1}


def test_the_status_can_be_followed(opened: Opener, workspace: Workspace, chat: ChatServer, monkeypatch) -> None:
    monkeypatch.setattr("core.llm.running.SECONDS_BETWEEN_REPORTS", 0.05)
    chat.latency = 0.05
    graph = drugs_named([f"drug {number}" for number in range(40)])
    writer = opened(graph, budget=Budget(Price(input=1, output=1)))
    files = files_of(workspace, writer)
    assert extraction_status(files) is None
    seen = []
    run(workspace, writer, report=lambda tally: seen.append((extraction_status(files), is_running(files))))
    middle = [status for status, running in seen if status["seconds_left"] is not None and running]
    assert middle
    assert all(status["usd"] > 0 and status["state"] == "running" and status["seconds_left"] < 5 for status in middle)
    assert [status["done"] for status in middle] == sorted(status["done"] for status in middle)
    end = extraction_status(files)
    assert (end["state"], end["done"], end["usd"]) == ("finished", 40, pytest.approx(end["tokens"] / 1e6))
    assert not is_running(files)


def test_one_that_was_killed_is_interrupted(opened: Opener, workspace: Workspace) -> None:
    writer = opened()
    files = files_of(workspace, writer)
    run(workspace, writer)
    files.status_file.write_text(files.status_file.read_text().replace('"finished"', '"running"'))
    assert extraction_status(files)["state"] == "interrupted"


def test_a_server_that_is_gone_ends_it_with_what_it_has(
    opened: Opener, workspace: Workspace, chat: ChatServer, monkeypatch
) -> None:
    monkeypatch.setattr("core.llm.client.LONGEST_WAIT", 0.01)
    graph = drugs_named([f"drug {number}" for number in range(30)])
    run(workspace, opened(graph), rows=list(range(10)))
    chat.faults = deque(["500"] * 10_000)
    with pytest.raises(ChatError, match="attempts"):
        run(workspace, opened(graph))
    status = extraction_status(files_of(workspace, opened(graph)))
    assert (status["state"], status["kept"]) == ("failed", 10)
    chat.faults.clear()
    assert run(workspace, opened(graph)).done == 30
    assert set(chat.answered.values()) == {1}


def test_a_refused_key_ends_it_at_once(opened: Opener, workspace: Workspace, chat: ChatServer) -> None:
    chat.faults = deque(["401"] * 100)
    with pytest.raises(ChatError, match="401"):
        run(workspace, opened())
    assert chat.received.total() <= 4


def test_the_key_is_in_no_file(opened: Opener, workspace: Workspace, chat: ChatServer) -> None:
    chat.faults = deque(["401"] * 4)
    writer = opened()
    with pytest.raises(ChatError):
        run(workspace, writer)
    opened().describe(0)
    files = [path for path in workspace.root.rglob("*") if path.is_file()]
    assert any(path.suffix == ".sqlite" for path in files)
    assert not [path for path in files if KEY.encode() in path.read_bytes() or chat.url.encode() in path.read_bytes()]


def test_the_estimate_is_what_it_then_uses(opened: Opener, workspace: Workspace, chat: ChatServer) -> None:
    graph = drugs_named([f"drug {number}" for number in range(60)])
    writer = opened(graph, budget=Budget(Price(input=1, output=1)))
    before = estimate(writer, range(60))
    assert (before.entities, before.answered, before.measured, before.completion_tokens) == (60, 0, False, 60 * 320)
    assert chat.received.total() == 0
    first = run(workspace, writer, rows=list(range(30)))
    left = estimate(writer, range(60))
    assert (left.answered, left.measured) == (30, True)
    then = run(workspace, opened(graph), rows=list(range(30, 60)))
    assert left.prompt_tokens + left.completion_tokens == pytest.approx(then.tokens, rel=0.01)
    assert left.usd == pytest.approx(then.tokens / 1e6, rel=0.01)
    assert first.tokens == pytest.approx(before.prompt_tokens / 2 + 30 * 50, rel=0.4)


def test_without_a_client_nothing_is_asked(opened: Opener, chat: ChatServer) -> None:
    opened().describe(0)
    assert opened(asks=False).describe(0).state == "kept"
    assert chat.received.total() == 1


def test_the_rows_follow_the_kinds(toy: KnowledgeGraph, opened: Opener) -> None:
    def kinds(**options) -> list[str]:
        return [toy.kinds[row] for row in chosen_rows(toy, opened(**options).settings)]

    assert kinds()[:10] == ["Compound"] * 6 + ["Disease"] * 4
    assert len(kinds()) == toy.n_entities
    assert kinds(kinds=("Gene", "Disease"), limit=7) == ["Gene"] * 5 + ["Disease"] * 2
    with pytest.raises(UnknownNameError, match="Drug"):
        kinds(kinds=("Drug",))


def test_a_stop_is_heard_while_the_server_asks_to_wait(opened: Opener, workspace: Workspace, chat: ChatServer) -> None:
    chat.faults = deque(["429 after 60"] * 10)
    limits = RateLimit()
    threading.Timer(0.3, limits.stop.set).start()
    start = time.monotonic()
    assert run(workspace, opened(limits=limits)).state == "stopped"
    assert time.monotonic() - start < 5
