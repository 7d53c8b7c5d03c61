"""The signature block of a letter, found in the text layer: the position line and the name below it (NĐ 30 PL I, ô 7).

Works on born-digital text and on the word-by-word text layer of a scan. Finds nothing rather than guessing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import pypdfium2 as pdfium

from hsm.paper import EDGE, Box, to_displayed_coordinates

_POSITION = re.compile(
    r"\b(CHU TICH|CHANH VAN PHONG|TRUONG PHONG|TRUONG BAN|GIAM DOC|TRUONG CONG AN|CHI HUY TRUONG|BI THU|VIEN TRUONG)\b"
)


@dataclass(frozen=True)
class Line:
    """One line of text and where it stands."""

    text: str
    box: Box

    @property
    def middle(self) -> float:
        return (self.box[0] + self.box[2]) / 2


def text_lines(page: pdfium.PdfPage) -> list[Line]:
    """The lines of the page's text layer from top to bottom, in displayed coordinates."""
    crop, rotation = page.get_cropbox(), page.get_rotation()
    text = page.get_textpage()
    words = [Line(word, to_displayed_coordinates(bounds, crop, rotation)) for word, bounds in _words(text)]
    text.close()
    return _join(sorted(words, key=lambda word: (word.box[1] + word.box[3], word.box[0])))


def _words(text: pdfium.PdfTextPage) -> Iterator[tuple[str, Box]]:
    """Words and their bounds in page space, letter by letter: the loose boxes, since the letters of an invisible text
    layer have no outlines and their tight boxes no height."""
    word, bounds = "", (0.0, 0.0, 0.0, 0.0)
    for index, letter in enumerate(text.get_text_range(errors="ignore")):
        if letter.isspace() or index >= text.count_chars():
            if word:
                yield word, bounds
            word = ""
            continue
        box = text.get_charbox(index, loose=True)
        bounds = box if not word else (
            min(bounds[0], box[0]), min(bounds[1], box[1]), max(bounds[2], box[2]), max(bounds[3], box[3]),
        )  # fmt: skip
        word += letter
    if word:
        yield word, bounds


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
            lines.append(piece)
    return sorted(lines, key=lambda line: line.box[1])


def _merge(line: Line, piece: Line) -> Line:
    first, second = (line, piece) if line.box[0] <= piece.box[0] else (piece, line)
    box = (
        min(line.box[0], piece.box[0]),
        min(line.box[1], piece.box[1]),
        max(line.box[2], piece.box[2]),
        max(line.box[3], piece.box[3]),
    )
    return Line(f"{first.text} {second.text}", box)


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
