"""Keep to a server's limits of requests and tokens a minute, and to the pauses it asks for."""

import random
import threading
import time
from dataclasses import dataclass

BURST = 1.0  #: seconds whose worth may go out at once


class StoppedError(Exception):
    """Somebody asked to stop while a request waited for its turn."""


@dataclass
class _Pace:
    """Hand out times that are evenly spaced (the generic cell rate algorithm): each waiter sleeps once."""

    per_minute: float
    next_free: float = 0.0  #: monotonic seconds

    def take(self, amount: float) -> float:
        """Return how many seconds to wait for so much."""
        now = time.monotonic()
        start = max(self.next_free, now - BURST)
        self.next_free = start + amount * 60 / self.per_minute
        return max(0.0, start - now)


class RateLimit:
    """Share a server's limits among threads.

    :param requests: a minute; None for no limit
    :param tokens: a minute, of prompts and replies; None for no limit
    :param stop: set where all waiting shall end
    """

    def __init__(
        self, *, requests: float | None = None, tokens: float | None = None, stop: threading.Event | None = None
    ) -> None:
        self.stop = stop or threading.Event()
        self._requests = _Pace(requests, time.monotonic()) if requests else None
        self._tokens = _Pace(tokens, time.monotonic()) if tokens else None
        self._paused_until = 0.0
        self._lock = threading.Lock()

    def acquire(self, tokens: float) -> None:
        """Wait until a request with so many tokens may go out.

        :raises StoppedError: if a stop was asked for meanwhile
        """
        while True:
            self.sleep(self._turn(tokens))
            if (pause := self._paused_until - time.monotonic()) <= 0:
                return
            self.sleep(pause * (1 + random.random() / 10))  # noqa: S311 - so that not all wake at once

    def correct(self, estimated: float, used: float) -> None:
        """Take the difference to what was estimated into account for the turns to come."""
        with self._lock:
            if self._tokens:
                self._tokens.next_free += (used - estimated) * 60 / self._tokens.per_minute

    def pause(self, seconds: float) -> None:
        """Let no request of any thread out for so long: the server asked for it."""
        with self._lock:
            self._paused_until = max(self._paused_until, time.monotonic() + seconds)

    def sleep(self, seconds: float) -> None:
        """Sleep; a stop ends it.

        :raises StoppedError: if a stop was asked for
        """
        if self.stop.wait(seconds) if seconds > 0 else self.stop.is_set():
            raise StoppedError

    def _turn(self, tokens: float) -> float:
        with self._lock:
            requests = self._requests.take(1) if self._requests else 0.0
            return max(requests, self._tokens.take(tokens) if self._tokens else 0.0)
