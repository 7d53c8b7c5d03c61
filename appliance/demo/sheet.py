"""A sheet of A4 paper to print on: toner at fine resolution, coloured marks beside it, millimetres and points in,
pixels out.

Owns units, drawing of words and rules, and the line breaking of paragraphs. It refuses to know what an administrative
paper is. Positions are in mm from the top left corner; type sizes in points; text stands on its baseline.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from appliance.demo import fonts
from appliance.demo.scan_noise import Mark, Plane

A4_MM = (210.0, 297.0)
Word = tuple[str, str]  # text, style


def mm_of(points: float) -> float:
    """Points to millimetres."""
    return points / 72 * 25.4


class Sheet:
    """One page: `black` is its toner; `marks` collects stamps, seals and pen strokes at `dpi`."""

    def __init__(self, dpi: int) -> None:
        self.dpi = dpi
        # Below 240 dpi letters are drawn twice as fine and averaged down, so that they look printed, not hinted.
        self.fine = 2 if dpi < 240 else 1
        self._scale = dpi * self.fine / 25.4
        width, height = (round(mm / 25.4 * dpi) * self.fine for mm in A4_MM)
        self._ink = Image.new("L", (width, height))
        self._pen = ImageDraw.Draw(self._ink)
        self.marks: list[Mark] = []

    def pixels(self, points: float) -> int:
        """The size in drawing pixels of a type size in points."""
        return round(mm_of(points) * self._scale)

    def width(self, text: str, style: str, points: float) -> float:
        """Width of a text in mm."""
        return fonts.width(text, style, self.pixels(points)) / self._scale

    def text(self, x: float, y: float, text: str, style: str, points: float, anchor: str = "l") -> None:
        """One line of text on baseline `y`; `anchor` is "l", "m" or "r" of `x`."""
        face = fonts.face(style, self.pixels(points))
        self._pen.text((x * self._scale, y * self._scale), text, fill=255, font=face, anchor=f"{anchor}s")

    def rule(self, x0: float, x1: float, y: float, thick: float = 0.25) -> None:
        """A horizontal line."""
        self._box(x0, y - thick / 2, x1, y + thick / 2)

    def post(self, x: float, y0: float, y1: float, thick: float = 0.25) -> None:
        """A vertical line."""
        self._box(x - thick / 2, y0, x + thick / 2, y1)

    def _box(self, x0: float, y0: float, x1: float, y1: float) -> None:
        left, top, right, bottom = (round(v * self._scale) for v in (x0, y0, x1, y1))
        self._pen.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), fill=255)

    def toner(self) -> Plane:
        """The black plane at the page's dpi, 255 = full toner."""
        return np.asarray(self._ink.reduce(self.fine) if self.fine > 1 else self._ink)


@dataclass(frozen=True)
class Item:
    """Something that takes a strip of a page's height: space before it (dropped at a page's top), its height, how it
    is drawn.

    `draw(sheet, top)` gets the strip's top in mm. `with_next` keeps it on the page of the following item.
    """

    before: float
    height: float
    draw: Callable[[Sheet, float], None]
    with_next: bool = False


def broken(sheet: Sheet, words: Sequence[Word], points: float, room: float, indent: float = 0.0) -> list[list[Word]]:
    """Words broken greedily into lines of `room` mm, the first one shorter by `indent`."""
    space = sheet.width(" ", "regular", points)
    lines: list[list[Word]] = [[]]
    used = indent
    for text, style in words:
        width = sheet.width(text, style, points)
        if lines[-1] and used + space + width > room:
            lines.append([])
            used = 0.0
        used += width + (space if lines[-1] else 0.0)
        lines[-1].append((text, style))
    return lines


def set_line(sheet: Sheet, line: Sequence[Word], x: float, y: float, room: float, points: float, justify: bool) -> None:
    """Print one line of words from `x` on baseline `y`; justified lines fill `room` mm by even gaps."""
    widths = [sheet.width(text, style, points) for text, style in line]
    gap = sheet.width(" ", "regular", points)
    if justify and len(line) > 1:
        gap = (room - sum(widths)) / (len(line) - 1)
    for (text, style), width in zip(line, widths, strict=True):
        sheet.text(x, y, text, style, points)
        x += width + gap


def balanced(sheet: Sheet, text: str, style: str, points: float, room: float) -> list[str]:
    """A short text in as few lines as `room` allows, of nearly equal length, as a typist centres a heading."""
    words = [(word, style) for word in text.split()]
    count = len(broken(sheet, words, points, room))
    narrow = room
    while narrow > 10 and len(broken(sheet, words, points, narrow - 2)) == count:
        narrow -= 2
    return [" ".join(word for word, _ in line) for line in broken(sheet, words, points, narrow)]
