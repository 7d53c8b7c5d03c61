"""Print or pen: whether the ink in a gap of the header ("Số: __/UBND", "ngày __ tháng") was written by hand.

Owns the measuring of strokes against the print of the same row: coloured ink, another stroke width, heights and feet
that leave the row's own. A pen is often black, so colour alone is not enough (digitizing rules 13.1). It reads no
letters and decides nothing about fields.

Invariant: a gap without ink is "empty", never "pen".
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from scanner_intake.layout import Box

EMPTY, PRINT, PEN = "empty", "print", "pen"
_CHROMA = 55
_READ_HEIGHT = 60  # every row is brought to about this height, so that the measures mean the same at any resolution


@dataclass(frozen=True)
class Ink:
    """What a gap holds: `kind` EMPTY, PRINT or PEN, and how far from print it is (1 and more: pen)."""

    kind: str
    distance: float


@dataclass(frozen=True)
class _Strokes:
    """Components of a region: tops and feet against the row (pixels), stroke widths."""

    boxes: list[tuple[int, int, int, int]]
    width: float


def judge(bgr: np.ndarray, scale: float, gap: Box, prints: list[Box]) -> Ink:
    """The ink in `gap` compared with the printed words `prints` of the same row; boxes in points, `scale` in pixels a
    point. Colour order does not matter.
    """
    top = min(gap[1], *(each[1] for each in prints)) - 3
    bottom = max(gap[3], *(each[3] for each in prints)) + 3
    left, right = min(gap[0], *(each[0] for each in prints)) - 2, max(gap[2], *(each[2] for each in prints)) + 2
    x0, y0 = max(0, round(left * scale)), max(0, round(top * scale))
    row = bgr[y0 : round(bottom * scale), x0 : round(right * scale)]
    if min(row.shape[:2], default=0) < 6:
        return Ink(EMPTY, 0.0)
    zoom = min(4.0, max(0.4, _READ_HEIGHT / row.shape[0]))
    row = cv2.resize(row, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC)
    dark = _dark(row)

    def pixels(box: Box) -> tuple[int, int]:
        return round((box[0] * scale - x0) * zoom), round((box[2] * scale - x0) * zoom)

    row_strokes = _Row.of(dark)
    drawn = row_strokes.within(*pixels(gap))
    if not drawn.boxes:
        return Ink(EMPTY, 0.0)
    if _coloured(row, dark, *pixels(gap)):
        return Ink(PEN, 9.0)
    printed = [each for each in (row_strokes.within(*pixels(box)) for box in prints) if each.boxes]
    if not printed:
        return Ink(PRINT, 0.0)
    distance = _distance(drawn, printed)
    return Ink(PEN if distance >= 1 else PRINT, round(float(distance), 2))


def cut_out(pixels: np.ndarray, scale: float, gap: Box) -> np.ndarray:
    """The gap as a gray picture with a white frame, for reading it alone."""
    x0, y0, x1, y1 = (round(each * scale) for each in (gap[0], gap[1] - 3, gap[2], gap[3] + 3))
    part = pixels[max(0, y0) : y1, max(0, x0) : x1]
    gray = part.min(axis=2) if part.ndim == 3 else part
    return np.ascontiguousarray(cv2.copyMakeBorder(gray, 12, 12, 12, 12, cv2.BORDER_CONSTANT, value=255))


def _dark(row: np.ndarray) -> np.ndarray:
    gray = row.min(axis=2) if row.ndim == 3 else row
    level, mask = cv2.threshold(np.ascontiguousarray(gray), 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    return mask if level < 235 else np.zeros_like(mask)


@dataclass(frozen=True)
class _Row:
    """The whole row's components, so that a gap's border never cuts a letter."""

    boxes: list[tuple[int, int, int, int]]
    widths: list[float]

    @classmethod
    def of(cls, dark: np.ndarray) -> _Row:
        _, labels, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=8)
        least = 0.22 * dark.shape[0]
        kept = [i for i in range(1, len(stats)) if stats[i, 3] >= least and stats[i, 2] < 6 * stats[i, 3]]
        ridge = cv2.distanceTransform(dark, cv2.DIST_L2, 3)
        crest = (ridge == cv2.dilate(ridge, np.ones((3, 3), np.uint8))) & (ridge > 0.6)
        boxes = [(int(s[0]), int(s[1]), int(s[0] + s[2]), int(s[1] + s[3])) for s in stats[kept]]
        widths = []
        for label, (x0, y0, x1, y1) in zip(kept, boxes, strict=True):
            own = crest[y0:y1, x0:x1] & (labels[y0:y1, x0:x1] == label)
            widths.append(float(ridge[y0:y1, x0:x1][own].mean()) if own.any() else 0.0)
        return cls(boxes, widths)

    def within(self, x0: int, x1: int) -> _Strokes:
        """The components whose middle lies between two columns."""
        inside = [i for i, box in enumerate(self.boxes) if x0 <= (box[0] + box[2]) / 2 <= x1]
        widths = [self.widths[i] for i in inside if self.widths[i]]
        return _Strokes([self.boxes[i] for i in inside], float(np.median(widths)) if widths else 0.0)


def _coloured(row: np.ndarray, dark: np.ndarray, x0: int, x1: int) -> bool:
    """Blue, violet or green ink; red is left out (stamps run into the row)."""
    if row.ndim != 3:
        return False
    part, mask = row[:, max(0, x0) : x1].astype(np.int16), dark[:, max(0, x0) : x1] > 0
    ink = part[cv2.erode(mask.astype(np.uint8), np.ones((2, 2), np.uint8)) > 0]
    return bool(len(ink) > 20 and np.median(ink.max(axis=1) - ink.min(axis=1)) > _CHROMA)


def _distance(drawn: _Strokes, printed: list[_Strokes]) -> float:
    """How far the drawn strokes are from the row's print: the worst of stroke width, height and foot."""
    reference = [box for each in printed for box in each.boxes]
    heights = np.array([box[3] - box[1] for box in reference], float)
    tall = float(np.percentile(heights, 60))
    feet = [(box[0], box[3]) for box in reference if 0.8 * tall < box[3] - box[1] < 1.2 * tall]
    if not feet or tall < 4:
        return 0.0
    slope, base = _line(feet)
    stroke = float(np.median([each.width for each in printed if each.width] or [0.0]))
    worst = 0.0
    if stroke and drawn.width:
        worst = max(worst, abs(np.log(drawn.width / stroke)) / 0.3)
    for box in drawn.boxes:
        worst = max(worst, abs((box[3] - box[1]) / tall - 1) / 0.2)
        worst = max(worst, abs(box[3] - (slope * box[0] + base)) / tall / 0.2)
    return worst


def _line(points: list[tuple[int, int]]) -> tuple[float, float]:
    """Theil-Sen line through the feet of the printed letters."""
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for i, a in enumerate(points) for b in points[i + 1 :] if b[0] - a[0] > 20]
    slope = float(np.median(slopes)) if slopes else 0.0
    return slope, float(np.median([y - slope * x for x, y in points]))
