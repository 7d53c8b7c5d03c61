"""What the arrival stamp says: số đến and ngày đến (Decree 30/2020 annex IV: 35 x 50 mm, "ĐẾN", Số, Ngày, Chuyển).

Owns the reading of that one stamp. Its number and day are usually written in by hand, so they are a guess for a person
to confirm; they are never the document's own number and day.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date

import numpy as np

from scanner_intake import patterns
from scanner_intake.digitized import MOST_SURE_GUESS, Field, Marking
from scanner_intake.layout import Box, key

_DPI = 300.0
_NUMBER = re.compile(r"\bS[\wốỐóÓôÔ6]{1,2}\s*[:;.,]+\s*([^\n]*)", re.IGNORECASE)
_DAY = re.compile(
    r"ng[\w]{1,2}[yv]?\w?\s*[:;.,]*\s*([0-9OoIl|]{1,2})\s*[/.\-]\s*([0-9OoIl|]{1,2})(?:\s*[/.\-]\s*([12][0-9OoIl|]{3}))?",
    re.IGNORECASE,
)

ReadText = Callable[[np.ndarray, int, float], str]


def read_arrival(crop: Callable[[Box, float], np.ndarray], markings: Sequence[Marking], read: ReadText) -> Field | None:
    """The page's arrival stamp as "Số: 123, Ngày: 2026-03-05" with "…" for what could not be read; None without a
    stamp. `crop(box, dpi)` gives RGB or BGR pixels, `read(gray, psm, dpi)` their text.
    """
    stamp = next((each for each in markings if each.kind == "arrival-stamp"), None)
    if stamp is None:
        return None
    pixels = crop(stamp.box, _DPI)
    # The stamp is red, the entries blue or black: green is dark under all of them.
    gray = np.ascontiguousarray(pixels[:, :, 1] if pixels.ndim == 3 else pixels)
    number, day = entries(read(gray, 6, _DPI))
    value = f"Số: {number or '…'}, Ngày: {day or '…'}"
    return Field(value, MOST_SURE_GUESS if number or day else 0.1, stamp.page, stamp.box, True)


def entries(text: str) -> tuple[str, str]:
    """Số đến (digits) and ngày đến (YYYY-MM-DD, or DD/MM when no year was written) in the text of a stamp, "" where
    there is none.
    """
    number = ""
    for found in _NUMBER.finditer(text):
        if key(found[0]).split(" ")[0][:2] not in ("SO", "S6"):
            continue
        digits = patterns.digits_in(re.sub(r"[._…\s]", "", found[1]))
        if digits:
            number = digits
            break
    return number, _day(text)


def _day(text: str) -> str:
    found = _DAY.search(text)
    if found is not None:
        day, month, year = (int(patterns.digits_in(part or "") or 0) for part in found.groups())
        if not found[3]:
            return f"{day:02d}/{month:02d}" if 1 <= day <= 31 and 1 <= month <= 12 else ""
    else:
        written = patterns.parse_date(text)
        if written is None or written.day is None or written.month is None:
            return ""
        day, month, year = written.day, written.month, written.year
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""
