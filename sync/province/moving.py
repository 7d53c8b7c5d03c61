"""Moves the province's store to other engines: SQLite to PostgreSQL, a folder to S3, or back.

Owns the order: bytes, rows, comparison, and only then the one file that says which engines are used. Refuses to move
under a running receiver, into rows that belong to another province, and to turn over what does not compare equal.
Invariants: the source is never changed, and stays complete until the very end; killed at any moment, the move is begun
again by the same command and does not repeat what was compared; in-flight transfers stay where they are, on this disk.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sync.province.store import Engines, ProvinceStore
from sync.province.store.engines import SQLITE, save
from sync.province.store.leases import Leases
from sync.province.store.opening import DATABASE
from sync.province.store.port import Blobs, Rows

BATCH = 200
DONE = "moved.json"
_NOT_MOVED = frozenset({"leases", "workers"})
Told = Callable[[str, int, int], None]
"""Hears what is being moved (`blobs`, `proofs` or a table's name), how many are done, and of how many."""


class NotMovable(Exception):
    """The move cannot begin or must not end; nothing was turned over.

    Codes: `receiver-running`, `target-not-empty`, `same-engines`, `not-equal`, `bytes-changed`.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code


@dataclass(frozen=True)
class Moved:
    """What the move came to: rows by table, blobs by kind, and how many of those were there from an earlier try."""

    rows: dict[str, int] = field(default_factory=dict)
    blobs: dict[str, int] = field(default_factory=dict)
    already: int = 0


def move(root: Path, target: Engines, told: Told | None = None) -> Moved:
    """Move the store in this folder. Raises NotMovable, BadEngines, UnsafeDatabase, RowsAway, BlobsAway."""
    progress = told or (lambda what, done, of: None)
    source = ProvinceStore(root)
    with standing_still(source):
        try:
            if (source.engines.rows, source.engines.blobs) == (target.rows, target.blobs):
                raise NotMovable("same-engines")
            fresh = ProvinceStore(root, target)
            try:
                moved = _move(source, fresh, progress)
            finally:
                fresh.close()
            was = source.engines
        finally:
            source.close()
        save(root, target)
        _put_aside(root, was, target)
        (root / DONE).unlink(missing_ok=True)
        return moved


def _move(source: ProvinceStore, fresh: ProvinceStore, told: Told) -> Moved:
    # The source's writers wait for as long as this lasts: a box enrolled meanwhile would be forgotten.
    with source.connection.writing("receiver") as raw:
        if source.connection.shared:
            raw.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            raw.execute(f"LOCK TABLE {', '.join(source.connection.tables())} IN SHARE MODE")
        blobs, already = _blobs(source, fresh, told) if fresh.engines.blobs != source.engines.blobs else ({}, 0)
        rows = _rows(source.connection, fresh.connection, told) if _rows_move(source, fresh) else {}
    return Moved(rows, blobs, already)


def _rows_move(source: ProvinceStore, fresh: ProvinceStore) -> bool:
    return fresh.engines.rows != source.engines.rows


# --- bytes -----------------------------------------------------------------------------------------------------------


def _blobs(source: ProvinceStore, fresh: ProvinceStore, told: Told) -> tuple[dict[str, int], int]:
    done = _Done(source.root / DONE, fresh.engines.blobs)
    before = len(done.names)
    counted = {}
    wanted = {"blobs": source.reading.digests(), "proofs": source.proofs.files()}
    places = {"blobs": (source.blobs, fresh.blobs), "proofs": (source.better, fresh.better)}
    for kind, sizes in wanted.items():
        for number, (sha256, size) in enumerate(sorted(sizes.items()), 1):
            if f"{kind}/{sha256}" not in done.names:
                _copy(*places[kind], sha256, size)
                done.add(f"{kind}/{sha256}")
            told(kind, number, len(sizes))
        if lacking := set(sizes) - set(places[kind][1].every()):
            raise NotMovable("not-equal", f"{kind}: {len(lacking)}")
        counted[kind] = len(sizes)
    return counted, before


def _copy(source: Blobs, target: Blobs, sha256: str, size: int) -> None:
    """Copy one blob; the target reads back what it took, and here both ends are compared with the row."""
    if source.measured(sha256) != (sha256, size):
        raise NotMovable("bytes-changed", sha256)
    target.take(source.fetch(sha256), sha256)
    if target.measured(sha256) != (sha256, size):
        raise NotMovable("bytes-changed", sha256)


class _Done:
    """What was copied and compared, kept so that a second try need not read all of it again."""

    def __init__(self, path: Path, target: str) -> None:
        self._path, self._target = path, target
        self.names: set[str] = set()
        try:
            lines = path.read_text("utf-8").splitlines()
        except FileNotFoundError:
            lines = []
        if lines[:1] == [json.dumps(target)]:
            self.names = {name.removesuffix(".") for name in lines[1:] if name.endswith(".")}  # a cut line is no line
        else:
            path.write_text(json.dumps(target) + "\n", "utf-8")

    def add(self, name: str) -> None:
        """Note one more, durably."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{name}.\n")
            file.flush()
            os.fdatasync(file.fileno())
        self.names.add(name)


