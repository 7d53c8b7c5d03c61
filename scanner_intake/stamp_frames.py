"""Double frames of a stamp's size found by their straight lines, at any angle: print, a seal or a pen may cross them.

Owns the search for the frame that only secrecy stamps have (vietnam-rules 7: 20-40 x 8 mm and 100 x 10 mm, two
borders) in one ink of a page. It reads nothing. Lengths in millimetres from the upper left corner, angles in degrees,
y down.

A frame's side is a line with something opposite; `stamp_glance` throws most of those away, `stamp_strips` measures and
judges the rest. A weak frame does not end the search at its place: a better one may lie there.

Invariant: the surest frame comes first; none comes twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from scanner_intake import stamp_strips
from scanner_intake.stamp_glance import promising
from scanner_intake.stamp_planes import FIND_DPI, PixelBox, Plane

_LEAST_PIECE, _LEAST_SEED, _MOST_RUN = 2.0, 3.2, 122.0
_MOST_PIECES, _MOST_TRIES = 500, 120
_TURN = 4.0
_LEVEL, _CUT = 0.45, 6.0  # a letter that touches a line cuts it
_OPPOSITE = (4.0, 14.0)
_PROMISING, _PERFECT = -5.0, 3.0
_UPRIGHT, _FACED, _CORNER, _CROSSING, _POST = 6.0, 0.2, 3.0, 1.5, 4.0  # degrees; of its length; mm
_STEPS = ((-0.8, 0.8), (-1.6, 1.6))
LEAST_VALUE = -1.5
_SPOT = 2.5


@dataclass(frozen=True)
class Frame:
    """A double frame in millimetres: middle, sides, angle; `value` as in `stamp_strips.Strip`, `ink` as in `Plane`."""

    x: float
    y: float
    long: float
    short: float
    angle: float
    value: float
    ink: str


def straight_lines(plane: Plane) -> tuple[np.ndarray, list[Seed]]:
    """The straight pieces (x0, y0, x1, y1 in mm) of one ink, and those lines of them that may be a frame's side."""
    lines, length = _pieces(plane.shown, plane.areas)
    if not len(lines):
        return lines, []
    angle = np.degrees(np.arctan2(lines[:, 3] - lines[:, 1], lines[:, 2] - lines[:, 0])) % 180
    return lines, _seeds(lines, angle, length)


def double_frames(plane: Plane, found: tuple[np.ndarray, list[Seed]] | None = None) -> list[Frame]:
    """Every double frame of one ink that is at least possible (`LEAST_VALUE`); `found`: its `straight_lines`."""
    lines, seeds = found if found is not None else straight_lines(plane)
    glanced = promising(plane, [(seed.middle, seed.turn, seed.run) for seed in seeds])
    framed = np.zeros(len(lines), bool)
    frames: list[Frame] = []
    for seed, worth in zip(seeds, glanced.tolist(), strict=True):
        if not worth or framed[seed.index]:
            continue
        frame = _proved(plane, seed)
        if frame is not None and frame.value >= LEAST_VALUE:
            frames.append(frame)
            if frame.value >= _PERFECT:  # a weak one may lie over a better one
                framed |= within(lines, frame)
    return different(frames)


def _seeds(lines: np.ndarray, angle: np.ndarray, length: np.ndarray) -> list[Seed]:
    """The lines that may be a frame's side, the longest pieces' first."""
    used = np.zeros(len(lines), bool)
    around = _Around(lines, angle)
    seeds: list[Seed] = []
    for index in np.flatnonzero(length >= _LEAST_SEED).tolist():
        if used[index]:
            continue
        seed = _seed(around, length, index)
        used[seed.pieces] = True
        if (seed.likely or seed.cornered) and seed.run <= _MOST_RUN:
            seeds.append(seed)
            if len(seeds) == _MOST_TRIES:
                break
    return seeds


def different(frames: list[Frame]) -> list[Frame]:
    """The surest of those that stand at one place, the surest first."""
    kept: list[Frame] = []
    for frame in sorted(frames, key=lambda each: -each.value):
        if not any(_same(frame, each) for each in kept):
            kept.append(frame)
    return kept


