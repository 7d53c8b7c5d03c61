"""Frames of a stamp's size found by their straight lines, at any angle: print or a pen may touch them.

Owns the search for two parallel lines a secrecy stamp's height apart (vietnam-rules 1.4: 20-40 x 8 mm, double frame)
on pages without colour, where a frame that touches print is no region of its own. It reads nothing and knows no page.

Invariant: a frame whose two long sides are both drawn twice comes before every other one.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

_LEAST_SIDE = 6.0
_LEAST_END = 3.0
_TURN = 3.0
_HEIGHT = (5.5, 11.5)
_LENGTH = (14.0, 50.0)
_TWICE = (0.55, 1.9)
_MOST_LINES = 400


@dataclass(frozen=True)
class Frame:
    """A rectangle of lines in millimetres: middle, sides and angle in degrees (y goes down); `doubled` counts the
    long sides drawn twice, `ends` the short sides seen.
    """

    x: float
    y: float
    long: float
    short: float
    angle: float
    doubled: int
    ends: int


def line_frames(gray: np.ndarray, dpi: float) -> list[Frame]:
    """Every stamp-sized frame of a gray picture (paper flattened to white), the likeliest first; none twice."""
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_NONE).detect(np.ascontiguousarray(gray))[0]
    if found is None:
        return []
    lines = found.reshape(-1, 4).astype(np.float64) * 25.4 / dpi
    length = np.hypot(lines[:, 2] - lines[:, 0], lines[:, 3] - lines[:, 1])
    keep = length >= _LEAST_END
    lines, length = lines[keep], length[keep]
    order = np.argsort(-length)[:_MOST_LINES]
    lines, length = lines[order], length[order]
    angle = np.degrees(np.arctan2(lines[:, 3] - lines[:, 1], lines[:, 2] - lines[:, 0])) % 180
    frames: list[Frame] = []
    for index in np.flatnonzero(length >= _LEAST_SIDE):
        frames += _frames_on(lines, angle, int(index))
    frames.sort(key=lambda each: (-min(each.doubled, 2), -each.ends, -each.long * each.short))
    return _different(frames)


def _frames_on(lines: np.ndarray, angle: np.ndarray, index: int) -> list[Frame]:
    """Frames with line `index` as one long side."""
    turn = angle[index]
    along = np.array([np.cos(np.radians(turn)), np.sin(np.radians(turn))])
    across = np.array([-along[1], along[0]])
    points = lines.reshape(-1, 2, 2) - lines[index, :2]
    reach, offset = points @ along, (points @ across)
    start, stop, level = reach.min(axis=1), reach.max(axis=1), offset.mean(axis=1)
    away = np.abs((angle - turn + 90) % 180 - 90)
    level_lines = (away <= _TURN) & (stop - start >= _LEAST_END)
    own = _run(start, stop, level_lines & (np.abs(level) < 0.5), start[index], stop[index])
    frames = []
    for other in np.flatnonzero(level_lines & (level >= _HEIGHT[0]) & (level <= _HEIGHT[1])):
        if stop[other] - start[other] < _LEAST_SIDE:
            continue
        there = _run(start, stop, level_lines & (np.abs(level - level[other]) < 0.5), start[other], stop[other])
        left, right = min(own[0], there[0]), max(own[1], there[1])
        shared = min(own[1], there[1]) - max(own[0], there[0])
        if not _LENGTH[0] <= right - left <= _LENGTH[1] or shared < 0.4 * (right - left):
            continue
        height = level[other]
        inside = level_lines & (stop > left) & (start < right)
        doubled = sum(bool((inside & (gap >= _TWICE[0]) & (gap <= _TWICE[1])).any()) for gap in (level, height - level))
        upright = (away >= 90 - 2 * _TURN) & (offset.min(axis=1) > -1.5) & (offset.max(axis=1) < height + 1.5)
        ends = sum(bool((upright & (np.abs(reach.mean(axis=1) - end) < 2.0)).any()) for end in (left, right))
        if ends + doubled < 2:
            continue
        middle = lines[index, :2] + along * (left + right) / 2 + across * height / 2
        level_angle = (turn + 90) % 180 - 90
        x, y = (float(each) for each in middle)
        frames.append(Frame(x, y, float(right - left), float(height), float(level_angle), doubled, ends))
    return frames


def _run(start: np.ndarray, stop: np.ndarray, same: np.ndarray, left: float, right: float) -> tuple[float, float]:
    """The reach of a side with its other pieces: a letter that touches a line cuts it."""
    for piece in sorted(np.flatnonzero(same), key=lambda each: float(abs(start[each] + stop[each] - left - right))):
        if start[piece] < right + 6 and stop[piece] > left - 6:
            left, right = min(left, start[piece]), max(right, stop[piece])
    return float(left), float(right)


def _different(frames: list[Frame]) -> list[Frame]:
    """Frames that are not the inner or outer outline of one before them."""
    kept: list[Frame] = []
    for frame in frames:
        if not any(np.hypot(frame.x - each.x, frame.y - each.y) < 4 and _same_turn(frame, each) for each in kept):
            kept.append(frame)
    return kept


def _same_turn(one: Frame, other: Frame) -> bool:
    return abs((one.angle - other.angle + 90) % 180 - 90) < 8
