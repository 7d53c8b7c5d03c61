"""Seals of scans without colour: found, taken out, and the print under them kept and read."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw

from appliance.demo import fonts
from scanner_intake import digitize_ocr
from scanner_intake.digitize_page import under_black_seal
from scanner_intake.gray_seals import find_seals, without_seals
from scanner_intake.layout import key

DPI = 200
SIZE = (1654, 1100)
SEAL_AT, RADIUS = (1000, 500), 138
INK = 112


def printed() -> np.ndarray:
    """A signature: the function above, the name below."""
    sheet = Image.new("L", SIZE, 255)
    pen = ImageDraw.Draw(sheet)
    for text, top in (("KT. CHỦ TỊCH", 380), ("PHÓ CHỦ TỊCH", 420), ("Trịnh Xuân Hòa", 570)):
        pen.text((1070, top), text, fill=20, font=fonts.face("bold", 36), anchor="mt")
    return np.asarray(sheet).copy()


def sealed(light: int = INK, at: tuple[int, int] = SEAL_AT, radius: int = RADIUS) -> np.ndarray:
    """The same under a seal whose ink is `light` of 255; where both are, the darker counts."""
    seal = np.full(SIZE[::-1], 255, np.uint8)
    cv2.circle(seal, at, radius, light, 7)
    cv2.circle(seal, at, round(radius * 0.66), light, 4)
    star = [
        (at[0] + radius * 0.4 * size * np.sin(i * np.pi / 5), at[1] - radius * 0.4 * size * np.cos(i * np.pi / 5))
        for i, size in enumerate((1, 0.4) * 5)
    ]
    cv2.fillPoly(seal, [np.array(star, np.int32)], light)
    return np.minimum(printed(), seal)


@pytest.mark.parametrize("radius", [118, 138, 165])
def test_a_seal_is_found_where_it_is(radius: int) -> None:
    (seal,) = find_seals(sealed(radius=radius), DPI)
    assert abs(seal.x - SEAL_AT[0]) < 8 and abs(seal.y - SEAL_AT[1]) < 8
    assert abs(seal.radius - radius) < 8
    assert abs(seal.light - INK) < 25


def test_the_seal_goes_and_the_print_stays() -> None:
    before = sealed()
    bare = without_seals(before, DPI)
    assert (bare[(before == INK) & (printed() > 200)] == 255).mean() > 0.99
    print_of = printed() < 60
    assert (bare[print_of] < 60).all(), "not a letter is lost"
    far = np.ones(SIZE[::-1], bool)
    far[SEAL_AT[1] - 160 : SEAL_AT[1] + 160, SEAL_AT[0] - 160 : SEAL_AT[0] + 160] = False
    assert (bare[far] == before[far]).all(), "nothing outside it is touched"


def test_function_and_name_under_a_gray_seal_are_read() -> None:
    page = cv2.GaussianBlur(sealed(), (0, 0), 0.8)
    native = np.clip(page + np.random.default_rng(3).normal(0, 4, page.shape), 0, 255).astype(np.uint8)
    size = (SIZE[0] * 72 / DPI, SIZE[1] * 72 / DPI)
    text = digitize_ocr.read_page(digitize_ocr.picture_of(1, native, size)).page.text
    assert [key(row) for row in text.split("\n")] == ["KT CHU TICH", "PHO CHU TICH", "TRINH XUAN HOA"]


@pytest.mark.parametrize("light", [0, 30])
def test_a_seal_as_dark_as_print_cannot_be_told_from_it(light: int) -> None:
    page = sealed(light)
    assert without_seals(page, DPI) is page


def test_what_a_black_seal_may_hide_is_doubted() -> None:
    native, size = sealed(0), (SIZE[0] * 72 / DPI, SIZE[1] * 72 / DPI)
    picture = digitize_ocr.picture_of(1, native, size)
    name = (1075 * 0.36, 570 * 0.36, 1200 * 0.36, 606 * 0.36)
    assert under_black_seal(picture, name)
    assert not under_black_seal(picture, (100 * 0.36, 570 * 0.36, 300 * 0.36, 606 * 0.36))
    gray = digitize_ocr.picture_of(1, sealed(), size)
    assert not under_black_seal(gray, name), "it was taken out"


def test_a_page_without_seals_is_left_alone() -> None:
    page = printed()
    assert without_seals(page, DPI) is page
    cv2.rectangle(page, (880, 380), (1160, 620), INK, 7)
    assert without_seals(page, DPI) is page, "a box is no seal"
    tiny = np.full((20, 30), 255, np.uint8)
    assert without_seals(tiny, DPI) is tiny


def test_half_a_ring_is_none() -> None:
    page = sealed()
    page[:, : SEAL_AT[0]] = 255
    assert find_seals(page, DPI) == []
