"""Rows of long-term proof: for each document, the better file that the province made of it, and when it is due again.

Owns the table `proofs`. The document's own row and bytes stay what was received and receipted; a better file begins
with those very bytes and lies beside them. A document that came again in another revision begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from sync.province.store.port import Rows

STAMP_WITHIN = 7 * 86400.0
"""Seconds after its arrival within which a document should have its first time stamp."""


@dataclass(frozen=True)
class Wanting:
    """A document whose next step is due. `sha256`: the best file so far, `better`: whether the province made it."""

    box: str
    document_id: str
    base_sha256: str
    sha256: str
    better: bool
    attempts: int


@dataclass(frozen=True)
class Proof:
    """What a step came to. Times in seconds since 1970."""

    level: str
    sha256: str
    size: int
    due_at: float
    deadline: float
    lost_after: float


@dataclass(frozen=True)
class Backlog:
    """Documents by their next step. `waiting`: it may be made now; `overdue`: its deadline has passed; `nearly_lost`:
    soon no proof can be had any more; `lost`: none can. `deadline`: the earliest one, seconds since 1970.
    """

    waiting: int
    overdue: int
    nearly_lost: int
    lost: int
    deadline: float | None


NEARLY = 30 * 86400.0
"""Seconds before it is too late for ever within which a person must look."""


class Proofs:
    """The table, as the proving thread needs it."""

    def __init__(self, connection: Rows) -> None:
        self._connection = connection

    def wanting(self, now: float) -> Wanting | None:
        """The document with the earliest deadline whose next step may be made now."""
        row = self._connection.row(_WANTING, (now, now, STAMP_WITHIN))
        if row is None:
            return None
        better = row["level"] is not None
        return Wanting(
            row["box"],
            row["document_id"],
            row["base"],
            row["better"] if better else row["base"],
            better,
            row["attempts"] or 0,
        )

    def raised(self, of: Wanting, proof: Proof) -> None:
        """Keep a better file."""
        self._write(of, proof.level, proof.sha256, proof.size, proof.due_at, proof.deadline, proof.lost_after)

    def failed(self, of: Wanting, error: str, again_at: float | None, now: float) -> None:
        """Note that a step did not work out; without `again_at` it never can."""
        with self._connection.writing() as raw:
            if not of.better and not of.attempts:
                raw.execute(
                    _KEEP, (of.box, of.document_id, of.base_sha256, None, None, None, now, now + STAMP_WITHIN, None)
                )
            raw.execute(
                "UPDATE proofs SET attempts = attempts + 1, next_at = ?, last_error = ?, given_up = ?"
                " WHERE box = ? AND document_id = ?",
                (again_at or 0.0, error[:500], int(again_at is None), of.box, of.document_id),
            )

    def levels(self) -> dict[str, int]:
        """How many documents reached each level; "" counts those the province has not raised yet."""
        found = self._connection.rows(
            "SELECT coalesce(p.level, '') AS level, count(*) AS count FROM documents d"
            " LEFT JOIN proofs p ON p.box = d.box AND p.document_id = d.document_id AND p.base_sha256 = d.sha256"
            " GROUP BY 1"
        )
        return {row["level"]: row["count"] for row in found}

    def backlog(self, now: float) -> Backlog:
        """What waits for more proof at a moment, over all documents."""
        row = self._connection.row(_BACKLOG, {"now": now, "near": now + NEARLY, "within": STAMP_WITHIN})
        assert row is not None  # sums over no row are a row
        waiting, overdue, nearly, lost = (int(row[name] or 0) for name in ("waiting", "overdue", "nearly", "lost"))
        return Backlog(waiting, overdue, nearly, lost, row["deadline"])

    def files(self) -> dict[str, int]:
        """Every better file there is, by its digest, with its size in bytes."""
        found = self._connection.rows("SELECT sha256, size FROM proofs WHERE sha256 IS NOT NULL")
        return {row["sha256"]: row["size"] for row in found}

    def best(self, box: str, document_id: str) -> tuple[str, str] | None:
        """(level, digest) of the better file of a document, or None."""
        row = self._connection.row(
            "SELECT p.level, p.sha256 FROM proofs p JOIN documents d ON d.box = p.box AND d.document_id = p.document_id"
            " AND d.sha256 = p.base_sha256 WHERE p.box = ? AND p.document_id = ? AND p.level IS NOT NULL",
            (box, document_id),
        )
        return (row["level"], row["sha256"]) if row else None

    def _write(
        self, of: Wanting, level: str, sha256: str, size: int, due_at: float, deadline: float, lost_after: float
    ) -> None:
        with self._connection.writing() as raw:
            raw.execute(
                _KEEP, (of.box, of.document_id, of.base_sha256, level, sha256, size, due_at, deadline, lost_after)
            )


_KEEP = """
INSERT INTO proofs (box, document_id, base_sha256, level, sha256, size, due_at, deadline, lost_after)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (box, document_id) DO UPDATE SET
    base_sha256 = excluded.base_sha256, level = excluded.level, sha256 = excluded.sha256, size = excluded.size,
    due_at = excluded.due_at, deadline = excluded.deadline, lost_after = excluded.lost_after,
    attempts = 0, next_at = 0, last_error = '', given_up = 0
"""
_BACKLOG = """
SELECT sum(1 - lost) AS waiting, sum(CASE WHEN lost = 0 AND deadline < :now THEN 1 ELSE 0 END) AS overdue,
    sum(CASE WHEN lost = 0 AND lost_after <= :near THEN 1 ELSE 0 END) AS nearly, sum(lost) AS lost,
    min(CASE WHEN lost = 0 THEN deadline END) AS deadline
FROM (
    SELECT CASE WHEN coalesce(p.given_up, 0) = 1 OR p.lost_after <= :now THEN 1 ELSE 0 END AS lost, p.lost_after,
        coalesce(p.due_at, 0) AS due_at, coalesce(p.deadline, d.received_at + :within) AS deadline
    FROM documents d LEFT JOIN proofs p
        ON p.box = d.box AND p.document_id = d.document_id AND p.base_sha256 = d.sha256
) AS steps WHERE lost = 1 OR due_at <= :now
"""
_WANTING = """
SELECT d.box, d.document_id, d.sha256 AS base, p.level, p.sha256 AS better, p.attempts
FROM documents d LEFT JOIN proofs p
    ON p.box = d.box AND p.document_id = d.document_id AND p.base_sha256 = d.sha256
WHERE coalesce(p.given_up, 0) = 0 AND coalesce(p.due_at, 0) <= ? AND coalesce(p.next_at, 0) <= ?
ORDER BY coalesce(p.deadline, d.received_at + ?), d.rid LIMIT 1
"""
