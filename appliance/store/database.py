"""One SQLite file: one writer thread with BEGIN IMMEDIATE, read-only connections for the others.

Why not ``sqlite_utils.Database.atomic()`` outermost: it opens a *deferred* transaction, and two processes that read and
then write get SQLITE_BUSY_SNAPSHOT at once, whatever the time-out (measured; architecture.md, section 5). Inside ours
it becomes a savepoint. synchronous=FULL, because the scanner's file is deleted after the commit.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from appliance.store.library import sqlite_utils

T = TypeVar("T")
_BUSY_SECONDS = 30.0


class StoreFull(Exception):
    """The disk is full; the transaction was rolled back and nothing is lost."""


class Database:
    """The box's rows. Thread-safe; close it before the process ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._queue: queue.Queue[tuple[Callable[[Any], Any], Future[Any]] | None] = queue.Queue()
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._writer: threading.Thread | None = None
        self._closed = False

    def write(self, change: Callable[[Any], T]) -> T:
        """Run ``change(db)`` in one immediate transaction on the writer thread.

        Raises:
            StoreFull: no space left; rolled back.
        """
        if threading.current_thread() is self._writer:
            raise RuntimeError("a change must not ask for a second transaction: it would wait for itself")
        answer: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError("the database is closed")
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_loop, name="store-writer", daemon=True)
                self._writer.start()
            self._queue.put((change, answer))
        return answer.result()

    def read(self, question: Callable[[Any], T]) -> T:
        """Run ``question(db)`` on this thread's own read-only connection, in one snapshot."""
        db = self._reader()
        if db.conn.in_transaction:  # a question within a question sees the same snapshot
            return question(db)
        db.conn.execute("BEGIN")
        try:
            return question(db)
        finally:
            db.conn.execute("COMMIT")

    def data_version(self) -> int:
        """SQLite's counter of commits by other connections, as seen by this thread's reader."""
        return int(self._reader().execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Finish what is queued, then close every connection."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            writer = self._writer
            self._queue.put(None)
        if writer:
            writer.join()
        for connection in self._readers:
            connection.close()

    def _reader(self) -> Any:
        found = getattr(self._local, "db", None)
        if found is None:
            connection = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS, check_same_thread=False
            )
            connection.isolation_level = None
            with self._lock:
                self._readers.append(connection)
            found = self._local.db = sqlite_utils.Database(connection)
        return found

    def _write_loop(self) -> None:
        connection: sqlite3.Connection | None = None
        while (item := self._queue.get()) is not None:
            change, answer = item
            try:
                if connection is None:
                    connection = _open_writer(self.path)
                answer.set_result(_in_transaction(connection, change))
            except BaseException as error:
                answer.set_exception(_told_apart(error))
        if connection is not None:
            connection.close()


def _open_writer(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    _switch_to_wal(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """The first switch of a new file fails at once, whatever the time-out, when two processes start together."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.02)


def _in_transaction(connection: sqlite3.Connection, change: Callable[[Any], T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = change(sqlite_utils.Database(connection))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def _told_apart(error: BaseException) -> BaseException:
    code = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:  # no room for the WAL's index
        return StoreFull(str(error))
    return error
