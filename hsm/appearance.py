"""What a signature looks like on paper (NĐ 30/2020 PL I, NĐ 137/2024; vietnam-rules.md 1.2, 1.3).

A scan carries a text block: Times metrics, 10 pt, upright, black, no seal. An outgoing document carries the leader's
signature image (blue) and the agency's seal image (red, true size), both PNG with transparency. Refuses text the font
cannot show, before any token is asked. Sizes are in points (1/72 inch); pyHanko wants whole points.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from PIL import Image
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.font.opentype import GlyphAccumulatorFactory
from pyhanko.pdf_utils.images import PdfImage
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, InnerScaling, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.text import TextBoxStyle
from pyhanko.stamp import BaseStampStyle, StaticStampStyle, TextStampStyle
from pyhanko.stamp.static import StaticContentStamp
from pyhanko.stamp.text import TextStamp

from hsm.font import check_text, text_width

FONT_SIZE = 10
LEADING = 11
MARGIN = 3
MAX_TEXT_WIDTH = 190.0
SEAL_MILLIMETRES = 36.0
"""Diameter of a commune's seal when the image does not tell its own size."""
POINTS_PER_MILLIMETRE = 72 / 25.4
VIETNAM = timezone(timedelta(hours=7))
CONVERTED = "Bản điện tử chuyển đổi từ văn bản giấy"


class StampError(ValueError):
    """The appearance cannot be made: `stamp-image-unreadable`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class StampText:
    """Lines of a text block, as they shall stand on paper."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class StampImage:
    """A picture (PNG bytes) and its width on paper in millimetres; None takes the size the picture itself tells."""

    png: bytes
    width_mm: float | None = None

    @classmethod
    def from_file(cls, path: Path, width_mm: float | None = None) -> StampImage:
        """Read a PNG file. Raises: StampError (`stamp-image-unreadable`)."""
        try:
            return cls(path.read_bytes(), width_mm)
        except OSError as error:
            raise StampError("stamp-image-unreadable", str(error)) from error

    def picture(self) -> Image.Image:
        """The decoded picture. Raises: StampError (`stamp-image-unreadable`)."""
        try:
            picture = Image.open(io.BytesIO(self.png))
            picture.load()
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise StampError("stamp-image-unreadable", str(error)) from error
        return picture.convert("RGBA")

    def size(self, default_mm: float) -> tuple[float, float]:
        """Width and height on paper in points. Raises: StampError."""
        picture = self.picture()
        width_mm = self.width_mm or _own_width_mm(self.png) or default_mm
        width = width_mm * POINTS_PER_MILLIMETRE
        return width, width * picture.height / picture.width


def iso_time(now: datetime) -> str:
    """A moment as ISO 8601 in Vietnam time, whole seconds, e.g. 2026-03-05T14:30:00+07:00."""
    return now.astimezone(VIETNAM).isoformat(timespec="seconds")


def copy_stamp(agency: str, now: datetime, office: str = "", form: str = "SAO Y") -> StampText:
    """The block on a certified copy of a paper: form, agency, time, the words of NĐ 137, and the converting office if
    other."""
    lines = [form, agency, iso_time(now), CONVERTED]
    if office and office != agency:
        lines.append(office)
    return StampText(tuple(lines))


def attachment_stamp(code: str, now: datetime) -> StampText:
    """The block on a separate attachment: number and notation of the document, and the time of signing."""
    return StampText((code, iso_time(now)))


def lay_out(stamp: StampText, font: Path) -> tuple[tuple[str, ...], float, float]:
    """Lines broken at `MAX_TEXT_WIDTH`, with width and height of the block in points. Raises: FontError."""
    lines: list[str] = []
    for line in stamp.lines:
        lines.extend(_wrap(check_text(line, font), font))
    width = max((text_width(line, FONT_SIZE, font) for line in lines), default=0.0)
    return tuple(lines), math.ceil(width) + 2 * MARGIN, len(lines) * LEADING + MARGIN


