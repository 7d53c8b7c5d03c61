"""Pictures made smaller by averaging areas, several times faster than OpenCV does it for most ratios.

Owns the ways that cost little more than a copy: two pixels into one, and a few pixels into more than half as many (3:2
from 300 to 200 dpi, 5:3 to 180, 4:3, 5:4). Interpolating between neighbours would be as fast, but recognition then
reads half as many letters wrong again (20 pages of the generator at 300 dpi). Sizes may differ from the wished ones by
a hair: the result's own shape tells its resolution.
"""

from __future__ import annotations

import cv2
import numpy as np

_HAIR = 0.01
_STEPS = ((2, 3), (3, 4), (4, 5), (3, 5))
BAND = 128
"""Rows of a page's picture that stay in the processor's cache with what is made of them: steps that touch all pixels
several times take half as long band by band."""


def shrunk(image: np.ndarray, ratio: float) -> np.ndarray:
    """HxW or HxWx3 pixels at about `ratio` (more than 0, at most 1) of their size, within one percent; never fewer
    than one pixel. The same array comes back when there is nothing to do.
    """
    while ratio <= 0.5 * (1 + _HAIR) and min(image.shape[:2]) >= 2:
        image = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        ratio *= 2
    if ratio >= 1 - _HAIR:
        return image
    for parts, of in _STEPS:
        if abs(ratio - parts / of) < 0.002 and min(image.shape[:2]) > 8 * parts:
            return _fewer(image, parts, of)
    size = (max(1, round(image.shape[1] * ratio)), max(1, round(image.shape[0] * ratio)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _fewer(image: np.ndarray, parts: int, of: int) -> np.ndarray:
    """Every `of` rows and columns averaged into `parts`."""
    height, width = (-(-side // of) * parts for side in image.shape[:2])
    made = np.empty((height, width, *image.shape[2:]), np.uint8)
    for top in range(0, height, BAND * parts):
        band = image[top // parts * of :][: BAND * of]
        across = cv2.transpose(_fewer_rows(band, parts, of))
        made[top : top + BAND * parts] = cv2.transpose(_fewer_rows(across, parts, of))
    return made


def _fewer_rows(image: np.ndarray, parts: int, of: int) -> np.ndarray:
    """Every `of` rows averaged into `parts`, more than half as many; the last row is repeated as often as that needs.

    A new row covers `of` / `parts` old ones, less than two: two old rows meet in it, or one whole and its neighbours.
    """
    missing = -image.shape[0] % of
    if missing:
        image = cv2.copyMakeBorder(image, 0, missing, 0, 0, cv2.BORDER_REPLICATE)
    made = np.empty((image.shape[0] // of * parts, *image.shape[1:]), np.uint8)
    for row in range(parts):
        start, end = row * of, (row + 1) * of  # in `parts`-ths of an old row
        old = range(start // parts, -(-end // parts))
        shares = [(min(end, (each + 1) * parts) - max(start, each * parts)) / of for each in old]
        rows = [image[each::of] for each in old]
        if len(old) == 2:
            made[row::parts] = cv2.addWeighted(rows[0], shares[0], rows[1], shares[1], 0)
        else:
            around = shares[0] + shares[2]
            sides = cv2.addWeighted(rows[0], shares[0] / around, rows[2], shares[2] / around, 0)
            made[row::parts] = cv2.addWeighted(rows[1], shares[1], sides, around, 0)
    return made
