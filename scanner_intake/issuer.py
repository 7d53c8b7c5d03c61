"""Who issued a paper: the agency names of the header's left column.

Owns the grouping of capital lines into agencies (Decree 30/2020 ô 2; Guide 36: the Party's agencies above a "*") and
the telling apart of an agency under another from several agencies issuing together.
"""

from __future__ import annotations

import re

from rapidfuzz import fuzz

from scanner_intake import patterns, spelling, vocabulary
from scanner_intake.dictionary import Dictionary
from scanner_intake.digitized import Field
from scanner_intake.header import Header, is_note
from scanner_intake.layout import Line, capitals, honest, union
from scanner_intake.vocabulary import PLACE_HEADS

_TITLES = ("CONG HOA XA HOI CHU NGHIA", "DANG CONG SAN VIET NAM")
_PARTY_HEADS = ("TINH UY", "THANH UY", "HUYEN UY", "QUAN UY", "THI UY", "XA DOI")
_OVER = ("UBND", "UY BAN", "HOI DONG NHAN DAN", "BO", "DANG BO", "DANG UY", "TINH UY", "THANH UY", "TONG CONG TY")
_OPEN_ENDED = ("VAN PHONG", "THUONG TRUC", "CHU TICH", "BAN THUONG TRUC", "DOAN DAI BIEU QUOC HOI")
_SAME_ROW = 0.4
_SHORT_NAME = 3  # words that a place's name has at most
_UNSURE = 0.6


def describe_issuer(header: Header, words: Dictionary) -> dict[str, Field]:
    """Fields issuer and parent_issuer; several agencies issuing together are one issuer, joined by " - "."""
    groups = _groups(header)
    if not groups:
        return {}
    first = len(groups) - 1
    while first > 0 and _together(groups[first - 1], groups[first], header):
        first -= 1
    if first < len(groups) - 1:
        lines = [line for group in groups[first:] for line in group]
        fields = {"issuer": _field(" - ".join(_named(group, words) for group in groups[first:]), lines)}
        if first > 0:
            fields["parent_issuer"] = _field(_named(groups[first - 1], words), groups[first - 1])
        return fields
    fields = {}
    for name, group in zip(("issuer", "parent_issuer"), reversed(groups[-2:]), strict=False):
        fields[name] = _field(_named(group, words), group)
    return fields


def _groups(header: Header) -> list[list[Line]]:
    """Capitals in the left column from above the national title down to the number row, one group an agency."""
    groups: list[list[Line]] = []
    for line in _column(header):
        known = patterns.starts_with_any(line.key, vocabulary.AGENCY_HEADS)
        of_a_place = patterns.starts_with_any(line.key, PLACE_HEADS)
        head = patterns.starts_with_any(line.key, _PARTY_HEADS) or (known and not of_a_place)
        if groups and (not head or _unfinished(groups[-1], line)):
            groups[-1].append(line)
        elif sum(ch.isalpha() for ch in line.text) >= 4:
            groups.append([line])
    return groups


def _unfinished(group: list[Line], line: Line) -> bool:
    """Whether the name goes on although the next line begins like a name: VĂN PHÒNG / ỦY BAN NHÂN DÂN, SỞ NÔNG NGHIỆP
    VÀ MÔI / TRƯỜNG, ỦY BAN MTTQ VIỆT NAM XÃ / BẢN LẦU.
    """
    above = " ".join(each.key for each in group)
    if above in _OPEN_ENDED and patterns.starts_with_any(line.key, ("UY BAN", "HOI DONG", "UBND", "HDND")):
        return True
    if " " not in line.key and group[-1].key != line.key:
        return len(above.split()) > 1  # a head alone names nobody
    return patterns.ends_with_any(above, (*PLACE_HEADS, "VA")) and len(line.words) <= _SHORT_NAME


def _column(header: Header) -> list[Line]:
    """The lines of the left column that can be names, each row as one line."""
    top = header.anchor.row - 2.2 * header.anchor.unit
    bottom = header.number_row - 0.4 * header.anchor.unit
    lines: list[Line] = []
    for line in header.lines:
        if not (top < line.middle < bottom and line.centre < header.anchor.border) or line.height < 4:
            continue
        text = line.text.strip(" .:-_*–—")
        if (
            sum(ch.isalpha() for ch in text) < 2
            or capitals(text) < 0.6
            or len(line.key) < 2
            or _is_title(line)
            or is_note(line)
        ):
            continue
        same = next((i for i, each in enumerate(lines) if _one_row(each, line)), None)
        if same is None:
            lines.append(line)
        else:
            lines[same] = Line(tuple(sorted((*lines[same].words, *line.words), key=lambda word: word.box[0])))
    return lines


def _one_row(a: Line, b: Line) -> bool:
    across = min(a.box[2], b.box[2]) - max(a.box[0], b.box[0])
    return abs(a.middle - b.middle) < _SAME_ROW * min(a.height, b.height) and across < 2


def _is_title(line: Line) -> bool:
    """Whether it is (most of) the national or the Party's title, read into the left column."""
    return any(
        fuzz.partial_ratio(line.key, title) >= 80
        and len(line.key) >= 0.9 * len(title)
        and ("NGHIA" in line.key or "SAN" in line.key)
        for title in _TITLES
    )


def _together(upper: list[Line], lower: list[Line], header: Header) -> bool:
    """Whether two agencies issue together: a dash between their names, or a notation of a joint paper (KHLT, TTLT).

    A department under its own authority is never joint with it, whatever speck looks like a dash.
    """
    over = patterns.starts_with_any(upper[0].key, _OVER)
    if over and not patterns.starts_with_any(lower[0].key, _OVER):
        return False
    if header.number is not None and re.search(r"(?:TT|NQ|KH|CT|QC|HD|QĐ)L[TN]|LT[/-]", header.number.text):
        return True
    if re.search(r"[-–—]\s*$", upper[-1].text):
        return True
    before = lower[0].words[0]
    return not over and before.text in ("-", "–", "—") and before.confidence >= _UNSURE


def _named(group: list[Line], words: Dictionary) -> str:
    text = " ".join(shown for line in group if (shown := patterns.respelled(_shown(line)))).strip(" -")
    return words.agency(spelling.official(re.sub(r"(?<=\w),(?=\w)", " ", text)))


def _shown(line: Line) -> str:
    """The line's words; numerals and dashes inside it belong to the name (KHU VỰC 3 - …), specks do not."""
    kept: list[str] = []
    for word in line.words:
        text = word.text.strip("|_.:*–—-")
        if re.search(r"[^\W\d_]", text) and not re.fullmatch(r"[ˆˇ˜`´^~]+", text):
            kept.append(text)
        elif kept and word.confidence >= _UNSURE and (re.fullmatch(r"\d{1,3}", text) or word.text in ("-", "–")):
            kept.append(text or "-")
    return " ".join(kept).strip(" -")


def _field(value: str, lines: list[Line]) -> Field:
    """As sure as its least sure word lets it be."""
    sure = [word.confidence for line in lines for word in line.words if any(ch.isalpha() for ch in word.text)]
    return Field(value, honest(sure), 1, union(line.box for line in lines))
