"""Who issued a paper: the agency names of the header's left column.

Owns the grouping of capital lines into agencies (Decree 30/2020 ô 2; Guide 36: the Party's agencies above a "*") and
the telling apart of an agency under another from several agencies issuing together.
"""

from __future__ import annotations

import re

from rapidfuzz import fuzz

from scanner_intake import patterns, vocabulary
from scanner_intake.dictionary import Dictionary
from scanner_intake.digitized import Field
from scanner_intake.header import Header
from scanner_intake.layout import Line, capitals, union

_TITLES = ("CONG HOA XA HOI CHU NGHIA", "DANG CONG SAN VIET NAM")
_PARTY_HEADS = ("TINH UY", "THANH UY", "HUYEN UY", "QUAN UY", "THI UY", "XA DOI")


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
    top = header.anchor.row - 2.2 * header.anchor.unit
    bottom = header.number_row - 0.4 * header.anchor.unit
    groups: list[list[Line]] = []
    for line in header.lines:
        text = line.text.strip(" .:-_*–—")
        if not (top < line.middle < bottom and line.centre < header.anchor.border):
            continue
        if len(line.key) < 2 or sum(ch.isalpha() for ch in text) < 2 or capitals(text) < 0.6 or line.height < 4:
            continue
        if any(fuzz.partial_ratio(line.key, title) >= 80 for title in _TITLES) and len(line.key) > 12:
            continue
        known = patterns.starts_with_any(line.key, vocabulary.AGENCY_HEADS)
        of_a_place = patterns.starts_with_any(line.key, vocabulary.PLACE_HEADS)
        head = patterns.starts_with_any(line.key, _PARTY_HEADS) or (known and not of_a_place)
        if groups and not head:
            groups[-1].append(line)
        elif sum(ch.isalpha() for ch in text) >= 4:
            groups.append([line])
    return groups


def _together(upper: list[Line], lower: list[Line], header: Header) -> bool:
    """Whether two agencies issue together: a dash between their names, or a notation of a joint paper (KHLT, TTLT).

    A department under its own authority is never joint with it, whatever speck looks like a dash.
    """
    over = patterns.starts_with_any(upper[0].key, ("UBND", "UY BAN NHAN DAN", "BO"))
    if over and patterns.starts_with_any(lower[0].key, ("SO", "PHONG", "CHI CUC", "CUC", "VAN PHONG", "BAN", "TRUONG")):
        return False
    dash = re.search(r"[-–—]\s*$", upper[-1].text) or re.match(r"^\s*[-–—]\s*\w", lower[0].text)
    return bool(dash) or (header.number is not None and bool(re.search(r"(?:TT|NQ|KH|CT|QC|HD)LT", header.number.text)))


def _named(group: list[Line], words: Dictionary) -> str:
    parts = [
        word.text.strip("|_.:*–—") for line in group for word in line.words if any(ch.isalpha() for ch in word.text)
    ]
    text = " ".join(part for part in parts if part).strip(" -")
    text = re.sub(r"(?<=\w),(?=\w)", " ", text)
    return words.agency(patterns.respelled(text))


def _field(value: str, lines: list[Line]) -> Field:
    sure = [word.confidence for line in lines for word in line.words if any(ch.isalpha() for ch in word.text)]
    return Field(value, round(sum(sure) / len(sure), 2) if sure else 0.0, 1, union(line.box for line in lines))
