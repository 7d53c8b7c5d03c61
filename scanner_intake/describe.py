"""The fields of a paper from its recognised words: number, date, agency, type, subject (page 1) and signer.

Owns the zones and rules of Decree 30/2020/NĐ-CP annex I as they survive scanning (digitizing rules 11.2 and 13.1).
Input is text with boxes, output is `Field`s; it reads no picture and no file.

Invariant: a field that is absent, written by hand or read differently by two readings is missing, never guessed.
Numbers and dates come only from the header rows, never from the subject or the body, which quote other documents.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from scanner_intake import patterns
from scanner_intake.digitized import Field
from scanner_intake.layout import Anchor, Line, PageText, Word, anchor, capitals, key, split_columns, union
from scanner_intake.signer import describe_signer

_SURE = 0.75
_STOPS = ("CAN CU", "KINH GUI", "THUC HIEN", "XET", "THEO")


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


def describe(pages: Sequence[PageText], second: Sequence[Line] = ()) -> dict[str, Field]:
    """Fields of a document; `second` is an independent reading of page 1's header, used to confirm digits."""
    if not pages:
        return {}
    header = cut_header(pages[0], pages[0].lines)
    other = cut_header(pages[0], second) if second else None
    fields: dict[str, Field] = {}
    heading = _heading(header)
    type_name, score = patterns.type_of(heading.text) if heading else (patterns.LETTER, 0.0)
    fields |= _number(header, other, type_name)
    fields |= _date(header, other)
    fields |= _agencies(header)
    subject = _subject_under(header, heading) if heading else _subject_letter(header)
    if heading is not None:
        fields["type_name"] = _field(type_name, min(score, 0.99), heading)
    elif subject is not None or "code_notation" in fields:
        fields["type_name"] = Field(patterns.LETTER, 0.8 if subject else 0.5, 1, None)
    if subject is not None:
        fields["subject"] = subject
    return fields | describe_signer(pages)


def cut_header(page: PageText, lines: Sequence[Line]) -> Header:
    """Finds anchor, number row and date row of the first page."""
    cut = split_columns([line for line in lines if line.words], page.width)
    place = anchor(cut, page.width, page.height)
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


def _field(value: str, confidence: float, *lines: Line) -> Field:
    return Field(value, round(max(0.0, min(1.0, confidence)), 2), 1, union(line.box for line in lines))


def _mean(words: Sequence[Word]) -> float:
    return sum(word.confidence for word in words) / len(words) if words else 0.0


def _number(header: Header, other: Header | None, type_name: str) -> dict[str, Field]:
    if header.number is None:
        return {}
    code = patterns.parse_code(patterns.number_line(header.number.text) or "", type_name)
    again = None
    if other is not None and other.number is not None:
        again = patterns.parse_code(patterns.number_line(other.number.text) or "", type_name)
    code = code or again
    if code is None:
        return {}
    agreed = again is not None and again.notation == code.notation
    fields = {"code_notation": _field(code.notation, 0.95 if agreed else 0.7, header.number)}
    confirmed = again is not None and again.number == code.number
    number = _sure_number(header.number, code, 0.5 if confirmed else _SURE)
    if number is not None and other is not None and not confirmed:
        number = None
    if number is not None:
        fields["code_number"] = _field(number, 0.95 if confirmed else 0.8, header.number)
        whole = patterns.Code(number, code.notation).whole
        fields["code"] = _field(whole or "", min(each.confidence for each in fields.values()), header.number)
    return fields


def _sure_number(line: Line, code: patterns.Code, least: float) -> str | None:
    """The number if its word was read surely and is not in coloured ink (a pen)."""
    if code.number is None:
        return None
    for word in line.words:
        if code.number in word.text:
            return code.number if word.confidence >= least and not word.pen else None
    return None


def _date(header: Header, other: Header | None) -> dict[str, Field]:
    if header.date is None:
        return {}
    fields = {}
    place = patterns.place_before_date(header.date.text)
    if place:
        fields["place"] = _field(place, _mean(header.date.words[: len(place.split())]), header.date)
    found = patterns.parse_date(header.date.text)
    again = patterns.parse_date(other.date.text) if other is not None and other.date is not None else None
    if found is None or found.iso is None:
        return fields
    digits = [word for word in header.date.words if any(ch.isdigit() for ch in word.text)]
    sure = all(word.confidence >= 0.6 and not word.pen for word in digits)
    if sure and (other is None or (again is not None and again.iso == found.iso)):
        fields["issued_date"] = _field(found.iso, 0.95 if other is not None else 0.8, header.date)
    return fields


