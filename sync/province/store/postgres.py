"""Rows in PostgreSQL. The only importer of psycopg.

Owns the connections (one writer behind a lock, one reader for each thread), the transactions and the migrations, which
are those of `schema` in PostgreSQL's words. Refuses a database that may lose committed rows. Invariants: a commit is on
the server's disk before `writing()` returns, whatever the server's default is; a lost server is waited for a bounded
time and then said as `RowsAway`; a commit whose outcome is unknown is said so too, and the caller looks again.
psycopg 3 with its binary form, for it is the adapter that PostgreSQL's own people keep, typed, in one wheel with libpq.
"""

from __future__ import annotations

import re
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors
from psycopg.abc import Buffer
from psycopg.adapt import Loader

from sync.province.store.connection import NewerDatabase
from sync.province.store.dialect import definition, statement
from sync.province.store.port import RowRefused, RowsAway, UnsafeDatabase
from sync.province.store.schema import MIGRATIONS

PATIENCE_SECONDS = 15.0
"""How long a caller waits for a server that restarts; as long as SQLite waits for a busy file."""
_AGAIN_SECONDS = 0.2
_AWAY = (psycopg.OperationalError, psycopg.InterfaceError)
_NOT_AWAY = (errors.InsufficientPrivilege, errors.InvalidPassword, errors.InvalidCatalogName)
_SESSION: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "application_name": "commune-province",
    "client_encoding": "utf8",
}
_MARKS = "CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at REAL NOT NULL)"
_SEVERAL_WRITERS = """
CREATE SEQUENCE receipt_numbers;
CREATE TABLE workers (worker TEXT PRIMARY KEY, expires_at REAL NOT NULL);
CREATE TABLE leases (shard INTEGER PRIMARY KEY, worker TEXT NOT NULL, expires_at REAL NOT NULL);
"""
_MIGRATIONS = (("0000-several-writers", _SEVERAL_WRITERS), *MIGRATIONS)


class PostgresRow(dict[str, Any]):
    """A row that gives its values by name and, like SQLite's, by number."""

    def __missing__(self, key: object) -> Any:
        if isinstance(key, int):
            return list(self.values())[key]
        raise KeyError(key)


def _rows_by_name(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], PostgresRow]:
    names = [column.name for column in cursor.description or ()]
    return lambda values: PostgresRow(zip(names, values, strict=True))


class _NumberLoader(Loader):
    """A sum over 64-bit columns comes as a decimal number of any width; SQLite gives a plain one, and so do we."""

    def load(self, data: Buffer) -> int | float:
        """The number as Python's own."""
        text = bytes(data).decode("ascii")
        return int(text) if text.lstrip("-").isdigit() else float(text)


class PostgresWriter:
    """The statements of one transaction."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self._raw = raw

    def execute(self, sql: str, parameters: Any = ()) -> psycopg.Cursor[PostgresRow]:
        """Run one statement of the store's SQL. Raises RowRefused, RowsAway."""
        with _told():
            return self._raw.execute(statement(sql).encode(), _plain(parameters))

    def executemany(self, sql: str, parameters: Iterable[Any]) -> None:
        """The same for many sets of values."""
        for values in parameters:
            self.execute(sql, values)


