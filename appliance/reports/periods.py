"""Periods of a report: a month, a quarter, a year, or any days, with a moment at which counting stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from appliance.domain.zone import VIETNAM

KINDS = ("month", "quarter", "year", "days")


@dataclass(frozen=True)
class Period:
    """From the beginning of ``first`` up to the end of ``last``, or up to ``cut`` (not included) on that last day."""

    kind: str
    first: date
    last: date
    cut: time | None = None

    @property
    def since(self) -> datetime:
        """The first moment."""
        return datetime.combine(self.first, time(), VIETNAM)

    @property
    def until(self) -> datetime:
        """The moment that no longer belongs to it."""
        if self.cut is not None:
            return datetime.combine(self.last, self.cut, VIETNAM)
        return datetime.combine(self.last + timedelta(days=1), time(), VIETNAM)

    @property
    def number(self) -> int:
        """Which month or quarter of the year; 0 for the other kinds."""
        return {"month": self.first.month, "quarter": (self.first.month + 2) // 3}.get(self.kind, 0)

    @property
    def months(self) -> int:
        """How many months it is long; days that somebody chose count as the nearest number of months, at least one."""
        fixed = {"month": 1, "quarter": 3, "year": 12}.get(self.kind)
        return fixed or max(1, round(((self.last - self.first).days + 1) / 30.4))

    def days_until(self, today: date) -> tuple[int, int]:
        """How many of its days have begun by ``today``, and how many it has."""
        every = (self.last - self.first).days + 1
        return min(every, max(0, (today - self.first).days + 1)), every

    def query(self) -> dict[str, str]:
        """As an address says it; ``asked`` reads it back."""
        said = {"period": self.kind, "year": str(self.first.year)}
        if self.number:
            said["number"] = str(self.number)
        if self.kind == "days":
            said = {"period": "days", "from": self.first.isoformat(), "to": self.last.isoformat()}
        return said | ({"cut": self.cut.strftime("%H:%M")} if self.cut else {})


def month(year: int, number: int) -> Period:
    """One month."""
    following = date(year + number // 12, number % 12 + 1, 1)
    return Period("month", date(year, number, 1), following - timedelta(days=1))


def quarter(year: int, number: int) -> Period:
    """One quarter, 1 to 4."""
    return Period("quarter", date(year, 3 * number - 2, 1), month(year, 3 * number).last)


def whole_year(year: int) -> Period:
    """One year."""
    return Period("year", date(year, 1, 1), date(year, 12, 31))


def asked(said: Mapping[str, str], today: date) -> Period:
    """The period of an address or of options; what is missing is today's.

    Raises:
        ValueError: it cannot be understood: no such month, a day that is none, an end before its beginning.
    """
    kind = said.get("period") or ("days" if said.get("from") or said.get("to") else "month")
    cut = time.fromisoformat(said["cut"]) if said.get("cut") else None
    year, number = int(said.get("year") or today.year), int(said.get("number") or 1)
    if max(abs(year), abs(number)) > 9999:
        raise ValueError(f"{number}/{year}")  # no calendar counts so far
    if kind == "month":
        found = month(year, int(said.get("number") or today.month))
    elif kind == "quarter":
        found = quarter(year, int(said.get("number") or (today.month + 2) // 3))
    elif kind == "year":
        found = whole_year(year)
    elif kind == "days":
        first = date.fromisoformat(said.get("from") or today.replace(day=1).isoformat())
        found = Period("days", first, date.fromisoformat(said.get("to") or today.isoformat()))
    else:
        raise ValueError(kind)
    if found.last < found.first or not 1900 < found.first.year <= found.last.year < 2200:
        raise ValueError(f"{found.first} - {found.last}")
    return Period(found.kind, found.first, found.last, cut)
