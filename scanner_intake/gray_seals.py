"""Seals on pages that were scanned without colour: taken out of what the recogniser gets.

Owns finding round seals in a gray page and making them as light as paper. In colour a red seal vanishes in the
lightest channel; in gray it stays, and Tesseract takes a seal with the function and the name under it for a picture and
reads none of them. The seal's ink is lighter than print, so print over or under it is kept. Where it is not lighter (a
black-and-white scan, a photocopy) nothing can be told apart and nothing is touched.

The seals of state offices measure 30 to 42 mm (Thông tư 22/2019/TT-BCA; the Party's alike).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

_SEARCH_DPI = 75.0
_MILLIMETRE = _SEARCH_DPI / 25.4
_RADII = (14.0 * _MILLIMETRE, 22.5 * _MILLIMETRE)
_MOST_TRIED = 6  # circles a page; the best votes come first, and pages have one to three seals
_POINTS = 180
_CLOSED = 0.85  # of the ring that must be inked
_INKED = 215  # of the paper's 255
_BLACK = 60  # a ring as dark as print has the ink of print
_DARKER = 22  # than the ring's median, and it is print
_RIM = 0.045  # of the radius: what of the ring lies outside the circle that was found


@dataclass(frozen=True)
class Seal:
    """A round seal: its middle and radius in pixels, and the median light of its ring, 0..255."""

    x: float
    y: float
    radius: float
    light: float

    @property
    def black(self) -> bool:
        """Whether it is as dark as print, which then cannot be told from it."""
        return self.light <= _BLACK

    def hides(self, box: tuple[float, float, float, float]) -> bool:
        """Whether it may have covered the beginning of what was read in `box` (pixels): what it covers is not read."""
        reach = 1.3 * self.radius
        across = max(box[0] - self.x, self.x - box[2], 0.0)
        down = max(box[1] - self.y, self.y - box[3], 0.0)
        return across**2 + down**2 <= reach**2


def find_seals(gray: np.ndarray, dpi: float) -> list[Seal]:
    """The seals in a gray page (HxW, paper 255), those as dark as print among them."""
    scale = _SEARCH_DPI / dpi
    if min(gray.shape) * scale < 2 * _RADII[0]:
        return []
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    least, most = (round(each) for each in _RADII)
    circles = cv2.HoughCircles(
        small, cv2.HOUGH_GRADIENT, 1.5, 40, param1=120, param2=55, minRadius=least, maxRadius=most
    )
    if circles is None:
        return []
    found = (_ring(small, *map(float, circle)) for circle in circles.reshape(-1, 3)[:_MOST_TRIED])
    return [Seal(x / scale, y / scale, r / scale, light) for x, y, r, light in filter(None, found)]


def without_seals(gray: np.ndarray, dpi: float) -> np.ndarray:
    """The page with its seals as light as paper, print in them as it was; the same array when it has none whose ink is
    lighter than print.
    """
    seals = [seal for seal in find_seals(gray, dpi) if not seal.black]
    if not seals:
        return gray
    bare = gray.copy()
    for seal in seals:
        reach = seal.radius * (1 + _RIM)
        x0, y0 = max(0, int(seal.x - reach)), max(0, int(seal.y - reach))
        part = bare[y0 : int(seal.y + reach) + 1, x0 : int(seal.x + reach) + 1]
        down, across = np.ogrid[: part.shape[0], : part.shape[1]]
        inside = (across + x0 - seal.x) ** 2 + (down + y0 - seal.y) ** 2 <= reach**2
        part[inside & (part > seal.light - _DARKER)] = 255
    return bare


def _ring(small: np.ndarray, x: float, y: float, radius: float) -> tuple[float, float, float, float] | None:
    """A circle moved to where most of its ring is inked, with the ring's median light; None when it is not closed."""
    best: tuple[float, float, tuple[float, float, float]] | None = None
    for r in np.arange(radius - 2.5, radius + 3.0, 0.5):
        for dx in (-1.5, 0.0, 1.5):
            for dy in (-1.5, 0.0, 1.5):
                light = _lights(small, x + dx, y + dy, float(r))
                rank = (float((light < _INKED).mean()), -float(np.median(light)), (x + dx, y + dy, float(r)))
                if best is None or rank > best:
                    best = rank
    if best is None or best[0] < _CLOSED:
        return None
    return (*best[2], -best[1])


def _lights(image: np.ndarray, x: float, y: float, radius: float) -> np.ndarray:
    turns = np.linspace(0, 2 * np.pi, _POINTS, endpoint=False)
    across = np.clip(np.rint(x + radius * np.cos(turns)).astype(int), 0, image.shape[1] - 1)
    down = np.clip(np.rint(y + radius * np.sin(turns)).astype(int), 0, image.shape[0] - 1)
    return image[down, across]
