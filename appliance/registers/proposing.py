"""Due days that a clerk is offered while registering a paper: the day it names itself, and terms in working days.

Values only; a person confirms or writes another. NĐ 30/2020 Điều 24 wants urgent papers first and gives no term of its
own: terms come from the paper, or from the procedure it belongs to.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from appliance.registers.workdays import WorkingDays

TERMS = (3, 5, 7, 10, 15)
"""Working days that are offered."""
_NAMED = re.compile(
    r"\b(?:trước|chậm nhất|muộn nhất|hạn cuối|hạn chót|thời hạn)\b[^.;]{0,40}?\bngày\s+"
    r"(\d{1,2})\s*(?:[/.\-]|tháng)\s*(\d{1,2})\s*(?:[/.\-]|năm)\s*(\d{4})",
    re.IGNORECASE,
)
_DAYS = re.compile(r"(\d{1,3})(?:\s*ngày(?:\s+làm\s+việc)?)?", re.IGNORECASE)


@dataclass(frozen=True)
class NamedDay:
    """A day that the paper itself names as the last one, and on which page (from 1)."""

    day: date
    page: int


def named_day(pages: Iterable[str], arrived: date) -> NamedDay | None:
    """The first day that the paper's text asks something by, not before its arrival; None when it names none.

    The day is offered as it is printed: whether "trước ngày 25" includes the 25th the clerk decides.
    """
    for number, text in enumerate(pages, 1):
        for found in _NAMED.finditer(" ".join(unicodedata.normalize("NFC", text).split())):
            day, month, year = (int(part) for part in found.groups())
            try:
                named = date(year, month, day)
            except ValueError:
                continue  # misread
            if named >= arrived:
                return NamedDay(named, number)
    return None


def offered(arrived: date, calendar: WorkingDays) -> tuple[tuple[int, date], ...]:
    """Each of ``TERMS`` with the day on which it ends, counted from the day of arrival."""
    return tuple((count, calendar.after(arrived, count)) for count in TERMS)


def counted(text: str, arrived: date, calendar: WorkingDays) -> date | None:
    """``5`` or ``5 ngày làm việc`` as the day on which that term ends; None when the text is no number of days."""
    days = _DAYS.fullmatch(text.strip())
    return calendar.after(arrived, int(days.group(1))) if days and int(days.group(1)) else None
