"""The invisible words of a page: content that readers select, search and copy in order, and the font it needs.

Owns the glyphless font (made here, no foreign bytes) and the placing of words (digitizing rules 6.3). It paints
nothing and recognises nothing.

Invariants: text is NFC and in reading order; only characters of the basic plane, all others become a blank; the text
state never leaks out of `q ... Q`; equal input gives equal bytes.
"""

from __future__ import annotations

import io
import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import pikepdf
from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib.tables._g_l_y_f import Glyph
from pikepdf import Array, Dictionary, Name, Stream

from scanner_intake.layout import Box

FONT = "/Scan"
_ADVANCE = 0.5
_LEAST_SIZE = 4.0
Matrix = tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class PlacedLine:
    """Words with their boxes (points, origin top left) on the straight line y = `rise` * x + `level`; `height` is the
    line's.
    """

    words: tuple[tuple[str, Box], ...]
    rise: float
    level: float
    height: float


def prepare() -> None:
    """Makes the font's program now; it is the same for every document."""
    _program()


def content(lines: Sequence[PlacedLine], page_height: float, place: Matrix = (1, 0, 0, 1, 0, 0)) -> bytes:
    """The content stream of a page's text; `place` maps points of the displayed page (origin bottom left) to the
    page's own coordinates. Empty when there are no words.
    """
    parts = [part for line in lines for part in _line(line, page_height)]
    if not parts:
        return b""
    matrix = "" if place == (1, 0, 0, 1, 0, 0) else " ".join(_number(each, 5) for each in place) + " cm\n"
    return f"q\n{matrix}BT\n3 Tr\n{''.join(parts)}ET\nQ\n".encode("ascii")


def letters(lines: Iterable[PlacedLine]) -> set[str]:
    """The characters for which the font must tell Unicode."""
    return {letter for line in lines for word, _ in line.words for letter in plain(word)} | {" "}


def plain(word: str) -> str:
    """NFC, one line, basic plane only."""
    shown = unicodedata.normalize("NFC", word)
    return "".join(
        ch if ord(ch) < 0xFFFE and unicodedata.category(ch) not in ("Cc", "Cs", "Cn", "Co") else " " for ch in shown
    )


def _line(line: PlacedLine, page_height: float) -> list[str]:
    size = max(_LEAST_SIZE, 0.9 * line.height)
    cos, sin = math.cos(math.atan(line.rise)), math.sin(math.atan(line.rise))
    parts = [f"{FONT} {_number(size)} Tf\n"]
    stretch = ""
    for word, box in line.words:
        text = plain(word)
        if not text.strip():
            continue
        wanted = f"{_number(100 * (box[2] - box[0]) / (len(text) * _ADVANCE * size), 0)} Tz\n"
        if wanted == "0 Tz\n":
            wanted = "1 Tz\n"
        if wanted != stretch:
            parts.append(wanted)
            stretch = wanted
        y = page_height - (line.rise * box[0] + line.level)
        turn = "1 0 0 1" if not line.rise else " ".join(_number(each, 5) for each in (cos, -sin, sin, cos))
        coded = (text + " ").encode("utf-16-be").hex().upper()
        parts.append(f"{turn} {_number(box[0], 1)} {_number(y, 1)} Tm <{coded}> Tj\n")
    return parts if len(parts) > 1 else []


def _number(value: float, places: int = 2) -> str:
    text = f"{value:.{places}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def add_font(pdf: pikepdf.Pdf, used: set[str]) -> pikepdf.Object:
    """The font as an indirect object: a Type0 font whose every code is one empty glyph of half an em."""
    program = Stream(pdf, _program())
    program.Length1 = len(_program())
    described = Dictionary(
        Type=Name.FontDescriptor,
        FontName=Name.ScanText,
        Flags=4,
        FontBBox=Array([0, 0, 500, 1000]),
        ItalicAngle=0,
        Ascent=1000,
        Descent=0,
        CapHeight=1000,
        StemV=80,
        FontFile2=pdf.make_indirect(program),
    )
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=Name.ScanText,
        CIDSystemInfo=Dictionary(Registry=b"Adobe", Ordering=b"Identity", Supplement=0),
        FontDescriptor=pdf.make_indirect(described),
        DW=500,
        CIDToGIDMap=pdf.make_indirect(Stream(pdf, b"\x00\x01" * 65536)),
    )
    font = Dictionary(
        Type=Name.Font,
        Subtype=Name.Type0,
        BaseFont=Name.ScanText,
        Encoding=Name("/Identity-H"),
        DescendantFonts=Array([pdf.make_indirect(descendant)]),
        ToUnicode=pdf.make_indirect(Stream(pdf, _to_unicode(used))),
    )
    return pdf.make_indirect(font)


def _to_unicode(used: set[str]) -> bytes:
    """Codes are UTF-16 already: one range for each block of 256 that occurs (a range may not cross one, 9.10.3)."""
    blocks = sorted({ord(letter) >> 8 for letter in used})
    ranges = []
    for block in blocks:
        first, last = (0x20 if block == 0 else block << 8), min(block << 8 | 0xFF, 0xFFFD)
        ranges.append(f"<{first:04X}> <{last:04X}> <{first:04X}>\n")
    sections = [ranges[start : start + 100] for start in range(0, len(ranges), 100)]
    body = "".join(f"{len(each)} beginbfrange\n{''.join(each)}endbfrange\n" for each in sections)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        f"{body}endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode("ascii")


@cache
def _program() -> bytes:
    """A TrueType program with two empty glyphs."""
    names = [".notdef", "blank"]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({0x20: "blank"})
    builder.setupGlyf({name: Glyph() for name in names})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (500, 0)))
    builder.setupHorizontalHeader(ascent=1000, descent=0)
    builder.setupPost(keepGlyphNames=False)
    builder.setupMaxp()
    font = builder.font
    font["head"].created = font["head"].modified = 3_000_000_000  # seconds since 1904: any fixed moment
    font.recalcTimestamp = False
    with io.BytesIO() as file:
        font.save(file)
        return file.getvalue()
