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

from hsm.places import Box
from hsm.signature_block import Line

_DOTS = ".…·_-‐–—"
_LABEL = re.compile(r"^Số\s*[:.]?", re.IGNORECASE)
_PARTS = ("ngày", "tháng", "năm")
_PART = re.compile(r"(?:^|\W)(ngày|tháng|năm)$")
"""Readers of scans join what stands close: "Nghiệm,ngày"."""
LARGEST = 15.0
"""No heading is written larger; the field must hold what is written into it."""
_WIDEST = 160.0
"""Points; what is farther apart does not belong together."""


@dataclass(frozen=True)
class Blank:
    """One gap: what belongs there ("number", "day", "month", "year", "decade" after a printed 20), its middle, baseline
    and width; the size of the letters beside it as their boxes say, and a word beside it with its width: boxes of a
    scan's text layer are as low as the ink, so its size is better told by how wide a known word is."""

    kind: str
    middle: float
    baseline: float
    width: float
    size: float
    beside: str = ""
    beside_width: float = 0.0


@dataclass(frozen=True)
class Blanks:
    """All gaps of a draft; `notation` is what stands after the number ("QĐ-UBND")."""

    gaps: tuple[Blank, ...] = ()
    notation: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Of "number" and "date" those that are missing."""
        wanted = {gap.kind for gap in self.gaps}
        return (("number",) if "number" in wanted else ()) + (("date",) if wanted - {"number"} else ())

    @property
    def box(self) -> Box | None:
        """The smallest box around all gaps with room for the letters; None without gaps."""
        if not self.gaps:
            return None
        return (
            min(gap.middle - _room(gap) / 2 for gap in self.gaps),
            min(gap.baseline - max(gap.size, LARGEST) for gap in self.gaps),
            max(gap.middle + _room(gap) / 2 for gap in self.gaps),
            max(gap.baseline + max(gap.size, LARGEST) * 0.3 for gap in self.gaps),
        )


def _room(gap: Blank) -> float:
    return max(gap.width, max(gap.size, LARGEST) * 2.4)


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
    words = [word for line in lines for word in line.words if word.box[3] < page_size[1] / 2]
    gaps: list[Blank] = []
    notation = ""
    for row in _rows(words):
        if not notation and (found := _number_gap(row, page_size[0])) is not None:
            gap, notation = found
            gaps.append(gap)
        if not any(gap.kind != "number" for gap in gaps):
            gaps.extend(_date_gaps(row))
    return Blanks(tuple(gaps), notation)


def _rows(words: list[Line]) -> list[list[Line]]:
    """Words on one baseline from left to right, whatever lies between them: a gap may be wider than any space."""
    rows: list[list[Line]] = []
    for word in sorted(words, key=lambda each: each.baseline):
        if rows and abs(rows[-1][-1].baseline - word.baseline) < 0.4 * word.size:
            rows[-1].append(word)
        else:
            rows.append([word])
    return [sorted(row, key=lambda each: each.box[0]) for row in rows]


def _number_gap(row: list[Line], page_width: float) -> tuple[Blank, str] | None:
    for index, word in enumerate(row):
        label = _LABEL.match(word.text)
        if label is None or word.box[0] > page_width / 2:
            continue
        for other in row[index:]:
            slash = other.text.find("/", label.end() if other is word else 0)
            if slash < 0:
                if _filled(other.text[label.end() if other is word else 0 :]):
                    return None
                continue
            notation = other.text[slash + 1 :].strip(_DOTS + ",;")
            if _filled(other.text[label.end() if other is word else 0 : slash]) or not notation:
                return None
            left, right = _share(word, label.end()), _share(other, slash)
            return (_blank("number", left, right, word, other), notation) if 0 < right - left < _WIDEST else None
    return None


def _date_gaps(row: list[Line]) -> list[Blank]:
    order: dict[str, int] = {}
    for index, word in enumerate(row):
        if part := _PART.search(word.text.lower().strip(_DOTS + ",")):
            order.setdefault(part.group(1), index)
    if len(order) < 3 or not order["ngày"] < order["tháng"] < order["năm"]:
        return []
    day, month, year = (row[order[name]] for name in _PARTS)
    if any(_filled(word.text) for word in row[order["ngày"] + 1 : order["tháng"]]):
        return []
    gaps = [_blank("day", day.box[2], month.box[0], day, month)]
    if not any(_filled(word.text) for word in row[order["tháng"] + 1 : order["năm"]]):
        gaps.append(_blank("month", month.box[2], year.box[0], month))
    rest = row[order["năm"] + 1 :]
    figures = "".join(word.text for word in rest).strip(_DOTS + ",.")
    if figures in ("", "20"):
        left = year.box[2] if not figures else _share(rest[0], 2)
        right = max([left + 2 * year.size, *(word.box[2] for word in rest)])
        gaps.append(_blank("decade" if figures else "year", left, right, year))
    return [gap for gap in gaps if 0 < gap.width < _WIDEST]


def _filled(text: str) -> bool:
    """Whether something other than dots stands there."""
    return bool(text.strip(_DOTS + ",: "))


def _share(word: Line, letters: int) -> float:
    """Where the first `letters` of a word end; letters are taken to be of equal width."""
    return word.box[0] + (word.box[2] - word.box[0]) * letters / max(len(word.text), 1)


def _blank(kind: str, left: float, right: float, label: Line, beside: Line | None = None) -> Blank:
    known = beside or label
    width = known.box[2] - known.box[0]
    return Blank(kind, (left + right) / 2, label.baseline, right - left, label.size, known.text, width)
