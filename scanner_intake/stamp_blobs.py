"""Connected regions of ink that may be a stamp: their places, sizes and turns.

Owns region finding in one ink of a page (digitizing rules 11.3), the boxes of two level red lines inside a larger
region, and the cut-out of a region made level. It reads nothing. Boxes in points, sides in millimetres, angles in
degrees, cut-outs at `READ_DPI`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from scanner_intake.digitize_ocr import Picture
from scanner_intake.layout import Box
from scanner_intake.stamp_frames import Frame
from scanner_intake.stamp_ink import READ_DPI, dark_mask, red_mask
from scanner_intake.stamp_planes import FIND_DPI, Plane

MARGIN = 1.5  # mm around a cut-out
_RED, _FAINT_RED = 81, 44  # of a red plane's darkness, which is strengthened chroma
_PART, _FAINT_SIZE = 0.5, (13, 60)  # mm


@dataclass(frozen=True)
class Blob:
    """A region: upright box in points, rotated rectangle in millimetres and its angle; `level`: that of its lines."""

    box: Box
    long: float
    short: float
    angle: float
    level: bool = False

    @property
    def aspect(self) -> float:
        """Length by height."""
        return self.long / max(self.short, 0.1)


def red_blobs(plane: Plane) -> list[Blob]:
    """Regions of red ink, then those of faint red or crimson elsewhere; gaps of under two millimetres are closed."""
    found: list[Blob] = []
    for limit in (_RED, _FAINT_RED):
        mask = cv2.threshold(plane.small, 255 - limit, 255, cv2.THRESH_BINARY_INV)[1]
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
        blobs = _blobs(cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0])
        if limit == _FAINT_RED:
            blobs = [each for each in blobs if _FAINT_SIZE[0] <= each.long <= _FAINT_SIZE[1] and each.short >= 5]
        found += [blob for blob in blobs if not any(overlap(each.box, blob.box) > _PART for each in found)]
    return found


def dark_blobs(plane: Plane) -> list[Blob]:
    """Dark outlines, large ones first; faint frames too: two limits, over the local paper."""
    found: list[Blob] = []
    for limit in (170, 215):
        mask = cv2.threshold(plane.shown, limit, 255, cv2.THRESH_BINARY_INV)[1]
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
        found += _blobs(cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)[0])
    return sorted(found, key=lambda each: -each.long * each.short)


def of_frame(frame: Frame) -> Blob:
    """A frame found by its lines as a region."""
    turn, point = np.radians(frame.angle), 72 / 25.4
    across = (frame.long * abs(np.cos(turn)) + frame.short * abs(np.sin(turn))) / 2
    down = (frame.long * abs(np.sin(turn)) + frame.short * abs(np.cos(turn))) / 2
    box = [float(each * point) for each in (frame.x - across, frame.y - down, frame.x + across, frame.y + down)]
    return Blob((box[0], box[1], box[2], box[3]), frame.long, frame.short, frame.angle, level=True)


def _blobs(contours: object) -> list[Blob]:
    unit, millimetre = 72 / FIND_DPI, 25.4 / FIND_DPI
    blobs = []
    for contour in contours:  # type: ignore[attr-defined]
        x, y, w, h = cv2.boundingRect(contour)
        if max(w, h) * millimetre < 9:
            continue
        (_, _), (width, height), angle = cv2.minAreaRect(contour)
        if width < height:
            width, height, angle = height, width, angle - 90
        angle = (angle + 90) % 180 - 90
        if width / max(height, 1) < 1.25:
            angle = 0.0
        box = (x * unit, y * unit, (x + w) * unit, (y + h) * unit)
        blobs.append(Blob(box, width * millimetre, height * millimetre, angle))
    return blobs


def ruled_boxes(picture: Picture, blob: Blob) -> list[Blob]:
    """Boxes made of two level red lines, a secrecy stamp's height apart, inside a larger region (a seal's ring has no
    straight run of 13 mm).
    """
    crop = picture.crop(blob.box, FIND_DPI * 2)
    millimetre = FIND_DPI * 2 / 25.4
    mask = red_mask(crop, 40)
    mask = cv2.dilate(mask, np.ones((3, 1), np.uint8))
    lines = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, round(13 * millimetre)), np.uint8))
    lines = cv2.morphologyEx(lines, cv2.MORPH_CLOSE, np.ones((5, round(4 * millimetre)), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(lines)
    runs = sorted((int(y), int(x), int(x + w), int(h)) for x, y, w, h, _area in stats[1:])
    runs = [run for run in runs if run[3] < 3.0 * millimetre]
    found = []
    for i, upper in enumerate(runs):
        for lower in reversed(runs[i + 1 :]):
            height = (lower[0] + lower[3] - upper[0]) / millimetre
            left, right = min(upper[1], lower[1]), max(upper[2], lower[2])
            shared = min(upper[2], lower[2]) - max(upper[1], lower[1])
            even = abs(upper[1] - lower[1]) < 5 * millimetre and abs(upper[2] - lower[2]) < 5 * millimetre
            if even and 5.5 <= height <= 11.5 and shared >= 10 * millimetre and (right - left) / millimetre <= 48:
                unit = 72 / (FIND_DPI * 2)
                x, y = blob.box[0], blob.box[1]
                box = (x + left * unit, y + upper[0] * unit, x + right * unit, y + (lower[0] + lower[3]) * unit)
                found.append(Blob(box, (right - left) / millimetre, height, 0.0))
                break
    return found[:3]


def upright(picture: Picture, blob: Blob) -> np.ndarray:
    """The region with a margin, turned level, RGB at `READ_DPI`."""
    margin = MARGIN * 72 / 25.4
    x0, y0, x1, y1 = blob.box
    box = (
        max(0.0, x0 - margin),
        max(0.0, y0 - margin),
        min(picture.width, x1 + margin),
        min(picture.height, y1 + margin),
    )
    crop = picture.crop(box, READ_DPI)
    unit = READ_DPI / 72  # the middle of the region, not of what the page leaves of it
    ground = [255.0] * 3
    if min(x0, y0, picture.width - x1, picture.height - y1) < margin:  # white beside a dark paper would make it ink
        ground = np.median(crop[::8, ::8], axis=(0, 1)).tolist()
    if abs(blob.angle) < 0.4:
        beyond = (box[1] - y0 + margin, y1 + margin - box[3], box[0] - x0 + margin, x1 + margin - box[2])
        up, down, left, right = (round(each * unit) for each in beyond)
        return cv2.copyMakeBorder(crop, up, down, left, right, cv2.BORDER_CONSTANT, value=ground)
    middle = (((x0 + x1) / 2 - box[0]) * unit, ((y0 + y1) / 2 - box[1]) * unit)
    turn = cv2.getRotationMatrix2D(middle, blob.angle, 1.0)
    long, short = (round((each + 2 * MARGIN) * READ_DPI / 25.4) for each in (blob.long, blob.short))
    turn[0, 2] += long / 2 - middle[0]
    turn[1, 2] += short / 2 - middle[1]
    return cv2.warpAffine(crop, turn, (long, short), flags=cv2.INTER_LINEAR, borderValue=ground)


def levelled(picture: Picture, blob: Blob, *, black: bool) -> Blob:
    """The blob with the angle at which its rows of ink are sharpest: an arrow's head or a seal in touch bends the
    smallest rectangle by some degrees.
    """
    crop = picture.crop(blob.box, FIND_DPI)
    mask = dark_mask(crop) if black else red_mask(crop, 32)
    side = int(np.hypot(*mask.shape)) + 2

    def sharpness(angle: float) -> float:
        turn = cv2.getRotationMatrix2D((mask.shape[1] / 2, mask.shape[0] / 2), angle, 1.0)
        turn[:, 2] += (side / 2 - mask.shape[1] / 2, side / 2 - mask.shape[0] / 2)
        rows = cv2.warpAffine(mask, turn, (side, side), flags=cv2.INTER_LINEAR).sum(axis=1, dtype=np.float64)
        return float((rows**2).sum())

    best = max((blob.angle + step for step in range(-8, 9)), key=sharpness)
    return replace(blob, angle=best)


def overlap(a: Box, b: Box) -> float:
    """The share of `a` that lies in `b`."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / max(0.01, (a[2] - a[0]) * (a[3] - a[1]))
