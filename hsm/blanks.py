"""What a draft leaves open for the clerk: the number in "Số:     /QĐ-UBND", the day in "ngày     tháng     năm 2026".

Found in the text layer of page 1, whether born digital or read from a scan. Finds nothing rather than guessing: a line
that already carries a number or a day is complete. Boxes are points, origin top-left of the displayed page. The number
and the date are given by the clerk when the paper is issued, after the leader has signed (NĐ 30/2020 Điều 14, 15), so
they are written by a signature of the agency into the field that was left for them, never into the page itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from hsm.paper import Box
from hsm.signature_block import Line

_DOTS = ".…·_-‐–—"
_NUMBER = re.compile(r"^\s*Số\s*:?[\s.…·_\-‐–—]*(/\s*\S.*)$", re.IGNORECASE)
_DATE = re.compile(
    r"ngày[\s.…·_\-‐–—]*tháng[\s.…·_\-‐–—]*?(?P<month>\d{1,2})?[\s.…·_\-‐–—]*năm[\s.…·_\-‐–—]*"
    r"(?:(?P<year>\d{4})|(?P<century>20))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Blank:
    """One gap: what belongs there ("number", "day", "month", "year", "decade" after a
    printed 20), its middle and baseline, its width and the size
    of the letters beside it."""

    kind: str
    middle: float
    baseline: float
    width: float
    size: float


@dataclass(frozen=True)
class Blanks:
    """All gaps of a draft; `notation` is what stands after the number ("QĐ-UBND")."""

    gaps: tuple[Blank, ...] = ()
    notation: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """ "number" and "date", those that are missing."""
        wanted = {gap.kind for gap in self.gaps}
        return (("number",) if "number" in wanted else ()) + (("date",) if wanted - {"number"} else ())

    @property
    def box(self) -> Box | None:
        """The smallest box around all gaps with room for the letters; None without gaps."""
        if not self.gaps:
            return None
        return (
            min(gap.middle - _room(gap) / 2 for gap in self.gaps),
            min(gap.baseline - gap.size for gap in self.gaps),
            max(gap.middle + _room(gap) / 2 for gap in self.gaps),
            max(gap.baseline + gap.size * 0.35 for gap in self.gaps),
        )


def _room(gap: Blank) -> float:
    return max(gap.width, gap.size * 2.4)


def texts(kinds: tuple[str, ...], number: int, day: date) -> dict[str, str]:
    """What is written into each kind of gap: numbers below 10, days below 10 and the months 1 and 2 with a leading
    nought (NĐ 30/2020 PL I mục II.3, II.4)."""
    found = {"number": f"{number:02d}"} if "number" in kinds else {}
    if "date" in kinds:
        month = f"{day.month:02d}" if day.month < 3 else str(day.month)
        found |= {"day": f"{day.day:02d}", "month": month, "year": str(day.year), "decade": str(day.year)[2:]}
    return found


def find_blanks(lines: list[Line], page_size: tuple[float, float]) -> Blanks:
    """The gaps in the upper half of a page."""
    gaps: list[Blank] = []
    notation = ""
    for line in lines:
        if line.box[1] > page_size[1] / 2:
            continue
        if not notation and (found := _NUMBER.match(line.text)) and line.middle < page_size[0] / 2:
            number = _number_gap(line)
            if number is not None:
                gaps.append(number)
                notation = found.group(1).lstrip("/ ").split()[0].rstrip(",;")
        if not any(gap.kind != "number" for gap in gaps) and (match := _DATE.search(line.text)):
            gaps.extend(_date_gaps(line, match))
    return Blanks(tuple(gaps), notation)


def _number_gap(line: Line) -> Blank | None:
    before = [word for word in line.words if re.match(r"^Số\s*:?", word.text, re.IGNORECASE)]
    after = [word for word in line.words if "/" in word.text]
    if not before or not after:
        return None
    left = _end_of(before[0], re.compile(r"^Số\s*:?", re.IGNORECASE))
    right = _start_of(after[0], "/")
    return _blank("number", left, right, line) if right > left else None


def _date_gaps(line: Line, match: re.Match[str]) -> list[Blank]:
    places = {}
    for word in line.words:
        folded = word.text.lower().strip(_DOTS + ",")
        if folded in ("ngày", "tháng", "năm"):
            places[folded] = word
    if len(places) < 3:
        return []
    day, month, year = places["ngày"], places["tháng"], places["năm"]
    gaps = [_blank("day", day.box[2], month.box[0], line)]
    if not match.group("month"):
        gaps.append(_blank("month", month.box[2], year.box[0], line))
    if not match.group("year"):
        rest = [word for word in line.words if word.box[0] >= year.box[2]]
        left = year.box[2] if not match.group("century") else min(word.box[2] for word in rest)
        right = max([left + 2 * line.size, *(word.box[2] for word in rest)])
        gaps.append(_blank("decade" if match.group("century") else "year", left, right, line))
    return [gap for gap in gaps if gap.width > 0]


def _blank(kind: str, left: float, right: float, line: Line) -> Blank:
    return Blank(kind, (left + right) / 2, line.baseline, right - left, line.size)


def _end_of(word: Line, pattern: re.Pattern[str]) -> float:
    """Where the matched beginning of a word ends; letters are taken to be of equal width."""
    match = pattern.match(word.text)
    share = len(match.group(0)) / len(word.text) if match and word.text else 1.0
    return word.box[0] + (word.box[2] - word.box[0]) * share


def _start_of(word: Line, letter: str) -> float:
    share = word.text.index(letter) / len(word.text)
    return word.box[0] + (word.box[2] - word.box[0]) * share
