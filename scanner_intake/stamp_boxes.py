"""Single frames of a stamp's size found by their straight lines, at any angle: two sides and uprights at their ends.

Owns the search for stamps whose frame has one border only (urgency and notices by Decree 30; many an office's stamp of
secrecy) in one ink of a page. It reads nothing. Lengths in millimetres, angles in degrees, y down.

A single frame proves nothing, its word does (`stamp_reading`). The cells of a table are none: their rules go on beyond
the corners.

Invariant: the best drawn frame comes first; none comes twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypeVar

import cv2
import numpy as np

from scanner_intake.stamp_frames import Frame, Seed, different, within
from scanner_intake.stamp_lines import (
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
from scanner_intake.stamp_planes import FIND_DPI, Plane

LEAST_DRAWN = 1.7  # of a frame's `value`: 112 of 120 stamps, and one or two other boxes a page
_WELL_DRAWN = 1.9  # nothing else is looked for where such a one stands
_SURE = 2.5  # of a double frame
_MOST_RUN, _LEAST = 58.0, 9.0
_BESIDE = 15.0  # mm of a strip before and behind a line
_HEIGHT, _LENGTH = (5.8, 13.5), (10.0, 60.0)
_ROW, _PEAK = 0.45, 0.55  # share of a side, of an upright that is drawn at least
_MOST_ROWS = 2
_MOST_LINES = 20  # looked at in one ink, those with the longest pieces first; full pages of tables have 40
_ASIDE = (7, 31)  # pixels beyond a corner, where a table's rules go on
_NEAR, _LEAN, _BROAD = 3, 2, 12  # rows
_RIM, _HIDDEN = 0.5, 0.55  # mm along the paper's edge; share of the long sides that may lie beyond it

_LEVEL = 8.0  # degrees: what is turned further is another stamp over this one
Angle = TypeVar("Angle", float, np.ndarray)
Sides = tuple[float, float, float, float]  # left, right, top, bottom in mm from a strip's middle


def single_frames(plane: Plane, lines: np.ndarray, seeds: Sequence[Seed], known: Sequence[Frame]) -> list[Frame]:
    """The frames of one ink of which a good part is drawn, without those at places of `known`, sure ones."""
    angle = np.degrees(np.arctan2(lines[:, 3] - lines[:, 1], lines[:, 2] - lines[:, 0]))
    taken = np.zeros(len(lines), bool)
    for each in known:
        if each.ink == plane.ink and each.value >= _SURE:
            taken |= within(lines, each)
    frames: list[Frame] = []
    looked = 0
    for seed in seeds:
        if not seed.cornered or seed.run > _MOST_RUN or taken[seed.index]:
            continue
        looked += 1
        if looked > _MOST_LINES:
            break
        frame = _measured(plane, seed)
        if frame is not None and frame.value >= LEAST_DRAWN:
            frames.append(frame)
            if frame.value >= _WELL_DRAWN:
                taken |= within(lines, frame) & (_turned(angle, frame.angle) < _LEVEL)
    kept: list[Frame] = []
    for frame in sorted(frames, key=lambda each: -each.value):
        alike = [each for each in kept if _turned(frame.angle, each.angle) < _LEVEL]
        if len(different([*alike, frame])) > len(alike):
            kept.append(frame)
    return kept


def _turned(angle: Angle, other: float) -> Angle:
    """How far two frames or lines are turned from each other, their right angles aside; 0 to 45 degrees."""
    return abs((angle - other + 45) % 90 - 45)


def _measured(plane: Plane, seed: Seed) -> Frame | None:
    """The best frame with this line as a side."""
    wide = seed.run + 2 * _BESIDE
    dark = cv2.bitwise_not(level(plane, seed.middle, seed.turn, wide))
    lines = level_lines(dark, INK[plane.ink])
    beyond = _beyond(plane, seed, lines.shape)
    if beyond is not None:
        lines[beyond] = 255
    row, half, centre = round(HALF * FINE), seed.run / 2 * FINE, wide / 2 * FINE
    own = lines[row - _NEAR : row + _NEAR + 1].max(axis=0) > 0
    reach = int(max(0, centre - half)), int(min(len(own) - 1, centre + half))
    ends = page_ends(plane, seed.middle, seed.turn, centre)
    best: tuple[float, Sides] | None = None
    for left, right in {reach, spread(own, *reach)}:
        if right - left < _LEAST * FINE:
            continue
        for rows in _pairs(lines[:, left : right + 1], row):
            found = _boxed(dark, lines, rows, (left, right), INK[plane.ink], ends, best[0] if best else LEAST_DRAWN)
            if found is not None and (beyond is None or _on_paper(beyond, found[1])):
                best = found
    if best is None:
        return None
    value, (first, last, top, bottom) = best
    long, short = (last - first) / FINE, (bottom - top) / FINE
    angle = math.radians(seed.turn)
    across, down = ((first + last) / 2 - centre) / FINE, (top + bottom) / 2 / FINE - HALF
    if not _LENGTH[0] <= long <= _LENGTH[1] or long < short:
        return None
    return Frame(
        float(seed.middle[0] + across * math.cos(angle) - down * math.sin(angle)),
        float(seed.middle[1] + across * math.sin(angle) + down * math.cos(angle)),
        long,
        short,
        seed.turn,
        value,
        plane.ink,
    )


def _beyond(plane: Plane, seed: Seed, shape: tuple[int, ...]) -> np.ndarray | None:
    """What of a line's strip lies beyond the paper, where a stamp may go on; None when nothing does."""
    width, height = (size * 25.4 / FIND_DPI for size in plane.small.shape[1::-1])
    reach = math.hypot(*shape) / 2 / FINE
    x, y = seed.middle
    if min(x, y, width - x, height - y) > reach:
        return None
    angle = math.radians(seed.turn)
    down, across = (((np.arange(size) - size / 2) / FINE).astype(np.float32) for size in shape)
    at_x = x + math.cos(angle) * across - math.sin(angle) * down[:, None]
    at_y = y + math.sin(angle) * across + math.cos(angle) * down[:, None]
    return np.asarray((at_x < _RIM) | (at_x > width - _RIM) | (at_y < _RIM) | (at_y > height - _RIM))


