"""Where a second reading of the header looks: only at the rows whose digits it has to confirm."""

from __future__ import annotations

from scanner_intake.header import cut_header, cut_headers, digit_rows
from tests.fixtures_intake import line, page
from tests.unit.test_describe_fields import DATE, HEADER, NUMBER


def test_number_and_date_in_one_row_are_one_place() -> None:
    (box,) = digit_rows(cut_header(page(*HEADER, NUMBER, DATE), [*HEADER, NUMBER, DATE]))
    for row in (NUMBER, DATE):
        assert box[0] <= row.box[0] and box[1] < row.box[1] and row.box[2] <= box[2] and row.box[3] < box[3]
    assert box[1] > HEADER[0].box[3], "the title has no digits to confirm"


def test_number_and_date_in_two_rows_are_two_places() -> None:
    low = line("Số: 125/QĐ-UBND", 110, DATE.box[1] + 40)
    first, second = digit_rows(cut_header(page(*HEADER, low, DATE), [*HEADER, low, DATE]))
    assert first[0] == 0 and first[1] < low.box[1] and low.box[2] <= first[2] and low.box[3] < first[3]
    assert second[0] <= DATE.box[0] and second[1] < DATE.box[1] and DATE.box[3] < second[3] < low.box[1]


def test_nothing_is_narrowed_down_without_both_rows_and_a_title() -> None:
    for lines in ([*HEADER, NUMBER], [*HEADER, DATE], [NUMBER, DATE]):
        assert digit_rows(cut_header(page(*lines), lines)) == []


def test_rows_without_a_title_are_found_by_the_other_readings_title() -> None:
    deep = [line(each.text, each.box[0], each.box[1] + 90) for each in (*HEADER, NUMBER, DATE)]
    header, other = cut_headers(page(*deep), deep[-2:])
    assert other is not None and header.anchor.found and other.anchor == header.anchor
    assert other.number is not None and other.date is not None
