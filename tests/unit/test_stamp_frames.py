"""Frames found by their lines: at any angle, doubled ones first, although print touches them; bars and tables apart."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scanner_intake.stamp_frames import line_frames
from scanner_intake.stamp_ink import double, no_letters, red_mask

DPI = 100


def page_with_frame(turn: float, wide: float = 30.0, high: float = 8.0, lines: int = 2) -> np.ndarray:
    """A white page, 120 x 120 mm, with one frame around (60, 60) mm and strokes that run into its border."""
    fine = 4 * DPI / 25.4
    page = np.full((round(120 * fine),) * 2, 255, np.uint8)
    corner = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64)
    angle = np.radians(turn)
    rotate = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    for line in range(lines):
        sides = corner * (wide / 2 - line * 0.95, high / 2 - line * 0.95)
        points = np.round((sides @ rotate + 60) * fine).astype(np.int32)
        cv2.polylines(page, [points], True, 0, round(0.35 * fine))
    for x in (48, 55, 61, 68):
        cv2.line(page, (round(x * fine), round(62 * fine)), (round((x + 3) * fine), round(70 * fine)), 0, 6)
    return cv2.resize(page, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("turn", [5, 8, -18, 40, 90])
@pytest.mark.parametrize("wide", [20, 30, 40])
def test_a_double_frame_at_any_angle(turn: float, wide: float) -> None:
    first = line_frames(page_with_frame(turn, wide), DPI)[0]
    assert abs(first.x - 60) < 1.5 and abs(first.y - 60) < 1.5
    assert abs(first.long - wide) < 3 and 5.5 <= first.short <= 9
    assert abs((first.angle - turn + 90) % 180 - 90) < 1.5
    assert first.doubled == 2 and first.ends >= 1


def test_a_single_frame_is_not_doubled_and_a_large_one_is_none() -> None:
    assert all(each.doubled < 2 for each in line_frames(page_with_frame(5, lines=1), DPI))
    assert line_frames(page_with_frame(5, wide=80), DPI) == []
    assert line_frames(np.full((200, 200), 255, np.uint8), DPI) == []


def test_no_letters_in_bars_and_surfaces_only() -> None:
    bars = np.zeros((120, 300), np.uint8)
    for y in range(10, 110, 24):
        bars[y : y + 12] = 255
    assert no_letters(bars) and no_letters(np.full((120, 300), 255, np.uint8))
    stamp = np.zeros((120, 300), np.uint8)
    for inset in (12, 24):
        cv2.rectangle(stamp, (inset, inset), (299 - inset, 119 - inset), 255, 4)
    cv2.putText(stamp, "MAT", (110, 75), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 255, 5)
    assert not no_letters(stamp) and double(stamp)
    assert not no_letters(np.zeros((120, 300), np.uint8))


def test_red_is_what_exceeds_both_other_colours() -> None:
    pixels = np.full((4, 4, 3), 250, np.uint8)
    pixels[0, 0], pixels[1, 1], pixels[2, 2] = (214, 24, 38), (40, 50, 170), (200, 120, 199)
    assert np.argwhere(red_mask(pixels, 32)).tolist() == [[0, 0]]
