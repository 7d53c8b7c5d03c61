"""Pictures made smaller by averaging areas, several times faster than OpenCV does it for most ratios.

Owns the ways that cost little more than a copy: two pixels into one, and n + 1 pixels into n (3:2 from 300 to 200 dpi,
4:3, 5:4). Interpolating between neighbours would be as fast, but recognition then reads half as many letters wrong
again (20 pages of the generator at 300 dpi). Sizes may differ from the wished ones by a hair: the result's own shape
tells its resolution.
"""

from __future__ import annotations

import cv2
import numpy as np

_HAIR = 0.01
_STEPS = (2, 3, 4)
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
    for parts in _STEPS:
        if abs(ratio - parts / (parts + 1)) < 0.002 and min(image.shape[:2]) > 8 * parts:
            return _fewer(image, parts)
    size = (max(1, round(image.shape[1] * ratio)), max(1, round(image.shape[0] * ratio)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _fewer(image: np.ndarray, parts: int) -> np.ndarray:
    """Every `parts` + 1 rows and columns averaged into `parts`; at most `parts` rows and columns more than there are.

    Ending where the page ends instead cost a real paper (200 dpi, black and white) its number's reading.
    """
    height, width = (-(-side // (parts + 1)) * parts for side in image.shape[:2])
    made = np.empty((height, width, *image.shape[2:]), np.uint8)
    for top in range(0, height, BAND * parts):
        band = image[top // parts * (parts + 1) :][: BAND * (parts + 1)]
        across = cv2.transpose(_fewer_rows(band, parts))
        made[top : top + BAND * parts] = cv2.transpose(_fewer_rows(across, parts))[: height - top, :width]
    return made


def _fewer_rows(image: np.ndarray, parts: int) -> np.ndarray:
    """Every `parts` + 1 rows averaged into `parts`; the last row is repeated as often as that needs."""
    missing = -image.shape[0] % (parts + 1)
    if missing:
        image = cv2.copyMakeBorder(image, 0, missing, 0, 0, cv2.BORDER_REPLICATE)
    made = np.empty((image.shape[0] // (parts + 1) * parts, *image.shape[1:]), np.uint8)
    for row in range(parts):
        upper, lower = image[row :: parts + 1], image[row + 1 :: parts + 1]
        share = (parts - row) / (parts + 1)
        made[row::parts] = cv2.addWeighted(upper, share, lower, 1 - share, 0)
    return made
