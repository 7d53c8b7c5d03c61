"""The font of signature appearances, upright and italic: a Vietnamese subset at 1000 units per em of a system font.

Why built: pyHanko writes glyph widths of a 2048-unit font wrongly, and some system fonts lack two thirds of the
Vietnamese letters, both silently and both against PDF/A (signing.md F4, F5). Tinos and Liberation Serif 2 have the
metrics of Times New Roman, which NĐ 30/2020 names. The result lies in a cache folder, never in the project.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unicodedata
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont

UNITS_PER_EM = 1000
_PUNCTUATION = "–—…“”‘’•°№·"
_BASES = "aăâeêioôơuưy"
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_VERSION = "1"


class FontError(RuntimeError):
    """Codes: `font-missing`, `font-cache-foreign` (somebody else's folder), `font-glyph-missing`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def vietnamese_letters() -> str:
    """The 134 letters Vietnamese adds to plain ASCII, NFC, both cases."""
    toned = {unicodedata.normalize("NFC", base + tone) for base in _BASES for tone in ("", *_TONES)}
    lower = {letter for letter in toned | {"đ"} if not letter.isascii()}
    return "".join(sorted(lower | {letter.upper() for letter in lower}))


def characters() -> str:
    """Every character an appearance may show."""
    return "".join(chr(code) for code in range(0x20, 0x7F)) + vietnamese_letters() + _PUNCTUATION


def font_file(cache: Path | None = None, italic: bool = False) -> Path:
    """Path of the built font, made at first use in `cache` (default: the user's cache folder). Raises: FontError."""
    folder = cache if cache is not None else default_cache()
    target = folder / f"commune-box-serif-{'italic-' if italic else ''}{_VERSION}.ttf"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.stat().st_uid != os.geteuid():
            raise FontError("font-cache-foreign", str(folder))
        _build_apart(target, italic)
    return target


def default_cache() -> Path:
    """$CACHE_DIRECTORY (systemd), else $XDG_CACHE_HOME, else ~/.cache, with `commune-box` below."""
    given = os.environ.get("CACHE_DIRECTORY", "").split(":")[0]
    if given:
        return Path(given)
    home = os.environ.get("XDG_CACHE_HOME")
    base = Path(home) if home else Path.home() / ".cache"
    if os.access(base if base.exists() else base.parent, os.W_OK):
        return base / "commune-box"
    return Path(tempfile.gettempdir()) / f"commune-box-{os.getuid()}"


def check_text(text: str, font: Path) -> str:
    """The text in NFC, every character of which the font can show. Raises: FontError (`font-glyph-missing`)."""
    whole = unicodedata.normalize("NFC", text)
    missing = sorted({letter for letter in whole if letter != "\n" and ord(letter) not in _advances(font)})
    if missing:
        raise FontError("font-glyph-missing", " ".join(f"U+{ord(letter):04X}" for letter in missing))
    return whole


def text_width(text: str, size: float, font: Path) -> float:
    """Width of one line in points at `size` points. Raises: FontError (`font-glyph-missing`)."""
    advances = _advances(font)
    try:
        return sum(advances[ord(letter)] for letter in text) * size / UNITS_PER_EM
    except KeyError as error:
        raise FontError("font-glyph-missing", f"U+{error.args[0]:04X}") from error


@lru_cache(maxsize=4)
def _advances(font: Path) -> dict[int, int]:
    with TTFont(font) as face:
        metrics = face["hmtx"].metrics
        return {code: metrics[glyph][0] for code, glyph in face.getBestCmap().items()}


def _build_apart(target: Path, italic: bool) -> None:
    """Build in a process of its own: the tools for it take 15 MiB that a signing process would keep for good."""
    home = str(Path(__file__).resolve().parent.parent)
    search = os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH", "")) if part)
    command = [sys.executable, "-m", "hsm.font_builder", str(target), *(["--italic"] if italic else [])]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": search}, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode != 0:
        raise FontError("font-missing", "fonts-croscore")
