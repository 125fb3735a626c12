"""The client against a server that fails as it is told to."""

import logging
import threading
import time
from collections import deque
from email.utils import formatdate

import pytest

from core.errors import ChatError, ConfigError
from core.llm.abilities import ChatOptions
from core.llm.budget import Budget, BudgetSpentError, Usage
from core.llm.client import ChatClient
from core.llm.completions import Answer
from core.llm.limits import RateLimit
from core.llm.prompts import prompt_named
from core.llm.server import HOW_TO, Server, is_configured
from core.llm.subjects import Subject
from tests.llm_server import KEY, ChatServer

MESSAGES = prompt_named("treatment").messages(Subject("aspirin", "Compound", "drug"))
OPTIONS = ChatOptions(max_tokens=100, structured=True)


@pytest.fixture
def client(chat: ChatServer, monkeypatch):
    monkeypatch.setattr("core.llm.client.LONGEST_WAIT", 0.05)
    client = ChatClient(Server.from_environment(environment=chat.environment), attempts=4, timeout=5)
    yield client
    client.close()


def ask(client: ChatClient, budget: Budget | None = None, options: ChatOptions = OPTIONS) -> Answer:
    with (budget or Budget(None)).promise(1000, options.max_tokens) as promise:
        return client.ask(MESSAGES, options, promise)


@pytest.mark.parametrize(
    ("faults", "requests"),
    [
        ([], 1),
        (["429"], 2),
        (["429 after 0"], 2),
        (["500", "500", "500"], 4),
        (["drop", "drop late"], 3),
        (["not json"], 2),
        (["429", "500", "drop"], 4),
    ],
)
def test_what_passes_is_asked_again(client: ChatClient, chat: ChatServer, faults: list[str], requests: int) -> None:
    chat.faults = deque(faults)
    assert "background of aspirin" in ask(client).text
    assert (chat.received["aspirin"], chat.answered["aspirin"] - ("not json" in faults)) == (requests, 1)


def test_what_does_not_pass_is_explained(client: ChatClient, chat: ChatServer) -> None:
    chat.faults = deque(["500"] * 4)
    with pytest.raises(ChatError, match="in 4 attempts") as caught:
        ask(client)
    assert not caught.value.fatal
    assert chat.received["aspirin"] == 4


def test_a_pause_that_the_server_wants_holds_everybody(client: ChatClient, chat: ChatServer) -> None:
    chat.faults = deque(["429 after 0.8"])
    first = threading.Thread(target=ask, args=(client,))
    first.start()
    time.sleep(0.4)
    assert chat.received.total() == 1
    start = time.monotonic()
    ask(client)
    assert time.monotonic() - start > 0.2
    first.join()


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured(client: ChatClient, chat: ChatServer, form: str) -> None:
    chat.faults = deque(["429 after 0.6"])
    if form == "date":
        chat.retry_after = formatdate(time.time() + 2, usegmt=True)
    start = time.monotonic()
    ask(client)
    assert 0.6 <= time.monotonic() - start < 20


def test_a_server_that_wants_hours_is_left_alone(client: ChatClient, chat: ChatServer) -> None:
    chat.faults = deque(["429 after 7200"])
    with pytest.raises(ChatError, match="429") as caught:
        ask(client)
    assert caught.value.fatal
    assert chat.received["aspirin"] == 1


@pytest.mark.parametrize("fault", ["401", "quota"])
def test_what_no_request_can_mend_ends_all(client: ChatClient, chat: ChatServer, fault: str) -> None:
    chat.faults = deque([fault])
    with pytest.raises(ChatError) as caught:
        ask(client)
    assert caught.value.fatal
    assert chat.received["aspirin"] == 1
    assert fault != "401" or caught.value.advice == HOW_TO


def test_a_server_without_schema_is_asked_without(client: ChatClient, chat: ChatServer) -> None:
    chat.takes_schema = False
    assert ask(client).text
    assert ask(client).text
    sent = [body.get("response_format", {}).get("type") for body in chat.bodies]
    assert sent == ["json_schema", "json_object", "json_object"]


def test_a_server_with_schema_gets_it_and_keeps_it_after_a_bad_request(client: ChatClient, chat: ChatServer) -> None:
    ask(client)
    chat.token_parameter = "another_name"  # noqa: S105 - of a parameter
    with pytest.raises(ChatError, match="status 400") as caught:
        ask(client)
    assert not caught.value.fatal
    chat.token_parameter = None
    ask(client)
    assert [body["response_format"]["type"] for body in chat.bodies] == ["json_schema"] * 3


def test_the_newer_name_of_the_token_limit_is_found(client: ChatClient, chat: ChatServer) -> None:
    chat.token_parameter = "max_completion_tokens"  # noqa: S105 - of a parameter
    ask(client)
    assert [set(body) & {"max_tokens", "max_completion_tokens"} for body in chat.bodies] == [
        {"max_tokens"},
        {"max_completion_tokens"},
    ]


