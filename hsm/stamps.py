"""What stands in an appearance and how large it is on paper: text blocks, pictures (NĐ 30/2020 PL I, NĐ 137/2024).

A scan carries a text block: Times metrics, 10 pt, upright, black, no seal. An outgoing document carries the leader's
signature image (blue) and the agency's seal image (red, true size), both PNG with transparency. Refuses text the font
cannot show, before any token is asked. Sizes are in points (1/72 inch). Draws nothing, so a page may use it too.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PIL import Image

from hsm.font import check_text, text_width
from hsm.places import POINTS_PER_MILLIMETRE
from hsm.times import iso_time

FONT_SIZE = 10
LEADING = 11
ASCENT = 9
"""From the top of a block to the first baseline: Times rises 0.891 em, with an accent on a capital."""
MARGIN = 3
MAX_TEXT_WIDTH = 190.0
SIGNATURE_MILLIMETRES = (48.0, 21.0)
SEAL_MILLIMETRES = 36.0
"""Diameter of a commune's seal when the image does not tell its own size."""
CONVERTED = "Bản điện tử chuyển đổi từ văn bản giấy"
COPY_FORMS = ("SAO Y", "SAO LỤC", "TRÍCH SAO")
Size = tuple[float, float]


class StampError(ValueError):
    """The appearance cannot be made: `stamp-image-unreadable`, `copy-form-unknown`, `attachment-number-missing`."""

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

    def size(self, default_mm: float) -> Size:
        """Width and height on paper in points. Raises: StampError."""
        try:
            with Image.open(io.BytesIO(self.png)) as picture:
                (across, down), dots = picture.size, picture.info.get("dpi")
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise StampError("stamp-image-unreadable", str(error)) from error
        own = across / dots[0] * 25.4 if dots and dots[0] > 1 else None
        width = (self.width_mm or own or default_mm) * POINTS_PER_MILLIMETRE
        return width, width * down / across


@dataclass(frozen=True)
class Block:
    """A text block laid out: its lines, 11 pt apart, and its size in points."""

    lines: tuple[str, ...]
    width: float
    height: float


def copy_stamp(agency: str, now: datetime, office: str = "", form: str = "SAO Y") -> StampText:
    """The block on a certified copy of a paper: form, agency, time, the words of NĐ 137, and the converting office if
    other. Raises: StampError (`copy-form-unknown`)."""
    if form not in COPY_FORMS:
        raise StampError("copy-form-unknown", form)
    lines = [form, agency, iso_time(now), CONVERTED]
    if office and office != agency:
        lines.append(office)
    return StampText(tuple(lines))


def attachment_stamp(code: str, now: datetime) -> StampText:
    """The block on a separate attachment: number and notation of the document it belongs to, and the time of signing
    (NĐ 30/2020 PL I mục II). Raises: StampError (`attachment-number-missing`)."""
    if not code.strip():
        raise StampError("attachment-number-missing", "")
    return StampText((f"Kèm theo văn bản số {code.strip()}", iso_time(now)))


def lay_out(stamp: StampText, font: Path) -> tuple[tuple[str, ...], float, float]:
    """Lines broken at `MAX_TEXT_WIDTH`, with width and height of the block in points. Raises: FontError."""
    lines: list[str] = []
    for line in stamp.lines:
        lines.extend(_wrap(check_text(line, font), font))
    block = _block(tuple(lines), font)
    return block.lines, block.width, block.height


def blocks(stamp: StampText, font: Path) -> tuple[Block, ...]:
    """The forms of a text block, the best first: line under line, or where the corner of the page is too low for that,
    in two wide lines. Raises: FontError."""
    upright = Block(*lay_out(stamp, font))
    if len(stamp.lines) < 3:
        return (upright,)
    cut = next((number for number, line in enumerate(stamp.lines) if line == CONVERTED), len(stamp.lines) - 1)
    parts = (stamp.lines[:cut], stamp.lines[cut:])
    return upright, _block(tuple(check_text(" · ".join(part), font) for part in parts if part), font)


def sizes_of(stamp: StampText | StampImage, font: Path, default_mm: float) -> tuple[Size, ...]:
    """The sizes an appearance can take, the best first. Raises: FontError, StampError."""
    if isinstance(stamp, StampImage):
        return (stamp.size(default_mm),)
    return tuple((block.width, block.height) for block in blocks(stamp, font))


def _block(lines: tuple[str, ...], font: Path) -> Block:
    width = max((text_width(line, FONT_SIZE, font) for line in lines), default=0.0)
    return Block(lines, math.ceil(width) + 2 * MARGIN, len(lines) * LEADING + MARGIN)


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
