"""Rows of the delegations that a leader gave at the pages; those of the configuration are no rows.

Owns the SQL of one table, whose rows are never removed and only ever end. Decides nothing (``appliance.delegating``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from appliance.domain.authority import Delegation


@dataclass(frozen=True)
class Given:
    """A delegation with who gave it and when, and who ended it before its last day, if somebody did."""

    id: str
    delegation: Delegation
    by: str
    at: datetime
    ended_by: str = ""
    ended_at: datetime | None = None


_COLUMNS = "id, form, signer, principal, begins, ends, decision, given_by, given_at, ended_by, ended_at"


def insert(db: Any, given: Given) -> None:
    """Add one."""
    one = given.delegation
    db.execute(
        f"INSERT INTO delegations ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,NULL,NULL)",
        [
            given.id, one.form, one.signer, one.principal, one.begins.isoformat(), one.ends.isoformat(), one.decision,
            given.by, given.at.isoformat(),
        ],
    )  # fmt: skip


def end(db: Any, delegation_id: str, by: str, now: datetime) -> bool:
    """End one from now on; False when there is none or it was ended before."""
    cursor = db.execute(
        "UPDATE delegations SET ended_by = ?, ended_at = ? WHERE id = ? AND ended_at IS NULL",
        [by, now.isoformat(), delegation_id],
    )
    return bool(cursor.rowcount == 1)


def listed(db: Any) -> list[Given]:
    """All, the newest first."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM delegations ORDER BY given_at DESC, id").fetchall()
    return [
        Given(
            row[0],
            Delegation(row[1], row[2], row[3], date.fromisoformat(row[4]), date.fromisoformat(row[5]), row[6]),
            row[7],
            datetime.fromisoformat(row[8]),
            row[9] or "",
            datetime.fromisoformat(row[10]) if row[10] else None,
        )
        for row in rows
    ]


def standing(db: Any) -> tuple[Delegation, ...]:
    """Those that nobody ended; whether one holds on a day is the domain's to say."""
    return tuple(given.delegation for given in listed(db) if given.ended_at is None)
