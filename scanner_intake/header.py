"""The header of page 1: its lines cut into columns, its anchor, and the rows of the number and of the date.

Owns where things are in the header (Decree 30/2020 ô 1-4; Guide 36 of the Party: the title on the right, "*" under
the agency) and where a hand may have filled a gap. It reads no value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from scanner_intake import handwriting, patterns
from scanner_intake.layout import Anchor, Box, Line, PageText, anchor, key, split_columns, union

NUMBER, DAY, MONTH = "number", "day", "month"
ReadText = Callable[[np.ndarray, int, float], str]
Crop = Callable[[Box, float], np.ndarray]
_LOOK_DPI = 300.0
_ONE_ROW, _ROW_MARGIN = 1.0, 0.7
_NOTES = ("DU THAO", "SAO Y", "BAN SAO", "TRICH SAO", "SAO LUC", "HOA TOC", "THUONG KHAN", "KHAN", "MAT", "TOI MAT")
_WIDEST_GAP = 80.0  # points: room for a number written by hand


@dataclass(frozen=True)
class Header:
    """Page 1 cut into lines, its anchor and the row of the number."""

    page: PageText
    lines: list[Line]
    anchor: Anchor
    number: Line | None
    date: Line | None

    @property
    def number_row(self) -> float:
        """Where the header ends and the heading begins."""
        if self.number is not None:
            return self.number.middle
        if self.date is not None:
            return self.date.middle
        return self.anchor.row + 3.2 * self.anchor.unit


def cut_header(
    page: PageText, lines: Sequence[Line], covered: Sequence[Box] = (), known: Anchor | None = None
) -> Header:
    """Finds anchor, number row and date row of the first page.

    Words inside `covered` boxes (the arrival stamp) are left out: its Số and Ngày are not the document's. `known` is
    the anchor another reading found, for lines without a title of their own.
    """
    cut = _rejoined(split_columns([line for line in _outside(lines, covered) if line.words], page.width))
    place = anchor(cut, page.width, page.height)
    if known is not None and known.found and not place.found:
        place = known
    top, bottom = place.row - 0.5 * place.unit, place.row + 8.5 * place.unit
    date = next(
        (
            line
            for line in cut
            if line.box[2] > 0.45 * page.width
            and top < line.middle < bottom
            and patterns.parse_date(line.text) is not None
        ),
        None,
    )
    number = next(
        (
            line
            for line in cut
            if line.box[0] < place.border
            and top < line.middle < bottom
            and (rest := patterns.number_line(line.text)) is not None
            and ("/" in rest or "-" in rest)
        ),
        None,
    )
    return Header(page, cut, place, number, date)


def _rejoined(lines: Sequence[Line]) -> list[Line]:
    """The lines, a number or a date that an open gap (for a pen) cut in two made whole again."""
    joined = list(lines)
    for left in (line for line in lines if re.search(r"^SO$|NGAY$|NGAY.*THANG", line.key)):
        for right in lines:
            gap = right.box[0] - left.box[2]
            if left is right or left not in joined or right not in joined:
                continue
            if _year_below(left, right):
                joined[joined.index(left)] = Line((*left.words, *right.words))
                joined.remove(right)
                continue
            if not 0 < gap < _WIDEST_GAP or abs(left.middle - right.middle) > 0.5 * left.height:
                continue
            date = left.key.endswith("NGAY") and right.key.startswith("THANG")
            number = left.key == "SO" and re.match(r"\W?[-/]", right.text) is not None
            if date or number:
                joined[joined.index(left)] = Line((*left.words, *right.words))
                joined.remove(right)
    return joined


def _year_below(upper: Line, lower: Line) -> bool:
    """Whether a long place pushed the year of its date onto the next line."""
    wanted = r"(?:19|20)\d\d" if upper.key.endswith(" NAM") else r"NAM (?:19|20)\d\d"
    if re.fullmatch(wanted, lower.key) is None or "NGAY" not in upper.key or "THANG" not in upper.key:
        return False
    down = lower.middle - upper.middle
    return 0.5 * upper.height < down < 2.2 * upper.height and upper.box[0] - 20 < lower.centre < upper.box[2] + 20


def cut_headers(page: PageText, second: Sequence[Line], covered: Sequence[Box] = ()) -> tuple[Header, Header | None]:
    """The header in both readings. What only the second found (the page's first reading may lose a whole column under
    a stamp) is taken over by the first.
    """
    header = cut_header(page, page.lines, covered)
    if not second:
        return header, None
    other = cut_header(page, second, covered, header.anchor)
    if (header.number is None and other.number is not None) or (header.date is None and other.date is not None):
        missing = [line for line in other.lines if not any(_same_row(line.box, each.box) for each in header.lines)]
        lines = sorted([*header.lines, *missing], key=lambda line: (line.middle, line.box[0]))
        place = header.anchor if header.anchor.found else other.anchor
        header = Header(page, lines, place, header.number or other.number, header.date or other.date)
    return header, other


def digit_rows(header: Header) -> list[Box]:
    """Where a second reading has to look to confirm the digits of number and date, in points; one box when both stand
    in one row, none when a row or the title was not found.
    """
    number, date, unit = header.number, header.date, header.anchor.unit
    if number is None or date is None or not header.anchor.found:
        return []
    if abs(number.middle - date.middle) < _ONE_ROW * unit:
        left, right, rows = 0.0, header.page.width, [union((number.box, date.box))]
    else:
        left, right, rows = header.anchor.border, header.anchor.border, [number.box, date.box]
    spans = [(0.0, max(right, rows[0][2] + unit)), (max(0.0, min(left, rows[-1][0] - unit)), header.page.width)]
    over = _ROW_MARGIN * unit
    return [
        (start, max(0.0, row[1] - over), end, row[3] + over) for row, (start, end) in zip(rows, spans, strict=False)
    ]


def _same_row(a: Box, b: Box) -> bool:
    down = min(a[3], b[3]) - max(a[1], b[1])
    across = min(a[2], b[2]) - max(a[0], b[0])
    return down > 0.3 * min(a[3] - a[1], b[3] - b[1]) and across > 0


def _outside(lines: Sequence[Line], covered: Sequence[Box]) -> list[Line]:
    if not covered:
        return list(lines)
    kept = [Line(tuple(word for word in line.words if not _in_any(word.box, covered))) for line in lines]
    return [line for line in kept if line.words]


def _in_any(box: Box, covers: Sequence[Box]) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return any(c[0] <= x <= c[2] and c[1] <= y <= c[3] for c in covers)


def is_note(line: Line) -> bool:
    """Whether it is a word beside the head that names nobody: DỰ THẢO (LẦN 2), SAO Y, an urgency in black."""
    return re.sub(r"(?: LAN)?(?: \d{1,2})?(?: NGAY.*)?$", "", line.key) in _NOTES


@dataclass(frozen=True)
class Gap:
    """A place that may be filled by hand, and printed words of the same row to compare with."""

    box: Box
    prints: tuple[Box, ...]


def gaps(header: Header) -> dict[str, Gap]:
    """The gaps of number, day and month, as far as their rows were found."""
    found: dict[str, Gap] = {}
    if header.number is not None and (gap := _number_gap(header.number)) is not None:
        found[NUMBER] = gap
    if header.date is not None:
        found |= _date_gaps(header.date)
    return found


def _number_gap(line: Line) -> Gap | None:
    words = line.words
    party = patterns.is_party_code(patterns.number_line(line.text) or "")
    sign = "-" if party else "/"
    at = next((i for i, word in enumerate(words) if sign in word.text), None)
    if at is None:
        return None
    first, word = words[0], words[at]
    # "Số:" is about as wide as the row is high; junk read into it does not move the gap.
    start = first.box[2] if len(first.text) <= 3 and at else first.box[0] + 1.45 * min(line.height, 12.0)
    end = word.box[0] + (word.box[2] - word.box[0]) * word.text.index(sign) / max(1, len(word.text))
    if end - start < 1 or word.box[2] - end < 4:
        return None
    return Gap((start, line.box[1], end, line.box[3]), ((end, word.box[1], word.box[2], word.box[3]),))


def _date_gaps(line: Line) -> dict[str, Gap]:
    """Measured from the year, which is printed: "ngày" is about as wide, "tháng" a fifth wider."""
    words = line.words
    year = next((word for word in reversed(words) if word.text[:4].isdigit() and len(word.text) <= 5), None)
    day = next(
        (word for word in words if re.match(r"N?[GE]?[A-Z]?AY", key(word.text)) or key(word.text) == "NGA"), None
    )
    month = next((word for word in words if "THA" in key(word.text) or key(word.text).endswith("NG8")), None)
    if year is None or day is None or month is None or day is month:
        return {}
    unit = year.box[2] - year.box[0]
    merged = not key(month.text).startswith("TH")
    month_from = month.box[2] - 1.22 * unit if merged else month.box[0]
    month_to = month.box[2] if merged else min(month.box[2], month.box[0] + 1.22 * unit)
    found = {}
    start = min(day.box[2], day.box[0] + 1.02 * unit)
    if month_from - start > 2:
        found[DAY] = Gap((start + 0.5, line.box[1], month_from - 0.5, line.box[3]), (year.box,))
    following = next((w for w in words if w.box[0] > month_to and key(w.text) in ("NAM", "NARN", "NM")), None)
    if following is not None and following.box[0] - month_to > 2:
        found[MONTH] = Gap((month_to + 0.5, line.box[1], following.box[0] - 0.5, line.box[3]), (year.box,))
    return found


@dataclass(frozen=True)
class GapInk:
    """What a gap holds (`handwriting.Ink`) and what it reads like when read alone."""

    ink: handwriting.Ink
    text: str = ""


def look_into_gaps(header: Header, crop: Crop, read: ReadText) -> dict[str, GapInk]:
    """Looks at page 1's picture where a hand may have written.

    `crop(box, dpi)` gives a part of the picture, `read(gray, psm, dpi)` the text of a small one; only gaps that hold a
    pen's strokes are read alone.
    """
    found = {}
    for name, gap in gaps(header).items():
        row = union([gap.box, *gap.prints])
        row = (max(0.0, row[0] - 3), max(0.0, row[1] - 4), row[2] + 3, row[3] + 4)
        pixels, scale = crop(row, _LOOK_DPI), _LOOK_DPI / 72
        box, *prints = (_moved(each, row) for each in (gap.box, *gap.prints))
        ink = handwriting.judge(pixels, scale, box, prints)
        text = read(handwriting.cut_out(pixels, scale, box), 7, _LOOK_DPI) if ink.kind == handwriting.PEN else ""
        found[name] = GapInk(ink, text)
    return found


def _moved(box: Box, row: Box) -> Box:
    return (box[0] - row[0], box[1] - row[1], box[2] - row[0], box[3] - row[1])


def without_words_in(page: PageText, covered: Sequence[Box]) -> PageText:
    """The page without what stands inside the boxes."""
    return replace(page, lines=tuple(_outside(page.lines, covered)))
