"""The lean of a page told from its pixels, and a reading of the level copy given back in the page's own places."""

from __future__ import annotations

import numpy as np
import pytest

from scanner_intake import deskew, digitize_ocr, ocr_engine, tilt
from scanner_intake.ocr_engine import SeenLine, SeenWord


def sheet(dpi: int = 200, lines: int = 30) -> np.ndarray:
    """Rows of word-like bars on white A4."""
    rng = np.random.default_rng(3)
    gray = np.full((round(11.69 * dpi), round(8.27 * dpi)), 255, np.uint8)
    for row in range(lines):
        y, x = round((1 + row * 0.25) * dpi), round(1.1 * dpi)
        while x < 7 * dpi:
            wide = int(rng.integers(dpi // 10, dpi // 2))
            gray[y : y + dpi // 10, x : min(x + wide, 7 * dpi)] = 20
            x += wide + dpi // 20
    return gray


@pytest.mark.parametrize("angle", [-4.3, -1.27, 0.0, 0.6, 2.05, 5.4])
@pytest.mark.parametrize("dpi", [150, 200])
def test_the_lean_of_print_is_found(angle: float, dpi: int) -> None:
    leaning = deskew.turn_pixels(sheet(dpi), -angle)
    assert tilt.lean(leaning, dpi) == pytest.approx(angle, abs=0.1)


def test_a_few_lines_are_enough() -> None:
    assert tilt.lean(deskew.turn_pixels(sheet(lines=4), -1.5), 200) == pytest.approx(1.5, abs=0.1)


def test_what_has_no_rows_has_no_lean() -> None:
    rng = np.random.default_rng(4)
    assert tilt.lean(np.full((2339, 1654), 255, np.uint8), 200) == 0.0
    assert tilt.lean(rng.integers(0, 255, (2339, 1654)).astype(np.uint8), 200) == pytest.approx(0.0, abs=0.05)
    assert tilt.lean(np.ascontiguousarray(np.rot90(sheet())), 200) == 0.0
    assert tilt.lean(sheet()[:150], 200) == 0.0
    assert tilt.lean(np.zeros((1, 1), np.uint8), 200) == 0.0


def test_a_reading_of_the_level_copy_has_the_places_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """A word that the engine sees on the level copy lies on the ink of the page itself, its baseline with it."""
    gray = sheet()
    ink = np.full_like(gray, 255)
    ink[700:720, 300:330] = ink[700:720, 1300:1330] = 0
    given: list[np.ndarray] = []

    def lines(seen: np.ndarray, **_: object) -> list[SeenLine]:
        given.append(seen)
        words = tuple(SeenWord("abc", (x, 700, x + 30, 720), 0.9) for x in (300, 1300))
        return [SeenLine(words, (300, 700, 1330, 720), (300.0, 718.0, 1330.0, 718.0))]

    monkeypatch.setattr(ocr_engine, "lines", lines)
    angle = 1.6
    page = deskew.turn_pixels(gray, -angle)
    picture = digitize_ocr.picture_of(1, page, (gray.shape[1] * 0.36, gray.shape[0] * 0.36))
    reading = digitize_ocr.read_page(picture)
    assert np.abs(given[0].astype(int) - gray).mean() < 8  # the engine got the level copy
    marked = deskew.turn_pixels(ink, -angle)
    for word in reading.page.lines[0].words:
        x, y = ((word.box[0] + word.box[2]) / 0.72, (word.box[1] + word.box[3]) / 0.72)
        around = marked[round(y) - 6 : round(y) + 7, round(x) - 6 : round(x) + 7]
        assert around.max() < 60, (x, y)
    baseline, box = reading.baselines[0], reading.boxes[0]
    assert np.degrees(np.arctan(baseline.slope)) == pytest.approx(angle, abs=0.1)
    for word in reading.page.lines[0].words:
        middle = (word.box[0] + word.box[2]) / 2
        height = baseline.slope * (middle - box[0]) + box[3] + baseline.offset
        assert height == pytest.approx((word.box[1] + word.box[3]) / 2 + 8 * 0.36, abs=0.7)
