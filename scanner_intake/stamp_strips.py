"""A double frame proved on a levelled strip of the page: four level lines, two and two, and upright ones at their ends.

Owns the measuring around one line that may be a frame's long side (vietnam-rules 7: secrecy stamps have two borders
1 mm apart, 8 mm high; real ones differ). It reads nothing. Everything here is in pixels of such a strip
(`stamp_lines`).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from scanner_intake.stamp_lines import (
    BESIDE,
    FINE,
    HALF,
    INK,
    level,
    level_lines,
    page_ends,
    spread,
    straying,
    upright_lines,
)
from scanner_intake.stamp_planes import Plane

_LEAST, _MOST = 9.0, 122.0
_HEIGHT = (5.8, 13.5)
_APART = (0.5, 1.9)
_MERGED, _BAND = 1.0, 3.3  # mm: two borders that ran into one, four of a stamp struck twice at most
_DRAWN, _UPRIGHT = 0.5, 0.55
_TWICE = 11  # pixels beside a border where a second strike may have left another
# The upright sides are double too: of 185 stamps, on seals and over print, none had a clear single line at both ends;
# a form's box has, and a table's cell between rows of double rules.
_PLAIN, _BOXED = (0.7, 0.35), 12.0
_BESIDE_END, _THIN = 13, 7  # pixels
# Logistic regression over what `tests.data.marked_papers` (seed 0) has of double frames on one side; on the other its
# seals, signatures, tables and codes, and lines of print of real office papers, gray and black-and-white: two lines of
# letters lie like two borders, but stray, go on beyond the ends, and have wide pitch or nothing between. Shares 0..1,
# lengths in mm, `bent` in pixels, the four lines from the least to the most.
_JUDGED = {
    "offset": -32.1,
    "drawn": 17.9,
    "least drawn": 9.9,
    "bent": -1.7,
    "more bent": -2.6,
    "ends": 5.4,
    "over": -3.2,
    "between": -0.9,
    "long": 0.17,
    "short": 0.1,
    "inside": -11.1,
    "pitch": -0.4,
    "uneven": -0.8,
}


@dataclass(frozen=True)
class Strip:
    """What was measured: the frame's corners in mm from the strip's middle; `value` (`_JUDGED`) says how much it is a
    double frame. Where there is none, 29 pages of real papers in three scans have 0 at most, lines of print between
    the rules of a drawn form or table up to 2.5, two tables over each other more; nearly all stamps have 3 and more.
    """

    left: float
    right: float
    top: float
    bottom: float
    value: float


def measured(plane: Plane, middle: tuple[float, float], turn: float, run: float) -> Strip | None:
    """The best double frame with a line through `middle` (mm), `turn` degrees, `run` mm long; None when no four lines
    fit.
    """
    wide = run + 2 * BESIDE
    dark = cv2.bitwise_not(level(plane, middle, turn, wide))
    ink = INK[plane.ink]
    lines = level_lines(dark, ink)
    row, half, centre = round(HALF * FINE), run / 2 * FINE, wide / 2 * FINE
    own = lines[row - 3 : row + 4].max(axis=0) > 0
    seed = int(max(0, centre - half)), int(min(len(own) - 1, centre + half))
    best = None
    for left, right in {seed, spread(own, *seed)}:
        if right - left >= _LEAST * FINE:
            found = _four_lines(lines, left, right, row)
            if found is not None and (best is None or found[0] > best[0]):
                best = (*found, left, right)
    if best is None:
        return None
    _, rows, inner, left, right = best
    upright = upright_lines(dark, rows[0], rows[3], ink)
    for edge in page_ends(plane, middle, turn, centre):
        if 0 <= edge < len(upright):
            upright[edge] = 1.0  # a stamp may go on beyond the paper
    return _boxed(dark, lines, rows, inner, (left, right), centre, upright)


def _four_lines(
    lines: np.ndarray, left: int, right: int, row: int
) -> tuple[float, tuple[float, float, float, float], int] | None:
    """The likeliest four rows (outer, inner, inner, outer), one of them `row`; with a score and the lines between."""
    drawn = lines[:, left : right + 1].mean(axis=1) / 255
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (drawn >= _DRAWN).view(np.int8), [0]))))
    runs = [((s + e - 1) / 2, (e - s - 2) / FINE, float(drawn[s:e].max())) for s, e in edges.reshape(-1, 2)]
    if not 2 <= len(runs) <= 14:
        return None
    sides = [(y, y, shown, shown) for y, thick, shown in runs if _MERGED <= thick <= _BAND]
    for place, (y, _, shown) in enumerate(runs):
        for under, _, there in runs[place + 1 :]:
            if _APART[0] <= (under - y) / FINE <= _APART[1]:
                sides.append((y, under, shown, there))
    best = None
    for t0, t1, a, b in sides:
        for b0, b1, c, d in sides:
            if not _HEIGHT[0] <= (b1 - t0) / FINE <= _HEIGHT[1] or (b0 - t1) / FINE < 3.0:
                continue
            if min(abs(each - row) for each in (t0, t1, b0, b1)) > 5:
                continue
            inner = sum(t1 + _TWICE < y < b0 - _TWICE for y, _, _ in runs)
            score = min(a, b, c, d) + (a + b + c + d) / 8 - 0.15 * inner
            if inner <= 2 and (best is None or score > best[0]):
                best = (score, (t0, t1, b0, b1), inner)
    return best


def _boxed(
    dark: np.ndarray,
    lines: np.ndarray,
    rows: tuple[float, float, float, float],
    inner: int,
    reach: tuple[int, int],
    centre: float,
    upright: np.ndarray,
) -> Strip:
    """The columns between which the four lines are drawn best, upright lines at the ends counting most."""
    each = np.stack([lines[max(0, round(y) - 1) : round(y) + 2].max(axis=0) > 0 for y in rows])
    left, right = _ends(each, upright, *reach)
    drawn = sorted(float(on[left : right + 1].mean()) for on in each)
    bent = sorted(straying(dark, row, on, left, right) for row, on in zip(rows, each, strict=True))
    ends = sum(min(1.0, float(upright[max(0, at - 3) : at + 4].max(initial=0.0))) for at in (left, right))
    beside = np.concatenate((each[:, max(0, left - 26) : max(0, left - 12)], each[:, right + 13 : right + 27]), axis=1)
    within = dark[round(rows[1]) + 5 : max(round(rows[1]) + 6, round(rows[2]) - 4), left + 8 : max(left + 9, right - 7)]
    pitches = ((rows[1] - rows[0]) / FINE, (rows[3] - rows[2]) / FINE)
    seen = {
        "drawn": sum(drawn) / 4,
        "least drawn": drawn[0],
        "bent": bent[1],
        "more bent": bent[2],
        "ends": ends,
        "over": float((beside.sum(axis=0) >= 2).mean()) if beside.size else 0.0,
        "between": float(inner),
        "long": min(30.0, (right - left) / FINE),
        "short": (rows[3] - rows[0]) / FINE,
        "inside": float(within.mean() / 255) if within.size else 0.0,
        "pitch": min(pitches),
        "uneven": abs(pitches[0] - pitches[1]),
    }
    middle = HALF * FINE
    return Strip(
        (left - centre) / FINE,
        (right - centre) / FINE,
        float(rows[0] - middle) / FINE,
        float(rows[3] - middle) / FINE,
        _value(seen) - _BOXED * (_single(upright, left) and _single(upright, right)),
    )


def _single(upright: np.ndarray, at: int) -> bool:
    """Whether one clear thin line stands at a frame's end and none beside it."""
    around = upright[max(0, at - _BESIDE_END) : at + _BESIDE_END + 1]
    drawn = np.flatnonzero(around >= _PLAIN[1])
    return bool(len(drawn) and around.max() >= _PLAIN[0] and drawn[-1] - drawn[0] < _THIN)