def text_style(lines: tuple[str, ...], font: Path, scale: float, rotation: int) -> BaseStampStyle:
    """pyHanko's style for a text block on a page turned by `rotation` degrees."""
    margins = Margins(left=MARGIN, right=MARGIN, top=0, bottom=MARGIN)
    text = TextBoxStyle(
        font=GlyphAccumulatorFactory(str(font), font_size=FONT_SIZE),
        font_size=FONT_SIZE,
        leading=LEADING,
        box_layout_rule=_layout(InnerScaling.NO_SCALING, margins),
    )
    scaling = InnerScaling.NO_SCALING if scale == 1.0 else InnerScaling.SHRINK_TO_FIT
    return _TextStyle(
        border_width=0,
        text_box_style=text,
        inner_content_layout=_layout(scaling, Margins.uniform(0)),
        stamp_text="%(lines)s",
        rotation=rotation,
        lines="\n".join(lines),
    )


def image_style(stamp: StampImage, rotation: int) -> BaseStampStyle:
    """pyHanko's style for a picture that fills its field. Raises: StampError."""
    return _ImageStyle(
        border_width=0,
        background=PdfImage(stamp.picture()),
        background_opacity=1.0,
        background_layout=_layout(InnerScaling.STRETCH_TO_FIT, Margins.uniform(0)),
        rotation=rotation,
    )


def _layout(scaling: InnerScaling, margins: Margins) -> SimpleBoxLayoutRule:
    return SimpleBoxLayoutRule(AxisAlignment.ALIGN_MIN, AxisAlignment.ALIGN_MAX, margins, scaling)


def _wrap(line: str, font: Path) -> list[str]:
    done: list[str] = []
    present = ""
    for word in line.split(" "):
        longer = f"{present} {word}" if present else word
        if present and text_width(longer, FONT_SIZE, font) > MAX_TEXT_WIDTH:
            done.append(present)
            present = word
        else:
            present = longer
    return [*done, present]


def _own_width_mm(png: bytes) -> float | None:
    with Image.open(io.BytesIO(png)) as picture:
        dots = picture.info.get("dpi")
        return picture.width / dots[0] * 25.4 if dots and dots[0] > 1 else None


def _turned(form: generic.StreamObject, rotation: int, box: BoxConstraints) -> generic.StreamObject:
    # On a turned page the field's rectangle lies in unturned coordinates; the form turns its content upright (ISO
    # 32000-1 12.5.5: BBox through Matrix is fitted to Rect).
    if rotation:
        width, height = box.width, box.height
        matrix = {90: (0, 1, -1, 0, height, 0), 180: (-1, 0, 0, -1, width, height), 270: (0, -1, 1, 0, 0, width)}[
            rotation
        ]
        form[generic.NameObject("/Matrix")] = generic.ArrayObject(generic.NumberObject(part) for part in matrix)
    return form


def _upright(box: BoxConstraints, rotation: int) -> BoxConstraints:
    return BoxConstraints(box.height, box.width) if rotation in (90, 270) else box


class _TurnedText(TextStamp):
    def as_form_xobject(self) -> generic.StreamObject:
        return _turned(super().as_form_xobject(), self.style.rotation, self.box)


class _TurnedImage(StaticContentStamp):
    def as_form_xobject(self) -> generic.StreamObject:
        return _turned(super().as_form_xobject(), self.style.rotation, self.box)


@dataclass(frozen=True)
class _TextStyle(TextStampStyle):
    rotation: int = 0
    lines: str = ""

    def create_stamp(self, writer, box, text_params):
        params = {"lines": self.lines}
        return _TurnedText(writer=writer, style=self, box=_upright(box, self.rotation), text_params=params)


@dataclass(frozen=True)
class _ImageStyle(StaticStampStyle):
    rotation: int = 0

    def create_stamp(self, writer, box, text_params):
        return _TurnedImage(writer=writer, style=self, box=_upright(box, self.rotation))
