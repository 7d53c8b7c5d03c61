"""How far a page's text leans, told from its pixels before anything is read.

The recogniser cuts each line out as an upright rectangle, so on a sheet that lay 1 to 2 degrees askew every line of
running text brings parts of its neighbours, and layout analysis loses whole paragraphs. Rows of text give the sharpest
row sums when they are level: the angle with the sharpest sums is the page's.

Owns the angle alone (degrees, positive when text falls towards the right, as in `deskew`); it knows no words.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

_STRIPS = 24
_FINE_DPI = 100  # of the fine search; the coarse one has half as many rows
_MOST, _STEP, _FINE_STEP = 6.0, 0.3, 0.1
_MARGIN = 25  # this part of each side is left out: shadows of the lid and of the sheet's own edge
_SHARP = 2.6  # text stands out 3.5 to 100 times against the middling angle, a sheet on its side less than twice
_PAPER = 200


def lean(gray: np.ndarray, dpi: float) -> float:
    """The angle of the rows of print on `gray` (HxW, paper white, `dpi` pixels an inch), 0.0 when it cannot be told."""
    if min(gray.shape) < dpi:
        return 0.0
    factor = max(1, round(dpi / _FINE_DPI))
    fine = _ink(gray, factor)
    coarse = cv2.resize(fine[: len(fine) // 2 * 2], None, fx=1, fy=0.5, interpolation=cv2.INTER_AREA)
    width = gray.shape[1] / factor
    angles = np.arange(-_MOST, _MOST + _STEP / 2, _STEP)
    sharpness = [_sharpness(coarse, width / 2, angle) for angle in angles]
    best = float(angles[int(np.argmax(sharpness))])
    if max(sharpness) < _SHARP * float(np.median(sharpness)) or max(sharpness) <= 0:
        return 0.0
    angles = np.arange(best - _STEP, best + _STEP + _FINE_STEP / 2, _FINE_STEP)
    sharpness = [_sharpness(fine, width, angle) for angle in angles]
    place = int(np.argmax(sharpness))
    return float(angles[place]) + _FINE_STEP * _between(sharpness, place)


def _ink(gray: np.ndarray, factor: int) -> np.ndarray:
    """Ink summed up in vertical strips, as float: (rows / `factor`) x strips."""
    height, width = (side // factor for side in gray.shape)
    whole = gray[: height * factor, : width * factor]  # a whole factor is several times cheaper than any other
    ink = cv2.subtract(_PAPER, cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA))
    down, across = height // _MARGIN, width // _MARGIN
    ink[:down] = ink[-down:] = 0
    ink[:, :across] = ink[:, -across:] = 0
    strips = cv2.resize(cv2.min(ink, _PAPER // 2), (_STRIPS, height), interpolation=cv2.INTER_AREA)
    return np.asarray(strips, np.float32)


def _sharpness(strips: np.ndarray, width: float, angle: float) -> float:
    """How much neighbouring rows differ when every strip is moved up by what `angle` lets it fall."""
    fall = math.tan(math.radians(angle)) * width / _STRIPS
    moves = np.array(((1, 0, 0), (fall, 1, -fall * (_STRIPS - 1) / 2)), np.float32)
    level = cv2.warpAffine(strips, moves, strips.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    change = np.diff(level.sum(axis=1))
    return float(np.dot(change, change))


def _between(values: list[float], place: int) -> float:
    """Where the top of a parabola through the best value and its neighbours lies, in steps from the best."""
    if not 0 < place < len(values) - 1:
        return 0.0
    before, top, after = values[place - 1 : place + 2]
    bend = before - 2 * top + after
    return 0.5 * (before - after) / bend if bend < 0 else 0.0
