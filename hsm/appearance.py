"""What a signature looks like on paper (NĐ 30/2020 PL I, NĐ 137/2024; vietnam-rules.md 1.2, 1.3).

A scan carries a text block: Times metrics, 10 pt, upright, black, no seal. An outgoing document carries the leader's
signature image (blue) and the agency's seal image (red, true size), both PNG with transparency. Refuses text the font
cannot show, before any token is asked. Sizes are in points (1/72 inch); pyHanko wants whole points.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from PIL import Image

from hsm.blanks import Blanks
from hsm.drawing import Drawing, Line, Picture, PictureDrawing, TextDrawing, picture_of
from hsm.font import check_text, font_file, text_width
from hsm.paper import POINTS_PER_MILLIMETRE, Box

FONT_SIZE = 10
LEADING = 11
ASCENT = 9
"""From the top of a block to the first baseline: Times rises 0.891 em, with an accent on a capital."""
MARGIN = 3
MAX_TEXT_WIDTH = 190.0
SEAL_MILLIMETRES = 36.0
"""Diameter of a commune's seal when the image does not tell its own size."""
VIETNAM = timezone(timedelta(hours=7))
CONVERTED = "Bản điện tử chuyển đổi từ văn bản giấy"


@dataclass(frozen=True)
class Fonts:
    """Paths of the built stamp fonts."""

    upright: Path
    italic: Path

    @classmethod
    def in_cache(cls, cache: Path | None) -> Fonts:
        """Built at first use. Raises: FontError."""
        return cls(font_file(cache), font_file(cache, italic=True))


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

    def picture(self) -> Picture:
        """The decoded picture. Raises: StampError (`stamp-image-unreadable`)."""
        try:
            return picture_of(self.png)
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise StampError("stamp-image-unreadable", str(error)) from error

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


@dataclass(frozen=True)
class Look:
    """An appearance and its full size on paper in points."""

    drawing: Drawing
    width: float
    height: float

    @property
    def size(self) -> tuple[float, float]:
        return self.width, self.height


def looks(stamp: StampText | StampImage, font: Path, default_mm: float) -> tuple[Look, ...]:
    """The forms an appearance can take, the best first: a text block stands line under line, or where the corner of the
    page is too low for that, in two wide lines. Raises: FontError, StampError."""
    if isinstance(stamp, StampImage):
        return (Look(PictureDrawing(stamp.picture()), *stamp.size(default_mm)),)
    block = _block(*lay_out(stamp, font), font)
    if len(stamp.lines) < 3:
        return (block,)
    cut = next((number for number, line in enumerate(stamp.lines) if line == CONVERTED), len(stamp.lines) - 1)
    rows = tuple(" · ".join(part) for part in (stamp.lines[:cut], stamp.lines[cut:]) if part)
    width = math.ceil(max(text_width(check_text(row, font), FONT_SIZE, font) for row in rows)) + 2 * MARGIN
    flat = _block(rows, width, len(rows) * LEADING + MARGIN, font)
    return block, flat


def _block(lines: tuple[str, ...], width: float, height: float, font: Path) -> Look:
    placed = tuple(Line(line, MARGIN, ASCENT + number * LEADING, FONT_SIZE, font) for number, line in enumerate(lines))
    return Look(TextDrawing(placed, width, height), width, height)


def draw_blanks(blanks: Blanks, given: Mapping[str, str], fonts: Fonts) -> tuple[TextDrawing, Box]:
    """Number and date written into a draft's gaps, in its own size, the date in italics (NĐ 30/2020 PL I, ô 3 and 4);
    with the box they take on the page. Raises: FontError."""
    box = blanks.box
    assert box is not None, "a draft without gaps has nothing to write"
    lines = []
    for gap in blanks.gaps:
        font = fonts.upright if gap.kind == "number" else fonts.italic
        text = check_text(given[gap.kind], font)
        width = text_width(text, gap.size, font)
        lines.append(Line(text, gap.middle - width / 2 - box[0], gap.baseline - box[1], gap.size, font))
    return TextDrawing(tuple(lines), box[2] - box[0], box[3] - box[1]), box


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
