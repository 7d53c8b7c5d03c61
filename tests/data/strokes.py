"""Digits and scribbles as a pen writes them, from strokes of our own: no handwriting font, no sample of a real hand.

Owns the shapes of ten digits, the slash and the hyphen, and the trembling of a hand: every digit is bent, slanted and
sized a little differently each time. A mask is uint8 (height, width), 255 = full ink, at the dpi asked for. Invariant:
the same text, generator state and dpi give the same pixels.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
Stroke = tuple[tuple[float, float], ...]

# Strokes in a box one wide and one high, y downwards; the pen runs smoothly through the points.
_SHAPES: dict[str, tuple[Stroke, ...]] = {
    "0": (((0.52, 0.03), (0.15, 0.28), (0.12, 0.68), (0.45, 0.97), (0.86, 0.72), (0.86, 0.28), (0.5, 0.03)),),
    "1": (((0.3, 0.27), (0.46, 0.15), (0.6, 0.03)), ((0.6, 0.03), (0.55, 0.5), (0.5, 0.98))),
    "2": (((0.15, 0.26), (0.42, 0.03), (0.8, 0.18), (0.68, 0.5), (0.35, 0.8), (0.1, 0.97), (0.5, 0.93), (0.92, 0.95)),),
    "3": (((0.15, 0.12), (0.5, 0.02), (0.8, 0.2), (0.4, 0.45), (0.82, 0.68), (0.7, 0.93), (0.4, 0.99), (0.1, 0.87)),),
    "4": (((0.58, 0.03), (0.32, 0.35), (0.1, 0.63), (0.5, 0.62), (0.92, 0.6)), ((0.7, 0.36), (0.66, 0.7), (0.6, 0.99))),
    "5": (
        ((0.3, 0.06), (0.22, 0.44), (0.55, 0.38), (0.86, 0.62), (0.68, 0.93), (0.1, 0.9)),
        ((0.3, 0.05), (0.86, 0.03)),
    ),
    "6": (((0.76, 0.04), (0.35, 0.3), (0.14, 0.7), (0.45, 0.98), (0.82, 0.76), (0.58, 0.52), (0.2, 0.68)),),
    "7": (((0.1, 0.1), (0.5, 0.06), (0.86, 0.06), (0.58, 0.5), (0.4, 0.98)), ((0.3, 0.5), (0.76, 0.47))),
    "8": (
        (
            (0.76, 0.14),
            (0.45, 0.02),
            (0.2, 0.2),
            (0.5, 0.47),
            (0.82, 0.75),
            (0.5, 0.98),
            (0.18, 0.76),
            (0.5, 0.47),
            (0.78, 0.22),
            (0.7, 0.08),
        ),
    ),
    "9": (((0.8, 0.2), (0.5, 0.03), (0.2, 0.25), (0.45, 0.5), (0.8, 0.25), (0.78, 0.6), (0.58, 0.97)),),
    "/": (((0.75, -0.02), (0.5, 0.5), (0.2, 1.05)),),
    "-": (((0.15, 0.55), (0.5, 0.53), (0.85, 0.52)),),
}
_FINE = 3


def _smooth(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """A Catmull-Rom curve through the points, twelve steps between two of them."""
    padded = np.vstack((2 * points[0] - points[1], points, 2 * points[-1] - points[-2]))
    steps = np.linspace(0, 1, 12, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        parts.append(
            0.5
            * (2 * b + (c - a) * steps + (2 * a - 5 * b + 4 * c - d) * steps**2 + (3 * b - a - 3 * c + d) * steps**3)
        )
    return np.vstack((*parts, points[-1:]))


def _drawn(curves: list[NDArray[np.float64]], dpi: int, pen_mm: float) -> Mask:
    """Curves in millimetres as ink on the smallest canvas that holds them, thicker where the pen is slow."""
    scale = dpi / 25.4 * _FINE
    every = np.vstack(curves)
    low, high = every.min(axis=0) - 1.0, every.max(axis=0) + 1.0
    width, height = (int(np.ceil((high - low)[i] * dpi / 25.4)) * _FINE for i in (0, 1))
    canvas = np.zeros((height, width), np.uint8)
    for curve in curves:
        places = np.round((curve - low) * scale).astype(int)
        pace = np.hypot(*np.diff(curve, axis=0).T)
        thick = pen_mm * np.clip(1.25 - 0.5 * pace / max(float(pace.mean()), 1e-6), 0.6, 1.25)
        for start, end, wide in zip(places, places[1:], thick, strict=False):
            ends = (int(start[0]), int(start[1])), (int(end[0]), int(end[1]))
            cv2.line(canvas, *ends, 255, max(1, round(float(wide) * scale)), cv2.LINE_AA)
    return np.asarray(cv2.resize(canvas, (width // _FINE, height // _FINE), interpolation=cv2.INTER_AREA), np.uint8)


def written(text: str, rng: np.random.Generator, dpi: int, height_mm: float = 5.0, pen_mm: float = 0.5) -> Mask:
    """Digits, "/" and "-" by hand; blanks leave room. Raises KeyError for any other character."""
    slant, drift = rng.uniform(0.02, 0.3), rng.uniform(-0.05, 0.05)
    curves: list[NDArray[np.float64]] = []
    x = 0.0
    for letter in text:
        tall = height_mm * rng.uniform(0.86, 1.1)
        wide = tall * (0.3 if letter in "1/" else 0.55) * rng.uniform(0.85, 1.2)
        rise = height_mm * (0.5 - rng.uniform(0.46, 0.54)) + drift * x
        for stroke in () if letter == " " else _SHAPES[letter]:
            points = np.array(stroke) + rng.normal(0, 0.022, (len(stroke), 2))
            points[:, 0] += slant * (1 - points[:, 1])
            place = np.array((x, height_mm - tall + rise))
            curves.append(_smooth(points * (wide, tall)) + place)
        x += wide + height_mm * rng.uniform(0.08, 0.2)
    return _drawn(curves, dpi, pen_mm)


def scribble(letters: int, rng: np.random.Generator, dpi: int, height_mm: float = 3.5, pen_mm: float = 0.45) -> Mask:
    """Cursive loops that no one can read: a routing note, an initial, a remark in the margin."""
    t = np.linspace(0, letters, letters * 24)
    tall = np.interp(t, np.arange(letters + 1), rng.uniform(0.35, 1.0, letters + 1)) * height_mm / 2
    bend = rng.uniform(0.9, 1.5)
    x = t * height_mm * 0.55 + np.cos(2 * np.pi * t * bend) * height_mm * 0.2
    y = height_mm - tall * (1 + np.sin(2 * np.pi * t * bend)) + np.cumsum(rng.normal(0, 0.012, len(t)))
    return _drawn([np.column_stack((x, y))], dpi, pen_mm)
