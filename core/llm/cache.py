"""Keep each paid reply by the content of its question; of several processes one asks and the others wait for its answer."""

import hashlib
import json
import os
import socket
import sqlite3
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from core.errors import WorkspaceError
from core.llm.database import Database
from core.llm.prompts import Message
from core.llm.store import now

STALE_AFTER = 60.0  #: seconds without a sign of life after which a claim is taken over
NEVER_STALE = 1e18  #: heartbeat of what waits in a batch at the server
BATCH_OWNER = "batch:"


@dataclass(frozen=True)
class CachedReply:
    """A reply that was paid for."""

    state: Literal["done", "refused"]
    text: str
    reason: str = ""  #: why it is refused
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0


def reply_key(model: str, options: dict[str, Any], prompt: str, prompt_version: int, messages: Sequence[Message]) -> bytes:
    """Return the SHA-256 of all that determines a reply."""
    content = [model, options, prompt, prompt_version, list(messages)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest()


@dataclass(frozen=True)
class Question:
    """What is kept with a claim, for estimates."""

    key: bytes
    model: str
    prompt: str
    input_bytes: int


class ReplyCache:
    """Replies by content, in the SQLite file of the descriptions; threads and processes may share it.

    A claim is kept alive by a thread that writes a sign of life; one whose process on this machine has ended, or that has been
    silent for long, is taken over.

    :param path: the file
    :param stale_after: seconds
    """

    def __init__(self, path: Path, *, stale_after: float = STALE_AFTER) -> None:
        self.database = Database(path)
        self.owner = f"{_machine()}|{os.getpid()}|{uuid.uuid4().hex}"
        self._stale_after = stale_after
        self._closing = threading.Event()
        self._heart: threading.Thread | None = None

    def close(self) -> None:
        """Give back what is still claimed, and close the file."""
        self._closing.set()
        if self._heart:
            self._heart.join()
        self.release_all(self.owner)
        self.database.close()

    def get(self, key: bytes) -> CachedReply | None:
        """Return a reply that is there."""
        rows = self.database.rows("SELECT * FROM reply WHERE key = ? AND state IN ('done', 'refused')", (key,))
        if not rows:
            return None
        row = rows[0]
        return CachedReply(row["state"], row["text"], row["reason"], row["prompt_tokens"], row["completion_tokens"], row["cost"])

    def claim(self, question: Question) -> bool:
        """Try to become the one who asks; False where the reply is there, or somebody alive is asking."""
        with self.database.writing(durable=False) as connection:  # a claim dies with the machine
            claimed = self._claim(connection, question, self.owner, time.time())
        if claimed:
            self._keep_alive()
        return claimed

    def claim_for_batch(self, questions: Sequence[Question], owner: str) -> set[bytes]:
        """Claim for a batch, until it is collected; return the keys of those that were free.

        :param owner: begins with :data:`BATCH_OWNER`
        """
        with self.database.writing() as connection:
            return {each.key for each in questions if self._claim(connection, each, owner, NEVER_STALE)}

    def release_all(self, owner: str) -> int:
        """Give back all that an owner has claimed and not answered; return how many."""
        with self.database.writing() as connection:
            query = "UPDATE reply SET state = 'pending', owner = '' WHERE state = 'claimed' AND owner = ?"
            return connection.execute(query, (owner,)).rowcount

    def _claim(self, connection: sqlite3.Connection, question: Question, owner: str, beat: float) -> bool:
        row = connection.execute("SELECT state, owner, heartbeat FROM reply WHERE key = ?", (question.key,)).fetchone()
        if row and (row["state"] in ("done", "refused") or (row["state"] == "claimed" and self._alive(row))):
            return False
        connection.execute(
            """INSERT INTO reply (key, state, owner, heartbeat, model, prompt, input_bytes)
               VALUES (?, 'claimed', ?, ?, ?, ?, ?)
               ON CONFLICT (key) DO UPDATE SET state = 'claimed', owner = excluded.owner, heartbeat = excluded.heartbeat""",
            (question.key, owner, beat, question.model, question.prompt, question.input_bytes),
        )
        return True

    def finish(self, key: bytes, reply: CachedReply) -> None:
        """Write a reply durably; tokens and costs add to those of an earlier, refused one."""
        values = (reply.state, reply.text, reply.reason, reply.prompt_tokens, reply.completion_tokens, reply.cost, now(), key)
        self.database.write_together(
            """UPDATE reply SET state = ?, owner = '', text = ?, reason = ?, prompt_tokens = prompt_tokens + ?,
               completion_tokens = completion_tokens + ?, cost = cost + ?, answered = ? WHERE key = ?""",
            values,
        )

    def refuse(self, key: bytes, reason: str) -> None:
        """Mark a reply that is there as one that cannot be used."""
        with self.database.writing() as connection:
            connection.execute("UPDATE reply SET state = 'refused', reason = ? WHERE key = ? AND state = 'done'", (reason, key))

    def release(self, key: bytes) -> None:
        """Give a claim back without a reply."""
        with self.database.writing() as connection:
            connection.execute("UPDATE reply SET state = 'pending', owner = '' WHERE key = ? AND state = 'claimed'", (key,))

    def reopen(self, key: bytes) -> None:
        """Let a refused question be asked again; what it cost stays counted."""
        with self.database.writing() as connection:
            connection.execute("UPDATE reply SET state = 'pending' WHERE key = ? AND state = 'refused'", (key,))

    def waiting_in_batch(self, key: bytes) -> bool:
        """Return whether a batch at the server has this question."""
        query = "SELECT 1 FROM reply WHERE key = ? AND state = 'claimed' AND owner LIKE ?"
        return bool(self.database.rows(query, (key, f"{BATCH_OWNER}%")))

    def usual_tokens(self, model: str, prompt: str) -> tuple[float, float] | None:
        """Return tokens a prompt byte and tokens a reply, as measured on at least 20 replies; None where there are fewer."""
        query = """SELECT COUNT(*) AS n, 1.0 * SUM(prompt_tokens) / SUM(input_bytes) AS rate, AVG(completion_tokens) AS reply
                   FROM reply WHERE model = ? AND prompt = ? AND state = 'done' AND completion_tokens > 0 AND input_bytes > 0"""
        row = self.database.rows(query, (model, prompt))[0]
        return (row["rate"], row["reply"]) if row["n"] >= 20 else None

    def _alive(self, row: sqlite3.Row) -> bool:
        return not has_ended(row["owner"]) and time.time() - row["heartbeat"] < self._stale_after

    def _keep_alive(self) -> None:
        if self._heart is None:
            self._heart = threading.Thread(target=self._beat, name="claims", daemon=True)
            self._heart.start()

    def _beat(self) -> None:
        while not self._closing.wait(self._stale_after / 4):
            with suppress(WorkspaceError), self.database.writing(durable=False) as connection:  # a full disk may be freed
                query = "UPDATE reply SET heartbeat = ? WHERE state = 'claimed' AND owner = ?"
                connection.execute(query, (time.time(), self.owner))


def has_ended(owner: str) -> bool:
    """Return whether an owner was a process of this machine and runs no more."""
    machine, _, rest = owner.partition("|")
    return machine == _machine() and not _runs(int(rest.partition("|")[0]))


def _machine() -> str:
    """Return a name of where process numbers are unique: the machine, or the container on it."""
    try:
        space = os.readlink("/proc/self/ns/pid")  # noqa: PTH115 - no path but a name
    except OSError:
        space = ""
    return f"{socket.gethostname()}{space}".replace("|", "")


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
