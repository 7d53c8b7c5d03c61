"""Due dates of rows: what is overdue, what is due on the next working day, what has time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from appliance.registers.workdays import WorkingDays


class Urgency(StrEnum):
    """How near the end of a term is."""

    OVERDUE = "overdue"
    SOON = "soon"
    LATER = "later"


@dataclass(frozen=True)
class Term:
    """A due date as it counts on a given day. ``ends``: the day itself, or the working day after a day off; ``late``:
    working days since then."""

    due: date
    ends: date
    urgency: Urgency
    late: int = 0


def term(due: date, today: date, calendar: WorkingDays) -> Term:
    """How ``due`` stands today. A reminder is due from the working day before the last day on (T-1)."""
    ends = calendar.on_or_after(due)
    if today > ends:
        return Term(due, ends, Urgency.OVERDUE, max(1, calendar.between(ends, today)))
    return Term(due, ends, Urgency.SOON if today >= calendar.before(ends) else Urgency.LATER)


def finished_late(due: date, finished: date, calendar: WorkingDays) -> bool:
    """Whether something was done only after its term had ended."""
    return finished > calendar.on_or_after(due)
