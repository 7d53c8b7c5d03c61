"""Number, notation, place and date of a paper, each either a fact, a guess or absent with its reason.

Owns the decision what may be called certain: printed digits that two readings agree on. A gap filled by hand gives at
most a guess (digitizing rules 11.4 and 13.1: people disagree about such digits too).

Invariant: nothing written by hand is certain, whatever it reads like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scanner_intake import patterns
from scanner_intake.dictionary import Dictionary
from scanner_intake.digitized import MOST_SURE_GUESS, Field
from scanner_intake.handwriting import EMPTY, PEN, PRINT
from scanner_intake.header import DAY, MONTH, NUMBER, GapInk, Header
from scanner_intake.layout import Box, Line, Word, honest

_SURE = 0.75
# Print that both readings read alike is only called a pen's when it is far from the row's print.
_SURELY_PEN = 1.6
# Strokes that two readings cannot agree on, neither of them sure, are a pen's already when they are near to print.
_ILLEGIBLE, _LIKELY_PEN = 0.6, 0.7


@dataclass
class Read:
    """Fields found so far and why others are not there."""

    fields: dict[str, Field] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    def guess(self, name: str, value: str, line: Line, box: Box | None = None) -> None:
        """Notes a guess for a person to confirm."""
        self.fields[name] = Field(value, MOST_SURE_GUESS if value[:1].isdigit() else 0.1, 1, box or line.box, True)


@dataclass(frozen=True)
class Expected:
    """What else is known of the paper and helps to read its notation: its type, its issuer, the province's words."""

    type_name: str = ""
    issuer: str = ""
    words: Dictionary = field(default_factory=Dictionary)


def read_number(header: Header, other: Header | None, expected: Expected, inks: Mapping[str, GapInk]) -> Read:
    """Fields code, code_number and code_notation."""
    read = Read()
    code, again = _code(header, expected), _code(other, expected)
    if other is not None and header.number is other.number:
        again = None  # one reading only, taken over from the second
    line = header.number if code is not None else other.number if other is not None else None
    if code is None:
        code, again = again, None
    if code is None or line is None:
        read.absent = dict.fromkeys(("code", "code_number", "code_notation"), "not-found")
        return read
    notation, agreed = _notation(code, again, expected, line, other)
    read.fields["code_notation"] = _field(notation, 0.95 if agreed else 0.7, line)
    confirmed = again is not None and again.number is not None and again.number == code.number
    heard = _confidence(line, code.number)
    if confirmed and other is not None and other.number is not None:
        heard = max(heard, _confidence(other.number, code.number))
    ink = inks.get(NUMBER)
    illegible = other is not None and not confirmed and heard < _ILLEGIBLE
    if _by_hand(ink, confirmed and heard >= _SURE, illegible) or _has_pen(line, code.number):
        return _guessed(read, line, notation, [code, again], ink, "handwritten")
    if code.number is None and (ink is None or ink.ink.kind == EMPTY) and not _scrawl(line):
        read.absent = dict.fromkeys(("code", "code_number"), "not-found")  # a draft: no number was given yet
        return read
    sure = heard >= (0.5 if confirmed else _SURE)
    contradicted = other is not None and not confirmed and not _alone_but_printed(again, ink)
    if code.number is None or not sure or contradicted:
        return _guessed(read, line, notation, [code, again], ink, "unclear")
    read.fields["code_number"] = _field(code.number, 0.95 if confirmed else 0.8, line)
    whole = patterns.Code(code.number, notation).whole or ""
    read.fields["code"] = _field(whole, min(each.confidence for each in read.fields.values()), line)
    return read


def read_date(header: Header, other: Header | None, inks: Mapping[str, GapInk]) -> Read:
    """Fields place and issued_date."""
    read = Read()
    line = header.date
    if line is None:
        read.absent = dict.fromkeys(("place", "issued_date"), "not-found")
        return read
    places = [each for each in (_place(line), _place(other.date if other is not None else None)) if each is not None]
    if places:
        read.fields["place"] = max(places, key=lambda each: each.confidence)
    else:
        read.absent["place"] = "not-found"
    found = patterns.parse_date(line.text)
    again = patterns.parse_date(other.date.text) if other is not None and other.date is not None else None
    digits = [word for word in line.words if any(ch.isdigit() for ch in word.text)]
    agreed = found is not None and found.iso is not None and again is not None and again.iso == found.iso
    drawn = [inks.get(DAY), inks.get(MONTH)]
    trusted = agreed and all(word.confidence >= _SURE for word in digits)
    illegible = other is not None and not agreed and _unread(found, digits)
    hand = any(_by_hand(each, trusted, illegible) for each in drawn) or any(word.pen for word in digits)
    sure = all(word.confidence >= (0.5 if agreed else 0.6) for word in digits)
    if found is not None and found.iso is not None and sure and not hand and (other is None or agreed):
        read.fields["issued_date"] = _field(found.iso, 0.95 if other is not None else 0.8, line)
        return read
    blank = drawn[0] is not None and drawn[0].ink.kind == EMPTY and (found is None or found.day is None)
    read.absent["issued_date"] = "not-found" if blank else "handwritten" if hand else "unclear"
    iso = "" if blank else _likely_date([found, again], inks)
    if iso:
        read.guess("issued_date", iso, line)
    return read


