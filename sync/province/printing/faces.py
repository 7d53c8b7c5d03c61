"""The serif faces of official papers: Tinos or Liberation Serif, which have the metrics of Times New Roman (NĐ 30/2020,
Phụ lục I). Embedded as subsets; a face without the Vietnamese letters is passed over.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

_FOLDER = Path("/usr/share/fonts/truetype")
_SOURCES = ("croscore/Tinos-{}.ttf", "liberation2/LiberationSerif-{}.ttf", "liberation/LiberationSerif-{}.ttf")
_STYLES = {"Serif": "Regular", "Serif-Bold": "Bold", "Serif-Italic": "Italic", "Serif-BoldItalic": "BoldItalic"}
REGULAR, BOLD, ITALIC, BOLD_ITALIC = _STYLES
_PROBE = "ĂÂĐÊÔƠƯăâđêôơưẠẤỆỖỜỰạấệỗờựỳỵỷỹ"
"""One letter of every way in which Vietnamese marks one; a face has all of a way or none."""


class FaceMissing(Exception):
    """No serif face with the Vietnamese letters is installed (`apt-get install fonts-croscore`). `face-missing`."""

    code = "face-missing"


@cache
def load_faces() -> None:
    """Make the four faces known to reportlab, once a process. Raises FaceMissing."""
    for name, style in _STYLES.items():
        pdfmetrics.registerFont(_found(name, style))
    pdfmetrics.registerFontFamily(REGULAR, REGULAR, BOLD, ITALIC, BOLD_ITALIC)


def _found(name: str, style: str) -> TTFont:
    for source in _SOURCES:
        try:
            font = TTFont(name, str(_FOLDER / source.format(style)))
        except (OSError, TTFError):
            continue
        if all(ord(letter) in font.face.charToGlyph for letter in _PROBE):
            return font
    raise FaceMissing(style)


def shown(text: str, face: str = REGULAR) -> str:
    """`text` with a mark in place of each letter that the face cannot show, so that nothing vanishes unseen."""
    known = pdfmetrics.getFont(face).face.charToGlyph
    return "".join(letter if ord(letter) in known else "?" for letter in text)


def width(text: str, face: str, size: float) -> float:
    """Points."""
    return float(pdfmetrics.stringWidth(text, face, size))
