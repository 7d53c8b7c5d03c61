"""The durable intent to send: one row per delivery, answered once, never removed before a verified receipt."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Delivery:
    """One row of the outbox. ``answer`` is None, "accepted" or "refused"; ``answer_bytes`` the signed answer (COSE)."""

    sequence: int
    document_id: str
    sha256: str
    size: int
    priority: int
    meta: dict[str, Any]
    queued_at: datetime
    answer: str | None
    answer_bytes: bytes | None
    answered_at: datetime | None
    base: tuple[str, int] | None = None
    """Digest and size of an earlier file that the province answered and whose bytes this one begins with."""


_COLUMNS = (
    "sequence, document_id, sha256, size, priority, meta, queued_at, answer, answer_bytes, answered_at, base_sha256,"
    " base_size"
)


def enqueue(
    db: Any,
    document_id: str,
    sha256: str,
    size: int,
    priority: int,
    meta: dict[str, Any],
    now: datetime,
    base: tuple[str, int] | None = None,
) -> int:
    """Add a delivery and return its sequence number, which only grows."""
    told = json.dumps(meta, ensure_ascii=False, sort_keys=True)
    cursor = db.execute(
        "INSERT INTO outbox (document_id, sha256, size, priority, meta, queued_at, base_sha256, base_size)"
        " VALUES (?,?,?,?,?,?,?,?)",
        [document_id, sha256, size, priority, told, now.isoformat(), *(base or ("", 0))],
    )
    return int(cursor.lastrowid)


def answered_files(db: Any, document_id: str) -> list[tuple[str, int]]:
    """Digest and size of every file of the document that the province answered, the newest first."""
    rows = db.execute(
        "SELECT sha256, size FROM outbox WHERE document_id = ? AND answer IS NOT NULL ORDER BY sequence DESC",
        [document_id],
    )
    return [(str(sha256), int(size)) for sha256, size in rows.fetchall()]


def waiting(db: Any, limit: int) -> list[Delivery]:
    """Unanswered deliveries, most urgent first, then oldest."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM outbox WHERE answer IS NULL ORDER BY priority DESC, sequence LIMIT ?", [limit]
    )
    return [_delivery(row) for row in rows.fetchall()]


def latest(db: Any, document_id: str) -> Delivery | None:
    """The document's newest delivery, or None."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM outbox WHERE document_id = ? ORDER BY sequence DESC LIMIT 1", [document_id]
    ).fetchone()
    return _delivery(row) if row else None


def answered(db: Any, document_id: str, answer: str, answer_bytes: bytes, now: datetime) -> bool:
    """Note the province's answer to the waiting delivery; False when none waits (an answer that came twice)."""
    cursor = db.execute(
        "UPDATE outbox SET answer = ?, answer_bytes = ?, answered_at = ? WHERE document_id = ? AND answer IS NULL",
        [answer, answer_bytes, now.isoformat(), document_id],
    )
    return bool(cursor.rowcount == 1)


def last_answers(db: Any, most: int) -> list[tuple[bytes, datetime]]:
    """The signed answers to the newest deliveries that have one: their bytes and when they came."""
    rows = db.execute(
        "SELECT answer_bytes, answered_at FROM outbox WHERE answer IS NOT NULL ORDER BY sequence DESC LIMIT ?", [most]
    )
    return [(bytes(answer), datetime.fromisoformat(came)) for answer, came in rows.fetchall()]


def backlog(db: Any) -> tuple[int, int, datetime | None]:
    """(deliveries waiting, their bytes, since when the oldest waits)."""
    count, size, oldest = db.execute(
        "SELECT count(*), coalesce(sum(size), 0), min(queued_at) FROM outbox WHERE answer IS NULL"
    ).fetchone()
    return int(count), int(size), datetime.fromisoformat(oldest) if oldest else None


def _delivery(row: Any) -> Delivery:
    return Delivery(
        sequence=row[0],
        document_id=row[1],
        sha256=row[2],
        size=row[3],
        priority=row[4],
        meta=json.loads(row[5]),
        queued_at=datetime.fromisoformat(row[6]),
        answer=row[7],
        answer_bytes=row[8],
        answered_at=datetime.fromisoformat(row[9]) if row[9] else None,
        base=(row[10], row[11]) if row[10] else None,
    )