def _value(seen: dict[str, float]) -> float:
    return float(_JUDGED["offset"] + sum(_JUDGED[name] * each for name, each in seen.items()))


def _ends(each: np.ndarray, upright: np.ndarray, left: int, right: int) -> tuple[int, int]:
    total = np.concatenate((np.zeros((4, 1)), np.cumsum(each, axis=1)), axis=1)
    ridge = cv2.dilate(upright.reshape(1, -1), np.ones((1, 9), np.uint8)).ravel()
    peaks = np.flatnonzero((upright >= _UPRIGHT) & (upright >= ridge))
    starts, stops = np.concatenate((peaks, [left])), np.concatenate((peaks, [right]))
    first, last = (each_.ravel() for each_ in np.meshgrid(starts, stops, indexing="ij"))
    seen = np.concatenate((upright[peaks], [0.0]))
    ends = np.add.outer(seen, seen).ravel()
    wide = last - first
    enough = (wide >= 10 * FINE) & (np.minimum(right, last) - np.maximum(left, first) >= 0.5 * (right - left))
    if not enough.any():
        first, last, ends = np.array([left]), np.array([right]), np.array([0.0])
    else:
        first, last, ends = first[enough], last[enough], ends[enough]
    wide = last - first + 1
    cover = (total[:, last + 1] - total[:, first]) / wide
    value = cover.mean(axis=0) + 0.5 * cover.min(axis=0) + 0.25 * ends + 0.3 * np.minimum(1.0, wide / (30 * FINE))
    best = int(value.argmax())
    return int(first[best]), int(last[best])
