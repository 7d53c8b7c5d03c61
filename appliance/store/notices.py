"""Rows of notices: what this box said of documents, and what the province said (``sync.protocol.notices``).

Owns the SQL of the three tables. Decides nothing. Invariants: what is said gets the next number of the box's one
stream in the transaction of the decision it tells of; what was taken is never changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sync.protocol.notices import AGREED, KEPT, MAX_BY, MAX_REASON, RECALL, Notice, clean
from sync.protocol.topics import Direction


@dataclass(frozen=True)
class Word:
    """One notice as people see it; ``ours``: this box said it; ``heard``: the other end has it."""

    number: int
    way: str
    document_id: str
    code: str
    reason: str
    by: str
    at: datetime
    ours: bool
    heard: bool


def say(db: Any, way: Direction, tid: str, document_id: str, code: str, reason: str, by: str, at: datetime) -> int:
    """Add a notice to the box's stream (inside the caller's transaction) and return its number."""
    cursor = db.execute(
        "INSERT INTO notices_said (way, tid, document_id, code, reason, by, at) VALUES (?,?,?,?,?,?,?)",
        [way.value, tid, document_id, code, clean(reason, MAX_REASON), clean(by, MAX_BY), at.isoformat()],
    )
    return int(cursor.lastrowid)


def unheard(db: Any, box: str, limit: int) -> list[Notice]:
    """What was said and not heard, lowest numbers first."""
    (stream,) = db.execute("SELECT stream FROM notice_stream").fetchone()
    rows = db.execute(
        "SELECT number, way, tid, document_id, code, at, reason, by FROM notices_said WHERE heard = 0"
        " ORDER BY number LIMIT ?",
        [limit],
    )
    return [
        Notice(
            box, bytes(stream), number, Direction(way), bytes.fromhex(tid), document_id, code,
            max(0, int(datetime.fromisoformat(at).timestamp())), reason, by,
        )
        for number, way, tid, document_id, code, at, reason, by in rows.fetchall()
    ]  # fmt: skip


def heard(db: Any, stream: bytes, number: int) -> None:
    """Note up to which number the province keeps this box's stream."""
    if db.execute("SELECT 1 FROM notice_stream WHERE stream = ?", [stream]).fetchone():
        db.execute("UPDATE notices_said SET heard = (number <= ?) WHERE heard != (number <= ?)", [number, number])


def last(db: Any, stream: bytes) -> int:
    """Up to which number the province's stream was taken."""
    (number,) = db.execute("SELECT max(number) FROM notices_taken WHERE stream = ?", [stream]).fetchone()
    return int(number or 0)


def take(db: Any, notice: Notice, envelope: bytes, at: datetime) -> bool:
    """Keep a notice of the province; False when it was kept before."""
    said = datetime.fromtimestamp(min(notice.wall, 253402300799), UTC)
    cursor = db.execute(
        "INSERT INTO notices_taken VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
        [
            notice.stream, notice.number, notice.way.value, notice.tid.hex(), notice.document_id, notice.code,
            notice.reason, notice.by, said.isoformat(), at.isoformat(), envelope,
        ],
    )  # fmt: skip
    return bool(cursor.rowcount == 1)


def of_document(db: Any, document_id: str) -> list[Word]:
    """Everything said by either end about a document, oldest first by this box's clock."""
    rows = db.execute(
        "SELECT number, way, document_id, code, reason, by, at, 1, heard, at AS kept FROM notices_said"
        " WHERE document_id = ?1 UNION ALL"
        " SELECT number, way, document_id, code, reason, by, at, 0, 1, taken_at FROM notices_taken"
        " WHERE document_id = ?1 ORDER BY kept, 8, 1",
        [document_id],
    )
    return [
        Word(row[0], row[1], row[2], row[3], row[4], row[5], datetime.fromisoformat(row[6]), bool(row[7]), bool(row[8]))
        for row in rows.fetchall()
    ]


def recall_asked(db: Any, document_id: str) -> bool:
    """Whether the province wants a document back that it sent, and nobody here has answered since."""
    asked = answered = 0
    for word in of_document(db, document_id):
        if word.way == "down":
            asked += not word.ours and word.code == RECALL
            answered += word.ours and word.code in (AGREED, KEPT)
    return asked > answered
