"""Which way a page lies, by the way its lines run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner_intake.digitize_ocr import Reading
from scanner_intake.digitize_page import standing
from scanner_intake.layout import Box, Line
from tests.fixtures_intake import line, page

ROWS = tuple(line("Ủy ban nhân dân xã báo cáo như sau", 60, 100 + 20 * row) for row in range(6))


def read(*lines: Line) -> Reading:
    return Reading(page(*lines), (), (), 0.96)


def turned(row: Line, clockwise: bool) -> Line:
    """The words where a page turned by 90 degrees has them."""

    def place(box: Box) -> Box:
        x0, y0, x1, y1 = box
        return (842 - y1, x0, 842 - y0, x1) if clockwise else (y0, 595 - x1, y1, 595 - x0)

    return Line(tuple(replace(word, box=place(word.box)) for word in row.words))


@pytest.mark.parametrize(("clockwise", "back"), [(True, 270), (False, 90)])
def test_a_page_on_its_side_is_turned_back_however_well_it_reads(clockwise: bool, back: int) -> None:
    assert standing(read(*(turned(row, clockwise) for row in ROWS))) == back


def test_an_upright_page_stays() -> None:
    assert standing(read(*ROWS)) == 0
    assert standing(read()) == 0


def test_headings_that_run_up_a_table_do_not_turn_its_page() -> None:
    assert standing(read(*ROWS, *(turned(row, False) for row in ROWS[:3]))) == 0


def test_words_one_under_the_other_are_no_falling_line() -> None:
    pairs = (Line((*line("Số", 60, y).words, *line("tờ", 60, y + 14).words)) for y in range(100, 400, 40))
    assert standing(read(*pairs)) == 0
