"""Rows with a due date that nobody has finished: what the overdue list, the reminders and the reports ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from appliance.registers.columns import FINISHES
from appliance.registers.deadlines import Term, Urgency, term
from appliance.registers.workdays import WorkingDays
from appliance.store import books
from appliance.store.books import Row


@dataclass(frozen=True)
class Open:
    """A row that is not finished and how its term stands."""

    row: Row
    term: Term


def unfinished(db: Any, today: date, calendar: WorkingDays) -> list[Open]:
    """Every unfinished row with a due date, the longest overdue first; rows of void numbers are none."""
    found = []
    for name, finish in FINISHES.items():
        places = db.execute(
            """SELECT year, number FROM register_rows AS last WHERE book = ?1
               AND sequence = (SELECT max(sequence) FROM register_rows AS other
                               WHERE other.book = ?1 AND other.year = last.year AND other.number = last.number)
               AND coalesce(json_extract(cells, '$.due'), '') != '' AND act != 'voided'
               AND coalesce(json_extract(cells, '$.' || ?2), '') = ''""",
            [name, finish],
        ).fetchall()
        for year, number in places:
            row = books.row(db, name, year, number)
            if row is not None and not row.void:
                found.append(Open(row, term(date.fromisoformat(row.cell("due")), today, calendar)))
    return sorted(found, key=lambda one: (one.term.ends, one.row.taken.year, one.row.taken.number))


def overdue(db: Any, today: date, calendar: WorkingDays) -> list[Open]:
    """Those whose term has ended."""
    return [one for one in unfinished(db, today, calendar) if one.term.urgency is Urgency.OVERDUE]
