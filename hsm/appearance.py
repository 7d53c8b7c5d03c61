"""How appearances are drawn: the stamps of `hsm.stamps` in the stamp font, and what a clerk writes into a draft's gaps.

Sizes are in points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from hsm.blanks import LARGEST, Blank, Blanks
from hsm.drawing import Drawing, Line, PictureDrawing, TextDrawing, picture_of
from hsm.font import FontError, check_text, font_file, text_width
from hsm.places import Box
from hsm.stamps import ASCENT, FONT_SIZE, LEADING, MARGIN, Block, Size, StampError, StampImage, StampText, blocks


@dataclass(frozen=True)
class Fonts:
    """Paths of the built stamp fonts."""

    upright: Path
    italic: Path

    @classmethod
    def in_cache(cls, cache: Path | None) -> Fonts:
        """Built at first use. Raises: FontError."""
        return cls(font_file(cache), font_file(cache, italic=True))


@dataclass(frozen=True)
class Look:
    """An appearance and its full size on paper."""

    drawing: Drawing
    size: Size


def looks(stamp: StampText | StampImage, font: Path, default_mm: float) -> tuple[Look, ...]:
    """The forms an appearance can take, as `hsm.stamps.sizes_of` tells them. Raises: FontError, StampError."""
    if isinstance(stamp, StampImage):
        return (Look(_picture(stamp), stamp.size(default_mm)),)
    return tuple(Look(_text(block, font), (block.width, block.height)) for block in blocks(stamp, font))


def _picture(stamp: StampImage) -> PictureDrawing:
    try:
        return PictureDrawing(picture_of(stamp.png))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise StampError("stamp-image-unreadable", str(error)) from error


def _text(block: Block, font: Path) -> TextDrawing:
    placed = (Line(line, MARGIN, ASCENT + number * LEADING, FONT_SIZE, font) for number, line in enumerate(block.lines))
    return TextDrawing(tuple(placed), block.width, block.height)


def draw_blanks(blanks: Blanks, given: Mapping[str, str], fonts: Fonts, box: Box) -> TextDrawing:
    """Number and date written into a draft's gaps, in its own size, the date in italics (NĐ 30/2020 PL I, ô 3 and 4),
    for a field that lies at `box` on the displayed page. Raises: FontError."""
    lines = []
    for gap in blanks.gaps:
        font = fonts.upright if gap.kind == "number" else fonts.italic
        text, size = check_text(given[gap.kind], font), _size(gap, font)
        width = text_width(text, size, font)
        lines.append(Line(text, gap.middle - width / 2 - box[0], gap.baseline - box[1], size, font))
    return TextDrawing(tuple(lines), box[2] - box[0], box[3] - box[1])


def _size(gap: Blank, font: Path) -> float:
    """The size of the words beside a gap: by how wide a known word is in Times, else by how high its box is."""
    try:
        size = gap.beside_width / text_width(check_text(gap.beside, font), 1.0, font)
    except (FontError, ZeroDivisionError):
        size = gap.size
    return min(max(size if 0.7 < size / gap.size < 1.6 else gap.size, 9.0), LARGEST)
