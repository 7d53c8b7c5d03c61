"""The fields of a paper from its recognised words: number, date, agency, type, subject (page 1) and signer.

Owns the zones and rules of Decree 30/2020/NĐ-CP annex I as they survive scanning (digitizing rules 11.2 and 13.1).
Input is text with boxes, output is `Field`s; it reads no picture and no file.

Invariant: a field that is absent, written by hand or read differently by two readings is missing, never guessed.
Numbers and dates come only from the header rows, never from the subject or the body, which quote other documents.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from scanner_intake import patterns, vocabulary
from scanner_intake.closing import describe_closing
from scanner_intake.dictionary import Dictionary
from scanner_intake.digitized import FIELD_NAMES, Field, Marking
from scanner_intake.header import GapInk, Header, cut_header, cut_headers, without_words_in
from scanner_intake.issuer import describe_issuer
from scanner_intake.layout import Line, PageText, capitals, key, marks, union
from scanner_intake.numbering import Expected, read_date, read_number
from scanner_intake.signer import describe_signer, doubted
from scanner_intake.subject import subject_letter, subject_under

__all__ = ["Description", "cut_header", "describe", "describe_paper"]

_RANKS = "XÃ|PHƯỜNG|ĐẶC KHU|TỈNH|THÀNH PHỐ|TP\\.?|THỊ TRẤN|HUYỆN|THỊ XÃ|QUẬN"
_NEARLY, _SURE_PLACE = 75.0, 0.8
_URGENT = ("khan", "thuong-khan", "hoa-toc")


@dataclass(frozen=True)
class Description:
    """The fields of a paper, and of every field that is missing or only guessed the reason (`digitized.ABSENT`)."""

    fields: dict[str, Field]
    absent: dict[str, str]


def describe_paper(
    pages: Sequence[PageText],
    second: Sequence[Line] = (),
    inks: Mapping[str, GapInk] | None = None,
    markings: Sequence[Marking] = (),
    arrival: Field | None = None,
    words: Dictionary | None = None,
) -> Description:
    """Everything the paper says.

    `second` is an independent reading of page 1's header, used to confirm digits; `inks` what stands in the gaps of
    number and date (`header.look_into_gaps`); `arrival` what the arrival stamp says (`arrival.read_arrival`).
    """
    if not pages:
        return Description({}, dict.fromkeys(FIELD_NAMES, "not-found"))
    words = words or Dictionary()
    covers = [each.box for each in markings if each.kind == "arrival-stamp" and each.page == 1]
    first = without_words_in(pages[0], covers)
    header, other = cut_headers(first, second, covers)
    heading = _heading(header)
    type_name, score = patterns.type_of(heading.text) if heading else (vocabulary.LETTER, 0.0)
    issued = describe_issuer(header, words)
    name = issued["issuer"].value if "issuer" in issued else ""
    number = read_number(header, other, Expected(type_name, name, words), inks or {})
    dated = read_date(header, other, inks or {})
    fields = number.fields | dated.fields | issued
    if "place" in fields:
        issued = {name: _named_after(found, fields["place"]) for name, found in issued.items()}
        fields |= issued
        fields["place"] = _seated(fields["place"], issued)
    subject = subject_under(header, heading) if heading else subject_letter(header)
    if heading is not None:
        fields["type_name"] = _field(type_name, min(score, 0.99), heading)
    elif subject is not None or "code_notation" in fields:
        fields["type_name"] = Field(vocabulary.LETTER, 0.8 if subject else 0.5, 1, None)
    if subject is not None:
        fields["subject"] = subject if _begins(subject, header) else doubted(subject)
    fields |= describe_closing(pages, fields.get("type_name")) | describe_signer(pages, words)
    fields |= _stamped(markings, arrival)
    absent = number.absent | dated.absent
    if "subject" not in fields and covers:
        absent["subject"] = "covered"
    unsure = ("subject", "signer_authority", "signer_position", "signer_name", "recipients")
    absent |= {name: "unclear" for name in unsure if name in fields and fields[name].guess}
    if "signer_name" not in fields and "signer_position" in fields:
        absent["signer_name"] = "covered"  # a name stands there, under the seal or the pen
    for name in FIELD_NAMES:
        if name not in fields:
            absent.setdefault(name, "not-found")
    return Description(fields, absent)


_SEAT = re.compile(rf"^(.*\b(?:{_RANKS})\s+)((?:[^\W\d_]+\s*)+)$")


def _named_after(issuer: Field, place: Field) -> Field:
    """An issuer whose place has other marks (XÃ MƯƠNG BU) than the date's row (Mường Bú): capitals lose them, and of as
    many the surer reading counts.
    """
    found = _SEAT.match(issuer.value)
    if found is None or key(found[2]) != key(place.value):
        return issuer
    if marks(place.value) <= marks(found[2]) and place.confidence <= issuer.confidence:
        return issuer
    return replace(issuer, value=f"{found[1]}{place.value.upper()}")


def _seated(place: Field, issued: Mapping[str, Field]) -> Field:
    """The place as the issuer's own name has it, when a letter of it was misread."""
    best = place
    for name in ("issuer", "parent_issuer"):
        found = re.search(rf".*\b(?:{_RANKS})\s+(?:[ỦUỶ][YỶ]\s+)?(.+)$", issued[name].value) if name in issued else None
        seat = " ".join(word.capitalize() for word in found[1].split()) if found else ""
        if seat and key(seat) != key(place.value) and fuzz.ratio(key(seat), key(place.value)) >= _NEARLY:
            best = replace(place, value=seat, confidence=min(place.confidence, 0.7))
        if seat and key(seat) == key(place.value):
            lost = marks(place.value) < marks(seat)  # a mark is lost more often than one is seen that is not there
            return replace(place, value=seat) if lost or place.confidence < _SURE_PLACE else place
    return best


def describe(pages: Sequence[PageText], second: Sequence[Line] = ()) -> dict[str, Field]:
    """The certain fields of a document, from its words alone."""
    found = describe_paper(pages, second).fields
    return {name: field for name, field in found.items() if not field.guess}


def _stamped(markings: Sequence[Marking], arrival: Field | None) -> dict[str, Field]:
    """Urgency and the arrival stamp: the most urgent stamp that was read counts."""
    fields = {}
    urgent = [each for each in markings if each.kind == "urgency" and each.value in _URGENT]
    if urgent:
        stamp = max(urgent, key=lambda each: (_URGENT.index(each.value), each.confidence))
        fields["urgency"] = Field(stamp.value, stamp.confidence, stamp.page, stamp.box)
    if arrival is not None:
        fields["arrival_stamp"] = arrival
    return fields


def _field(value: str, confidence: float, *lines: Line) -> Field:
    return Field(value, round(max(0.0, min(1.0, confidence)), 2), 1, union(line.box for line in lines))


def _begins(subject: Field, header: Header) -> bool:
    """Whether the subject is there from its first letter on, and no stamp covers its beginning. The Party's subjects
    begin with a small letter.
    """
    first = subject.value.split()[0]
    party = header.number is not None and patterns.is_party_code(patterns.number_line(header.number.text) or "")
    return party or not first[:1].islower() or first == "v/v"


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
