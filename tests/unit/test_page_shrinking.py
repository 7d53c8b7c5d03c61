"""Smaller pictures: the same averages as OpenCV's areas, any ratio, any shape, and where things were they stay."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scanner_intake.shrinking import shrunk


def noise(*shape: int) -> np.ndarray:
    return cv2.GaussianBlur(np.random.default_rng(3).integers(0, 256, shape, np.uint8), (3, 3), 0)


@pytest.mark.parametrize("ratio", [1 / 2, 1 / 4, 2 / 3, 3 / 4, 4 / 5, 0.55, 0.9])
@pytest.mark.parametrize("shape", [(240, 480), (240, 480, 3)])
def test_averages_as_areas_do(ratio: float, shape: tuple[int, ...]) -> None:
    image = noise(*shape)
    made = shrunk(image, ratio)
    wished = cv2.resize(image, (round(480 * ratio), round(240 * ratio)), interpolation=cv2.INTER_AREA)
    assert made.shape == wished.shape
    assert cv2.absdiff(made, wished).max() <= 2  # rounded once more


@pytest.mark.parametrize("rows", range(235, 243))
@pytest.mark.parametrize("ratio", [0.5, 0.25, 2 / 3, 3 / 4])
def test_odd_sizes_lose_nothing_and_move_nothing(rows: int, ratio: float) -> None:
    image = np.full((rows, 301), 255, np.uint8)
    image[-3:] = image[:, -3:] = 0  # of a row off the half nothing may be left, of three rows something is
    image[100:108, 60:68] = 0
    made = shrunk(image, ratio)
    assert abs(made.shape[0] - rows * ratio) <= 3 and abs(made.shape[1] - 301 * ratio) <= 3
    assert made[-1].max() < 255 and made[:, -1].max() < 255
    y, x = (each.mean() for each in np.nonzero(made[: round(200 * ratio), : round(200 * ratio)] < 128))
    assert y == pytest.approx(103.5 * ratio, abs=0.6)
    assert x == pytest.approx(63.5 * ratio, abs=0.6)


def test_nothing_to_do_costs_nothing() -> None:
    image = noise(40, 40)
    assert shrunk(image, 1.0) is image


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (2, 3, 3), (5, 5)])
@pytest.mark.parametrize("ratio", [0.5, 0.1, 2 / 3, 0.01])
def test_a_pixel_always_stays(shape: tuple[int, ...], ratio: float) -> None:
    made = shrunk(np.full(shape, 70, np.uint8), ratio)
    assert min(made.shape) >= 1
    assert (made == 70).all()
