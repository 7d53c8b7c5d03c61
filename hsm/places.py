"""A place on a page, in the two ways to look at a page: as it is displayed, and as the file stores it.

Boxes are [x0, y0, x1, y1] in points, origin top-left of the displayed page, page numbers from 1. Arithmetic only.
"""

from __future__ import annotations

from dataclasses import dataclass

POINTS_PER_MILLIMETRE = 72 / 25.4
Box = tuple[float, float, float, float]
Size = tuple[float, float]
Nudge = tuple[float, float]
"""Millimetres to the right and down."""


def to_page_coordinates(box: Box, crop: Box, rotation: int) -> tuple[int, int, int, int]:
    """Displayed coordinates (top-left origin) to user space of a page with that CropBox, turned by `rotation`
    degrees."""
    left, bottom, right, top = crop
    x0, y0, x1, y1 = box
    if rotation == 90:
        found = (left + y0, bottom + x0, left + y1, bottom + x1)
    elif rotation == 180:
        found = (right - x1, bottom + y0, right - x0, bottom + y1)
    elif rotation == 270:
        found = (right - y1, top - x1, right - y0, top - x0)
    else:
        found = (left + x0, top - y1, left + x1, top - y0)
    x, y = round(found[0]), round(found[1])
    return x, y, x + round(found[2] - found[0]), y + round(found[3] - found[1])


def to_displayed_coordinates(box: Box, crop: Box, rotation: int) -> Box:
    """The way back: user space (left, bottom, right, top) to displayed coordinates with the origin top-left."""
    left, bottom, right, top = crop
    x0, y0, x1, y1 = box
    if rotation == 90:
        return y0 - bottom, x0 - left, y1 - bottom, x1 - left
    if rotation == 180:
        return right - x1, y0 - bottom, right - x0, y1 - bottom
    if rotation == 270:
        return top - y1, right - x1, top - y0, right - x0
    return x0 - left, top - y1, x1 - left, top - y0


class PlacementError(ValueError):
    """Codes: `page-unreadable` (the page cannot be rendered), `nudge-off-page` (moved by hand beyond the paper)."""

    def __init__(self, detail: str, code: str = "page-unreadable") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Placement:
    """A place on a page. `crop` is the page's CropBox in its own coordinates.

    `scale` below 1: the appearance had to shrink; `moved` points: how far it stands from where the rule wants it, as
    something was there; `clear`: whether the paper there is free; `nudge`: what a person added, in millimetres.
    """

    page: int
    box: Box
    rotation: int
    scale: float = 1.0
    clear: bool = True
    crop: Box = (0.0, 0.0, 0.0, 0.0)
    moved: float = 0.0
    nudge: Nudge = (0.0, 0.0)

    @property
    def rectangle(self) -> tuple[int, int, int, int]:
        """The box in the page's own coordinates (whole points; lower left, upper right)."""
        return to_page_coordinates(self.box, self.crop, self.rotation)

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be told of this place: "shrunk:80" (percent), "moved:12" (millimetres), "nudged:3:-2", "covers"."""
        found = []
        if self.scale < 0.995:
            found.append(f"shrunk:{round(self.scale * 100)}")
        if self.moved > POINTS_PER_MILLIMETRE:
            found.append(f"moved:{round(self.moved / POINTS_PER_MILLIMETRE)}")
        if self.nudge != (0.0, 0.0):
            found.append(f"nudged:{self.nudge[0]:g}:{self.nudge[1]:g}")
        if not self.clear:
            found.append("covers")
        return tuple(found)
