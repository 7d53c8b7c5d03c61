"""Numbers, dates, types and names as OCR gives them."""

from __future__ import annotations

import pytest

from scanner_intake import patterns


@pytest.mark.parametrize(
    ("text", "type_name", "number", "notation"),
    [
        ("05/QĐ-UBND", "", "05", "QĐ-UBND"),
        ("2827 /QD-BGDĐT", "Quyết định", "2827", "QĐ-BGDĐT"),
        ("12/UBND-VP", "", "12", "UBND-VP"),
        ("01/2026/NQ-HĐND", "", "01", "2026/NQ-HĐND"),
        ("23 /ĐC-UBND", "Báo cáo", "23", "BC-UBND"),
        ("15 / TTr - UBND", "", "15", "TTr-UBND"),
        ("7/HD-SNV", "Hướng dẫn", "7", "HD-SNV"),
        ("1595/SGDĐT-CTrTT", "", "1595", "SGDĐT-CTrTT"),
        ("2ƒ /CT-UBND", "", None, "CT-UBND"),
        (" /UBND-TTHC", "", None, "UBND-TTHC"),
        ("5'†Š /UBND-KTTH", "", None, "UBND-KTTH"),
        ("496-TB/TU", "", "496", "TB/TU"),
    ],
)
def test_codes(text: str, type_name: str, number: str | None, notation: str) -> None:
    code = patterns.parse_code(text, type_name)
    assert code is not None
    assert (code.number, code.notation) == (number, notation)


def test_whole_codes() -> None:
    assert patterns.Code("05", "QĐ-UBND").whole == "05/QĐ-UBND"
    assert patterns.Code("496", "TB/TU").whole == "496-TB/TU"
    assert patterns.Code(None, "QĐ-UBND").whole is None


@pytest.mark.parametrize("text", ["", "không có", "12", "ngày 5/6/2026 của ủy ban"])
def test_no_codes(text: str) -> None:
    assert patterns.parse_code(text) is None


def test_number_lines() -> None:
    assert patterns.number_line("Số: 05/QĐ-UBND") == "05/QĐ-UBND"
    assert patterns.number_line("Só:⁄6 /CT-UBND") == "⁄6 /CT-UBND"
    assert patterns.number_line("Sở Tư pháp") is None or "/" not in (patterns.number_line("Sở Tư pháp") or "")
    assert patterns.number_line("Căn cứ Nghị định số 43/2023/NĐ-CP") is None


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("Hà Nội, ngày 14 tháng 10 năm 2025", "2025-10-14"),
        ("Đồng Mận, ngày 05 tháng 02 năm 2026", "2026-02-05"),
        ("Quảng Ngãi, ngày 04tháng 02 năm 2025", "2025-02-04"),
        ("Hà Nội, ngàyl6 th?ng I0 năm 2O25", "2025-10-16"),
        ("Hà Nội, ngày   tháng 10 năm 2025", None),
        ("Quảng Ngãi, ngày⁄|§ tháng 01 năm 2025", None),
        ("Hà Nội, ngày 31 tháng 02 năm 2025", None),
        ("Hà Nội, ngày 14 tháng 13 năm 2025", None),
    ],
)
def test_dates(text: str, iso: str | None) -> None:
    found = patterns.parse_date(text)
    assert found is not None
    assert found.iso == iso


@pytest.mark.parametrize("text", ["ngày mai", "Căn cứ Luật ngày 19/6/2015", "ngày 1 tháng 2 năm 1200", ""])
def test_no_dates(text: str) -> None:
    assert patterns.parse_date(text) is None


def test_places() -> None:
    assert patterns.place_before_date("Quảng Ngãi, ngày 04 tháng 02 năm 2025") == "Quảng Ngãi"
    assert patterns.place_before_date("ngày 04 tháng 02 năm 2025") == ""


@pytest.mark.parametrize("name", patterns.TYPES)
def test_every_type_of_the_decree_is_known_in_capitals(name: str) -> None:
    assert patterns.type_of(name.upper())[0] == name


def test_misread_types() -> None:
    assert patterns.type_of("QUYÉT ĐỊNH")[0] == "Quyết định"
    assert patterns.type_of("CHÍ THỊ")[0] == "Chỉ thị"
    assert patterns.type_of("ĐIỀU KHOẢN THI HÀNH") == ("", 0.0)


def test_spelling_of_agencies_is_mended_and_tone_placement_kept() -> None:
    assert patterns.respelled("ỦY BAN NHÂN DÂN TĨNH QUẢNG NGÃI") == "ỦY BAN NHÂN DÂN TỈNH QUẢNG NGÃI"
    assert patterns.respelled("UỶ BAN NHÂN DÂN") == "UỶ BAN NHÂN DÂN"
    assert patterns.respelled("CÔNG TY TÌNH THƯƠNG") != ""


@pytest.mark.parametrize("name", ["Nguyễn Quốc Việt", "Hà Thị Lê Vân", "Trần Nguyễn Minh Thành", "Lý Y"])
def test_names(name: str) -> None:
    assert patterns.is_personal_name(name)


@pytest.mark.parametrize("name", ["CHỦ TỊCH", "Nguyễn", "ngày 5", "ở đây", "Nguyễn Văn A5", "x Y", ""])
def test_no_names(name: str) -> None:
    assert not patterns.is_personal_name(name)