def _same(one: Frame, other: Frame) -> bool:
    """Whether the middle of one lies in the other; in another ink, which may be another stamp over it, whether both
    stand on the same spot.
    """
    if one.ink != other.ink:
        return math.hypot(one.x - other.x, one.y - other.y) < _SPOT
    angle = np.radians(other.angle)
    x, y = one.x - other.x, one.y - other.y
    along, across = abs(x * np.cos(angle) + y * np.sin(angle)), abs(y * np.cos(angle) - x * np.sin(angle))
    return bool(along < other.long / 2 and across < other.short / 2 + 1)


def _pieces(gray: np.ndarray, areas: list[PixelBox]) -> tuple[np.ndarray, np.ndarray]:
    """Straight pieces (x0, y0, x1, y1) and their lengths, in millimetres, the longest first."""
    finder = cv2.createLineSegmentDetector(cv2.LSD_REFINE_NONE)
    found = []
    for x0, y0, x1, y1 in areas:
        if min(x1 - x0, y1 - y0) < 8:
            continue
        lines = finder.detect(np.ascontiguousarray(gray[y0:y1, x0:x1]))[0]
        if lines is not None:
            found.append(lines.reshape(-1, 4).astype(np.float64) + np.array((x0, y0, x0, y0)))
    if not found:
        return np.zeros((0, 4)), np.zeros(0)
    pieces = np.concatenate(found) * 25.4 / FIND_DPI
    length = np.hypot(pieces[:, 2] - pieces[:, 0], pieces[:, 3] - pieces[:, 1])
    order = np.argsort(-length, kind="stable")
    order = order[length[order] >= _LEAST_PIECE][:_MOST_PIECES]
    return pieces[order], length[order]


@dataclass(frozen=True)
class Seed:
    """A line that may be a frame's side, with the pieces it is made of (`index`: the longest); `likely`: something
    runs where the other side would be; `cornered`: an upright line stands at one of its ends.
    """

    index: int
    pieces: list[int]
    turn: float
    middle: tuple[float, float]
    run: float
    likely: bool
    cornered: bool


class _Around:
    """How all pieces lie to each of them: along it from `low` to `high` and at which heights, row by row."""

    def __init__(self, lines: np.ndarray, angle: np.ndarray) -> None:
        lines, angle = lines.astype(np.float32), angle.astype(np.float32)
        turn = np.radians(angle)[:, None]
        cos, sin = np.cos(turn), np.sin(turn)
        x0, y0, x1, y1 = lines.T
        along, across = cos * x0[:, None] + sin * y0[:, None], cos * y0[:, None] - sin * x0[:, None]
        start, end = cos * x0 + sin * y0 - along, cos * x1 + sin * y1 - along
        above, below = cos * y0 - sin * x0 - across, cos * y1 - sin * x1 - across
        self.lines, self.angle, self.cos, self.sin = lines, angle, cos.ravel(), sin.ravel()
        self.low, self.high = np.minimum(start, end), np.maximum(start, end)
        self.height = np.abs(above + below) / 2
        level = np.abs((angle - angle[:, None] + 90) % 180 - 90) <= _TURN  # no other line matters
        self.same = level & (np.maximum(np.abs(above), np.abs(below)) < _LEVEL)
        self.low_side, self.high_side = np.minimum(above, below), np.maximum(above, below)
        self.upright = np.abs((angle - angle[:, None]) % 180 - 90) <= _UPRIGHT
        self.opposite = level & (self.height >= _OPPOSITE[0]) & (self.height <= _OPPOSITE[1])


