"""Geometry of recognised text: words, lines, pages, and the anchors of a Vietnamese administrative page.

Owns the text model shared by the OCR step, the describing rules and the marking gate. Units are points (1/72 inch)
with the origin at the top left of the page as it is displayed. It refuses to read files, images or clocks; everything
is a value.

Invariants: text is NFC; a `Line` never spans the two columns of the header (digitizing rules 11.2: lines are split at
wide gaps).
"""

from __future__ import annotations

import re
import statistics
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

from rapidfuzz import fuzz

Box = tuple[float, float, float, float]

NATIONAL_TITLE = "CONG HOA XA HOI CHU NGHIA VIET NAM"
MOTTO = "DOC LAP TU DO HANH PHUC"
PARTY_TITLE = "DANG CONG SAN VIET NAM"
_MIDDLE = 0.48  # where the left column ends at the latest, of the page's width


@dataclass(frozen=True)
class Word:
    """One recognised word; `confidence` 0..1; `pen`: its ink is coloured, so it was most likely written by hand."""

    text: str
    box: Box
    confidence: float
    pen: bool = False


@dataclass(frozen=True)
class Line:
    """Words of one line from left to right; what the rules ask of it again and again is reckoned once."""

    words: tuple[Word, ...]

    @cached_property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @cached_property
    def key(self) -> str:
        return key(self.text)

    @cached_property
    def box(self) -> Box:
        return union(word.box for word in self.words)

    @cached_property
    def height(self) -> float:
        return statistics.median(word.box[3] - word.box[1] for word in self.words)

    @property
    def width(self) -> float:
        return self.box[2] - self.box[0]

    @property
    def centre(self) -> float:
        return (self.box[0] + self.box[2]) / 2

    @property
    def middle(self) -> float:
        return (self.box[1] + self.box[3]) / 2

    @property
    def confidence(self) -> float:
        return min(word.confidence for word in self.words)


@dataclass(frozen=True)
class PageText:
    """One page: size in points and its lines in reading order, as the recogniser gave them (columns not yet split)."""

    number: int
    width: float
    height: float
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)


@dataclass(frozen=True)
class Anchor:
    """The header's anchor: `row` is the middle of the national title, `unit` its line height, `border` the column
    border.
    """

    row: float
    unit: float
    border: float
    found: bool


@lru_cache(maxsize=4096)
def key(text: str) -> str:
    """Upper-case letters and digits without diacritics, single blanks: the form in which texts are compared."""
    flat = unicodedata.normalize("NFD", text).replace("đ", "d").replace("Đ", "D").replace("Ð", "D")
    flat = "".join(ch for ch in flat if not unicodedata.combining(ch)).upper()
    return " ".join(re.sub(r"[^A-Z0-9]+", " ", flat).split())


def marks(text: str) -> int:
    """How many diacritics a text has."""
    return sum(unicodedata.combining(ch) != 0 for ch in unicodedata.normalize("NFD", text))


def honest(confidences: Sequence[float]) -> float:
    """How sure a field of several words is, 0..1: their mean, pulled down by the least sure one, because a single word
    read wrong makes the whole wrong.
    """
    if not confidences:
        return 0.0
    mean = sum(confidences) / len(confidences)
    return round(max(0.0, min(1.0, mean, 0.35 + 0.7 * min(confidences))), 2)


def union(boxes: Iterable[Box]) -> Box:
    """The smallest box around all boxes."""
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return (min(x0), min(y0), max(x1), max(y1))


def capitals(text: str) -> float:
    """Share of upper-case letters among the letters of a text, 0..1."""
    letters = [ch for ch in text if ch.isalpha()]
    return sum(ch.isupper() for ch in letters) / len(letters) if letters else 0.0


def split_columns(lines: Sequence[Line], width: float) -> list[Line]:
    """Lines cut at wide gaps and before a right-hand "CỘNG HÒA", so that the two header columns never share a line."""
    parts: list[Line] = []
    for line in lines:
        words = _unmerged(sorted(line.words, key=lambda word: word.box[0]), width)
        run = [words[0]]
        for index, (previous, word) in enumerate(pairwise(words), 1):
            gap = word.box[0] - previous.box[2]
            limit = max(2.2 * min(line.height, 20.0), 0.028 * width)
            if gap > limit or (word.box[0] > 0.3 * width and _begins_title(words[index : index + 5])):
                parts.append(Line(tuple(run)))
                run = []
            run.append(word)
        parts.append(Line(tuple(run)))
    return sorted(parts, key=lambda line: (line.middle, line.box[0]))


def _unmerged(words: list[Word], width: float) -> list[Word]:
    """The words, one that runs from the left column into the title ("LÂMCỘNG HÒA …") cut in two."""
    for index, word in enumerate(words):
        found = re.match(r"^(.*[^\W\d_]{2,})(CỘNG|CONG|ĐẢNG|ĐẢNG)$", word.text)
        if found is None or word.box[2] < 0.3 * width:
            continue
        whole = "CONG HOA XA HOI" if key(found[2]) == "CONG" else "DANG CONG SAN VIET"
        if fuzz.ratio(key(" ".join([found[2], *(each.text for each in words[index + 1 : index + 4])])), whole) < 85:
            continue
        at = word.box[0] + (word.box[2] - word.box[0]) * len(found[1]) / len(word.text)
        left = Word(found[1], (word.box[0], word.box[1], at, word.box[3]), word.confidence, word.pen)
        right = Word(found[2], (at, word.box[1], word.box[2], word.box[3]), word.confidence, word.pen)
        return [*words[:index], left, right, *words[index + 1 :]]
    return words


def _begins_title(words: Sequence[Word]) -> bool:
    """Whether a national or Party title begins here, a misread letter in its first word allowed (GỘNG HÒA)."""
    if len(words) < 4 or not words[0].text.isupper():
        return False
    read = key(" ".join(word.text for word in words))
    return any(
        fuzz.ratio(read, begin) >= 85 and read.split()[1][0] == begin.split()[1][0]
        for begin in ("CONG HOA XA HOI CHU", "DANG CONG SAN VIET NAM")
    )


def anchor(lines: Sequence[Line], width: float, height: float) -> Anchor:
    """Where the national title stands; for Party papers and damaged scans the best substitute (`found` False)."""
    best: tuple[float, Line] | None = None
    for line in lines:
        if line.middle > 0.45 * height or len(line.key) < 18 or capitals(line.text) < 0.6:
            continue  # in small letters it is a subject that names the country
        score = fuzz.partial_ratio(line.key, NATIONAL_TITLE)
        if score > 75 and (best is None or score > best[0]):
            best = (score, line)
    if best is not None:
        line = best[1]
        return Anchor(line.middle, line.height, line.box[0] - 0.005 * width, True)
    for line in lines:
        if line.middle < 0.3 * height and len(line.key) > 15:
            for other in (MOTTO, PARTY_TITLE):
                if fuzz.ratio(line.key, other) > 80:
                    border = min(max(0.42 * width, line.box[0] - 0.005 * width), _MIDDLE * width)
                    return Anchor(line.middle - line.height * 1.4, line.height, border, True)
    return Anchor(0.06 * height, 0.014 * height, 0.42 * width, False)