# --- rows ------------------------------------------------------------------------------------------------------------


def _rows(source: Rows, target: Rows, told: Told) -> dict[str, int]:
    tables = [table for table in source.tables() if table not in _NOT_MOVED]
    with target.writing("migration") as writer:
        _make_room(source, writer, tables)
        for table in tables:
            _copy_table(source, writer, table, told)
    target.settle_numbers()
    counted = {}
    for table in tables:
        ours, theirs = (_summary(rows.each(f"SELECT * FROM {table}")) for rows in (source, target))
        if ours != theirs:
            raise NotMovable("not-equal", f"{table}: {ours[0]} / {theirs[0]}")
        counted[table] = ours[0]
    return counted


def _make_room(source: Rows, writer: Any, tables: list[str]) -> None:
    """Begin anew over an earlier try of this very store (it has its epoch); refuse everybody else's rows."""
    ours = {row["epoch"] for row in source.rows("SELECT epoch FROM epochs")}
    theirs = {row["epoch"] for row in writer.execute("SELECT epoch FROM epochs").fetchall()}
    filled = [table for table in tables if writer.execute(f"SELECT 1 AS one FROM {table} LIMIT 1").fetchone()]
    if filled and (not ours or ours != theirs):
        raise NotMovable("target-not-empty", ", ".join(filled))
    for table in reversed(tables):
        writer.execute(f"DELETE FROM {table}")


def _copy_table(source: Rows, writer: Any, table: str, told: Told) -> None:
    total = source.rows(f"SELECT count(*) AS held FROM {table}")[0]["held"]
    done = 0
    for batch in _batches(source.each(f"SELECT * FROM {table}")):
        names = list(batch[0])
        places = ",".join([f"({','.join('?' * len(names))})"] * len(batch))
        values = [value for row in batch for value in row.values()]
        writer.execute(f"INSERT INTO {table} ({','.join(names)}) VALUES {places}", values)
        done += len(batch)
        told(table, done, total)


def _batches(rows: Any) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(dict(row))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _summary(rows: Any) -> tuple[int, int]:
    """How many rows, and the sum of their digests: the same for the same rows in any order, on any engine."""
    count = total = 0
    for row in rows:
        held = json.dumps(dict(row), sort_keys=True, default=lambda value: bytes(value).hex())
        total += int.from_bytes(hashlib.sha256(held.encode()).digest(), "big")
        count += 1
    return count, total % 2**256


# --- nobody else -----------------------------------------------------------------------------------------------------


@contextmanager
def standing_still(store: ProvinceStore) -> Iterator[None]:
    """No receiver and no worker runs here, and none of this folder begins. Raises NotMovable (`receiver-running`)."""
    with store.lock_path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise NotMovable("receiver-running") from error
        if store.connection.shared and (held := Leases(store.connection, "").holders()):
            raise NotMovable("receiver-running", ", ".join(sorted(set(held.values()))))
        yield


def _put_aside(root: Path, was: Engines, now: Engines) -> None:
    """Rename the rows that are no longer used, so that nobody takes them for the province's."""
    if was.rows == SQLITE != now.rows:
        (root / DATABASE).replace(root / f"{DATABASE}.moved")