def _seed(around: _Around, length: np.ndarray, index: int) -> Seed:
    low, high = around.low[index], around.high[index]
    left, right = float(low[index]), float(high[index])
    same = [index]
    at = np.flatnonzero(around.same[index])
    at = at[np.argsort(np.abs(low[at] + high[at] - left - right), kind="stable")]
    for piece, first, last in zip(at.tolist(), low[at].tolist(), high[at].tolist(), strict=True):
        if first < right + _CUT and last > left - _CUT:
            left, right = min(left, first), max(right, last)
            same.append(piece)
    lines, cos, sin = around.lines, float(around.cos[index]), float(around.sin[index])
    likely = bool((around.opposite[index] & (low < right + _CUT) & (high > left - _CUT)).any())
    cornered = _cornered(around, index, left, right)
    fitted = _fitted(lines[same], length[same], around.angle[index]) if likely or cornered else 0.0
    half = (left + right) / 2
    middle = float(lines[index, 0] + cos * half), float(lines[index, 1] + sin * half)
    return Seed(index, same, fitted, middle, right - left, likely, cornered)


def _cornered(around: _Around, index: int, left: float, right: float) -> bool:
    """Whether a side from left to right has corners: an upright line begins at one of its ends, and opposite lines run
    along some of it or (print may have taken them away) the upright is as long as half of a stamp's.
    """
    at = np.flatnonzero(around.upright[index])
    place = (around.low[index, at] + around.high[index, at]) / 2
    at = at[np.minimum(np.abs(place - left), np.abs(place - right)) < _CORNER]
    low, high = around.low_side[index, at], around.high_side[index, at]
    begins = (np.minimum(np.abs(low), np.abs(high)) < _CORNER) & ((low > -_CROSSING) | (high < _CROSSING))
    begins &= np.maximum(-low, high) < _OPPOSITE[1]
    if not begins.any():
        return False
    at = np.flatnonzero(around.opposite[index])
    shared = np.minimum(right, around.high[index, at]) - np.maximum(left, around.low[index, at])
    return bool(np.maximum(0.0, shared).sum() >= _FACED * (right - left) or (high - low)[begins].max() >= _POST)


def _fitted(lines: np.ndarray, length: np.ndarray, turn: float) -> float:
    """The angle of all pieces together, -90 to 90 degrees."""
    ends = lines.reshape(-1, 2) - lines.reshape(-1, 2).mean(axis=0)
    (across, both), (_, down) = ((ends * np.repeat(length, 2)[:, None]).T @ ends).tolist()
    angle = math.degrees(math.atan2(2 * both, across - down) / 2)
    if abs((angle - turn + 90) % 180 - 90) > _TURN:
        angle = turn
    return float((angle + 90) % 180 - 90)


def _proved(plane: Plane, seed: Seed) -> Frame | None:
    """The frame at a line; turned a little when that shows it better."""
    best = stamp_strips.measured(plane, seed.middle, seed.turn, seed.run)
    turn = seed.turn
    if best is None:
        return None
    for steps in _STEPS:
        if not _PROMISING <= best.value < _PERFECT:
            break
        before = best.value
        for step in steps:
            other = stamp_strips.measured(plane, seed.middle, seed.turn + step, seed.run)
            if other is not None and other.value > best.value:
                best, turn = other, seed.turn + step
        if best.value == before:
            break
    angle = np.radians(turn)
    across, down = (best.left + best.right) / 2, (best.top + best.bottom) / 2
    return Frame(
        float(seed.middle[0] + across * np.cos(angle) - down * np.sin(angle)),
        float(seed.middle[1] + across * np.sin(angle) + down * np.cos(angle)),
        best.right - best.left,
        best.bottom - best.top,
        turn,
        best.value,
        plane.ink,
    )


def within(lines: np.ndarray, frame: Frame) -> np.ndarray:
    """For each piece whether it belongs to a frame or what stands in it."""
    angle = np.radians(frame.angle)
    points = lines.reshape(-1, 2, 2) - (frame.x, frame.y)
    along = np.abs(points @ (np.cos(angle), np.sin(angle)))
    across = np.abs(points @ (-np.sin(angle), np.cos(angle)))
    return np.asarray(((along < frame.long / 2 + 2) & (across < frame.short / 2 + 1.5)).all(axis=1))
