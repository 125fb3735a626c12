"""Describe entities through a server's batch interface: submit, look, collect; half the price, an answer within a day."""

import json
import logging
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from core.config import DescribeSettings
from core.errors import ChatError
from core.llm.abilities import batch_parameters
from core.llm.budget import Budget, BudgetSpentError
from core.llm.cache import BATCH_OWNER, Question, ReplyCache, has_ended
from core.llm.client import connect
from core.llm.completions import read_completion
from core.llm.extraction import UnansweredError, Writer, keep_answer
from core.llm.following import Tally
from core.llm.prompts import Message
from core.llm.server import Server
from core.llm.store import now

logger = logging.getLogger(__name__)

CLAIMED_AT_ONCE = 500  #: questions in one transaction, and in memory
MOST_REQUESTS = 50_000  #: in one batch, as OpenAI allows
MOST_BYTES = 150_000_000  #: in one batch; OpenAI allows 200 MB
ENDED = ("completed", "expired", "cancelled", "failed")  #: states in which a batch changes no more
MARK = "lladr"  #: the name under which a batch at the server carries our own number


@dataclass(frozen=True)
class BatchState:
    """One batch as the server sees it."""

    number: str  #: our own
    remote: str  #: the server's
    state: str
    requests: int
    completed: int
    failed: int
    submitted: str  #: UTC


@dataclass(frozen=True)
class Job:
    """What a batch was made for."""

    graph: str
    settings: DescribeSettings
    lost: int  #: requests that came back without an answer


