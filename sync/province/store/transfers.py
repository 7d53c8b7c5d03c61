"""Transfers under way: what was offered, which bytes are durable, when to look at them again.

Owns the `transfers` table. Never lists a byte that was not flushed: the caller flushes first.
Invariant: a repeated offer of the same transfer keeps the intervals and only moves the query number forward.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping

from sync.province.store.connection import Connection
from sync.province.store.records import Interval, Transfer

Key = tuple[str, str]


class Transfers:
    """Reads and writes transfers."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(self, transfer: Transfer) -> Transfer:
        """Write an offered transfer, or move the query number of a known one; returns the row as it now stands."""
        with self._connection.writing() as raw:
            raw.execute(
                "INSERT INTO transfers (box, tid, document_id, sha256, size, sequence, last_query, manifest, intervals,"
                " opened_at, touched_at) VALUES (?,?,?,?,?,?,?,?,?,?,?)"
                " ON CONFLICT (box, tid) DO UPDATE SET manifest = excluded.manifest, touched_at = excluded.touched_at,"
                " last_query = MAX(last_query, excluded.last_query)",
                (
                    transfer.box,
                    transfer.tid,
                    transfer.document_id,
                    transfer.sha256,
                    transfer.size,
                    transfer.sequence,
                    transfer.last_query,
                    transfer.manifest,
                    json.dumps(transfer.intervals),
                    transfer.opened_at,
                    transfer.touched_at,
                ),
            )
            row = raw.execute("SELECT * FROM transfers WHERE box = ? AND tid = ?", (transfer.box, transfer.tid))
            return transfer_of(row.fetchone())

    def save_intervals(self, durable: Mapping[Key, tuple[Interval, ...]], now: float) -> None:
        """Write which bytes are durable, for every transfer of one flush, in one transaction."""
        if not durable:
            return
        with self._connection.writing() as raw:
            raw.executemany(
                "UPDATE transfers SET intervals = ?, touched_at = ? WHERE box = ? AND tid = ?",
                [(json.dumps(intervals), now, box, tid) for (box, tid), intervals in durable.items()],
            )

    def save_queries(self, queries: Mapping[Key, int]) -> None:
        """Write the last query number seen per transfer; numbers never go back."""
        if not queries:
            return
        with self._connection.writing() as raw:
            raw.executemany(
                "UPDATE transfers SET last_query = MAX(last_query, ?) WHERE box = ? AND tid = ?",
                [(number, box, tid) for (box, tid), number in queries.items()],
            )

    def postpone(self, key: Key, next_check_at: float, error: str) -> None:
        """Note that the province could not check this document itself, and when it tries again."""
        with self._connection.writing() as raw:
            raw.execute(
                "UPDATE transfers SET attempts = attempts + 1, next_check_at = ?, last_error = ?"
                " WHERE box = ? AND tid = ?",
                (next_check_at, error, *key),
            )

    def restart(self, key: Key) -> None:
        """Forget every byte of a transfer whose file is gone or whose digest was wrong: it is asked for anew."""
        with self._connection.writing() as raw:
            raw.execute(
                "UPDATE transfers SET intervals = '[]', attempts = 0, next_check_at = 0 WHERE box = ? AND tid = ?", key
            )

    def drop(self, keys: Iterable[Key]) -> None:
        """Remove transfers."""
        with self._connection.writing() as raw:
            raw.executemany("DELETE FROM transfers WHERE box = ? AND tid = ?", list(keys))

    def find(self, key: Key) -> Transfer | None:
        """One transfer, or None."""
        row = self._connection.row("SELECT * FROM transfers WHERE box = ? AND tid = ?", key)
        return transfer_of(row) if row else None

    def every(self) -> list[Transfer]:
        """All transfers under way, oldest first."""
        return [transfer_of(row) for row in self._connection.rows("SELECT * FROM transfers ORDER BY opened_at")]


def transfer_of(row: sqlite3.Row) -> Transfer:
    """A row of `transfers` as a value."""
    return Transfer(
        box=row["box"],
        tid=row["tid"],
        document_id=row["document_id"],
        sha256=row["sha256"],
        size=row["size"],
        sequence=row["sequence"],
        last_query=row["last_query"],
        manifest=bytes(row["manifest"]),
        intervals=tuple((start, end) for start, end in json.loads(row["intervals"])),
        opened_at=row["opened_at"],
        touched_at=row["touched_at"],
        attempts=row["attempts"],
        next_check_at=row["next_check_at"],
        last_error=row["last_error"],
    )
