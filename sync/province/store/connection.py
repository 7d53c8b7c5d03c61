"""Opens the province's database and keeps its transactions honest.

Owns the pragmas, the single writer and the migrations. Refuses to open a database made by a newer release.
Invariants: WAL with synchronous=FULL (an answer leaves only after its row survives a power cut); every write runs
in BEGIN IMMEDIATE, since a deferred transaction that turns into a write fails at once when another process wrote.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sync.province.store.port import Values
from sync.province.store.schema import MIGRATIONS

BUSY_MS = 15_000


class NewerDatabase(Exception):
    """The database was made by a newer release; the operator installs that release. Code: `newer-database`."""

    code = "newer-database"


class Connection:
    """One writer connection behind a lock, and one read-only connection per reading thread. See `port.Rows`."""

    shared = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock, self._opening = threading.RLock(), threading.Lock()
        self._inside, self._undone = 0, False
        self._readers = threading.local()
        self._open: list[tuple[sqlite3.Connection, threading.RLock]] = []
        self._closed = False
        self._writer = self._dial(self._lock)
        self._writer.execute("PRAGMA journal_mode=WAL")
        self._migrate()

    def _dial(self, lock: threading.RLock) -> sqlite3.Connection:
        """Open one more connection, in use while `lock` is held. Raises sqlite3.ProgrammingError after `close`."""
        raw = sqlite3.connect(str(self._path), timeout=BUSY_MS / 1000, check_same_thread=False)
        raw.row_factory = sqlite3.Row
        for pragma in ("foreign_keys=ON", "synchronous=FULL", f"busy_timeout={BUSY_MS}"):
            raw.execute(f"PRAGMA {pragma}")
        with self._opening:
            if self._closed:
                raw.close()
                raise sqlite3.ProgrammingError("the store is closed")
            self._open.append((raw, lock))
        return raw

    def _migrate(self) -> None:
        """Bring the database to this release's shape; each step is one transaction with its own mark."""
        with self.writing() as raw:
            raw.execute(
                "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at REAL NOT NULL) STRICT"
            )
        known = [name for name, _ in MIGRATIONS]
        done = [row["name"] for row in self.rows("SELECT name FROM migrations ORDER BY name")]
        if strangers := [name for name in done if name not in known]:
            raise NewerDatabase(", ".join(strangers))
        for name, script in MIGRATIONS:
            with self.writing() as raw:
                # Looked up again under the write lock: two processes may open a fresh database at once.
                if raw.execute("SELECT 1 FROM migrations WHERE name = ?", (name,)).fetchone():
                    continue
                for statement in filter(str.strip, script.split(";")):
                    raw.execute(statement)
                raw.execute("INSERT INTO migrations VALUES (?, ?)", (name, time.time()))

    @contextmanager
    def together(self, before_commit: Callable[[], None] = lambda: None) -> Iterator[None]:
        """What this thread writes inside becomes durable as one, at the end: one flush of the disk instead of many.

        Inside, a `writing` that fails takes back itself alone, and this thread reads what it wrote. `before_commit` is
        called when all is written. Nothing of it may be told to anybody before the end; an exception takes back all.
        """
        with self._lock:
            raw = self._writer
            self._inside, self._undone = threading.get_ident(), False
            try:
                yield
                before_commit()
                if self._undone:
                    raise sqlite3.OperationalError("the database took the transaction back")
                if raw.in_transaction:
                    raw.execute("COMMIT")
            except BaseException:
                if raw.in_transaction:
                    raw.execute("ROLLBACK")
                raise
            finally:
                self._inside = 0

    @contextmanager
    def _part(self) -> Iterator[sqlite3.Connection]:
        """A `writing` inside `together`. A full disk may make SQLite take everything back by itself: that is noted."""
        raw = self._writer
        if not raw.in_transaction:
            raw.execute("BEGIN IMMEDIATE")
        raw.execute("SAVEPOINT part")
        try:
            yield raw
            raw.execute("RELEASE part")
        except BaseException:
            if raw.in_transaction:
                raw.execute("ROLLBACK TO part")
                raw.execute("RELEASE part")
            else:
                self._undone = True
            raise

    @contextmanager
    def writing(self, lock: str = "") -> Iterator[sqlite3.Connection]:
        """One durable transaction; everything in it is kept, or nothing. All of them take turns, under any `lock`."""
        with self._lock:
            if self._inside:
                with self._part() as raw:
                    yield raw
                return
            raw = self._writer
            raw.execute("BEGIN IMMEDIATE")
            try:
                yield raw
                raw.execute("COMMIT")
            except BaseException:
                if raw.in_transaction:
                    raw.execute("ROLLBACK")
                raise

    def rows(self, sql: str, parameters: Values = ()) -> list[sqlite3.Row]:
        """Committed rows as one consistent look."""
        raw, lock = self._reader()
        with lock:
            return list(raw.execute(sql, parameters))

    def row(self, sql: str, parameters: Values = ()) -> sqlite3.Row | None:
        """The first committed row, or None."""
        raw, lock = self._reader()
        with lock:
            found: sqlite3.Row | None = raw.execute(sql, parameters).fetchone()
            return found

    def each(self, sql: str) -> Iterator[sqlite3.Row]:
        """Committed rows one after another, without holding all of them."""
        yield from self._reader()[0].execute(sql)

    def settle_numbers(self) -> None:
        """Nothing: SQLite looks at the greatest number each time."""

    def tables(self) -> list[str]:
        """The tables in the order in which they were made."""
        found = self.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'migrations' ORDER BY rowid")
        return [row["name"] for row in found if not row["name"].startswith("sqlite_")]

    def change_mark(self) -> int:
        """Changes whenever another connection committed; cheap enough to poll."""
        found = self.row("PRAGMA data_version")
        return int(found[0]) if found else 0

    def _reader(self) -> tuple[sqlite3.Connection, threading.RLock]:
        """This thread's connection, and the lock to hold while it is in use: `close` from another thread waits."""
        if self._inside == threading.get_ident() and self._writer.in_transaction:
            return self._writer, self._lock
        pair: tuple[sqlite3.Connection, threading.RLock] | None = getattr(self._readers, "pair", None)
        if pair is None:
            lock = threading.RLock()
            pair = self._readers.pair = self._dial(lock), lock
            pair[0].execute("PRAGMA query_only=ON")
        return pair

    def check(self) -> str:
        """`ok`, or what SQLite finds wrong with the file."""
        found = self.row("PRAGMA integrity_check")
        return str(found[0]) if found else ""

    def close(self) -> None:
        """Close every connection, each when nobody uses it: SQLite ends the process otherwise. A killed process leaves
        the same database; whoever asks afterwards is refused."""
        with self._opening:
            self._closed, every = True, list(self._open)
            self._open.clear()
        for raw, lock in every:
            with lock:
                raw.close()
