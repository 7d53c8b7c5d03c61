"""What the compact profile keeps of a page: black exactly, colour as it is, specks not, photos whole."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scanner_intake import blank, layers
from scanner_intake.layers import Layers

SIZE = (1400, 1000)  # about 10 x 7 cm at 300 dpi
DPI = 300


def sheet(gray: bool = False) -> np.ndarray:
    grain = np.random.default_rng(5).integers(-4, 5, (*SIZE, 1))
    page = np.clip(np.array([225, 236, 240]) + grain, 0, 255).astype(np.uint8)
    return cv2.cvtColor(page, cv2.COLOR_BGR2GRAY) if gray else page


def written(page: np.ndarray) -> np.ndarray:
    for row in range(10):
        cv2.putText(page, "Uy ban nhan dan xa", (80, 120 + 60 * row), 0, 1.4, (25,) * 3, 4)
    return page


def painted(page: Layers, black: np.ndarray) -> np.ndarray:
    """The layers one over the other, as a viewer paints them; `black` is what the stencil holds."""
    width, height = page.size
    assert page.background is not None
    ground = cv2.imdecode(np.frombuffer(page.background.coded, np.uint8), cv2.IMREAD_COLOR)
    shown = cv2.resize(ground, (width, height), interpolation=cv2.INTER_LINEAR)
    shown[black > 0] = [round(255 * each) for each in page.ink[::-1]]
    for patch, (x0, y0, x1, y1) in page.patches:
        shown[y0:y1, x0:x1] = cv2.imdecode(np.frombuffer(patch.coded, np.uint8), cv2.IMREAD_COLOR)
    return shown


def test_text_is_in_the_stencil_and_gone_from_the_background() -> None:
    page = layers.split(written(sheet()), DPI)
    assert page.stencil is not None
    assert page.background is not None
    assert not page.patches
    assert not page.photo
    assert max(page.ink) < 0.35
    ground = cv2.imdecode(np.frombuffer(page.background.coded, np.uint8), cv2.IMREAD_COLOR)
    assert ground.min() > 200
    assert ground.shape[1] == pytest.approx(SIZE[1] / 4, abs=1)


def test_a_seal_and_a_pen_keep_their_pixels() -> None:
    original = written(sheet())
    cv2.circle(original, (500, 1050), 180, (50, 40, 205), 8)
    cv2.line(original, (420, 1000), (800, 1150), (150, 50, 40), 5)
    page = layers.split(original, DPI)
    assert len(page.patches) == 1
    patch, (x0, y0, x1, y1) = page.patches[0]
    assert (patch.width, patch.height) == (x1 - x0, y1 - y0)  # native resolution
    assert x0 <= 300 and x1 >= 800 and y0 <= 850 and y1 >= 1240
    shown = painted(page, layers.ink_mask(original, DPI) * 0)
    difference = cv2.absdiff(shown[y0:y1, x0:x1], original[y0:y1, x0:x1])
    assert difference.mean() < 6


def test_patches_never_overlap() -> None:
    page = sheet()
    for place in ((200, 200), (320, 260), (700, 1100)):
        cv2.circle(page, place, 90, (40, 40, 210), 10)
    boxes = [box for _, box in layers.split(page, DPI).patches]
    assert len(boxes) == 2
    for index, a in enumerate(boxes):
        for b in boxes[index + 1 :]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def test_specks_are_dropped_and_dots_stay() -> None:
    page = sheet()
    page[300:302, 300:302] = 10
    cv2.circle(page, (600, 600), 3, (10, 10, 10), -1)
    mask = layers.ink_mask(page, DPI)
    assert mask[290:312, 290:312].max() == 0
    assert mask[600, 600] == 255


def test_black_and_white_comes_back_exactly() -> None:
    page = np.where(written(sheet(gray=True)) < 128, 0, 255).astype(np.uint8)
    split = layers.split(page, DPI)
    assert split.background is None
    assert split.stencil is not None
    assert (split.stencil.width, split.stencil.height) == (SIZE[1], SIZE[0])
    assert split.ink == (0.0, 0.0, 0.0)


def test_a_photo_is_kept_whole() -> None:
    ramp = np.linspace(20, 200, SIZE[1])[None, :, None] * np.ones((SIZE[0], 1, 3))
    photo = layers.split(np.clip(ramp + np.array([0, 10, 30]), 0, 255).astype(np.uint8), DPI)
    assert photo.photo
    assert photo.stencil is None
    assert photo.background is not None
    assert (photo.background.width, photo.background.height) == (SIZE[1], SIZE[0])


def test_a_picture_in_a_text_is_a_patch() -> None:
    page = written(sheet(gray=True))
    page[900:1200, 300:700] = np.linspace(60, 150, 400).astype(np.uint8)
    split = layers.split(page, DPI)
    assert len(split.patches) == 1
    assert split.patches[0][0].gray
    assert not split.photo


@pytest.mark.parametrize("dpi", [200, 300])
def test_equal_pictures_give_equal_bytes(dpi: int) -> None:
    assert layers.split(written(sheet()), dpi) == layers.split(written(sheet()), dpi)


def test_tiny_pictures_have_layers_too() -> None:
    for shape in ((1, 1), (9, 300), (12, 12, 3)):
        assert layers.split(np.full(shape, 200, np.uint8), DPI).size == (shape[1], shape[0])


def test_blank_sides() -> None:
    assert blank.is_blank(sheet(), DPI)
    through = sheet()
    cv2.circle(through, (500, 700), 180, (205, 200, 228), 8)  # the other side's seal, pale
    assert blank.is_blank(through, DPI)
    one_line = sheet()
    cv2.putText(one_line, "Luu: VT", (300, 700), 0, 1.4, (25,) * 3, 4)
    assert not blank.is_blank(one_line, DPI)
    sealed = sheet()
    cv2.circle(sealed, (500, 700), 180, (50, 40, 205), 8)
    assert not blank.is_blank(sealed, DPI)
