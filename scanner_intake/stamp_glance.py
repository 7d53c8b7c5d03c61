"""A first glance at lines that may be a frame's side: most are a rule, a letter's stroke or a seal's ring, and go here.

Owns the cheap question whether `stamp_strips` could find anything at a line: two borders (or one thick one) here and
two where the other side of a secrecy stamp's frame would be, drawn along a good part of the line. All lines of a plane
are looked at together, on strips a sixth as fine as those that are measured. It reads nothing; lengths in millimetres.

Invariant: of every frame at least one line is kept; the limits were set on 258 papers of `tests.data.marked_papers`,
where none was lost and four lines of five that lead to nothing go.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from scanner_intake.stamp_planes import FIND_DPI, Plane

_DOWN, _ALONG = 5, 2  # pixels a millimetre of a strip
_HALF, _BESIDE = 14.5, 20.0  # mm of a strip above and below its line, before and behind it
_LEAST = 8.0
_INK = {"black": 8, "red": 4, "blue": 8}  # darkness from which a line is one
_THICK, _STROKE, _GAP = 11, 3, 9  # pixels: thicker is no line, shorter neither, and what may be missing of one
_PITCH = (5, 10)  # rows from one edge of a side to the other; a single line is four thick, or five
_NEAR = 4  # rows beside the line
_OTHER = 25  # rows to the nearest place of the other side
_DRAWN = {"black": 0.52, "red": 0.6, "blue": 0.52}  # of both sides; a faint red counts, so more of it is asked
_ROWS = 2 * round(_HALF * _DOWN) + 1
_MIDDLE = _ROWS // 2

Line = tuple[tuple[float, float], float, float]  # its middle, its angle in degrees and its length


def promising(plane: Plane, lines: Sequence[Line]) -> np.ndarray:
    """For each line whether a double frame may have it as a side."""
    if not lines:
        return np.zeros(0, bool)
    wide = np.array([round((run + 2 * _BESIDE) * _ALONG) for _, _, run in lines])
    start = np.cumsum(np.concatenate(([_STROKE], wide[:-1] + _STROKE)))
    dark = cv2.bitwise_not(plane.small)
    strips = np.zeros((_ROWS, start[-1] + wide[-1] + _STROKE), np.uint8)
    for (middle, turn, _), x, across in zip(lines, start.tolist(), wide.tolist(), strict=True):
        _level(dark, middle, turn, strips[:, x : x + across])
    drawn = _level_lines(strips, _INK[plane.ink])
    own = drawn[_MIDDLE - 2 : _MIDDLE + 3].max(axis=0)
    ends = start + round(_BESIDE * _ALONG), start + wide - round(_BESIDE * _ALONG)
    left, right = np.stack((np.stack(ends), np.stack(_spread(own, start, wide, *ends))), axis=2)
    total = cv2.integral(drawn)
    share = np.diff(total[:, right] - total[:, left], axis=0) / np.maximum(1, right - left)
    share[:, right - left < _LEAST * _ALONG] = 0
    return np.asarray(_both_sides(share).max(axis=1) >= _DRAWN[plane.ink])


def _level(dark: np.ndarray, middle: tuple[float, float], turn: float, strip: np.ndarray) -> None:
    """The strip filled with the page around a line, that made level."""
    unit, angle, half = FIND_DPI / 25.4, np.radians(turn), strip.shape[1] / 2
    cos, sin = float(np.cos(angle)) * unit, float(np.sin(angle)) * unit
    matrix = np.array(
        [
            [cos / _ALONG, -sin / _DOWN, middle[0] * unit - cos * half / _ALONG + sin * _MIDDLE / _DOWN],
            [sin / _ALONG, cos / _DOWN, middle[1] * unit - sin * half / _ALONG - cos * _MIDDLE / _DOWN],
        ]
    )
    cv2.warpAffine(
        dark, matrix, strip.shape[1::-1], dst=strip, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderValue=0
    )


def _level_lines(strips: np.ndarray, ink: int) -> np.ndarray:
    """1 where a thin level line runs."""
    thin = cv2.subtract(strips, cv2.morphologyEx(strips, cv2.MORPH_OPEN, np.ones((_THICK, 1), np.uint8)))
    mask = cv2.threshold(thin, ink, 1, cv2.THRESH_BINARY)[1]
    return cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, _STROKE), np.uint8))


def _spread(
    own: np.ndarray, start: np.ndarray, wide: np.ndarray, left: np.ndarray, right: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """From where to where the broken lines run of which something is seen between left and right."""
    at = np.flatnonzero(own)
    if not len(at):
        return left, right
    strip = np.searchsorted(start, at, side="right")
    breaks = np.flatnonzero((np.diff(at) > _GAP) | (np.diff(strip) > 0))
    firsts, lasts = at[np.concatenate(([0], breaks + 1))], at[np.concatenate((breaks, [len(at) - 1]))]
    # the first piece that ends after left, the last one that begins before right; both within their own strip
    first = np.minimum(np.searchsorted(lasts, np.maximum(start, left - _GAP)), len(lasts) - 1)
    last = np.maximum(np.searchsorted(firsts, np.minimum(start + wide, right + _GAP), side="right") - 1, 0)
    seen = (first <= last) & (firsts[first] >= start) & (lasts[last] < start + wide)
    return np.where(seen, firsts[first], left), np.where(seen, lasts[last] + 1, right)


def _both_sides(share: np.ndarray) -> np.ndarray:
    """How much of both sides is drawn at least, of each line and window, by the `share` drawn of each row."""
    down, up = np.zeros_like(share), np.zeros_like(share)  # two borders of which a row is the upper, the lower one
    for pitch in range(_PITCH[0], _PITCH[1] + 1):
        pair = np.minimum(share[:-pitch], share[pitch:])
        np.maximum(down[:-pitch], pair, out=down[:-pitch])
        np.maximum(up[pitch:], pair, out=up[pitch:])
    near = slice(_MIDDLE - _NEAR, _MIDDLE + _NEAR + 1)
    here = np.maximum(down[near], up[near]).max(axis=0)
    there = np.maximum(up[: _MIDDLE - _OTHER].max(axis=0), down[_MIDDLE + _OTHER :].max(axis=0))
    return np.minimum(here, there)