class PostgresRows:
    """The engine. `address` is a libpq connection string or URL."""

    shared = True

    def __init__(self, address: str, patience: float | None = None) -> None:
        """Raises RowsAway, UnsafeDatabase, NewerDatabase."""
        self._address, self._patience = address, PATIENCE_SECONDS if patience is None else patience
        self._lock = threading.RLock()
        self._readers = threading.local()
        self._open: list[psycopg.Connection[Any]] = []
        self.fence: Callable[[PostgresWriter], None] | None = None
        """Asked at the beginning of every transaction whether this process may still write; raises if not."""
        self._round, self._waits = 0, False
        """The thread that is in a round, or 0, and whether its commits leave the disk for the end of it."""
        self._unflushed: psycopg.Connection[Any] | None = None
        """The connection on which the round committed what may not be on the server's disk."""
        self._direct = False
        self._writer = self._dial_patiently()
        self._refuse_unsafe()
        self._migrate()

    # -- port ---------------------------------------------------------------------------------------------------------

    @contextmanager
    def together(self) -> Iterator[None]:
        """What this thread writes inside is on the server's disk at the end: one flush of its log instead of many.

        Each `writing` is a transaction of its own all the same, seen and kept in order, but it does not wait for the
        disk; the last one does, and what was written to the log before it is then there, too. A server that was lost on
        the way may have lost what nobody was told of yet: RowsAway. Nothing of it may be told before the end.
        """
        self._round, self._waits, self._unflushed = threading.get_ident(), self._direct, None
        try:
            yield
            self._waits = False
            if self._unflushed is not None:
                with self.writing() as raw:  # a commit that wrote nothing to the log would not wait for it
                    raw.execute("SELECT pg_logical_emit_message(true, 'commune-province', '')")
        finally:
            self._round, self._waits, self._unflushed = 0, False, None

    @contextmanager
    def writing(self, lock: str = "") -> Iterator[PostgresWriter]:
        """One durable transaction; everything in it is kept, or nothing."""
        with self._lock:
            self._begin()
            writer = PostgresWriter(self._writer)
            mine = self._round == threading.get_ident()
            try:
                if mine and self._unflushed not in (None, self._writer):
                    raise RowsAway("the server was lost in the middle of a round")
                if mine and self._waits:
                    writer.execute("SET LOCAL synchronous_commit TO off")
                if self.fence is not None:
                    self.fence(writer)
                if lock:
                    writer.execute("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", (lock,))
                yield writer
                with _told():
                    self._writer.execute(b"COMMIT")
                if mine and self._waits:
                    self._unflushed = self._writer
            except BaseException:
                self._undo()
                raise

    def rows(self, sql: str, parameters: Any = ()) -> list[PostgresRow]:
        """Committed rows as one consistent look; a server that restarts is waited for."""
        query, values = statement(sql).encode(), _plain(parameters)
        until = time.monotonic() + self._patience
        while True:
            try:
                return list(self._reader().execute(query, values).fetchall())
            except _AWAY as error:
                self._readers.raw = None
                if time.monotonic() >= until:
                    raise RowsAway(str(error).strip()) from error
                time.sleep(_AGAIN_SECONDS)

    def row(self, sql: str, parameters: Any = ()) -> PostgresRow | None:
        """The first committed row, or None."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def tables(self) -> list[str]:
        """The tables of `schema`, in the order in which it makes them."""
        made = re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", " ".join(script for _, script in MIGRATIONS))
        there = {row["name"] for row in self.rows(_TABLES)}
        return [name for name in dict.fromkeys(made) if name in there]

    def each(self, sql: str) -> Iterator[PostgresRow]:
        """Committed rows one after another; the server keeps those that were not asked for yet."""
        with _told():
            raw = self._reader()
            with raw.transaction(), raw.cursor(name="each") as cursor:
                cursor.itersize = 1000
                cursor.execute(statement(sql).encode(), [])
                yield from cursor

    def settle_numbers(self) -> None:
        """Rows came with their numbers: let the receipts' sequence and every counted column go on after them."""
        with self.writing("migrations") as raw:
            raw.execute("SELECT setval('receipt_numbers', coalesce((SELECT max(rid) FROM receipts), 0) + 1, false)")
            for found in raw.execute(_COUNTED).fetchall():
                raw.execute(
                    f"SELECT setval(pg_get_serial_sequence(?, ?), coalesce(max({found['name']}), 0) + 1, false)"
                    f" FROM {found['place']}",
                    (found["place"], found["name"]),
                )

    def change_mark(self) -> int:
        """Changes whenever a transaction that writes begins or ends."""
        row = self.row("SELECT pg_current_snapshot()::text AS mark")
        return zlib.crc32(row["mark"].encode()) if row else 0

    def check(self) -> str:
        """`ok` if every row of every table can be read; the server verifies page checksums where they are on."""
        for table in self.tables():
            try:
                self._reader().execute(f"SELECT count(t.*::text) FROM {table} t".encode())
            except psycopg.Error as error:
                return f"{table}: {str(error).strip()}"
        return "ok"

    def close(self) -> None:
        """Close every connection; a killed process leaves the same database."""
        with self._lock:
            for raw in self._open:
                raw.close()
            self._open.clear()

    # -- connections --------------------------------------------------------------------------------------------------

    def _dial(self) -> psycopg.Connection[Any]:
        raw: psycopg.Connection[Any] = psycopg.connect(
            self._address,
            autocommit=True,  # transactions are begun and ended by name, above
            prepare_threshold=None,  # a pooler in between may give every transaction another server process
            cursor_factory=psycopg.ClientCursor,
            row_factory=_rows_by_name,
            **_SESSION,
        )
        raw.adapters.register_loader("numeric", _NumberLoader)
        with self._lock:
            self._open = [held for held in self._open if not held.closed] + [raw]
        return raw

    def _dial_patiently(self) -> psycopg.Connection[Any]:
        until = time.monotonic() + self._patience
        while True:
            try:
                raw = self._dial()
                # One that stops in the middle of a transaction (a machine that hangs) must not hold others' leases up.
                raw.execute(b"SET idle_in_transaction_session_timeout TO 10000")
                raw.execute(b"SELECT set_config('synchronous_commit', 'on', false) "
                            b"WHERE current_setting('synchronous_commit') = 'off'")  # fmt: skip
                found = raw.execute(b"SELECT pg_backend_pid()").fetchone()
                # Behind a pooler a server could be lost between two transactions without our connection knowing.
                self._direct = found is not None and found[0] == raw.info.backend_pid
                return raw
            except _AWAY as error:
                if time.monotonic() >= until or isinstance(error, _NOT_AWAY):
                    raise RowsAway(str(error).strip()) from error
                time.sleep(_AGAIN_SECONDS)

    def _reader(self) -> psycopg.Connection[Any]:
        raw: psycopg.Connection[Any] | None = getattr(self._readers, "raw", None)
        if raw is None or raw.closed:
            raw = self._dial()
            raw.execute(b"SET default_transaction_read_only TO on")
            self._readers.raw = raw
        return raw

    def _begin(self) -> None:
        try:
            self._writer.execute(b"BEGIN")
        except _AWAY:  # the connection died while nobody used it: nothing was begun, so nothing is lost
            self._writer.close()
            self._writer = self._dial_patiently()
            with _told():
                self._writer.execute(b"BEGIN")

    def _undo(self) -> None:
        try:
            self._writer.execute(b"ROLLBACK")
        except psycopg.Error:
            self._writer.close()

    # -- the database's shape -----------------------------------------------------------------------------------------

    def _refuse_unsafe(self) -> None:
        for setting, safe in (("fsync", "on"), ("full_page_writes", "on"), ("server_encoding", "UTF8")):
            found = self._writer.execute(f"SHOW {setting}".encode()).fetchone()
            if found is None or found[setting] != safe:
                raise UnsafeDatabase(f"{setting}={found and found[setting]}")

    def _migrate(self) -> None:
        """Bring the database to this release's shape; all of it in one transaction, processes taking turns."""
        if self.rows("SELECT to_regclass('migrations') AS found")[0]["found"]:
            done = {row["name"] for row in self.rows("SELECT name FROM migrations")}
            if done == {name for name, _ in _MIGRATIONS}:
                return
        with self.writing("migrations") as raw:
            raw.execute(definition(_MARKS))
            done = {row["name"] for row in raw.execute("SELECT name FROM migrations").fetchall()}
            if strangers := sorted(done - {name for name, _ in _MIGRATIONS}):
                raise NewerDatabase(", ".join(strangers))
            for name, script in _MIGRATIONS:
                if name in done:
                    continue
                for made in filter(str.strip, script.split(";")):
                    raw.execute(definition(made))
                raw.execute("INSERT INTO migrations VALUES (?, ?)", (name, time.time()))


_COUNTED = """
SELECT table_name AS place, column_name AS name FROM information_schema.columns
WHERE table_schema = ANY (current_schemas(false)) AND is_identity = 'YES'
"""
_TABLES = "SELECT tablename AS name FROM pg_tables WHERE schemaname = ANY (current_schemas(false))"


@contextmanager
def _told() -> Iterator[None]:
    """psycopg's failures in the store's words."""
    try:
        yield
    except psycopg.IntegrityError as error:
        raise RowRefused(str(error).strip()) from error
    except _AWAY as error:
        raise RowsAway(str(error).strip()) from error


def _plain(parameters: Any) -> Any:
    """Values as PostgreSQL can hold them: its text has no NUL and no half of a letter."""
    if isinstance(parameters, Mapping):
        return {name: _letters(value) for name, value in parameters.items()}
    return [_letters(value) for value in parameters]


def _letters(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, str):
        return value
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
