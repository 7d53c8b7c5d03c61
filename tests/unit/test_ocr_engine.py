"""A picture shown narrower to the engine gives the same words at the same places; only fine scans are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scanner_intake import digitize_ocr, ocr_engine

ROWS = {"UY BAN": (300, 200), "NGAY 24 THANG 6": (150, 330), "KINH PHI": (900, 330)}


@pytest.fixture(scope="module")
def page() -> np.ndarray:
    try:
        ocr_engine.lines(np.full((60, 60), 255, np.uint8), psm=6, dpi=200, language="vie")
    except ocr_engine.RecognitionFailed:
        pytest.skip("tesseract's model (tesseract-ocr-vie) is not installed")
    gray = np.full((900, 1500), 255, np.uint8)
    for text, place in ROWS.items():
        cv2.putText(gray, text, place, cv2.FONT_HERSHEY_COMPLEX, 1.2, 0, 2, cv2.LINE_AA)
    return gray


def words(lines: list[ocr_engine.SeenLine]) -> dict[str, ocr_engine.PixelBox]:
    return {word.text: word.box for line in lines for word in line.words}


@pytest.mark.parametrize("across", [0.9, 0.8])
def test_places_are_those_of_the_picture(page: np.ndarray, across: float) -> None:
    wide = ocr_engine.lines(page, psm=6, dpi=200, language="vie")
    narrow = ocr_engine.lines(page, psm=6, dpi=200, language="vie", across=across)
    expected, found = words(wide), words(narrow)
    assert {"BAN", "NGAY", "THANG", "KINH"} <= set(expected) & set(found)
    for text in set(expected) & set(found):
        assert found[text] == pytest.approx(expected[text], abs=4), text
    for one, other in zip(wide, narrow, strict=True):
        assert other.box == pytest.approx(one.box, abs=6)
        assert one.baseline is not None
        assert other.baseline == pytest.approx(one.baseline, abs=6)


def test_a_picture_of_one_column_can_be_narrowed() -> None:
    assert ocr_engine.lines(np.full((50, 1), 255, np.uint8), psm=6, dpi=200, language="vie", across=0.9) == []


@pytest.mark.parametrize(("dpi", "narrow"), [(100, False), (150, False), (200, False), (300, True)])
def test_only_a_fine_scan_is_shown_narrower(monkeypatch: pytest.MonkeyPatch, dpi: int, narrow: bool) -> None:
    shown: list[float] = []

    def lines(_gray: np.ndarray, *, across: float, **_known: object) -> list[ocr_engine.SeenLine]:
        shown.append(across)
        return []

    monkeypatch.setattr(ocr_engine, "lines", lines)
    native = np.full((round(11.69 * dpi), round(8.27 * dpi), 3), 255, np.uint8)
    digitize_ocr.read_page(digitize_ocr.picture_of(1, native, (595.3, 841.9)))
    assert [across < 1 for across in shown] == [narrow]
