"""Drawing separator sheets: A4, black on white, as PDF/A-2b that any printer prints at its true size.

Owns the geometry: a QR code 80 mm wide (readable at 100 dpi), Patch-T bars along the upper and the lower edge (either
end may go first; bars 127 mm long, a scanner's own patch reader finds them too), a Code 128 where it fits, and the
words of the caller, who brings the typeface. It refuses to know what the words say.

Invariants: the codes are drawn as shapes, not as pictures, so that no printer blurs them; nothing on the sheet is
coloured (a page with red ink is never taken for a sheet).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pikepdf
import zxingcpp
from pikepdf import pdfa
from PIL import Image, ImageDraw, ImageFont

from scanner_intake.batches import Instruction

_MM = 72 / 25.4
_WIDTH, _HEIGHT = 210.0, 297.0
_QR_MM, _QR_BOTTOM = 80.0, 96.0
_BAR_LENGTH = 127.0
_BARS = (2.032, 5.08, 2.032, 5.08)  # mm: narrow, wide, narrow, wide from the edge, 2.032 apart, 12.7 from the edge
_CODE_MM, _FINEST_MM = 165.0, 0.25
_TEXT_DPI = 600
_TEXT_TOP, _TEXT_MM = 38.0, (170.0, 76.0)


@dataclass(frozen=True)
class SheetWords:
    """What people read on a sheet: a large title and lines that say what the sheet does."""

    title: str
    lines: tuple[str, ...]


def write_sheets(target: Path, asked: Instruction, words: SheetWords, fonts: tuple[Path, Path], count: int = 1) -> None:
    """Writes `count` equal pages to `target`; `fonts` are the regular and the bold TrueType file.

    Raises: OSError when the file cannot be written; pikepdf.pdfa.PdfaError when it would not be PDF/A-2b.
    """
    with pikepdf.new() as pdf:
        text = pdf.make_indirect(_text_mask(pdf, words, asked.text(), fonts))
        content = pdf.make_stream(_content(asked))
        for _ in range(count):
            page = pdf.add_blank_page(page_size=(_WIDTH * _MM, _HEIGHT * _MM))
            page.Contents = content
            page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Text=text))
        pdfa.save(pdf, target, "2b")


def _content(asked: Instruction) -> bytes:
    code = asked.text()
    shapes = [*_qr(code), *_patch(), *_code128(code)]
    drawn = [f"{x * _MM:.3f} {y * _MM:.3f} {w * _MM:.3f} {h * _MM:.3f} re" for x, y, w, h in shapes]
    across, down = _TEXT_MM
    left, bottom = (_WIDTH - across) / 2, _HEIGHT - _TEXT_TOP - down
    place = f"{across * _MM:.3f} 0 0 {down * _MM:.3f} {left * _MM:.3f} {bottom * _MM:.3f} cm /Text Do"
    return ("0 g\n" + "\n".join(drawn) + f"\nf\nq {place} Q\n").encode()


Shape = tuple[float, float, float, float]
"""x, y, width, height in mm from the lower left corner."""


def _qr(code: str) -> list[Shape]:
    modules = _modules(zxingcpp.create_barcode(code, zxingcpp.BarcodeFormat.QRCode, ec_level="Q"))
    side = _QR_MM / len(modules)
    left, top = (_WIDTH - _QR_MM) / 2, _QR_BOTTOM + _QR_MM
    shapes = []
    for row, line in enumerate(modules):
        for start, end in _runs(line):
            shapes.append((left + start * side, top - (row + 1) * side, (end - start) * side, side))
    return shapes


def _patch() -> list[Shape]:
    """Bars along the upper edge, and the same turned round along the lower one."""
    left, shapes, place = (_WIDTH - _BAR_LENGTH) / 2, [], 12.7
    for thick in _BARS:
        shapes.append((left, _HEIGHT - place - thick, _BAR_LENGTH, thick))
        shapes.append((left, place, _BAR_LENGTH, thick))
        place += thick + _BARS[0]
    return shapes


def _code128(code: str) -> list[Shape]:
    """The same words once more for hand-held readers; left out when its bars would be finer than 0.25 mm."""
    line = _modules(zxingcpp.create_barcode(code, zxingcpp.BarcodeFormat.Code128))[0]
    unit = min(0.5, _CODE_MM / len(line))
    if unit < _FINEST_MM:
        return []
    left = (_WIDTH - unit * len(line)) / 2
    return [(left + start * unit, 62.0, (end - start) * unit, 18.0) for start, end in _runs(line)]


def _modules(code: zxingcpp.Barcode) -> np.ndarray:
    """The code as rows of True (dark) and False, one value a module, without quiet zones."""
    return np.array(code.to_image(scale=1, add_quiet_zones=False)) < 128


def _runs(line: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], line.astype(np.int8), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _text_mask(pdf: pikepdf.Pdf, words: SheetWords, code: str, fonts: tuple[Path, Path]) -> pikepdf.Stream:
    """The words as one bitonal stencil of 600 dpi."""
    across, down = (round(each / 25.4 * _TEXT_DPI) for each in _TEXT_MM)
    sheet = Image.new("1", (across, down), 1)
    pen = ImageDraw.Draw(sheet)
    height = _line(pen, words.title, fonts[1], 44, across, 0)
    for line in words.lines:
        height = _line(pen, line, fonts[0], 17, across, height)
    _line(pen, code, fonts[0], 12, across, height + 40)
    # An image mask paints where the sample is 0: dark letters are 0 in PIL's mode "1" as well.
    return pikepdf.Stream(
        pdf,
        np.packbits(np.asarray(sheet), axis=1).tobytes(),
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=across,
        Height=down,
        ImageMask=True,
        BitsPerComponent=1,
    )


def _line(pen: ImageDraw.ImageDraw, text: str, font: Path, points: float, across: int, top: int) -> int:
    """One centred line, smaller where it would not fit; returns where the next begins."""
    size = round(points / 72 * _TEXT_DPI)
    face = ImageFont.truetype(str(font), size, layout_engine=ImageFont.Layout.BASIC)
    while pen.textlength(text, font=face) > across and size > 40:
        size = size * 9 // 10
        face = ImageFont.truetype(str(font), size, layout_engine=ImageFont.Layout.BASIC)
    pen.text(((across - pen.textlength(text, font=face)) / 2, top), text, font=face, fill=0)
    return top + round(size * 1.35)


__all__: Sequence[str] = ("SheetWords", "write_sheets")
