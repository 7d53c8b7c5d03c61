"""The stamp font as PDF objects: a whole, small TrueType program (about 9 KB compressed), one width table, one way back
to Unicode.

Never subset again for each document: the built font (`hsm.font`) already holds nothing but what an appearance may show,
and subsetting costs more than the rest of the appearance together. Widths are in 1/1000 em because the built font has
1000 units per em (signing.md F4). Glyph indices are the character codes (Identity-H).
"""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject, NumberObject
from pyhanko.pdf_utils.writer import BasePdfFileWriter

_NEEDED = frozenset({"head", "hhea", "maxp", "hmtx", "loca", "glyf", "GlyphOrder"})
"""What a CIDFontType2 program must hold (ISO 32000-1 9.9); the rest only costs bytes in every document."""


@dataclass(frozen=True)
class Face:
    """What is written of a font: `name` with a subset's tag, `program` and `to_unicode` compressed, `glyphs` from
    character code to glyph index."""

    name: str
    program: bytes
    program_size: int
    to_unicode: bytes
    widths: tuple[int, ...]
    glyphs: dict[int, int]
    box: tuple[int, int, int, int]
    ascent: int
    descent: int
    slant: int


@lru_cache(maxsize=4)
def face_of(font: Path) -> Face:
    """Read a built font once a process. Raises: OSError, TTLibError."""
    with TTFont(font) as face:
        order = face.getGlyphOrder()
        glyphs = {code: face.getGlyphID(name) for code, name in face.getBestCmap().items()}
        widths = tuple(face["hmtx"].metrics[name][0] for name in order)
        head, lines, slant = face["head"], face["hhea"], int(face["post"].italicAngle)
        for table in [name for name in face.keys() if name not in _NEEDED]:  # noqa: SIM118 - TTFont is no mapping
            del face[table]
        program = io.BytesIO()
        face.save(program)
        box = (head.xMin, head.yMin, head.xMax, head.yMax)
        return Face(
            name="/CBOXVI+Tinos-Italic" if slant else "/CBOXVN+Tinos",
            program=zlib.compress(program.getvalue(), 9),
            program_size=program.tell(),
            to_unicode=zlib.compress(_to_unicode(glyphs), 9),
            widths=widths,
            glyphs=glyphs,
            box=box,
            ascent=lines.ascent,
            descent=lines.descent,
            slant=slant,
        )


def codes(text: str, font: Path) -> bytes:
    """The text as glyph codes in a hexadecimal string, `<…>`. Every character must be in the font (`check_text`)."""
    glyphs = face_of(font).glyphs
    return b"<" + "".join(f"{glyphs[ord(letter)]:04x}" for letter in text).encode("ascii") + b">"


def add_font(writer: BasePdfFileWriter, font: Path) -> IndirectObject:
    """Add the font's objects to a file; a reference to its Type 0 dictionary."""
    face = face_of(font)
    program = _compressed(face.program)
    program[NameObject("/Length1")] = NumberObject(face.program_size)
    descriptor = _dictionary(
        Type=NameObject("/FontDescriptor"),
        FontName=NameObject(face.name),
        Flags=NumberObject(4 | (64 if face.slant else 0)),
        FontBBox=ArrayObject(NumberObject(part) for part in face.box),
        ItalicAngle=NumberObject(face.slant),
        Ascent=NumberObject(face.ascent),
        Descent=NumberObject(face.descent),
        CapHeight=NumberObject(655),
        StemV=NumberObject(80),
        FontFile2=writer.add_object(program),
    )
    system = _dictionary(
        Registry=generic.pdf_string("Adobe"), Ordering=generic.pdf_string("Identity"), Supplement=NumberObject(0)
    )
    descendant = _dictionary(
        Type=NameObject("/Font"),
        Subtype=NameObject("/CIDFontType2"),
        BaseFont=NameObject(face.name),
        CIDSystemInfo=system,
        FontDescriptor=writer.add_object(descriptor),
        W=ArrayObject([NumberObject(0), ArrayObject(NumberObject(width) for width in face.widths)]),
        CIDToGIDMap=NameObject("/Identity"),
    )
    whole = _dictionary(
        Type=NameObject("/Font"),
        Subtype=NameObject("/Type0"),
        BaseFont=NameObject(face.name),
        Encoding=NameObject("/Identity-H"),
        DescendantFonts=ArrayObject([writer.add_object(descendant)]),
        ToUnicode=writer.add_object(_compressed(face.to_unicode)),
    )
    return writer.add_object(whole)


def _dictionary(**entries: generic.PdfObject) -> DictionaryObject:
    return DictionaryObject({NameObject(f"/{name}"): value for name, value in entries.items()})


def _compressed(content: bytes) -> generic.StreamObject:
    entries = {NameObject("/Filter"): NameObject("/FlateDecode")}
    return generic.StreamObject(entries, encoded_data=content)


def _to_unicode(glyphs: dict[int, int]) -> bytes:
    shown = sorted({glyph: code for code, glyph in glyphs.items()}.items())
    blocks = []
    for start in range(0, len(shown), 100):
        rows = [f"<{glyph:04x}> <{code:04x}>" for glyph, code in shown[start : start + 100]]
        blocks.append("\n".join([f"{len(rows)} beginbfchar", *rows, "endbfchar"]))
    return "\n".join(
        [
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
            "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
            "1 begincodespacerange <0000> <ffff> endcodespacerange",
            *blocks,
            "endcmap CMapName currentdict /CMap defineresource pop end end",
        ]
    ).encode("ascii")
