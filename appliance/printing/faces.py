"""The serif faces of printed papers: Tinos or Liberation Serif, which have the metrics of Times New Roman (NĐ 30/2020,
Phụ lục I). Embedded as subsets; a face without every Vietnamese letter is passed over.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from hsm.font import FontError, vietnamese_letters

_FOLDER = Path("/usr/share/fonts/truetype")
_SOURCES = ("croscore/Tinos-{}.ttf", "liberation2/LiberationSerif-{}.ttf", "liberation/LiberationSerif-{}.ttf")
REGULAR, BOLD, ITALIC = "Serif", "Serif-Bold", "Serif-Italic"


@cache
def load_faces() -> None:
    """Make the three faces known to reportlab, once a process.

    Raises:
        FontError: font-missing, when no installed face has every Vietnamese letter.
    """
    for name, style in ((REGULAR, "Regular"), (BOLD, "Bold"), (ITALIC, "Italic")):
        pdfmetrics.registerFont(_found(name, style))


def face_file(style: str) -> Path:
    """Where the face of a style ("Regular", "Bold", "Italic") lies.

    Raises:
        FontError: font-missing.
    """
    return Path(str(_found("probe", style).face.filename))


def _found(name: str, style: str) -> TTFont:
    for source in _SOURCES:
        try:
            font = TTFont(name, str(_FOLDER / source.format(style)))
        except (OSError, TTFError):
            continue
        if all(ord(letter) in font.face.charToGlyph for letter in vietnamese_letters()):
            return font
    raise FontError("font-missing", style)


def shown(text: str, face: str) -> str:
    """``text`` with a mark in place of each letter that the face cannot show, so that nothing vanishes unseen."""
    known = pdfmetrics.getFont(face).face.charToGlyph
    return "".join(letter if ord(letter) in known else "?" for letter in text)


def width(text: str, face: str, size: float) -> float:
    """Points."""
    return float(pdfmetrics.stringWidth(text, face, size))


def wrapped(text: str, face: str, size: float, room: float) -> list[str]:
    """``text`` in lines no wider than ``room`` points; a word that is wider alone is broken."""
    lines: list[str] = []
    for word in shown(text, face).split():
        if lines and width(f"{lines[-1]} {word}", face, size) <= room:
            lines[-1] = f"{lines[-1]} {word}"
            continue
        while width(word, face, size) > room and len(word) > 1:
            part = next(n for n in range(len(word), 0, -1) if n == 1 or width(word[:n], face, size) <= room)
            lines.append(word[:part])
            word = word[part:]
        if word:
            lines.append(word)
    return lines
