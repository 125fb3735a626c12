"""Open the SQLite file of paid replies and descriptions, and bring it to the present form."""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import WorkspaceError

SECONDS_TO_WAIT = 60  #: for another process that is writing

#: Numbered by their place, from 1; one that was released is never edited: add another.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE reply (
        key BLOB PRIMARY KEY,
        state TEXT NOT NULL CHECK (state IN ('pending', 'claimed', 'done', 'refused')),
        owner TEXT NOT NULL DEFAULT '',
        heartbeat REAL NOT NULL DEFAULT 0,
        model TEXT NOT NULL,
        prompt TEXT NOT NULL,
        input_bytes INTEGER NOT NULL,
        text TEXT NOT NULL DEFAULT '',
        reason TEXT NOT NULL DEFAULT '',
        prompt_tokens INTEGER NOT NULL DEFAULT 0,
        completion_tokens INTEGER NOT NULL DEFAULT 0,
        cost REAL NOT NULL DEFAULT 0,
        answered TEXT NOT NULL DEFAULT ''
    ) WITHOUT ROWID;
    CREATE INDEX reply_by_owner ON reply (owner) WHERE state = 'claimed';
    CREATE TABLE version (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        graph TEXT NOT NULL,
        entity TEXT NOT NULL,
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        prompt TEXT NOT NULL,
        prompt_version INTEGER NOT NULL,
        model TEXT NOT NULL,
        temperature REAL,
        seed INTEGER,
        neighbours INTEGER NOT NULL,
        date TEXT NOT NULL,
        author TEXT NOT NULL,
        reason TEXT NOT NULL,
        fields TEXT NOT NULL,
        prompt_tokens INTEGER NOT NULL,
        completion_tokens INTEGER NOT NULL,
        cost REAL NOT NULL,
        reply BLOB
    );
    CREATE INDEX version_by_source ON version (graph, prompt, model, entity);
    CREATE INDEX version_by_entity ON version (graph, entity);
    CREATE UNIQUE INDEX version_once ON version (graph, entity, reply) WHERE reply IS NOT NULL;
    CREATE TRIGGER version_kept_on_update BEFORE UPDATE ON version BEGIN SELECT RAISE(ABORT, 'versions are never changed'); END;
    CREATE TRIGGER version_kept_on_delete BEFORE DELETE ON version BEGIN SELECT RAISE(ABORT, 'versions are never removed'); END;
    CREATE TABLE batch (
        id TEXT PRIMARY KEY,
        remote TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL CHECK (state IN ('preparing', 'open', 'collected')),
        job TEXT NOT NULL,
        requests INTEGER NOT NULL,
        submitted TEXT NOT NULL
    );
    """,
)


@dataclass
class _Write:
    query: str
    values: Sequence[Any]
    done: bool = False
    error: WorkspaceError | None = None


class Database:
    """One SQLite file in WAL mode; threads share the connection for writing, processes share the file.

    :param path: the file; made where it is missing
    :raises WorkspaceError: if it cannot be used, or was written by a later version
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._together: deque[_Write] = deque()
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = self._connect()
            _switch_to_wal(self._connection)
            self._migrate()

    def close(self) -> None:
        """Close the file; nothing that was written is lost without it."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """Give the connection inside one transaction: all of it is written, or none.

        :param durable: wait until the disk has it; without, a failure of power (not a kill) may lose it
        """
        with self._lock, self._explained():
            self._connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.rollback()
                raise

    def write_together(self, query: str, values: Sequence[Any]) -> None:
        """Do one statement durably; threads that come while the disk is busy share the next transaction."""
        write = _Write(query, values)
        self._together.append(write)
        with self._lock:
            if not write.done:
                self._write_waiting()
        if write.error:
            raise write.error

    def _write_waiting(self) -> None:
        writes = [self._together.popleft() for _ in range(len(self._together))]
        try:
            with self.writing() as connection:
                for write in writes:
                    connection.execute(write.query, write.values)
        except WorkspaceError as error:
            for write in writes:
                write.error = error
        for write in writes:
            write.done = True

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        with self._lock, self._explained():
            return self._connection.execute(query, values).fetchall()

    def stream(self, query: str, values: Sequence[Any] = ()) -> Iterator[sqlite3.Row]:
        """Yield the rows of a query one by one, on a connection of their own: they need not fit into memory."""
        with self._explained(), closing(self._connect()) as connection:
            yield from connection.execute(query, values)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=SECONDS_TO_WAIT, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        return connection

    def _migrate(self) -> None:
        if self._version() == len(MIGRATIONS):
            return
        with self.writing() as connection:
            there = self._version()
            if there > len(MIGRATIONS):
                raise WorkspaceError(
                    f"{self.path} was written by a later version of this program (form {there}).",
                    expected=f"form {len(MIGRATIONS)} or earlier",
                    advice="update this program; do not delete the file: the replies in it were paid for.",
                )
            for number, script in enumerate(MIGRATIONS[there:], start=there + 1):
                for statement in _statements(script):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version={number}")

    def _version(self) -> int:
        return self._connection.execute("PRAGMA user_version").fetchone()[0]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise WorkspaceError(
                f"The store of descriptions {self.path} cannot be used: {error}.",
                expected="a folder with free space and the right to write",
                advice="free some space or set LLADR_HOME; keep the file: the replies in it were paid for.",
            ) from error


def _statements(script: str) -> Iterator[str]:
    """Split a script where a statement is complete: ``executescript`` would commit on its own."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if statement.strip() and sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead logging; SQLite does not wait by itself where two processes do so at once."""
    end = time.monotonic() + SECONDS_TO_WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return
