"""Turns against a clock."""

import threading
import time

import pytest

from core.llm.limits import RateLimit, StoppedError


def _times(limits: RateLimit, count: int, tokens: float = 0, threads: int = 4) -> list[float]:
    start, times = time.monotonic(), []

    def work(share: int) -> None:
        for _ in range(share):
            limits.acquire(tokens)
            times.append(time.monotonic() - start)

    workers = [threading.Thread(target=work, args=(count // threads,)) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sorted(times)


def test_requests_keep_to_the_pace() -> None:
    times = _times(RateLimit(requests=60 * 40), 24)
    assert all(moment >= number / 40 - 0.005 for number, moment in enumerate(times))
    assert times[-1] < 23 / 40 + 0.5


def test_tokens_keep_to_the_pace_and_corrections_count() -> None:
    limits = RateLimit(tokens=60 * 1000)
    times = _times(limits, 12, tokens=50)
    assert all(moment >= number * 50 / 1000 - 0.005 for number, moment in enumerate(times))
    start = time.monotonic()
    limits.correct(50, 350)
    limits.acquire(1)
    assert time.monotonic() - start >= 0.25


def test_a_pause_holds_everybody() -> None:
    limits = RateLimit()
    limits.pause(0.3)
    assert _times(limits, 4)[0] >= 0.29


def test_a_stop_ends_all_waiting() -> None:
    limits = RateLimit()
    limits.pause(60)
    threading.Timer(0.1, limits.stop.set).start()
    with pytest.raises(StoppedError):
        limits.acquire(0)
    with pytest.raises(StoppedError):
        limits.acquire(0)
