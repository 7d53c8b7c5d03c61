"""The signature block of a letter, found in the text layer: the position line and the name below it (NĐ 30 PL I, ô 7).

Works on born-digital text and on the word-by-word text layer of a scan. Finds nothing rather than guessing.
"""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pypdfium2 as pdfium

from hsm.paper import EDGE
from hsm.places import Box, to_displayed_coordinates

_POSITION = re.compile(
    r"\b(CHU TICH|CHANH VAN PHONG|TRUONG PHONG|TRUONG BAN|GIAM DOC|TRUONG CONG AN|CHI HUY TRUONG|BI THU|VIEN TRUONG)\b"
)


@dataclass(frozen=True)
class Line:
    """One line of text, or one word of it, and where it stands; `foot` is the height of its baseline when known."""

    text: str
    box: Box
    words: tuple[Line, ...] = ()
    foot: float | None = None

    @property
    def middle(self) -> float:
        return (self.box[0] + self.box[2]) / 2

    @property
    def baseline(self) -> float:
        """Height of the line the letters stand on; Times has 0.216 of 1.107 em below it."""
        return self.foot if self.foot is not None else self.box[3] - 0.195 * (self.box[3] - self.box[1])

    @property
    def size(self) -> float:
        """Size of the letters, from the height that a Times-like face takes from ascender to descender."""
        return (self.box[3] - self.box[1]) / 1.107


def text_lines(page: pdfium.PdfPage) -> list[Line]:
    """The lines of the page's text layer from top to bottom, in displayed coordinates."""
    crop, rotation = page.get_cropbox(), page.get_rotation()
    text = page.get_textpage()
    words = []
    for word, bounds, (x, y) in _words(text):
        _, foot, _, _ = to_displayed_coordinates((x, y, x, y), crop, rotation)
        words.append(Line(word, to_displayed_coordinates(bounds, crop, rotation), foot=foot))
    text.close()
    return _join(sorted(words, key=lambda word: (word.box[1] + word.box[3], word.box[0])))


def _words(text: pdfium.PdfTextPage) -> Iterator[tuple[str, Box, tuple[float, float]]]:
    """Words, their bounds and where their first letter stands, in page space; letter by letter by the loose boxes,
    since the letters of an invisible text layer have no outlines and their tight boxes no height."""
    word, bounds, origin = "", (0.0, 0.0, 0.0, 0.0), (0.0, 0.0)
    for index, letter in enumerate(text.get_text_range(errors="ignore")):
        if letter.isspace() or index >= text.count_chars():
            if word:
                yield word, bounds, origin
            word = ""
            continue
        box = text.get_charbox(index, loose=True)
        if not word:
            bounds, origin = box, _origin(text, index)
        bounds = (
            min(bounds[0], box[0]), min(bounds[1], box[1]), max(bounds[2], box[2]), max(bounds[3], box[3]),
        )  # fmt: skip
        word += letter
    if word:
        yield word, bounds, origin


def _origin(text: pdfium.PdfTextPage, index: int) -> tuple[float, float]:
    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium.raw.FPDFText_GetCharOrigin(text, index, x, y)
    return x.value, y.value


def _join(pieces: list[Line]) -> list[Line]:
    # Text layers of scans come word by word: neighbours on one height with less than two letter widths between are
    # one line.
    lines: list[Line] = []
    for piece in pieces:
        for index in range(len(lines) - 1, -1, -1):
            line = lines[index]
            tall = max(line.box[3] - line.box[1], piece.box[3] - piece.box[1], 1.0)
            level = abs((line.box[1] + line.box[3]) - (piece.box[1] + piece.box[3])) < tall
            gap = max(piece.box[0] - line.box[2], line.box[0] - piece.box[2])
            if level and gap < 1.5 * tall:
                lines[index] = _merge(line, piece)
                break
        else:
            lines.append(replace(piece, words=(piece,)))
    return sorted(lines, key=lambda line: line.box[1])


def _merge(line: Line, piece: Line) -> Line:
    first, second = (line, piece) if line.box[0] <= piece.box[0] else (piece, line)
    box = (
        min(line.box[0], piece.box[0]),
        min(line.box[1], piece.box[1]),
        max(line.box[2], piece.box[2]),
        max(line.box[3], piece.box[3]),
    )
    words = tuple(sorted((*line.words, piece), key=lambda word: word.box[0]))
    return Line(f"{first.text} {second.text}", box, words, line.foot)


def between_position_and_name(lines: list[Line], size: tuple[float, float], width: float, height: float) -> Box | None:
    """A box of at most `width` x `height` points, in proportion, in the gap below the last position line; or None."""
    right_half = [line for line in lines if line.middle > size[0] * 0.5]
    places = [index for index, line in enumerate(right_half) if _is_position(line.text)]
    if not places:
        return None
    position = right_half[places[-1]]
    below = [line for line in right_half[places[-1] + 1 :] if line.box[1] > position.box[3] and _may_be_name(line)]
    name = next((line for line in below if line.box[1] - position.box[3] < 200), None)
    middle = position.middle
    room = 66.0
    if name is not None:
        room = name.box[1] - position.box[3]
        middle = (position.middle + name.middle) / 2
    elif size[1] - position.box[3] < room:
        return None
    if room < 18:
        return None
    factor = min(1.0, (room - 4) / height)
    wide, tall = width * factor, height * factor
    top = position.box[3] + (room - tall) / 2
    left = min(max(middle - wide / 2, EDGE), size[0] - wide - EDGE)
    return left, top, left + wide, top + tall


def _is_position(text: str) -> bool:
    folded = _fold(text)
    # In capitals and short: a sentence that mentions the chairman is not a signature block.
    return text == text.upper() and len(folded) < 60 and _POSITION.search(folded) is not None


def _may_be_name(line: Line) -> bool:
    letters = [letter for letter in line.text if letter.isalpha()]
    return len(letters) >= 4 and len(line.text) < 45 and not any(letter.isdigit() for letter in line.text)


def _fold(text: str) -> str:
    stripped = unicodedata.normalize("NFD", text.upper()).replace("Đ", "D")
    return " ".join("".join(letter for letter in stripped if not unicodedata.combining(letter)).split())
