"""Pixels and places turn together, and only real skew is taken out."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scanner_intake import deskew


def strokes(angle: float, count: int = 9) -> list[deskew.Stroke]:
    rise = np.tan(np.radians(angle)) * 400
    return [(50.0, 100.0 + 30 * row, 450.0, 100.0 + 30 * row + rise) for row in range(count)]


@pytest.mark.parametrize("angle", [-4.0, -0.4, 0.2, 1.7, 5.5])
def test_the_angle_of_the_lines(angle: float) -> None:
    assert deskew.skew(strokes(angle), 600) == pytest.approx(angle, abs=0.01)


@pytest.mark.parametrize("angle", [0.0, 0.1, -0.14, 8.0, 45.0])
def test_nothing_to_turn(angle: float) -> None:
    assert deskew.skew(strokes(angle), 600) == 0.0


def test_short_lines_and_outliers_do_not_count() -> None:
    short = [(10.0, 10.0, 60.0, 40.0)] * 20
    assert deskew.skew([*strokes(1.0), *short, (50.0, 10.0, 450.0, 90.0)], 600) == pytest.approx(1.0, abs=0.01)
    assert deskew.skew(short, 600) == 0.0


@pytest.mark.parametrize("angle", [-3.0, 2.0])
@pytest.mark.parametrize("place", [(100, 200), (700, 900), (60, 940)])
def test_a_mark_stays_under_its_place(angle: float, place: tuple[int, int]) -> None:
    image = np.full((1000, 800), 255, np.uint8)
    cv2.circle(image, place, 6, 0, -1)
    y, x = np.argwhere(deskew.turn_pixels(image, angle) < 128).mean(axis=0)
    expected = deskew.turn_point(*place, angle, (799, 999))
    assert (x, y) == pytest.approx(expected, abs=0.7)


@pytest.mark.parametrize("angle", [-5.9, -0.2, 1.3])
@pytest.mark.parametrize("shape", [(700, 500, 3), (300, 900), (129, 40, 3), (1, 7, 3), (2, 3)])
def test_bands_join_without_a_seam(shape: tuple[int, ...], angle: float) -> None:
    image = cv2.blur(np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8), (5, 5))
    size = shape[1::-1]
    turn = cv2.getRotationMatrix2D(((size[0] - 1) / 2, (size[1] - 1) / 2), angle, 1.0)
    whole = cv2.warpAffine(image, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    turned = deskew.turn_pixels(image, angle)
    assert turned.shape == image.shape
    assert int(cv2.absdiff(whole, turned).max()) <= 1


def test_a_falling_line_becomes_level() -> None:
    x0, y0 = deskew.turn_point(100, 300, 2.0, (600, 800))
    x1, y1 = deskew.turn_point(400, 300 + 300 * np.tan(np.radians(2.0)), 2.0, (600, 800))
    assert x0 < x1
    assert y0 == pytest.approx(y1, abs=1e-6)


def test_a_box_keeps_its_size_and_comes_back() -> None:
    box = (100.0, 200.0, 160.0, 212.0)
    there = deskew.turn_box(box, 3.0, (600, 800))
    assert (there[2] - there[0], there[3] - there[1]) == pytest.approx((60, 12))
    assert deskew.turn_box(there, -3.0, (600, 800)) == pytest.approx(box)