def test_only_what_was_chosen_is_sent(client: ChatClient, chat: ChatServer) -> None:
    ask(client, options=ChatOptions(7, temperature=None, seed=None))
    ask(client, options=ChatOptions(7, temperature=0.0, seed=3))
    kept = [{key: body[key] for key in body if key not in ("messages", "model")} for body in chat.bodies]
    assert kept == [{"max_tokens": 7}, {"max_tokens": 7, "temperature": 0.0, "seed": 3}]


@pytest.mark.parametrize(("fault", "why"), [("refusal", "refused"), ("empty", "empty"), ("huge", "1 MB")])
def test_what_was_paid_but_cannot_be_read_is_an_answer_with_a_reason(
    client: ChatClient, chat: ChatServer, fault: str, why: str
) -> None:
    chat.faults = deque([fault])
    answer = ask(client)
    assert (answer.text, why in answer.refusal) == ("", True)
    assert answer.usage.tokens > 0
    assert chat.received["aspirin"] == 1


def test_a_huge_reply_is_not_read_to_its_end(client: ChatClient, chat: ChatServer) -> None:
    chat.faults = deque(["huge"])
    ask(client)
    wait_until = time.monotonic() + 5
    while not chat.cut and time.monotonic() < wait_until:
        time.sleep(0.01)
    assert chat.cut == 1


def test_an_answer_that_takes_too_long_is_asked_again_and_counted_as_paid(chat: ChatServer) -> None:
    client = ChatClient(Server.from_environment(environment=chat.environment), attempts=3, timeout=0.3)
    chat.faults = deque(["slow 0.6"])
    budget = Budget(None)
    assert ask(client, budget).text
    assert budget.lost_tokens == budget.spent_tokens == 1000 + 100 + 100
    client.close()


def test_a_server_that_is_not_there_costs_nothing(chat: ChatServer, monkeypatch) -> None:
    monkeypatch.setattr("core.llm.client.LONGEST_WAIT", 0.05)
    client = ChatClient(Server("m", "http://127.0.0.1:9/v1", KEY), attempts=2)
    budget = Budget(None)
    with pytest.raises(ChatError, match="Connect"):
        ask(client, budget)
    assert budget.spent_tokens == 0
    client.close()


def test_lost_answers_end_at_the_budget(client: ChatClient, chat: ChatServer) -> None:
    chat.faults = deque(["drop"] * 4)
    with pytest.raises(BudgetSpentError):
        ask(client, Budget(None, tokens=2500))
    assert chat.received["aspirin"] == 2


def test_the_pace_of_the_server_is_kept(chat: ChatServer) -> None:
    client = ChatClient(Server.from_environment(environment=chat.environment), limits=RateLimit(requests=60 * 20))
    start = time.monotonic()
    for _ in range(11):
        ask(client)
    assert time.monotonic() - start >= 10 / 20 - 0.01
    client.close()


def test_usage_is_what_the_server_says(client: ChatClient) -> None:
    usage = ask(client).usage
    assert usage == Usage(usage.prompt_tokens, 50)
    assert usage.prompt_tokens > 100


def test_the_key_is_shown_nowhere(client: ChatClient, chat: ChatServer, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    chat.faults = deque(["401"])
    with pytest.raises(ChatError) as caught:
        ask(client)
    assert "[key]" in caught.value.message
    assert caught.value.__cause__ is None
    chat.faults = deque(["500"] * 4)
    with pytest.raises(ChatError) as again:
        ask(client)
    shown = [caught.value.message, again.value.message, repr(client), repr(client.server), str(client.server), caplog.text]
    assert not [text for text in shown if KEY in text]


def test_a_model_that_repeats_the_key_does_not_bring_it_into_the_store(client: ChatClient, chat: ChatServer) -> None:
    messages = prompt_named("original").messages(Subject(KEY, "Compound", "drug"))
    with Budget(None).promise(1000, 100) as promise:
        answer = client.ask(messages, ChatOptions(100), promise)
    assert answer.text == "[key] is something."


@pytest.mark.parametrize(
    ("environment", "configured"),
    [
        ({}, False),
        ({"LLADR_CHAT_MODEL": "m"}, False),
        ({"OPENAI_API_KEY": "k"}, False),
        ({"OPENAI_API_KEY": "k", "LLADR_CHAT_MODEL": "m"}, True),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "LLADR_CHAT_MODEL": "m"}, True),
    ],
)
def test_what_must_be_configured(environment: dict[str, str], configured: bool) -> None:
    assert is_configured(environment) == configured
    if not configured:
        with pytest.raises(ConfigError, match="LLADR_CHAT_MODEL"):
            Server.from_environment(environment=environment)
