"""What a draft leaves to the clerk: found where nothing stands, never where something does."""

from __future__ import annotations

from datetime import date

import pytest

from hsm.blanks import find_blanks, texts
from hsm.signature_block import Line

A4 = (595.0, 842.0)
LETTER_WIDTH, SIZE = 6.0, 13.0


def row(y: float, *words: tuple[float, str]) -> list[Line]:
    """Words of one line as the text layer gives them, each from its x."""
    found = []
    for x, text in words:
        box = (x, y - 0.891 * SIZE, x + LETTER_WIDTH * len(text), y + 0.216 * SIZE)
        found.append(Line(text, box, (Line(text, box, foot=y),), y))
    return found


def dated(*words: tuple[float, str]) -> list[Line]:
    return row(110, (320, "Thử"), (345, "Nghiệm,"), *words)


def test_number_and_day_are_found_between_their_neighbours() -> None:
    lines = row(110, (60, "Số:"), (118, "/QĐ-UBND"))
    lines += dated((390, "ngày"), (438, "tháng"), (500, "năm"), (522, "2026"))
    blanks = find_blanks(lines, A4)
    number, day, month = blanks.gaps
    assert (blanks.notation, blanks.kinds) == ("QĐ-UBND", ("number", "date"))
    assert number.middle == pytest.approx((60 + 18 + 118) / 2)
    assert day.middle == pytest.approx((390 + 24 + 438) / 2)
    assert month.middle == pytest.approx((438 + 30 + 500) / 2)
    assert {gap.baseline for gap in blanks.gaps} == {110} and number.size == pytest.approx(SIZE)
    box = blanks.box
    assert box is not None and box[0] < number.middle and box[2] > month.middle and box[1] < 110 < box[3]


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        (((60, "Số:"), (84, "…../QĐ-UBND")), ("number",)),
        (((60, "Số:......./BC-UBND"),), ("number",)),
        (((60, "Số"), (80, "…………"), (118, "/UBND-VP")), ("number",)),
        (((60, "Số:"), (84, "15/QĐ-UBND")), ()),
        (((60, "Số:15/QĐ-UBND"),), ()),
        (((60, "Số:"), (84, "05"), (100, "/QĐ-UBND")), ()),
        (((60, "Số:"), (118, "/")), ()),
        (((400, "Số:"), (450, "/QĐ-UBND")), ()),
        (((60, "Số:"), (290, "/QĐ-UBND")), ()),
    ],
)
def test_numbers(words: tuple[tuple[float, str], ...], kinds: tuple[str, ...]) -> None:
    assert find_blanks(row(110, *words), A4).kinds == kinds


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (((390, "ngày"), (420, "05"), (438, "tháng"), (472, "3"), (500, "năm"), (522, "2026")), []),
        (((390, "ngày"), (438, "tháng"), (472, "3"), (500, "năm"), (522, "2026")), ["day"]),
        (
            ((390, "ngày"), (416, "…"), (438, "tháng"), (470, "…"), (500, "năm"), (522, "20…")),
            ["day", "month", "decade"],
        ),
        (((390, "ngày"), (438, "tháng"), (500, "năm"), (522, "……")), ["day", "month", "year"]),
        (((390, "tháng"), (438, "ngày"), (500, "năm")), []),
        (((390, "hôm"), (438, "nay")), []),
    ],
)
def test_dates(words: tuple[tuple[float, str], ...], wanted: list[str]) -> None:
    assert [gap.kind for gap in find_blanks(dated(*words), A4).gaps] == wanted


def test_a_list_further_down_is_no_heading() -> None:
    assert find_blanks(row(600, (60, "Số:"), (118, "/QĐ-UBND")), A4).gaps == ()


def test_leading_noughts_as_the_decree_wants_them() -> None:
    assert texts(("number", "date"), 7, date(2026, 2, 5)) == {
        "number": "07",
        "day": "05",
        "month": "02",
        "year": "2026",
        "decade": "26",
    }
    assert texts(("number", "date"), 115, date(2026, 3, 15))["month"] == "3"
    assert texts(("number",), 9, date(2026, 3, 15)) == {"number": "09"}