def _on_paper(beyond: np.ndarray, sides: Sides) -> bool:
    """Whether the greater part of a frame's long sides can be seen."""
    left, right = round(sides[0]), round(sides[1]) + 1
    rows = [min(len(beyond) - 1, max(0, round(row))) for row in sides[2:]]
    return float(beyond[rows, left:right].mean()) <= _HIDDEN


def _pairs(lines: np.ndarray, row: int) -> Iterator[tuple[float, float]]:
    """The rows of a side near `row` and of the likeliest other sides, the upper one first."""
    drawn = cv2.dilate(lines, np.ones((3, 1), np.uint8)).mean(axis=1) / 255
    near = drawn[row - _NEAR : row + _NEAR + 1]
    own = float(row - _NEAR + int(near.argmax()))
    for first, last in (
        (row - round(_HEIGHT[1] * FINE), row - round(_HEIGHT[0] * FINE)),
        (row + round(_HEIGHT[0] * FINE), row + round(_HEIGHT[1] * FINE)),
    ):
        part = drawn[max(0, first) : last + 1]
        at = np.flatnonzero(part >= max(_ROW, 0.8 * part.max(initial=0.0)))
        runs = [run for run in np.split(at, np.flatnonzero(np.diff(at) > 1) + 1) if len(run)]
        runs.sort(key=lambda run: -float(part[run].max()))
        for run in runs[:_MOST_ROWS]:
            near_by = run[-1] - _LEAN if first < row else run[0] + _LEAN  # of a broad run: the page's edge
            other = max(0, first) + float(run.mean() if len(run) <= _BROAD else near_by)
            yield min(own, other), max(own, other)


def _boxed(
    dark: np.ndarray,
    lines: np.ndarray,
    rows: tuple[float, float],
    reach: tuple[int, int],
    ink: int,
    ends: list[int],
    least: float,
) -> tuple[float, Sides] | None:
    """How well the frame between two rows is drawn, and its sides in pixels of the strip; None below `least`."""
    upright = upright_lines(dark, *rows, ink)
    for edge in ends:
        if 0 <= edge < len(upright):
            upright[edge] = 1.0  # a stamp may go on beyond the paper
    each = np.stack([lines[max(0, round(row) - _LEAN) : round(row) + _LEAN + 1].max(axis=0) > 0 for row in rows])
    left, right = _corners(each, upright, *reach)
    drawn = [float(on[left : right + 1].mean()) for on in each]
    posts = [min(1.0, float(upright[max(0, at - 3) : at + 4].max(initial=0.0))) for at in (left, right)]
    near, far = _ASIDE
    beside = np.concatenate(
        (each[:, max(0, left - far + 1) : max(0, left - near + 1)], each[:, right + near : right + far]), axis=1
    )
    over = float(beside.mean()) if beside.size else 0.0
    value = min(drawn) + 0.5 * max(drawn) + 0.5 * sum(posts) - over
    if value > least:
        value -= 0.3 * max(straying(dark, row, on, left, right) for row, on in zip(rows, each, strict=True))
    return (value, (float(left), float(right), rows[0], rows[1])) if value > least else None


def _corners(each: np.ndarray, upright: np.ndarray, left: int, right: int) -> tuple[int, int]:
    """The columns between which both sides are drawn best, with uprights at the ends."""
    total = np.concatenate((np.zeros((2, 1)), np.cumsum(each, axis=1)), axis=1)
    ridge = cv2.dilate(upright.reshape(1, -1), np.ones((1, 9), np.uint8)).ravel()
    peaks = np.flatnonzero((upright >= _PEAK) & (upright >= ridge))
    seen = np.concatenate((upright[peaks], [0.0]))
    first, last = (at.ravel() for at in np.meshgrid(np.append(peaks, left), np.append(peaks, right), indexing="ij"))
    posts = np.add.outer(seen, seen).ravel()
    wide = last - first
    shared = np.minimum(right, last) - np.maximum(left, first)
    enough = (wide >= _LENGTH[0] * FINE) & (shared >= 0.5 * (right - left))
    if not enough.any():
        return left, right
    first, last, posts = first[enough], last[enough], posts[enough]
    wide = last - first + 1
    cover = (total[:, last + 1] - total[:, first]) / wide
    value = cover.mean(axis=0) + 0.5 * cover.min(axis=0) + 0.35 * posts + 0.3 * np.minimum(1.0, wide / (30 * FINE))
    best = int(value.argmax())
    return int(first[best]), int(last[best])
