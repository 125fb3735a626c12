"""Claims: of many who want the same answer exactly one asks."""

import multiprocessing
import os
import threading
import time
from pathlib import Path

import pytest

from core.llm.cache import BATCH_OWNER, CachedReply, Question, ReplyCache, reply_key

QUESTION = Question(b"k", "m", "treatment", 100)
DONE = CachedReply("done", "text", "", 10, 5, 0.25)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
def cache(path: Path):
    cache = ReplyCache(path)
    yield cache
    cache.close()


def test_a_reply_is_kept_and_never_asked_again(cache: ReplyCache) -> None:
    assert cache.claim(QUESTION)
    assert cache.get(b"k") is None
    cache.finish(b"k", DONE)
    assert cache.get(b"k") == DONE
    assert not cache.claim(QUESTION)


def test_one_of_many_threads_asks(cache: ReplyCache) -> None:
    won = []
    threads = [threading.Thread(target=lambda: won.append(cache.claim(QUESTION))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 19 + [True]


def test_a_released_claim_is_free(cache: ReplyCache) -> None:
    cache.claim(QUESTION)
    cache.release(b"k")
    assert cache.claim(QUESTION)


def test_closing_gives_back_what_was_claimed(cache: ReplyCache, path: Path) -> None:
    other = ReplyCache(path)
    other.claim(QUESTION)
    assert not cache.claim(QUESTION)
    other.close()
    assert cache.claim(QUESTION)


def test_the_claim_of_a_killed_process_is_taken_over_at_once(cache: ReplyCache, path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_claim_and_die, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == 9
    assert cache.claim(QUESTION)


def _claim_and_die(path: Path) -> None:
    assert ReplyCache(path).claim(QUESTION)
    os._exit(9)


def test_a_claim_from_another_machine_goes_stale_but_not_while_it_lives(path: Path, cache: ReplyCache, monkeypatch) -> None:
    patient = ReplyCache(path, stale_after=0.4)
    elsewhere = ReplyCache(path, stale_after=0.4)
    elsewhere.owner = "another machine|1|x"
    assert elsewhere.claim(QUESTION)
    time.sleep(0.8)
    assert not patient.claim(QUESTION)  # its heart beats
    elsewhere._closing.set()
    elsewhere._heart.join()
    time.sleep(0.6)
    assert patient.claim(QUESTION)
    patient.close()
    elsewhere.database.close()


def test_what_waits_in_a_batch_never_goes_stale(path: Path) -> None:
    cache = ReplyCache(path, stale_after=0.0)
    assert cache.claim_for_batch([QUESTION], f"{BATCH_OWNER}1") == {b"k"}
    assert not cache.claim(QUESTION)
    assert cache.waiting_in_batch(b"k")
    assert cache.release_all(f"{BATCH_OWNER}1") == 1
    assert cache.claim(QUESTION)
    cache.close()


def test_asking_again_what_was_refused_adds_to_what_it_cost(cache: ReplyCache) -> None:
    cache.claim(QUESTION)
    cache.finish(b"k", CachedReply("refused", "", "empty", 10, 5, 0.25))
    assert not cache.claim(QUESTION)
    cache.reopen(b"k")
    assert cache.claim(QUESTION)
    cache.finish(b"k", DONE)
    assert cache.get(b"k") == CachedReply("done", "text", "", 20, 10, 0.5)


@pytest.mark.parametrize(
    "change",
    [
        {"model": "n"},
        {"options": {"temperature": 0.1}},
        {"prompt": "good"},
        {"prompt_version": 2},
        {"messages": [{"content": "y"}]},
    ],
)
def test_whatever_determines_a_reply_is_in_its_key(change: dict) -> None:
    same = {"model": "m", "options": {"temperature": 0.7}, "prompt": "none", "prompt_version": 1, "messages": [{"content": "x"}]}
    assert reply_key(**same) == reply_key(**same)
    assert reply_key(**same) != reply_key(**{**same, **change})


def test_usual_tokens_are_the_mean_of_what_was_used(cache: ReplyCache) -> None:
    for number in range(20):
        assert cache.usual_tokens("m", "treatment") is None
        key = bytes([number])
        cache.claim(Question(key, "m", "treatment", 100))
        cache.finish(key, CachedReply("done", "x", "", 20 + number, number + 1, 0.0))
    rate, reply = cache.usual_tokens("m", "treatment")
    assert rate == pytest.approx(sum(range(20, 40)) / 2000)
    assert reply == pytest.approx(sum(range(1, 21)) / 20)