def _place(line: Line | None) -> Field | None:
    """The place in front of the date."""
    value = patterns.place_before_date(line.text) if line is not None else ""
    if not value or line is None:
        return None
    names = set(value.split())
    return _field(value, honest([word.confidence for word in line.words if word.text.strip(",.;") in names]), line)


def _code(header: Header | None, expected: Expected) -> patterns.Code | None:
    if header is None or header.number is None:
        return None
    return patterns.parse_code(patterns.number_line(header.number.text) or "", expected.type_name)


def _notation(
    code: patterns.Code, again: patterns.Code | None, expected: Expected, line: Line, other: Header | None
) -> tuple[str, bool]:
    """The likelier notation of two readings, and whether it is sure."""
    known = expected.words.notation

    def mended(each: patterns.Code) -> str:
        return known(patterns.with_initials(each.notation, expected.issuer))

    first = mended(code)
    if again is None:
        return first, first in expected.words.notations
    second = mended(again)
    if first == second:
        return first, True
    heard = other.number if other is not None else None
    if heard is not None and heard.words[-1].confidence > line.words[-1].confidence + 0.1:
        return second, False
    return first, False


def _alone_but_printed(again: patterns.Code | None, ink: GapInk | None) -> bool:
    """Whether the other reading has no number of its own, and the gap's strokes are those of the row's print."""
    return (again is None or again.number is None) and ink is not None and ink.ink.kind == PRINT


def _by_hand(found: GapInk | None, agreed: bool, illegible: bool = False) -> bool:
    if found is None or found.ink.kind == EMPTY:
        return False
    if illegible and found.ink.distance >= _LIKELY_PEN:
        return True
    return found.ink.kind == PEN and found.ink.distance >= (_SURELY_PEN if agreed else 1.0)


def _unread(found: patterns.IssuedDate | None, digits: Sequence[Word]) -> bool:
    """Whether the date's first reading has no day, or a part of it is unsure."""
    return found is None or found.iso is None or any(word.confidence < _ILLEGIBLE for word in digits)


def _has_pen(line: Line, number: str | None) -> bool:
    return number is not None and any(word.pen for word in line.words if number in word.text)


def _scrawl(line: Line) -> bool:
    """Whether something that is no number stands between "Số" and the notation."""
    rest = patterns.number_line(line.text) or ""
    head = rest.split("-" if patterns.is_party_code(rest) else "/")[0]
    return any(not ch.isspace() and ch not in ".:-_…" for ch in head)


def _guessed(
    read: Read, line: Line, notation: str, codes: list[patterns.Code | None], ink: GapInk | None, reason: str
) -> Read:
    """The likeliest digits as a guess; without any, the notation alone is offered for the person to complete."""
    read.absent = dict.fromkeys(("code", "code_number"), reason)
    rest = patterns.number_line(line.text) or ""
    head = rest.split("-" if patterns.is_party_code(rest) else "/")[0]
    texts = [head, ink.text if ink else "", *(each.number or "" for each in codes if each is not None)]
    digits = max((patterns.digits_in(text) for text in texts), key=len)
    shown = patterns.Code(digits, notation).whole or ""
    read.guess("code", shown, line)
    if digits:
        read.guess("code_number", digits, line)
    return read


def _likely_date(readings: list[patterns.IssuedDate | None], inks: Mapping[str, GapInk]) -> str:
    """The date with the likeliest digits in its gaps, "" when none is possible."""

    known = [each for each in readings if each is not None]
    if not known:
        return ""
    alone = {name: inks[name].text if name in inks else "" for name in (DAY, MONTH)}
    days = [patterns.likely_day(alone[DAY]), *(each.day for each in known), *(each.likely_day for each in known)]
    months = [*(each.month for each in known), patterns.likely_month(alone[MONTH])]
    day = next((each for each in days if each), None)
    month = next((each for each in months if each), None)
    return patterns.IssuedDate(day, month, known[0].year).iso or ""


def _confidence(line: Line, number: str | None) -> float:
    for word in line.words:
        if number is not None and number in word.text:
            return word.confidence
    return 0.0


def _field(value: str, confidence: float, line: Line) -> Field:
    return Field(value, round(max(0.0, min(1.0, confidence)), 2), 1, line.box)
