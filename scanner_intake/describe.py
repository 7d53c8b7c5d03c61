"""The fields of a paper from its recognised words: number, date, agency, type, subject (page 1) and signer.

Owns the zones and rules of Decree 30/2020/NĐ-CP annex I as they survive scanning (digitizing rules 11.2 and 13.1).
Input is text with boxes, output is `Field`s; it reads no picture and no file.

Invariant: a field that is absent, written by hand or read differently by two readings is missing, never guessed.
Numbers and dates come only from the header rows, never from the subject or the body, which quote other documents.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scanner_intake import patterns, vocabulary
from scanner_intake.closing import describe_closing
from scanner_intake.dictionary import Dictionary
from scanner_intake.digitized import FIELD_NAMES, Field, Marking
from scanner_intake.header import GapInk, Header, cut_header, cut_headers, without_words_in
from scanner_intake.issuer import describe_issuer
from scanner_intake.layout import Line, PageText, Word, capitals, key, union
from scanner_intake.numbering import Expected, read_date, read_number
from scanner_intake.signer import describe_signer

__all__ = ["Description", "cut_header", "describe", "describe_paper"]

_URGENT = ("khan", "thuong-khan", "hoa-toc")
_STOPS = ("CAN CU", "KINH GUI", "THUC HIEN", "XET", "THEO")


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
    subject = _subject_under(header, heading) if heading else _subject_letter(header)
    if heading is not None:
        fields["type_name"] = _field(type_name, min(score, 0.99), heading)
    elif subject is not None or "code_notation" in fields:
        fields["type_name"] = Field(vocabulary.LETTER, 0.8 if subject else 0.5, 1, None)
    if subject is not None:
        fields["subject"] = subject
    fields |= describe_closing(pages, fields.get("type_name")) | describe_signer(pages, words)
    fields |= _stamped(markings, arrival)
    absent = number.absent | dated.absent
    if "subject" not in fields and covers:
        absent["subject"] = "covered"
    if "signer_name" not in fields and "signer_position" in fields:
        absent["signer_name"] = "covered"  # a name stands there, under the seal or the pen
    for name in FIELD_NAMES:
        if name not in fields:
            absent.setdefault(name, "not-found")
    return Description(fields, absent)


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


def _mean(words: Sequence[Word]) -> float:
    return sum(word.confidence for word in words) / len(words) if words else 0.0


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


def _trimmed(line: Line) -> tuple[Word, ...]:
    """The line without the specks at its ends that were read as signs."""
    words = line.words
    while words and not any(ch.isalnum() for ch in words[0].text):
        words = words[1:]
    while words and not any(ch.isalnum() or ch in ')”"' for ch in words[-1].text):
        words = words[:-1]
    return words


def _subject(lines: list[Line]) -> Field | None:
    if not lines:
        return None
    words = [word for line in lines for word in _trimmed(line)]
    text = re.sub(r" [-–—_'.]+(?=[a-zà-ỹđ])", " ", " ".join(word.text for word in words)).strip(" .,;_-—")
    text = "V/v" + text[3:] if text[:3].upper() in ("V/V", "Y/V") else text
    text = re.sub(r"^\W*[Vv][ềêeếéàa]\s*việc\b", "Về việc", text)
    if len(key(text)) < 6:
        return None
    return _field(text[:1000], _mean(words), *lines)
