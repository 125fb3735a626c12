"""Ask a chat model at any OpenAI-compatible server: retries, pauses, limits, what the server can and cannot do."""

import json
import time
from dataclasses import replace
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import tenacity

from core.errors import ChatError
from core.llm.abilities import Abilities, ChatOptions
from core.llm.budget import Promise, input_bytes, likely_tokens
from core.llm.completions import Answer, read_completion
from core.llm.limits import RateLimit
from core.llm.prompts import Message
from core.llm.server import HOW_TO, Server

if TYPE_CHECKING:
    from openai import APIStatusError, OpenAI

ATTEMPTS = 8  #: of one request; waits of 0.5 to 60 s between them: about two minutes in all
LONGEST_WAIT = 60.0  #: seconds between two attempts, unless the server names its own
LONGEST_RETRY_AFTER = 600.0  #: seconds; a server that wants more is left alone
TIMEOUT = 180.0  #: seconds for one whole reply
MOST_BYTES = 1_000_000  #: of a reply; a description has some thousand


class _RetryError(Exception):
    def __init__(self, what: str, *, after: float | None = None, everybody: bool = False) -> None:
        self.after = after
        self.everybody = everybody
        super().__init__(what)


class ChatClient:
    """Ask one model; threads share it.

    :param limits: of the server; also what a stop ends
    """

    def __init__(
        self, server: Server, *, limits: RateLimit | None = None, attempts: int = ATTEMPTS, timeout: float = TIMEOUT
    ) -> None:
        self.server = server
        self.limits = limits or RateLimit()
        self._attempts = attempts
        self._timeout = timeout
        self._abilities = Abilities()

    def close(self) -> None:
        """Close the connections."""
        if "_client" in self.__dict__:
            self._client.close()

    def ask(self, messages: list[Message], options: ChatOptions, promise: Promise) -> Answer:
        """Return the reply, after as many attempts as it takes.

        :param promise: the budget that is reserved for it; answers that were lost on the way count there
        :raises ChatError: if the server does not answer usably
        :raises StoppedError: if a stop was asked for while it waited
        :raises BudgetSpentError: if answers were lost and another attempt does not fit
        """
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_RetryError),
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=self._wait,
            sleep=self.limits.sleep,
            reraise=True,
        )
        try:
            return retrying(self._attempt, messages, options, promise)
        except _RetryError as error:
            raise ChatError(
                f"The chat server did not answer usably in {self._attempts} attempts: {error}.",
                expected="a server that speaks /v1/chat/completions",
                advice="check OPENAI_BASE_URL and the server; what was answered is kept, give the same command again later.",
            ) from None

    def _attempt(self, messages: list[Message], options: ChatOptions, promise: Promise) -> Answer:
        import httpx2  # comes with openai, and is what it talks through
        from openai import APIConnectionError, APIStatusError

        estimate = likely_tokens(input_bytes(messages)) + options.max_tokens / 2
        self.limits.acquire(estimate)
        parameters = self._abilities.parameters(options)
        try:
            body = self._body(messages, parameters)
        except APIStatusError as error:
            self._explain(error, parameters)
            raise AssertionError from None  # _explain always raises
        except (APIConnectionError, httpx2.HTTPError) as error:
            cause = error.__cause__ or error
            if not isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout):
                promise.lost()
            raise _RetryError(self.server.scrubbed(f"{type(cause).__name__} {cause}".strip())) from None
        answer = self._read(body, messages, promise)
        self._abilities.worked(parameters)
        self.limits.correct(estimate, answer.usage.tokens)
        return answer

    def _body(self, messages: list[Message], parameters: dict[str, Any]) -> bytes | None:
        """Return the reply's bytes, or None where they are too many to be a description."""
        import httpx2

        end = time.monotonic() + self._timeout
        body = bytearray()
        create = self._client.chat.completions.with_streaming_response.create
        # extra_body goes out as it is; the package would walk through the schema with each request
        with create(model=self.server.model, messages=messages, extra_body=parameters) as response:
            for piece in response.iter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    return None
                if time.monotonic() > end:
                    message = f"no whole reply in {self._timeout:g} s"
                    raise httpx2.ReadTimeout(message)
        return bytes(body)

    def _read(self, body: bytes | None, messages: list[Message], promise: Promise) -> Answer:
        if body is None:
            return Answer("", promise.most, f"the reply has more than {MOST_BYTES / 1e6:g} MB")
        try:
            answer = read_completion(json.loads(body), input_bytes=input_bytes(messages))
        except (ValueError, RecursionError):
            promise.lost()
            raise _RetryError(f"it sent no chat completion: {self.server.scrubbed(_start(body))}") from None
        return replace(answer, text=self.server.scrubbed(answer.text), refusal=self.server.scrubbed(answer.refusal))

    def _explain(self, error: "APIStatusError", parameters: dict[str, Any]) -> None:
        """Raise what a status that is not 200 means: ask again, or give up.

        :raises _RetryError: if another attempt may succeed
        :raises ChatError: if none will
        """
        status, message = error.status_code, self.server.scrubbed(str(error))[:300]
        after = _retry_after(error.response.headers)
        quota = "insufficient_quota" in message
        if status in (400, 422, 501) and self._abilities.lack(parameters, message):
            raise _RetryError(message, after=0.0) from None
        if (status in (408, 409, 429) or status >= 500) and not quota and (after or 0) <= LONGEST_RETRY_AFTER:
            raise _RetryError(message, after=after, everybody=status in (429, 503)) from None
        fatal = status not in (400, 413, 422)
        advice = {401: HOW_TO, 403: HOW_TO, 404: f"check the model's name ({self.server.model}) and OPENAI_BASE_URL."}
        raise ChatError(
            f"The chat server refused the request (status {status}): {message}",
            advice=advice.get(status, "wait, or check the account." if fatal else "check the options, such as --temperature."),
            fatal=fatal,
        ) from None

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Return the seconds that the server wants, else twice as long as before with some chance in it."""
        error = state.outcome.exception() if state.outcome else None
        after = error.after if isinstance(error, _RetryError) else None
        backoff = tenacity.wait_exponential_jitter(multiplier=0.5, max=LONGEST_WAIT, jitter=0.25)
        seconds = backoff(state) if after is None else after
        if isinstance(error, _RetryError) and error.everybody:
            self.limits.pause(seconds)
        return seconds

    @cached_property
    def _client(self) -> "OpenAI":
        return connect(self.server, timeout=self._timeout)


def connect(server: Server, *, timeout: float = TIMEOUT) -> "OpenAI":
    """Return a connection that never asks again by itself: what may be paid is decided here."""
    import httpx2
    from openai import OpenAI

    pool = httpx2.Limits(max_connections=None, max_keepalive_connections=256)
    http = httpx2.Client(timeout=httpx2.Timeout(timeout, connect=20), limits=pool, follow_redirects=True)
    return OpenAI(base_url=server.base_url, api_key=server.api_key, max_retries=0, http_client=http)


def _retry_after(headers: Any) -> float | None:
    """Return the seconds of a Retry-After header, given as seconds or as a date; None where there is none."""
    value = headers.get("retry-after", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def _start(body: bytes) -> str:
    return repr(body[:80].decode("utf-8", "replace"))