class Batches:
    """The batches of a workspace.

    :param budget: with the price of a batch
    """

    def __init__(self, server: Server, cache: ReplyCache, budget: Budget) -> None:
        self._server = server
        self._cache = cache
        self._budget = budget
        self._api = connect(server)

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def submit(self, writer: Writer, rows: Sequence[int], *, most: int = MOST_REQUESTS) -> Tally:
        """Send all questions that nobody has answered, as far as the budget goes, in as many batches as it takes.

        :param writer: has no client of its own
        :param most: requests in one batch
        """
        self.recover()
        tally = writer.tally(len(rows))
        with ExitStack() as promises:
            questions = self._open_questions(writer, rows, tally, promises)
            while self._submit(writer, questions, most):
                pass
            tally.count_money(self._budget)
            tally.tokens = self._budget.promised.tokens
        tally.state = "budget spent" if tally.done < tally.total else "finished"
        return tally

    def states(self) -> list[BatchState]:
        """Ask the server how far the batches are that are not collected yet."""
        self.recover()
        return [self._state(row) for row in self._rows("open")]

    def collect(self) -> tuple[list[Job], list[BatchState]]:
        """Keep the answers of all batches that have ended; return what they were made for, and the batches that go on.

        Questions that came back without an answer can be asked again.
        """
        self.recover()
        jobs: list[Job] = []
        running = []
        for row in self._rows("open"):
            state = self._state(row)
            if state.state in ENDED:
                jobs.append(self._collect(row))
            else:
                running.append(state)
        return jobs, running

    def recover(self) -> None:
        """Find out what became of batches whose sending was killed: adopt those that the server has, give up the others."""
        rows = [row for row in self._rows("preparing") if has_ended(row["remote"])]
        if not rows:
            return
        with self._explained():
            there = {(batch.metadata or {}).get(MARK): batch.id for batch in self._api.batches.list(limit=100)}
        for row in rows:
            if row["id"] in there:
                self._set(row["id"], "open", there[row["id"]], row["requests"])
            else:
                self._cache.release_all(BATCH_OWNER + row["id"])
                self._set(row["id"], "collected", "", 0)

    def _open_questions(self, writer: Writer, rows: Sequence[int], tally: Tally, promises: ExitStack) -> Iterator["_Line"]:
        """Yield what nobody has answered, until the budget would not allow the next one."""
        for row in rows:
            try:
                outcome = writer.describe(row)
            except UnansweredError as error:
                try:
                    promises.enter_context(
                        self._budget.promise(error.question.input_bytes, writer.options.max_tokens, wait=False)
                    )
                except BudgetSpentError:
                    return
                tally.settle("waiting", **writer.identity(row))
                yield _Line(error.question, error.messages)
            else:
                tally.settle(outcome.state, **writer.identity(row), reason=outcome.reason)

    def _submit(self, writer: Writer, questions: Iterator["_Line"], most: int) -> bool:
        """Claim, upload and start one batch; False where nothing is left to ask."""
        number = uuid.uuid4().hex
        job = json.dumps({"graph": writer.graph.name, "settings": writer.settings.model_dump(mode="json")})
        with self._cache.database.writing() as connection:
            values = (number, self._cache.owner, job, now())
            connection.execute("INSERT INTO batch VALUES (?, ?, 'preparing', ?, 0, ?)", values)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "requests.jsonl"
            count = self._fill(path, BATCH_OWNER + number, writer, questions, most)
            if count:
                with self._explained():
                    file = self._api.files.create(file=path, purpose="batch")
                    remote = self._api.batches.create(
                        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={MARK: number}
                    )
        self._set(number, "open" if count else "collected", remote.id if count else "", count)
        return count > 0

    def _fill(self, path: Path, owner: str, writer: Writer, questions: Iterator["_Line"], most: int) -> int:
        """Write one request a line; claimed first, so that nobody else asks it; return how many."""
        count, shared = 0, {"model": writer.settings.model, **batch_parameters(writer.options)}
        with path.open("w", encoding="utf-8") as file:
            while (
                count < most
                and file.tell() < MOST_BYTES
                and (part := list(islice(questions, min(CLAIMED_AT_ONCE, most - count))))
            ):
                claimed = self._cache.claim_for_batch([line.question for line in part], owner)
                for line in part:
                    if line.question.key in claimed:
                        claimed.remove(line.question.key)  # two entities may ask the same
                        file.write(line.request(shared) + "\n")
                        count += 1
        return count

    def _state(self, row: sqlite3.Row) -> BatchState:
        with self._explained():
            batch = self._api.batches.retrieve(row["remote"])
        counts = batch.request_counts
        done = (counts.completed, counts.failed) if counts else (0, 0)
        return BatchState(row["id"], row["remote"], batch.status, row["requests"], *done, row["submitted"])

    def _collect(self, row: sqlite3.Row) -> Job:
        with self._explained():
            batch = self._api.batches.retrieve(row["remote"])
        if batch.output_file_id:
            for line in self._lines(batch.output_file_id):
                self._keep(line)
        lost = self._cache.release_all(BATCH_OWNER + row["id"])
        if lost:
            logger.warning("%d requests of batch %s came back without an answer", lost, row["remote"])
        self._set(row["id"], "collected", row["remote"], row["requests"])
        job = json.loads(row["job"])
        return Job(job["graph"], DescribeSettings.parse(job["settings"]), lost)

    def _lines(self, file: str) -> Iterator[str]:
        with self._explained(), self._api.files.with_streaming_response.content(file) as response:
            yield from response.iter_lines()

    def _keep(self, line: str) -> None:
        """Keep one answer; one that was kept before a kill is not counted again, one without a usable body is left out."""
        try:
            record = json.loads(line)
            key = bytes.fromhex(record["custom_id"])
            answer = read_completion(record["response"]["body"])
        except (ValueError, KeyError, TypeError):
            return  # its claim is released, counted and told by _collect
        if self._cache.get(key) is None:
            keep_answer(self._cache, key, answer, self._budget)

    def _rows(self, state: str) -> list[sqlite3.Row]:
        return self._cache.database.rows("SELECT * FROM batch WHERE state = ? ORDER BY submitted", (state,))

    def _set(self, number: str, state: str, remote: str, requests: int) -> None:
        with self._cache.database.writing() as connection:
            values = (state, remote, requests, number)
            connection.execute("UPDATE batch SET state = ?, remote = ?, requests = ? WHERE id = ?", values)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        import httpx2  # comes with openai, and is what it talks through
        from openai import OpenAIError

        try:
            yield
        except (OpenAIError, httpx2.HTTPError) as error:
            raise ChatError(
                f"The server's batch interface did not answer usably: {self._server.scrubbed(str(error))[:300]}",
                expected="a server that speaks /v1/files and /v1/batches",
                advice="give the same command again later: nothing is asked twice; or use --engine direct.",
                fatal=True,
            ) from None


@dataclass(frozen=True)
class _Line:
    """One question of a batch."""

    question: Question
    messages: list[Message]

    def request(self, shared: dict[str, Any]) -> str:
        """Return its line in the file that is uploaded."""
        body = {**shared, "messages": self.messages}
        return json.dumps({"custom_id": self.question.key.hex(), "method": "POST", "url": "/v1/chat/completions", "body": body})


def harvest(writer: Writer, rows: Sequence[int]) -> Tally:
    """Make descriptions of the answers that are there, without asking anything."""
    tally = writer.tally(len(rows))
    for row in rows:
        try:
            outcome = writer.describe(row)
        except UnansweredError:
            continue
        tally.settle(outcome.state, **writer.identity(row), reason=outcome.reason)
    tally.state = "finished" if tally.done == tally.total else "stopped"
    return tally
