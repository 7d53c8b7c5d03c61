"""Rows of tried drop folders: one page that is expected, comes, is read, and never becomes a document by itself.

Owns the SQL of ``scan_tests``. Decisions are ``appliance.scan_testing``'s; the intake and the worker move a row on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

OPEN = ("waiting", "arrived", "read")


@dataclass(frozen=True)
class ScanTest:
    """One try. ``claim``: what the intake said of the file (id, name, kind, policy, urgency), in case it turns
    out to be a real paper; ``facts``: what was read of it (``pipeline.scan_tests``)."""

    id: str
    folder: str
    state: str
    asked_by: str
    asked_at: datetime
    until: datetime
    claim: dict[str, str] = field(default_factory=dict)
    sha256: str = ""
    size: int = 0
    arrived_at: datetime | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    ended_by: str = ""
    ended_at: datetime | None = None


_COLUMNS = "id, folder, state, asked_by, asked_at, until, claim, sha256, size, arrived_at, facts, ended_by, ended_at"


def insert(db: Any, fresh: ScanTest) -> None:
    """Add a try that waits for its page."""
    db.execute(
        "INSERT INTO scan_tests (id, folder, state, asked_by, asked_at, until) VALUES (?,?,?,?,?,?)",
        [fresh.id, fresh.folder, fresh.state, fresh.asked_by, fresh.asked_at.isoformat(), fresh.until.isoformat()],
    )


def find(db: Any, test_id: str) -> ScanTest | None:
    """One try, or None."""
    return next(iter(_found(db, "WHERE id = ?", [test_id])), None)


def opened(db: Any, folder: str) -> ScanTest | None:
    """The try that is under way in a folder, or None."""
    return next(iter(_found(db, f"WHERE folder = ? AND state IN {OPEN}", [folder])), None)


def expecting(db: Any, folder: str, now: datetime) -> ScanTest | None:
    """The try that waits for the next file of this folder at ``now``, or None."""
    waiting = "WHERE folder = ? AND state = 'waiting' AND until > ? AND asked_at <= ?"
    return next(iter(_found(db, waiting, [folder, now.isoformat(), now.isoformat()])), None)


def last_of(db: Any, folder: str) -> ScanTest | None:
    """The newest try of a folder, or None."""
    return next(iter(_found(db, "WHERE folder = ? ORDER BY asked_at DESC LIMIT 1", [folder])), None)


def unread(db: Any) -> ScanTest | None:
    """The oldest page that has come and was not read, or None."""
    return next(iter(_found(db, "WHERE state = 'arrived' ORDER BY arrived_at LIMIT 1", [])), None)


def unanswered(db: Any) -> list[ScanTest]:
    """Pages that have come and about which nobody has said what they are, the oldest first."""
    return _found(db, "WHERE state IN ('arrived', 'read') ORDER BY arrived_at", [])


def with_claim(db: Any, claim_id: str) -> bool:
    """Whether the intake's claim was taken as a test page: after a crash the same claim comes again."""
    return db.execute("SELECT 1 FROM scan_tests WHERE claim_id = ?", [claim_id]).fetchone() is not None


def proved(db: Any) -> frozenset[str]:
    """Folders from which a test page was read well."""
    rows = db.execute("SELECT DISTINCT folder FROM scan_tests WHERE json_extract(facts, '$.good') = 1").fetchall()
    return frozenset(folder for (folder,) in rows)


def arrive(db: Any, test_id: str, claim: dict[str, str], sha256: str, size: int, now: datetime) -> None:
    """The page is in custody."""
    db.execute(
        "UPDATE scan_tests SET state = 'arrived', claim = ?, sha256 = ?, size = ?, arrived_at = ? WHERE id = ?",
        [json.dumps(claim, ensure_ascii=False), sha256, size, now.isoformat(), test_id],
    )


def keep_facts(db: Any, test_id: str, facts: dict[str, Any]) -> None:
    """The page was read; a try that somebody ended meanwhile stays ended and keeps nothing."""
    db.execute(
        "UPDATE scan_tests SET state = 'read', facts = ? WHERE id = ? AND state = 'arrived'",
        [json.dumps(facts, ensure_ascii=False), test_id],
    )


def end(db: Any, test_id: str, state: str, facts: dict[str, Any], by: str, now: datetime) -> None:
    """It is over; ``facts`` are what may still be told of the page."""
    db.execute(
        "UPDATE scan_tests SET state = ?, facts = ?, ended_by = ?, ended_at = ? WHERE id = ?",
        [state, json.dumps(facts, ensure_ascii=False), by, now.isoformat(), test_id],
    )


def _found(db: Any, where: str, values: list[Any]) -> list[ScanTest]:
    rows = db.execute(f"SELECT {_COLUMNS} FROM scan_tests {where}", values).fetchall()
    return [_read(row) for row in rows]


def _read(row: Any) -> ScanTest:
    return ScanTest(
        id=row[0],
        folder=row[1],
        state=row[2],
        asked_by=row[3],
        asked_at=datetime.fromisoformat(row[4]),
        until=datetime.fromisoformat(row[5]),
        claim=json.loads(row[6]),
        sha256=row[7],
        size=row[8],
        arrived_at=datetime.fromisoformat(row[9]) if row[9] else None,
        facts=json.loads(row[10]),
        ended_by=row[11],
        ended_at=datetime.fromisoformat(row[12]) if row[12] else None,
    )
