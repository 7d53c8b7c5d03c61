"""Days in Vietnam as moments, and ranges of them as people choose them.

Owns the reading of a typed range. A range includes both its days.
"""

from __future__ import annotations

import datetime as dt

from sync.province.wording import VIETNAM

EPOCH = dt.date(1970, 1, 1)
LONGEST = 366 * 3
"""Days of the longest range that is asked for at once."""


def begins(day: dt.date) -> float:
    """The first moment of a day, in seconds since 1970."""
    return dt.datetime.combine(day, dt.time(), VIETNAM).timestamp()


def number(day: dt.date) -> int:
    """The number of a day as `store.tallies` counts them."""
    return (day - EPOCH).days


def today(now: float) -> dt.date:
    """The day of a moment."""
    return dt.datetime.fromtimestamp(now, VIETNAM).date()


def typed(text: str) -> dt.date | None:
    """A day written YYYY-MM-DD, or None; years that no calendar of this office has are none either."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2200 else None


def chosen(first: str, last: str, now: float) -> tuple[dt.date, dt.date]:
    """A typed range; without one, this month so far. Turned round where the end comes before the beginning."""
    end = typed(last) or today(now)
    begin = typed(first) or end.replace(day=1)
    begin, end = min(begin, end), max(begin, end)
    return max(begin, end - dt.timedelta(days=LONGEST)), end
