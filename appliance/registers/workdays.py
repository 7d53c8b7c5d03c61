"""Working days: Monday to Friday, less the days off, more the days worked in their place.

Which days are off follows from the Labour Code 2019, article 112 - New Year's day, five days of Tết, the Hùng Kings'
day (10th of the third lunar month), 30 April, 1 May, two days about 2 September; one that falls on a weekend is made up
for on the next working day - but the exact days of Tết and of exchanges ("hoán đổi") are announced anew each year. So
they are a list for each year, which the administrator sets; ``defaults`` holds what was announced. A year without a
whole list is told (``missing``): there only the days that fall on the same date every year count as off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

ONE_DAY = timedelta(days=1)
EVERY_YEAR = ((1, 1), (4, 30), (5, 1), (9, 2))


@dataclass(frozen=True)
class YearList:
    """The days off of one year, beyond weekends, and weekend days that are worked. ``whole``: Tết and the Hùng Kings'
    day are in it, as announced."""

    year: int
    off: frozenset[date]
    worked: frozenset[date] = frozenset()
    whole: bool = True


def days(text: str) -> list[date]:
    """``2026-02-16`` or ``2026-02-16..2026-02-20`` as days.

    Raises:
        ValueError: not of this form, backwards, or longer than a month.
    """
    first, dots, last = text.partition("..")
    begin = date.fromisoformat(first)
    end = date.fromisoformat(last) if dots else begin
    if not begin <= end <= begin + 31 * ONE_DAY:
        raise ValueError(text)
    return [begin + n * ONE_DAY for n in range((end - begin).days + 1)]


def year_list(year: int, off: Iterable[str], worked: Iterable[str] = (), whole: bool = True) -> YearList:
    """One year's list from its texts.

    Raises:
        ValueError: a text is no day, or a day lies in another year.
    """
    made = [frozenset(day for text in texts for day in days(text)) for texts in (off, worked)]
    for day in made[0] | made[1]:
        if day.year != year:
            raise ValueError(day.isoformat())
    return YearList(year, made[0], made[1], whole)


DEFAULTS = (
    year_list(
        2025,
        ("2025-01-01", "2025-01-27..2025-01-31", "2025-04-07", "2025-04-30..2025-05-02", "2025-09-01..2025-09-02"),
        ("2025-04-26",),
    ),
    year_list(
        2026,
        (
            "2026-01-01..2026-01-02",
            "2026-02-16..2026-02-20",
            "2026-04-27",
            "2026-04-30..2026-05-01",
            "2026-08-31..2026-09-02",
        ),
        ("2026-01-10", "2026-08-22"),
    ),
    # Tết Đinh Mùi and 10/3 are not announced yet: by the law's own rule they would be 5-11 February and 16 April.
    year_list(2027, ("2027-01-01", "2027-04-30", "2027-05-03", "2027-09-02..2027-09-03"), whole=False),
)
"""What was announced for 2025 and 2026; of 2027 the days that do not depend on the moon."""


class WorkingDays:
    """The calendar of one office: ``set_by_office`` takes the place of ``DEFAULTS``, year by year."""

    def __init__(self, set_by_office: Iterable[YearList] = ()) -> None:
        self._years: Mapping[int, YearList] = {one.year: one for one in (*DEFAULTS, *set_by_office)}

    def works(self, day: date) -> bool:
        """Whether the office works on this day."""
        known = self._years.get(day.year)
        if known is None:
            return day.weekday() < 5 and (day.month, day.day) not in EVERY_YEAR
        return day in known.worked or (day.weekday() < 5 and day not in known.off)

    def missing(self, *of: int) -> tuple[int, ...]:
        """Those of the years that have no whole list: counting over them may be wrong by the days of Tết."""
        return tuple(sorted({year for year in of if year not in self._years or not self._years[year].whole}))

    def on_or_after(self, day: date) -> date:
        """``day``, or the next working day: a term that ends on a day off ends after it (Civil Code 2015, art. 148)."""
        while not self.works(day):
            day += ONE_DAY
        return day

    def before(self, day: date) -> date:
        """The last working day before ``day``."""
        day -= ONE_DAY
        while not self.works(day):
            day -= ONE_DAY
        return day

    def after(self, day: date, count: int) -> date:
        """The ``count``-th working day after ``day``, which itself is not counted."""
        for _ in range(count):
            day = self.on_or_after(day + ONE_DAY)
        return day

    def between(self, begin: date, end: date) -> int:
        """How many working days lie after ``begin`` up to ``end``; 0 when ``end`` is not later."""
        return sum(self.works(begin + n * ONE_DAY) for n in range(1, (end - begin).days + 1))
