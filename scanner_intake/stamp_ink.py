"""The ink of one stamp's cut-out: red or dark masks, its frame found, counted and taken away.

Owns pixels at `READ_DPI`; it knows no words and no page. Double frames belong to secrecy stamps, single ones to urgency
(vietnam-rules 7).
"""

from __future__ import annotations

import cv2
import numpy as np

from scanner_intake.digitize_ocr import flatten, paper

READ_DPI = 300


def red_mask(rgb: np.ndarray, limit: int) -> np.ndarray:
    flat = flatten(rgb, paper(rgb)) if min(rgb.shape[:2]) >= 64 else rgb
    red = cv2.subtract(flat[:, :, 0], cv2.max(flat[:, :, 1], flat[:, :, 2]))
    return cv2.threshold(red, limit, 255, cv2.THRESH_BINARY)[1]


def without_borders(mask: np.ndarray) -> np.ndarray:
    """The frame removed: long horizontal and vertical runs, grown a little."""
    height, width = mask.shape
    across = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, max(9, int(width * 0.22))), np.uint8))
    down = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((max(9, int(height * 0.5)), 1), np.uint8))
    border = cv2.dilate(cv2.bitwise_or(across, down), np.ones((5, 5), np.uint8))
    return cv2.bitwise_and(mask, cv2.bitwise_not(border))


def sides(mask: np.ndarray) -> int:
    """How many sides of the cut-out show a frame line: some row (column) near the edge is red over most of its
    length.
    """
    height, width = mask.shape
    # A frame scanned a little askew spreads its line over several rows: take windows of 1.2 mm.
    span = max(3, round(1.2 * READ_DPI / 25.4))
    tall = cv2.dilate(mask, np.ones((span, 1), np.uint8)) > 0
    wide = cv2.dilate(mask, np.ones((1, span), np.uint8)) > 0
    rows, columns = tall.mean(axis=1), wide.mean(axis=0)
    edge_y, edge_x = max(1, int(height * 0.33)), max(1, int(width * 0.2))
    return sum(
        bool(each.max() >= 0.55) for each in (rows[:edge_y], rows[-edge_y:], columns[:edge_x], columns[-edge_x:])
    )


def inset(gray: np.ndarray) -> np.ndarray:
    cut = round(2.3 * READ_DPI / 25.4) + round(1.5 * READ_DPI / 25.4) // 2
    inner = gray[cut:-cut, cut:-cut]
    return inner if min(inner.shape[:2], default=0) > 20 else gray


def framed(gray: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(cv2.copyMakeBorder(gray, 20, 20, 20, 20, cv2.BORDER_CONSTANT, value=255))


def dark_mask(crop: np.ndarray) -> np.ndarray:
    """Ink of any colour on a small cut-out."""
    gray = np.ascontiguousarray(crop[:, :, 1])
    level, mask = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    return mask if level < 240 else np.zeros_like(mask)


def double(mask: np.ndarray, drawn: float = 0.7) -> bool:
    """Whether a frame has two lines above or below: only secrecy stamps do (tables and forms have one).
    `drawn` is the share of a line that must be inked.
    """
    height, width = mask.shape
    rows = mask[:, round(0.2 * width) : round(0.8 * width)].mean(axis=1) / 255
    dark = rows > drawn
    starts = np.flatnonzero(dark[1:] & ~dark[:-1])
    edge = 0.34 * height
    return int((starts < edge).sum()) >= 2 and int((starts > height - edge).sum()) >= 2


def no_letters(mask: np.ndarray) -> bool:
    """Whether a cut-out is one dark surface (a part of a photograph), or bars from end to end and nothing between
    them (bar codes, Patch-T sheets): no stamp under any reading. Letters cover a part of every row.
    """
    if mask.mean() > 0.9 * 255:
        return True
    height, width = mask.shape
    rows = mask[round(0.15 * height) : round(0.85 * height), round(0.2 * width) : round(0.8 * width)].mean(axis=1) / 255
    dark = rows > 0.7
    bars = int((dark[1:] & ~dark[:-1]).sum())
    return bars >= 2 and bool(((rows < 0.08) | (rows > 0.85)).mean() >= 0.8) and bool(dark.mean() >= 0.25)
