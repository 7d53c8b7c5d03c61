"""Transfers under way: what was offered, which bytes are durable, when to look at them again.

Owns the `transfers` table. Never lists a byte that was not flushed: the caller flushes first.
Invariant: a repeated offer of the same transfer keeps the intervals.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields

from sync.province.store.port import Row, Rows
from sync.province.store.records import Interval, Transfer

Key = tuple[str, str]
_OPEN = """
INSERT INTO transfers (box, tid, document_id, sha256, size, sequence, kind, manifest, envelope, intervals, resets,
    opened_at, touched_at, attempts, next_check_at, last_error)
VALUES (:box, :tid, :document_id, :sha256, :size, :sequence, :kind, :manifest, :envelope, :intervals, :resets,
    :opened_at, :touched_at, :attempts, :next_check_at, :last_error)
ON CONFLICT (box, tid) DO UPDATE SET document_id = excluded.document_id, sha256 = excluded.sha256,
    size = excluded.size, sequence = excluded.sequence, kind = excluded.kind, manifest = excluded.manifest,
    envelope = excluded.envelope, touched_at = excluded.touched_at
"""


class Transfers:
    """Reads and writes transfers."""

    def __init__(self, connection: Rows, owns: Callable[[str], bool] | None = None) -> None:
        """`owns`: the boxes whose transfers are this process's; None for all."""
        self._connection, self._owns = connection, owns

    def open(self, transfer: Transfer) -> None:
        """Write an offered transfer; of a known one only the manifest is replaced."""
        values = {field.name: getattr(transfer, field.name) for field in fields(transfer)}
        with self._connection.writing() as raw:
            raw.execute(_OPEN, {**values, "intervals": json.dumps(transfer.intervals)})

    def save_intervals(self, durable: Mapping[Key, tuple[Interval, ...]], now: float) -> None:
        """Write which bytes are durable, for every transfer of one group commit, in one transaction."""
        with self._connection.writing() as raw:
            raw.executemany(
                "UPDATE transfers SET intervals = ?, touched_at = ? WHERE box = ? AND tid = ?",
                [(json.dumps(intervals), now, *key) for key, intervals in durable.items()],
            )

    def postpone(self, key: Key, next_check_at: float, error: str) -> None:
        """Note that the province could not check this document itself, and when it tries again."""
        self._update(key, "attempts = attempts + 1, next_check_at = ?, last_error = ?", next_check_at, error[:500])

    def restart(self, key: Key, resets: int) -> None:
        """Forget every byte of a transfer: its digest was wrong, or its file is gone."""
        self._update(key, "intervals = '[]', attempts = 0, next_check_at = 0, last_error = '', resets = ?", resets)

    def _update(self, key: Key, assignments: str, *values: object) -> None:
        with self._connection.writing() as raw:
            raw.execute(f"UPDATE transfers SET {assignments} WHERE box = ? AND tid = ?", (*values, *key))

    def find(self, key: Key) -> Transfer | None:
        """One transfer, or None."""
        row = self._connection.row("SELECT * FROM transfers WHERE box = ? AND tid = ?", key)
        return transfer_of(row) if row else None

    def alike(self, box: str, begin: str) -> list[str]:
        """The tids under way of a box that begin with these hex digits."""
        question = "SELECT tid FROM transfers WHERE box = ? AND substr(tid, 1, ?) = ?"
        return [row["tid"] for row in self._connection.rows(question, (box, len(begin), begin))]

    def every(self) -> list[Transfer]:
        """All transfers under way of the boxes this process answers for, oldest first."""
        found = self._connection.rows("SELECT * FROM transfers ORDER BY opened_at")
        return [transfer_of(row) for row in found if self._owns is None or self._owns(row["box"])]


def transfer_of(row: Row) -> Transfer:
    """A row of `transfers` as a value."""
    intervals = tuple((start, end) for start, end in json.loads(row["intervals"]))
    return Transfer(**{**dict(row), "intervals": intervals})
