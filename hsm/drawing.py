"""An appearance drawn as a PDF form: text in the stamp font, or a picture with its transparency.

Owns content streams and image objects; knows no law, no place and no signature. Sizes are points. A form is as large
as its field is on the displayed page; on a turned page its matrix turns it upright (ISO 32000-1 12.5.5: BBox through
Matrix is fitted to Rect).
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    FloatObject,
    IndirectObject,
    NameObject,
    NumberObject,
)
from pyhanko.pdf_utils.writer import BasePdfFileWriter

from hsm.embedded_font import add_font, codes

MOST_DOTS = 2400
"""Longest side of a picture as it is written: 600 dpi over 100 mm. A phone's photograph of a seal would otherwise lie
in every document."""


@dataclass(frozen=True)
class Line:
    """Text whose baseline begins at `x`, `y` points from the drawing's top left corner, at `size` points."""

    text: str
    x: float
    y: float
    size: float
    font: Path


@dataclass(frozen=True)
class TextDrawing:
    """Black lines on a ground of `width` x `height` points, shrunk in proportion to what the field gives."""

    lines: tuple[Line, ...]
    width: float
    height: float

    def form(self, writer: BasePdfFileWriter, width: float, height: float, rotation: int) -> IndirectObject:
        """Add the form and its font to a file."""
        scale = min(1.0, width / self.width, height / self.height)
        parts = [b"q", b"%.5f 0 0 %.5f 0 %.4f cm" % (scale, scale, height - scale * self.height), b"0 g BT"]
        names = {font: f"/F{number}" for number, font in enumerate(sorted({line.font for line in self.lines}))}
        for line in self.lines:
            place = b"1 0 0 1 %.3f %.3f Tm" % (line.x, self.height - line.y)
            parts += [b"%s %.3f Tf" % (names[line.font].encode(), line.size), place, codes(line.text, line.font), b"Tj"]
        parts.append(b"ET Q")
        fonts = DictionaryObject({NameObject(name): add_font(writer, font) for font, name in names.items()})
        return _form(writer, b" ".join(parts), "/Font", fonts, width, height, rotation)


@dataclass(frozen=True)
class PictureDrawing:
    """A picture with transparency that fills its field."""

    picture: Picture

    def form(self, writer: BasePdfFileWriter, width: float, height: float, rotation: int) -> IndirectObject:
        """Add the form and its picture to a file."""
        images = DictionaryObject({NameObject("/P"): _add_picture(writer, self.picture)})
        content = b"q %.4f 0 0 %.4f 0 0 cm /P Do Q" % (width, height)
        return _form(writer, content, "/XObject", images, width, height, rotation)


Drawing = TextDrawing | PictureDrawing


@dataclass(frozen=True)
class Picture:
    """Compressed rows: three bytes a dot, and one of transparency."""

    width: int
    height: int
    colours: bytes
    alpha: bytes


@lru_cache(maxsize=8)
def picture_of(png: bytes) -> Picture:
    """Decode and compress a PNG once a process. Raises: OSError, ValueError when it is none."""
    with Image.open(io.BytesIO(png)) as opened:
        dots = opened.convert("RGBA")
    if max(dots.size) > MOST_DOTS:
        dots.thumbnail((MOST_DOTS, MOST_DOTS))
    colours = zlib.compress(dots.convert("RGB").tobytes(), 9)
    return Picture(dots.width, dots.height, colours, zlib.compress(dots.getchannel("A").tobytes(), 9))


def _add_picture(writer: BasePdfFileWriter, picture: Picture) -> IndirectObject:
    mask = writer.add_object(_image(picture, "/DeviceGray", picture.alpha))
    image = _image(picture, "/DeviceRGB", picture.colours)
    image[NameObject("/SMask")] = mask
    return writer.add_object(image)


def _image(picture: Picture, colours: str, content: bytes) -> generic.StreamObject:
    return generic.StreamObject(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Image"),
            NameObject("/Width"): NumberObject(picture.width),
            NameObject("/Height"): NumberObject(picture.height),
            NameObject("/ColorSpace"): NameObject(colours),
            NameObject("/BitsPerComponent"): NumberObject(8),
            NameObject("/Filter"): NameObject("/FlateDecode"),
        },
        encoded_data=content,
    )


def _form(
    writer: BasePdfFileWriter,
    content: bytes,
    kind: str,
    resources: DictionaryObject,
    width: float,
    height: float,
    rotation: int,
) -> IndirectObject:
    turns: dict[int, Sequence[float]] = {
        0: (1, 0, 0, 1, 0, 0),
        90: (0, 1, -1, 0, height, 0),
        180: (-1, 0, 0, -1, width, height),
        270: (0, -1, 1, 0, 0, width),
    }
    form = generic.StreamObject(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Form"),
            NameObject("/BBox"): ArrayObject(FloatObject(part) for part in (0, 0, width, height)),
            NameObject("/Matrix"): ArrayObject(FloatObject(part) for part in turns[rotation]),
            NameObject("/Resources"): DictionaryObject({NameObject(kind): resources}),
        },
        stream_data=content,
    )
    return writer.add_object(form)