def _agencies(header: Header) -> dict[str, Field]:
    """Issuer and the agency above it: capitals in the left column from above the national title down to the number
    row.
    """
    top = header.anchor.row - 2.2 * header.anchor.unit
    groups: list[list[Line]] = []
    for line in header.lines:
        text = line.text.strip(" .:-_*")
        if not (
            top < line.middle < header.number_row - 0.4 * header.anchor.unit and line.centre < header.anchor.border
        ):
            continue
        if len(line.key) < 2 or sum(ch.isalpha() for ch in text) < 2 or capitals(text) < 0.6 or line.height < 4:
            continue
        known = patterns.starts_with_any(line.key, patterns.AGENCY_HEADS)
        if groups and (not known or patterns.starts_with_any(line.key, patterns.PLACE_HEADS)):
            groups[-1].append(line)
        elif sum(ch.isalpha() for ch in text) >= 4 and fuzz.partial_ratio(line.key, "CONG HOA XA HOI CHU NGHIA") < 80:
            groups.append([line])
    fields = {}
    for name, group in zip(("issuer", "parent_issuer"), reversed(groups[-2:]), strict=False):
        words = [word for line in group for word in line.words if any(ch.isalpha() for ch in word.text)]
        value = patterns.respelled(" ".join(word.text.strip("|_.:*") for word in words))
        fields[name] = _field(value, _mean(words), *group)
    return fields


def _heading(header: Header) -> Line | None:
    """The line that names the type: capitals near the page's middle, below the number row."""
    width, height = header.page.width, header.page.height
    for line in header.lines:
        if not header.number_row < line.middle < 0.5 * height or line.width > 0.45 * width:
            continue
        if abs(line.centre - 0.53 * width) > 0.16 * width or capitals(line.text) < 0.7:
            continue
        if patterns.type_of(line.text)[0] and not line.text.rstrip().endswith(":"):
            return line
    return None


def _subject_under(header: Header, heading: Line) -> Field | None:
    """Centred lines under the type; ends where the line pitch grows by 45 %, which is where the body begins."""
    width, unit = header.page.width, header.anchor.unit
    taken: list[Line] = []
    pitch = None
    last = heading.middle
    for line in header.lines:
        if line.middle <= heading.middle + 0.4 * unit:
            continue
        if line.height < 3 or len(line.key) < 3:
            continue
        step = line.middle - last
        begins_body = any(line.key == stop or line.key.startswith(stop + " ") for stop in _STOPS)
        if begins_body and not (line.key.startswith("THEO") and taken):
            break
        off_centre = abs(line.centre - heading.centre) > 0.09 * width
        if off_centre or step > 3.5 * unit or (taken and capitals(line.text) > 0.7 and len(line.key) > 12):
            break
        if taken and pitch is not None and step > 1.45 * pitch:
            break
        # A skewed scan shortens a step; no line pitch is under 1.15 line heights.
        pitch = max(1.15 * unit, step if pitch is None else min(pitch, step))
        taken.append(line)
        last = line.middle
    return _subject(taken)


def _subject_letter(header: Header) -> Field | None:
    """ "V/v …" of a công văn, in the left column under the number; words are cut at the column border."""
    taken: list[Line] = []
    last = 0.0
    for line in header.lines:
        if line.middle < header.number_row or line.box[0] > header.anchor.border:
            continue
        words = tuple(w for w in line.words if (w.box[0] + w.box[2]) / 2 < header.anchor.border and _legible(w))
        part = Line(words) if words else None
        if not taken:
            start = _after_mark(part) if part else None
            if start is not None:
                taken, last = [start], start.middle
            continue
        if part is None or part.height < 3 or len(part.key) < 2:
            continue
        if part.box[1] - taken[-1].box[3] > 1.1 * header.anchor.unit or part.key.startswith("KINH GUI"):
            break
        if part.middle - last < 0.4 * header.anchor.unit:
            continue
        taken.append(part)
        last = part.middle
    return _subject(taken)


def _legible(word: Word) -> bool:
    """Specks and strokes read as letters are dropped; a real word read unsurely stays."""
    return word.confidence > 0.2 or (len(word.text) >= 4 and word.text.isalpha())


def _after_mark(line: Line) -> Line | None:
    """The line from its "V/v" on (also read Y/v, V/V), else None."""
    for index, word in enumerate(line.words):
        if word.text[:3].upper() in ("V/V", "Y/V") or key(word.text) in ("VV", "V V"):
            return Line(line.words[index:])
    return Line(line.words) if line.key.startswith("VE VIEC") else None


def _subject(lines: list[Line]) -> Field | None:
    if not lines:
        return None
    words = [word for line in lines for word in line.words]
    text = " ".join(word.text for word in words).strip(" .,;_-—")
    text = "V/v" + text[3:] if text[:3].upper() in ("V/V", "Y/V") else text
    text = re.sub(r"^\W*[Vv][ềêeếéàa]\s*việc\b", "Về việc", text)
    if len(key(text)) < 6:
        return None
    return _field(text[:1000], _mean(words), *lines)
