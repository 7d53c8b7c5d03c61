"""Strips of a page made level, and the thin lines in them: what single and double frames are measured by.

Owns the pixels around one line of a page: the strip itself (`FINE` pixels a millimetre, x along the line, y down), its
level and upright lines, how far a broken line runs and how straight it is. It judges nothing and reads nothing.
"""

from __future__ import annotations

import cv2
import numpy as np

from scanner_intake.stamp_planes import FIND_DPI, Plane

FINE = 6.0
HALF = 15.0  # mm of a strip above and below its line
BESIDE = 23.0  # mm of a strip before and behind it
# Darkness of the faintest line, letters and grain smoothed. Red has no print and no shadows beside it, so that what is
# left of an empty pad may count; blue has the strokes of pens.
INK = {"black": 14, "red": 6, "blue": 14}
_LIGHT = 14  # what a line may weigh at most where it is not drawn
_THICK = 13  # pixels: thicker is no line
_GAP = 27
_STROKE = 14


def level(plane: Plane, middle: tuple[float, float], turn: float, wide: float) -> np.ndarray:
    """The ink around a line through `middle` (mm), `turn` degrees, made level: `wide` mm and twice `HALF`."""
    angle, step = np.radians(turn), plane.scale / FINE
    cos, sin = np.cos(angle) * step, np.sin(angle) * step
    across, down = wide / 2 * FINE, HALF * FINE
    x, y = middle[0] * plane.scale, middle[1] * plane.scale
    matrix = np.array([[cos, -sin, x - cos * across + sin * down], [sin, cos, y - sin * across - cos * down]])
    wider, higher = abs(cos) * across + abs(sin) * down + 2, abs(sin) * across + abs(cos) * down + 2
    return cv2.warpAffine(
        plane.view((int(x - wider), int(y - higher), int(x + wider) + 1, int(y + higher) + 1)),
        matrix,
        (round(wide * FINE), round(2 * HALF * FINE)),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=255,
    )


def page_ends(plane: Plane, middle: tuple[float, float], turn: float, centre: float) -> list[int]:
    """The columns at which a strip leaves the page."""
    angle = np.radians(turn)
    columns = []
    for place, way, size in zip(middle, (np.cos(angle), np.sin(angle)), plane.small.shape[1::-1], strict=True):
        if abs(way) > 0.5:
            columns += [round(centre + FINE * (side - place) / way) for side in (0.0, size * 25.4 / FIND_DPI)]
    return columns


def level_lines(dark: np.ndarray, ink: int) -> np.ndarray:
    """255 where a thin level line of at least 2.4 mm runs, three pixels high; letters have none that long."""
    dark = cv2.blur(dark, (5, 1))
    thin = cv2.subtract(dark, cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((_THICK, 1), np.uint8)))
    mask = cv2.dilate(cv2.threshold(thin, ink, 255, cv2.THRESH_BINARY)[1], np.ones((3, 1), np.uint8))
    return cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, _STROKE), np.uint8))


def upright_lines(dark: np.ndarray, top: float, bottom: float, ink: int) -> np.ndarray:
    """The share of the frame's height that is drawn at each column."""
    part = cv2.blur(dark[max(0, round(top)) : round(bottom) + 1], (1, 5))
    thin = cv2.subtract(part, cv2.morphologyEx(part, cv2.MORPH_OPEN, np.ones((1, _THICK), np.uint8)))
    mask = cv2.dilate(cv2.threshold(thin, ink, 255, cv2.THRESH_BINARY)[1], np.ones((1, 3), np.uint8))
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((_STROKE, 1), np.uint8))
    return np.asarray(mask.mean(axis=0) / 255)


def spread(own: np.ndarray, left: int, right: int) -> tuple[int, int]:
    """From where to where a broken line runs that is seen between left and right."""
    at = np.flatnonzero(own)
    near = at[(at >= left - _GAP) & (at <= right + _GAP)]
    if not len(near):
        return left, right
    breaks = np.flatnonzero(np.diff(at) > _GAP)
    starts, stops = at[np.concatenate(([0], breaks + 1))], at[np.concatenate((breaks, [len(at) - 1]))]
    first, last = np.searchsorted(stops, near[0]), np.searchsorted(stops, near[-1])
    return int(starts[first]), int(stops[last])


def straying(dark: np.ndarray, row: float, on: np.ndarray, left: int, right: int) -> float:
    """How far a line strays from a straight one, in pixels: the root of the mean square. A ring's arc of 15 mm does by
    1.5, a frame's side by less than half a pixel.
    """
    top = max(0, round(row) - 4)
    part = dark[top : round(row) + 5, left : right + 1].astype(np.float32)
    part[part < 0.5 * part.max(axis=0)] = 0
    weight = part.sum(axis=0)
    at = np.flatnonzero(on[left : right + 1] & (weight > _LIGHT))
    if len(at) < 12:
        return 0.0
    height = (part[:, at] * np.arange(len(part), dtype=np.float32)[:, None]).sum(axis=0) / weight[at]
    height -= height.mean()
    along = (at - at.mean()).astype(np.float32)
    left_over = height @ height - (along @ height) ** 2 / (along @ along)
    return min(2.5, float(np.sqrt(max(0.0, left_over) / len(at))))
