"""What the box's account to its province counts beside the report's facts (PROTOCOL.md 4.9): numbers, people, dossiers,
deliveries. Counts, codes and days only; nothing here knows a name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from appliance.domain.zone import VIETNAM
from appliance.reports.periods import Period


@dataclass(frozen=True)
class Given:
    """A dossier that was given back: its days in Vietnam, and how many working days its procedure has (0: at once)."""

    accepted: date
    given: date
    due: date
    days: int


@dataclass(frozen=True)
class CaseDay:
    """How far a dossier is, since which day, and until when an accepted one is due."""

    code: str
    state: str
    day: date
    due: date | None


def gaps(db: Any, register: str, year: int) -> int:
    """Numbers missing between the first and the last one given in a register's year."""
    given, first, last = db.execute(
        "SELECT count(*), min(number), max(number) FROM register_numbers WHERE register = ? AND year = ?",
        [register, year],
    ).fetchone()
    return int(last - first + 1 - given) if given else 0


def days_signed_in(db: Any, period: Period) -> list[int]:
    """Of each account that may sign in: on how many days of the period it did."""
    rows = db.execute(
        """SELECT count(DISTINCT date(events.at, '+7 hours')) FROM accounts
           LEFT JOIN events ON events.document_id = 'account:' || accounts.id AND events.event = 'signed-in'
               AND events.at >= ? AND events.at < ?
           WHERE accounts.active = 1 GROUP BY accounts.id""",
        _span(period),
    )
    return [int(days) for (days,) in rows.fetchall()]


def accepted_cases(db: Any, period: Period) -> int:
    """Dossiers that got their number in the period."""
    (count,) = db.execute(
        "SELECT count(*) FROM cases WHERE accepted_at >= ? AND accepted_at < ?", _span(period)
    ).fetchone()
    return int(count)


def given_back(db: Any, period: Period) -> list[Given]:
    """Dossiers whose result was given in the period."""
    rows = db.execute(
        "SELECT accepted_at, ended_at, due, procedure FROM cases"
        " WHERE state = 'returned' AND ended_at >= ? AND ended_at < ?",
        _span(period),
    )
    return [
        Given(_day(accepted), _day(ended), date.fromisoformat(due), int(json.loads(procedure)["days"]))
        for accepted, ended, due, procedure in rows.fetchall()
    ]


def case_days(db: Any, since: datetime | None, ended_after: datetime) -> list[CaseDay]:
    """Dossiers that changed after ``since``; without it all that are open or ended after ``ended_after``."""
    changed = "max(opened_at, coalesce(accepted_at, ''), coalesce(ended_at, ''))"
    if since is not None:
        rows = db.execute(f"SELECT code, state, {changed}, due FROM cases WHERE {changed} > ?", [_moment(since)])
    else:
        rows = db.execute(
            f"SELECT code, state, {changed}, due FROM cases WHERE ended_at IS NULL OR ended_at > ?",
            [_moment(ended_after)],
        )
    return [
        CaseDay(code, state, _day(at), date.fromisoformat(due) if due else None)
        for code, state, at, due in rows.fetchall()
    ]


def deliveries(db: Any) -> tuple[int, int]:
    """Deliveries ever queued, and those with an answer."""
    sent, answered = db.execute("SELECT count(*), count(answer) FROM outbox").fetchone()
    return int(sent), int(answered)


def _span(period: Period) -> list[str]:
    return [_moment(period.since), _moment(period.until)]


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _day(moment: str) -> date:
    return datetime.fromisoformat(moment).astimezone(VIETNAM).date()
