"""Blank sides: is there nothing on this page that a person would miss?

Owns the one rule (digitizing rules 10): at most two marks in the central 88 % and ink below 0.01 %. Text or a seal
shining through from the other side is paler than ink and does not count. Blank sides are hidden, never deleted; the
decision what to do about one is the caller's.
"""

from __future__ import annotations

import cv2
import numpy as np

from scanner_intake.layers import ink_mask

_CENTRE = 0.88
_MOST_MARKS = 2
_MOST_INK = 0.0001
_MARK = 30


def is_blank(image: np.ndarray, dpi: float) -> bool:
    """Whether a page's picture (HxW gray or HxWx3 BGR) shows nothing but paper, bleed-through and specks."""
    height, width = image.shape[:2]
    x, y = round(width * (1 - _CENTRE) / 2), round(height * (1 - _CENTRE) / 2)
    mask = ink_mask(image, dpi)[y : height - y, x : width - x]
    if not mask.size:
        return True
    if cv2.countNonZero(mask) / mask.size >= 50 * _MOST_INK:  # plainly full: no need to count
        return False
    count, _, found, _ = cv2.connectedComponentsWithStats(np.ascontiguousarray(mask), connectivity=8)
    areas = found[1:count, cv2.CC_STAT_AREA]
    large = areas[areas >= max(4, round(_MARK * (dpi / 300) ** 2))]
    return len(large) <= _MOST_MARKS and float(large.sum()) / mask.size < _MOST_INK
