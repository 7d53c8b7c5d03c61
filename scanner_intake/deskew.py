"""Skew of a page from its text's own baselines, and the one turn that takes it out (digitizing rules 6.1).

Owns the angle, the turn of pixels and of places. Angles are degrees; positive means that the text falls towards the
right as displayed. Places are points from the top left; the page keeps its size and turns about its middle.

Invariant: pixels and places turn by the same matrix, so a word stays on its ink.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable

import cv2
import numpy as np

from scanner_intake.layout import Box

LEAST, MOST = 0.15, 6.0
_LONG = 0.25
_BAND = 128  # rows
Stroke = tuple[float, float, float, float]


def skew(baselines: Iterable[Stroke], width: float) -> float:
    """The median slope of the baselines (x0, y0, x1, y1) that are longer than a quarter of the page's `width`.

    0.0 when there is nothing to turn: too little text, less than 0.15 degrees, or so much that it is no skew.
    """
    angles = []
    for x0, y0, x1, y1 in baselines:
        if x1 - x0 > _LONG * width:
            angles.append(math.degrees(math.atan2(y1 - y0, x1 - x0)))
    if not angles:
        return 0.0
    angle = statistics.median(angles)
    return angle if LEAST < abs(angle) < MOST else 0.0


def turn_pixels(image: np.ndarray, angle: float) -> np.ndarray:
    """The picture turned so that text falling by `angle` stands level; its edge colour fills the corners.

    Band by band: what a band needs stays in the processor's cache, and three colours are turned as four, which OpenCV
    does in two thirds of the time. Together that is a third of what the whole picture takes at once.
    """
    height, width = image.shape[:2]
    there = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    back = cv2.invertAffineTransform(there)
    turned = np.empty_like(image)
    for top in range(0, height, _BAND):
        under = min(height, top + _BAND)
        ends = [back[1, 0] * x + back[1, 1] * y + back[1, 2] for x in (0, width - 1) for y in (top, under - 1)]
        first = min(height - 1, max(0, int(min(ends)) - 2))
        source = image[first : max(first + 1, min(height, int(max(ends)) + 4))]
        matrix = back.copy()
        matrix[:, 2] += matrix[:, 1] * top
        matrix[1, 2] -= first
        if image.ndim == 3:
            cv2.cvtColor(
                _band(cv2.cvtColor(source, cv2.COLOR_BGR2BGRA), matrix, width, under - top),
                cv2.COLOR_BGRA2BGR,
                dst=turned[top:under],
            )
        else:
            turned[top:under] = _band(source, matrix, width, under - top)
    return turned


def _band(source: np.ndarray, back: np.ndarray, width: int, height: int) -> np.ndarray:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(source, back, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def turn_point(x: float, y: float, angle: float, size: tuple[float, float]) -> tuple[float, float]:
    """Where `turn_pixels` moves a place on a page of `size` (width, height)."""
    across, down = size[0] / 2, size[1] / 2
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    dx, dy = x - across, y - down
    return (across + cos * dx + sin * dy, down - sin * dx + cos * dy)


def turn_box(box: Box, angle: float, size: tuple[float, float]) -> Box:
    """The place of a small box after the turn: its middle moves, its size stays (a word is not as wide as a page)."""
    x, y = turn_point((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, angle, size)
    half_x, half_y = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
    return (x - half_x, y - half_y, x + half_x, y + half_y)
