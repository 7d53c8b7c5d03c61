"""Where the papers' typeface comes from: Times New Roman by metrics, from the system's fonts, with every Vietnamese
letter.

Owns the search list. It refuses a font without Vietnamese letters (Liberation before 2.0 lacks 92 of 134), because
such a font draws empty boxes silently. Nothing is downloaded and no font is part of the project.

Search list, first hit wins: the folder in COMMUNE_BOX_FONTS; Tinos of Debian `fonts-croscore`; Liberation Serif 2 of
`fonts-liberation2` or newer `fonts-liberation`; the same families where other distributions put them; the user's own
font folder.
"""

from __future__ import annotations

import os
from functools import cache, lru_cache
from pathlib import Path

from PIL import ImageFont

FOLDERS = (
    "/usr/share/fonts/truetype/croscore",
    "/usr/share/fonts/truetype/liberation2",
    "/usr/share/fonts/truetype/liberation",
    "/usr/share/fonts/google-croscore",
    "/usr/share/fonts/liberation-serif",
    "/usr/share/fonts/TTF",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
)
FAMILIES = {
    "Tinos": {
        "regular": "Tinos-Regular",
        "bold": "Tinos-Bold",
        "italic": "Tinos-Italic",
        "bold-italic": "Tinos-BoldItalic",
    },
    "Liberation Serif": {
        "regular": "LiberationSerif-Regular",
        "bold": "LiberationSerif-Bold",
        "italic": "LiberationSerif-Italic",
        "bold-italic": "LiberationSerif-BoldItalic",
    },
}
_PROBE = "ộữẵỷĐ"


class FontMissing(Exception):
    """No typeface with all Vietnamese letters was found: install the package fonts-croscore."""

    code = "font-missing"


def _complete(path: Path) -> bool:
    font = ImageFont.truetype(str(path), 24, layout_engine=ImageFont.Layout.BASIC)
    absent = bytes(font.getmask("\uffff"))
    return all(bytes(font.getmask(letter)) != absent for letter in _PROBE)


@cache
def font_files() -> dict[str, Path]:
    """The four faces ("regular", "bold", "italic", "bold-italic") of the first complete family found.

    Raises FontMissing when the search list holds none.
    """
    own = os.environ.get("COMMUNE_BOX_FONTS")
    for folder in ((own,) if own else ()) + FOLDERS:
        for faces in FAMILIES.values():
            files = {style: Path(folder).expanduser() / f"{name}.ttf" for style, name in faces.items()}
            if all(f.is_file() for f in files.values()) and _complete(files["regular"]):
                return files
    raise FontMissing("fonts-croscore")


@cache
def face(style: str, pixels: int) -> ImageFont.FreeTypeFont:
    """One face at a size in pixels; basic layout, so that the same input always gives the same picture."""
    return ImageFont.truetype(str(font_files()[style]), pixels, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=40_000)
def width(text: str, style: str, pixels: int) -> float:
    """Advance width of a text in pixels."""
    return face(style, pixels).getlength(text)
