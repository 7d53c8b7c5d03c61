"""What every commune told of its books in a period, beside what the province itself knows of it.

Owns the step from rows to lines, in a fixed number of questions, and periods as people choose them. Writes nothing.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from sync.province import days
from sync.province.books import Check, Figures, Limits, checks, lost, reduction, unsigned
from sync.province.store import ProvinceStore
from sync.province.store.account_rows import AccountRows, Told
from sync.province.store.tallies import Tally

_NOTHING: Figures = {}


@dataclass(frozen=True)
class OfficeBooks:
    """One commune. `before`: what it told of the period before; `receipts`: every answer this province ever gave it."""

    box: str
    commune: str
    told: Told | None
    before: Told | None
    receipts: int

    @property
    def figures(self) -> Figures:
        """The counts, none where it told nothing."""
        return self.told.figures if self.told else _NOTHING

    def checks(self, limits: Limits) -> tuple[Check, ...]:
        """The answers to an inspection's questions."""
        return checks(self.figures, limits)

    @property
    def unsigned(self) -> int:
        """Documents issued without both signatures."""
        return unsigned(self.figures)

    @property
    def lost(self) -> int:
        """Deliveries without an answer that do not wait either."""
        return lost(self.figures, self.receipts)

    @property
    def sooner(self) -> str:
        """By how much dossiers take less than their procedures allow, in percent."""
        return reduction(self.figures.get("case.term", 0), self.figures.get("case.took", 0))

    @property
    def sooner_than_before(self) -> str:
        """By how much they take less than in the period before, in percent; a dash where either is not known."""
        took = self.figures.get("case.took", 0)
        return reduction(self.before.count("case.took"), took) if self.before and took else "–"


def offices(store: ProvinceStore, period: str, box: str = "") -> list[OfficeBooks]:
    """Every commune that is not revoked, by name. Raises RowsAway."""
    rows = AccountRows(store.connection)
    told, before = rows.of_period(period, box), rows.of_period(period_before(period), box)
    sums, found = store.tallies.sums(box=box), []
    for one in store.fleet.boxes():
        if one.revoked_at is None and box in ("", one.box):
            tally = sums.get(one.box, Tally())
            receipts = tally.stored + tally.refused + tally.duplicates
            found.append(OfficeBooks(one.box, one.commune, told.get(one.box), before.get(one.box), receipts))
    return sorted(found, key=lambda line: (line.commune, line.box))


def period_before(period: str) -> str:
    """The month or the year before."""
    if len(period) == 4:
        return f"{int(period) - 1:04}"
    first = dt.date.fromisoformat(f"{period}-01")
    return f"{first - dt.timedelta(days=1):%Y-%m}"


def typed_period(typed: str, now: float) -> str:
    """A period as people type it, `2026` or `2026-11`; the year of today where it is none."""
    found = re.fullmatch(r"(20[0-9]{2})(-(0[1-9]|1[0-2]))?", typed.strip())
    return found[0] if found else f"{days.today(now):%Y}"


def periods_offered(now: float) -> list[str]:
    """This year and the one before, and the last twelve months, the latest first."""
    today = days.today(now)
    months, first = [], today.replace(day=1)
    for _ in range(12):
        months.append(f"{first:%Y-%m}")
        first = (first - dt.timedelta(days=1)).replace(day=1)
    return [f"{today:%Y}", f"{today.year - 1}", *months]


def in_words(period: str) -> str:
    """`năm 2026`, `tháng 11 năm 2026`: as Vietnamese papers write it."""
    year, _dash, month = period.partition("-")
    return f"tháng {int(month)} năm {year}" if month else f"năm {year}"
