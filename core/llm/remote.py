"""Let other processes or machines ask, each its own server, such as one vLLM a node; this process keeps what they answer."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from core.errors import ChatError
from core.llm.abilities import ChatOptions
from core.llm.budget import OVERHEAD, Budget, BudgetSpentError, Promise, Usage
from core.llm.cache import Question
from core.llm.client import ChatClient
from core.llm.completions import Answer
from core.llm.extraction import SECONDS_BETWEEN_LOOKS, UnansweredError, Writer, keep_answer
from core.llm.following import Tally, followed_files, save_tally
from core.llm.prompts import Message
from core.llm.server import Server
from core.types import Engine
from core.workspace import ExtractionFiles

WAVE = 2048  #: questions that are handed to the workers together
CHUNK = 32  #: questions that one worker asks at the same time: what a kill can lose of each worker's


@dataclass(frozen=True)
class Chunk:
    """Questions for one worker; it takes address and key from its own environment."""

    model: str
    options: ChatOptions
    questions: tuple[tuple[list[Message], Usage], ...]  #: what is asked, and the most it may use


@dataclass(frozen=True)
class Asked:
    """What a worker got for one question."""

    answer: Answer | None
    problem: str = ""
    lost: bool = False  #: an answer was lost on the way and may have been paid


def ask_chunk(chunk: Chunk) -> list[Asked]:
    """Ask all questions of a chunk at the same time, in a worker.

    :raises ChatError: if no request can succeed
    """
    client = ChatClient(Server.from_environment(chunk.model))
    try:
        with ThreadPoolExecutor(len(chunk.questions)) as threads:
            return list(threads.map(lambda question: _ask(client, *question, chunk.options), chunk.questions))
    finally:
        client.close()


def _ask(client: ChatClient, messages: list[Message], most: Usage, options: ChatOptions) -> Asked:
    own = Budget(None, tokens=most.tokens)  # enough for one answer: whether a lost one is asked again is decided at home
    try:
        with own.promise(most.prompt_tokens - OVERHEAD, most.completion_tokens) as promise:
            return Asked(client.ask(messages, options, promise))
    except BudgetSpentError:
        return Asked(None, "the answer was lost on the way", lost=True)
    except ChatError as error:
        if error.fatal:
            raise
        return Asked(None, error.found)


def extract_with(
    engine: Engine,
    writer: Writer,
    rows: Sequence[int],
    files: ExtractionFiles,
    *,
    stop: threading.Event,
    report: Callable[[Tally], None] = lambda tally: None,
) -> Tally:
    """Describe entities through an engine, in waves; the writer has no client of its own.

    :raises LladrError: if no request can succeed any more
    """
    tally = writer.tally(len(rows))
    waves = _Waves(engine, writer, rows, tally)
    with followed_files(files, tally) as mine:
        try:
            while not stop.is_set() and waves.ask_one():
                report(tally)
                if mine:
                    save_tally(files, tally)
                    stop.set() if files.stop_file.exists() else None
            tally.state = "finished" if tally.done == tally.total else "stopped"
        except BudgetSpentError:
            tally.state = "budget spent"
        except BaseException as error:
            tally.state, tally.message = "failed", str(error) or type(error).__name__
            raise
        finally:
            tally.count_money(writer.budget)
            report(tally)
    return tally


@dataclass(frozen=True)
class _Open:
    """An entity with the question that is to be asked about it now."""

    row: int
    question: Question
    messages: list[Message]


class _Waves:
    def __init__(self, engine: Engine, writer: Writer, rows: Sequence[int], tally: Tally) -> None:
        self._engine, self._writer, self._tally = engine, writer, tally
        self._fresh, self._again = iter(rows), deque[int]()

    def ask_one(self) -> bool:
        """Ask the next questions and keep the answers; False where there are none."""
        wave = self._collect()
        with ExitStack() as stack:
            kept = [(each, promise) for each in wave if (promise := self._promised(stack, each))]
            chunks = [kept[start : start + CHUNK] for start in range(0, len(kept), CHUNK)]
            for place, result in self._engine.map(ask_chunk, [self._chunk(chunk) for chunk in chunks]):
                if isinstance(result, Exception):
                    raise result
                for (each, promise), asked in zip(chunks[place], result, strict=True):
                    self._keep(each, promise, asked)
        if wave and not kept:
            time.sleep(SECONDS_BETWEEN_LOOKS)  # another process asks all of them
        self._tally.count_money(self._writer.budget)
        return bool(wave)

    def _collect(self) -> list[_Open]:
        """Return the next questions that nobody has answered; count the entities that are settled on the way."""
        wave: list[_Open] = []
        while len(wave) < WAVE and (row := self._next()) is not None:
            try:
                outcome = self._writer.describe(row)
                self._tally.settle(outcome.state, **self._writer.identity(row), reason=outcome.reason)
            except UnansweredError as error:
                wave.append(_Open(row, error.question, error.messages))
        return wave

    def _next(self) -> int | None:
        return self._again.popleft() if self._again else next(self._fresh, None)

    def _promised(self, stack: ExitStack, each: _Open) -> Promise | None:
        """Reserve and claim; where that cannot be now, the entity comes again."""
        budget, most = self._writer.budget, self._writer.options.max_tokens
        try:
            promise = stack.enter_context(budget.promise(each.question.input_bytes, most, wait=False))
        except BudgetSpentError:
            if not budget.under_way:
                raise
            promise = None
        if promise and self._writer.cache.claim(each.question):
            stack.callback(self._writer.cache.release, each.question.key)  # does nothing once it is answered
            return promise
        self._again.append(each.row)
        return None

    def _chunk(self, kept: list[tuple[_Open, Promise]]) -> Chunk:
        questions = tuple((each.messages, promise.most) for each, promise in kept)
        return Chunk(self._writer.settings.model, self._writer.options, questions)

    def _keep(self, each: _Open, promise: Promise, asked: Asked) -> None:
        if asked.answer:
            keep_answer(self._writer.cache, each.question.key, asked.answer, self._writer.budget)
            self._again.append(each.row)
            return
        if asked.lost:
            promise.give_up()
        self._tally.settle("failed", **self._writer.identity(each.row), reason=asked.problem)
