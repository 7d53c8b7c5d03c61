"""From placed words to fields: the layout of Decree 30/2020 and its traps (digitizing rules 13.1)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner_intake.describe import describe
from scanner_intake.layout import Line, PageText, anchor, split_columns
from scanner_intake.secrecy import printed_markings, suspicion
from tests.fixtures_intake import line, page

HEADER = (
    line("ỦY BAN NHÂN DÂN", 100, 60),
    line("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 280, 60),
    line("XÃ ĐỒNG MẬN", 112, 76),
    line("Độc lập - Tự do - Hạnh phúc", 320, 76),
)
NUMBER = line("Số: 05/QĐ-UBND", 110, 100)
DATE = line("Đồng Mận, ngày 05 tháng 02 năm 2026", 300, 100)
HEADING = line("QUYẾT ĐỊNH", 285, 140, 14)
SUBJECT = (line("Về việc giao chỉ tiêu kế hoạch năm 2026", 200, 158), line("cho các thôn trên địa bàn", 240, 174))
BODY = (line("Căn cứ Nghị định số 43/2023/NĐ-CP ngày 30 tháng 6 năm 2023 của Chính phủ;", 120, 215),)
SIGNED = (
    line("TM. ỦY BAN NHÂN DÂN", 380, 620),
    line("KT. CHỦ TỊCH", 400, 636),
    line("PHÓ CHỦ TỊCH", 400, 652),
    line("Giàng Văn Khuê", 395, 730),
)


def values(*lines: Line, second: tuple[Line, ...] = ()) -> dict[str, str]:
    return {name: field.value for name, field in describe([page(*lines)], second).items()}


def test_a_decision() -> None:
    assert values(*HEADER, NUMBER, DATE, HEADING, *SUBJECT, *BODY, *SIGNED) == {
        "code": "05/QĐ-UBND",
        "code_number": "05",
        "code_notation": "QĐ-UBND",
        "issued_date": "2026-02-05",
        "place": "Đồng Mận",
        "issuer": "ỦY BAN NHÂN DÂN XÃ ĐỒNG MẬN",
        "type_name": "Quyết định",
        "subject": "Về việc giao chỉ tiêu kế hoạch năm 2026 cho các thôn trên địa bàn",
        "signer_authority": "TM. ỦY BAN NHÂN DÂN / KT. CHỦ TỊCH",
        "signer_position": "KT. CHỦ TỊCH / PHÓ CHỦ TỊCH",
        "signer_name": "Giàng Văn Khuê",
    }


def test_every_field_has_its_place() -> None:
    for name, field in describe([page(*HEADER, NUMBER, DATE, HEADING, *SUBJECT, *SIGNED)]).items():
        assert field.box is not None, name
        assert 0 <= field.box[0] < field.box[2] <= 595
        assert 0 <= field.box[1] < field.box[3] <= 842
        assert 0 < field.confidence <= 1


def test_a_letter_has_its_subject_under_the_number() -> None:
    found = values(
        *HEADER,
        line("Số: 12/UBND-VP", 110, 100),
        DATE,
        line("V/v hướng dẫn chứng thực", 90, 118),
        line("bản sao điện tử", 100, 133),
        line("Kính gửi: Các thôn.", 220, 180),
    )
    assert found["type_name"] == "Công văn"
    assert found["subject"] == "V/v hướng dẫn chứng thực bản sao điện tử"


def test_two_agencies() -> None:
    found = values(
        line("UBND TỈNH THƯỢNG GIANG", 90, 60), HEADER[1], line("SỞ TƯ PHÁP", 120, 76), HEADER[3], NUMBER, DATE
    )
    assert (found["parent_issuer"], found["issuer"]) == ("UBND TỈNH THƯỢNG GIANG", "SỞ TƯ PHÁP")


def test_a_header_joined_by_the_recogniser_is_cut_into_columns() -> None:
    joined = Line(HEADER[0].words + HEADER[1].words)
    parts = split_columns([joined], 595)
    assert [part.text for part in parts] == [HEADER[0].text, HEADER[1].text]
    assert anchor(parts, 595, 842).found


@pytest.mark.parametrize("number", ["Số:      /QĐ-UBND", "Số: 2ƒ /QĐ-UBND", "Số: đ0_ /QĐ-UBND"])
def test_a_number_by_hand_is_missing_not_guessed(number: str) -> None:
    found = values(*HEADER, line(number, 110, 100), DATE, HEADING)
    assert found["code_notation"] == "QĐ-UBND"
    assert "code_number" not in found
    assert "code" not in found


def test_digits_read_unsurely_or_in_coloured_ink_are_missing() -> None:
    unsure = line("Số: 05/QĐ-UBND", 110, 100, confidence=0.4)
    assert "code" not in values(*HEADER, unsure, DATE)
    pen = Line(tuple(replace(word, pen=True) for word in NUMBER.words))
    assert "code" not in values(*HEADER, pen, DATE)
    day = Line(tuple(replace(word, pen=word.text == "05") for word in DATE.words))
    assert "issued_date" not in values(*HEADER, NUMBER, day)


def test_two_readings_that_differ_are_no_fact() -> None:
    other = (*HEADER, line("Số: 06/QĐ-UBND", 110, 100), line("Đồng Mận, ngày 06 tháng 02 năm 2026", 300, 100))
    found = values(*HEADER, NUMBER, DATE, HEADING, second=other)
    assert "code" not in found
    assert "issued_date" not in found
    agreed = values(*HEADER, NUMBER, DATE, HEADING, second=(*HEADER, NUMBER, DATE))
    assert (agreed["code"], agreed["issued_date"]) == ("05/QĐ-UBND", "2026-02-05")


def test_numbers_and_dates_quoted_below_are_not_the_papers_own() -> None:
    quoting = line("Thực hiện Thông báo số 496-TB/TU ngày 17 tháng 8 năm 2023", 120, 300)
    found = values(*HEADER, HEADING, quoting)
    assert "code" not in found
    assert "issued_date" not in found


def test_the_body_is_not_taken_into_the_subject() -> None:
    found = values(*HEADER, NUMBER, DATE, HEADING, *SUBJECT, line("Nội dung bắt đầu ở đây và dài", 215, 205), *BODY)
    assert found["subject"].endswith("trên địa bàn")


def test_the_first_signature_page_counts() -> None:
    first = page(*HEADER, NUMBER, DATE, HEADING)
    signed = page(*SIGNED, number=2)
    attached = page(line("GIÁM ĐỐC", 400, 600), line("Mẫn Thị Oanh", 395, 700), number=3)
    found = describe([first, signed, attached])
    assert (found["signer_name"].value, found["signer_name"].page) == ("Giàng Văn Khuê", 2)


def test_an_empty_paper_has_no_fields() -> None:
    assert describe([]) == {}
    assert describe([PageText(1, 595, 842, ())]) == {}
    assert values(line("chỉ có một dòng", 100, 400)) == {}


@pytest.mark.parametrize("word", ["MẬT", "TỐI MẬT", "TUYỆT MẬT", "| MẬT |", "MÂT", "[TỐI MẬT]"])
def test_a_marking_alone_on_its_line_is_seen(word: str) -> None:
    markings = printed_markings([page(*HEADER, line(word, 90, 140), *BODY)])
    assert suspicion(markings) == "secrecy-marking"


@pytest.mark.parametrize(
    ("text", "y"),
    [
        ("bí mật nhà nước", 140),
        ("Thực hiện Luật Bảo vệ bí mật nhà nước", 200),
        ("mật", 140),
        ("Mật", 140),
        ("GIẢI MẬT", 140),
        ("BẢO MẬT THÔNG TIN", 140),
        ("KHẨN", 140),
        ("MẬT", 700),
    ],
)
def test_the_word_in_other_places_is_an_ordinary_word(text: str, y: float) -> None:
    assert suspicion(printed_markings([page(*HEADER, line(text, 90, y), *BODY)])) == ""


def test_a_marking_on_a_later_page_is_seen() -> None:
    pages = [page(*HEADER, *BODY), page(line("TUYỆT MẬT", 90, 100), number=2)]
    assert suspicion(printed_markings(pages)) == "secrecy-marking"
