"""The gate: does this paper look like a state secret? Asked before any of its text may leave the limited child.

Owns the decision over stamps and words (digitizing rules 12; Luật BVBMNN 117/2025/QH15: the box must never carry such
papers). Target: no silent miss, false holds are accepted. It refuses to look inside the body: "mật" in a sentence is
an ordinary word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from scanner_intake.digitized import Marking
from scanner_intake.layout import PageText, key, split_columns, union

READ = "secrecy-marking"
UNREADABLE = "marking-unreadable"
_LEVELS = {"MAT": "mat", "TOI MAT": "toi-mat", "TUYET MAT": "tuyet-mat"}


def printed_markings(pages: Sequence[PageText]) -> list[Marking]:
    """Lines that consist only of MẬT, TỐI MẬT or TUYỆT MẬT in capitals in the upper part of a page (gray and bitonal
    scans).
    """
    markings = []
    for page in pages:
        for line in split_columns([each for each in page.lines if each.words], page.width):
            if line.middle > 0.55 * page.height:
                continue
            words = [word for word in line.words if key(word.text)]
            text = " ".join(word.text for word in words)
            level = _LEVELS.get(key(text))
            if level and re.sub(r"[^\w]|\d|_", "", text).isupper():
                markings.append(
                    Marking("secrecy", level, page.number, union(w.box for w in words), round(line.confidence, 2))
                )
    return markings


def suspicion(markings: Sequence[Marking]) -> str:
    """ "" for an ordinary paper, else the code: `secrecy-marking`, or `marking-unreadable` when a box could not be
    read.
    """
    if any(each.kind == "secrecy" for each in markings):
        return READ
    if any(each.kind == "unknown" for each in markings):
        return UNREADABLE
    return ""
