"""Party, joint and draft papers, closing lists, guesses, and what a pen wrote."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scanner_intake import arrival, handwriting, patterns
from scanner_intake.describe import describe_paper
from scanner_intake.dictionary import Dictionary
from scanner_intake.digitized import ABSENT, FIELD_NAMES, MOST_SURE_GUESS, Field, Marking
from scanner_intake.handwriting import PEN, PRINT, Ink
from scanner_intake.header import GapInk, gaps
from scanner_intake.header import cut_header as cut
from scanner_intake.layout import Line
from tests.fixtures_intake import line, page
from tests.unit.test_describe_fields import BODY, DATE, HEADER, HEADING, NUMBER, SIGNED, SUBJECT

PARTY = (
    line("ĐẢNG BỘ TỈNH THƯỢNG GIANG", 90, 60),
    line("ĐẢNG CỘNG SẢN VIỆT NAM", 330, 60),
    line("TỈNH ỦY THƯỢNG GIANG", 100, 76),
    line("*", 160, 90),
    line("Thượng Giang, ngày 17 tháng 8 năm 2026", 320, 100),
)


def values(*lines: Line, **more: object) -> dict[str, str]:
    found = describe_paper([page(*lines)], **more)  # type: ignore[arg-type]
    return {name: field.value for name, field in found.fields.items() if not field.guess}


def test_a_party_paper() -> None:
    found = values(*PARTY, line("Số 496-TB/TU", 120, 104), line("THÔNG BÁO", 285, 140, 14), *SUBJECT)
    assert found["code"] == "496-TB/TU"
    assert (found["code_number"], found["code_notation"]) == ("496", "TB/TU")
    assert (found["issuer"], found["parent_issuer"]) == ("TỈNH ỦY THƯỢNG GIANG", "ĐẢNG BỘ TỈNH THƯỢNG GIANG")
    assert (found["type_name"], found["issued_date"]) == ("Thông báo", "2026-08-17")


def test_a_party_conclusion_and_letter() -> None:
    assert values(*PARTY, line("Số 12-KL/TU", 120, 104), line("KẾT LUẬN", 285, 140, 14))["type_name"] == "Kết luận"
    assert values(*PARTY, line("Số 77-CV/BTGTU", 120, 104))["type_name"] == "Công văn"


def test_offices_issuing_together() -> None:
    found = values(
        line("SỞ TƯ PHÁP -", 120, 60), HEADER[1], line("SỞ NỘI VỤ", 125, 76), HEADER[3],
        line("Số: 05/KHLT-STP-SNV", 105, 100), DATE, line("KẾ HOẠCH", 285, 140, 14),
    )  # fmt: skip
    assert (found["issuer"], found.get("parent_issuer")) == ("SỞ TƯ PHÁP - SỞ NỘI VỤ", None)


def test_a_department_is_never_joint_with_its_authority() -> None:
    found = values(line("UBND TỈNH THƯỢNG GIANG -", 90, 60), HEADER[1], line("SỞ TƯ PHÁP", 120, 76), NUMBER, DATE)
    assert (found["parent_issuer"], found["issuer"]) == ("UBND TỈNH THƯỢNG GIANG", "SỞ TƯ PHÁP")


def test_a_draft_has_no_number_and_no_guess() -> None:
    draft = [page(*HEADER, line("Số: /QĐ-UBND", 110, 100), HEADING, *SUBJECT)]
    found = describe_paper(draft)
    assert found.absent["code"] == found.absent["code_number"] == "not-found"
    assert "code" not in found.fields
    assert found.fields["code_notation"].value == "QĐ-UBND"


def test_every_missing_field_has_a_reason() -> None:
    found = describe_paper([page(*HEADER, NUMBER, DATE, HEADING, *SUBJECT, *SIGNED)])
    certain = {name for name, field in found.fields.items() if not field.guess}
    assert certain | set(found.absent) == set(FIELD_NAMES)
    assert not certain & set(found.absent)
    assert set(found.absent.values()) <= set(ABSENT)
    assert set(describe_paper([]).absent) == set(FIELD_NAMES)


def test_a_pens_digits_are_guessed_even_when_they_read_well() -> None:
    pen = {"number": GapInk(Ink(PEN, 2.5), "05"), "day": GapInk(Ink(PEN, 2.5), "05")}
    lines = (*HEADER, NUMBER, DATE, HEADING)
    found = describe_paper([page(*lines)], lines, pen)
    for name, value in (("code", "05/QĐ-UBND"), ("code_number", "05"), ("issued_date", "2026-02-05")):
        field = found.fields[name]
        assert (field.value, field.guess, found.absent[name]) == (value, True, "handwritten")
        assert field.confidence <= MOST_SURE_GUESS
    assert (found.fields["code_notation"].value, found.fields["code_notation"].guess) == ("QĐ-UBND", False)


def test_a_number_that_cannot_be_read_leaves_the_notation_to_complete() -> None:
    found = describe_paper([page(*HEADER, line("Số: ¬¢ /QĐ-UBND", 110, 100), DATE, HEADING)])
    assert (found.fields["code"].value, found.fields["code"].guess) == ("/QĐ-UBND", True)
    assert "code_number" not in found.fields


def test_print_found_by_one_reading_only_needs_the_look_of_print() -> None:
    other = (*HEADER, line("Số: ¬/QĐ-UBND", 110, 100), DATE)
    lines = (*HEADER, NUMBER, DATE, HEADING)
    printed = describe_paper([page(*lines)], other, {"number": GapInk(Ink(PRINT, 0.2))})
    assert printed.fields["code"].value == "05/QĐ-UBND" and not printed.fields["code"].guess
    assert describe_paper([page(*lines)], other).fields["code"].guess


def test_recipients_and_attachments() -> None:
    closing = (
        line("Nơi nhận:", 80, 620),
        line("- Như Điều 3;", 80, 634),
        line("- Sở Tư pháp và các", 80, 646),
        line("phòng liên quan;", 86, 658),
        line("- Lưu: VT, KT.", 80, 670),
    )
    first = page(*HEADER, NUMBER, DATE, HEADING, *SUBJECT, line("(Kèm theo danh sách 12 hộ).", 120, 300), *closing)
    second = page(
        line("PHỤ LỤC I", 260, 60), line("DANH MỤC NHIỆM VỤ", 240, 78),
        line("(Kèm theo Quyết định số 05/QĐ-UBND)", 200, 96), number=2,
    )  # fmt: skip
    found = describe_paper([first, second]).fields
    assert found["recipients"].value == "Như Điều 3; Sở Tư pháp và các phòng liên quan; Lưu: VT, KT"
    assert found["attachments"].value == "Kèm theo danh sách 12 hộ; PHỤ LỤC I DANH MỤC NHIỆM VỤ"


def test_the_addressees_stand_in_for_a_list_of_recipients() -> None:
    assert values(*HEADER, NUMBER, DATE, line("Kính gửi: Sở Tư pháp.", 220, 180))["recipients"] == "Sở Tư pháp"


def test_the_arrival_stamps_number_is_not_the_papers() -> None:
    stamp = (line("Số: 99/ĐẾN-VP", 110, 118), line("Ngày: 9/9/2026", 110, 130))
    marking = Marking("arrival-stamp", "den", 1, (100.0, 110.0, 250.0, 140.0), 0.9)
    said = Field("Số: 99, Ngày: 2026-09-09", 0.3, 1, marking.box, True)
    found = describe_paper([page(*HEADER, *stamp, DATE, HEADING)], markings=[marking], arrival=said)
    assert "code" not in found.fields
    assert found.fields["arrival_stamp"] == said


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("UBND XÃ ĐỒNG MẬN\nĐẾN Số: 123\nNgày: 05/3/2026\nChuyển: VT", ("123", "2026-03-05")),
        ("VĂN BẢN ĐẾN\nSố: ......45......\nNgày: 7-11-2025", ("45", "2025-11-07")),
        ("ĐẾN\nSố: 2029\nNgày: 24/08", ("2029", "24/08")),
        ("ĐẾN\nSố: ………\nNgày: …………", ("", "")),
        ("Sở Tư pháp\nNgày: 31/2/2026", ("", "")),
    ],
)
def test_what_the_arrival_stamp_says(text: str, entries: tuple[str, str]) -> None:
    assert arrival.entries(text) == entries


def test_words_of_the_province_mend_what_was_read() -> None:
    words = Dictionary(agencies=("ỦY BAN NHÂN DÂN XÃ ĐỒNG MẬN",), signers=("Giàng Văn Khuê",))
    lines = (*HEADER[:2], line("XÃ ĐÔNG MẠN", 112, 76), HEADER[3], NUMBER, DATE, HEADING, *BODY, *SIGNED[:3])
    found = values(*lines, line("Giảng Văn Khuê", 395, 730), words=words)
    assert (found["issuer"], found["signer_name"]) == ("ỦY BAN NHÂN DÂN XÃ ĐỒNG MẬN", "Giàng Văn Khuê")


@pytest.mark.parametrize(
    ("notation", "issuer", "mended"),
    [
        ("CTr-SVHTTDI", "SỞ VĂN HÓA, THỂ THAO VÀ DU LỊCH", "CTr-SVHTTDL"),
        ("QĐ-SGDDT", "SỞ GIÁO DỤC VÀ ĐÀO TẠO", "QĐ-SGDĐT"),
        ("HD-SNV", "SỞ NỘI VỤ", "HD-SNV"),
        ("QC-BQLKCN", "BAN QUẢN LÝ CÁC KHU CÔNG NGHIỆP", "QC-BQLKCN"),
        ("TB-VPUB", "SỞ TƯ PHÁP", "TB-VPUB"),
    ],
)
def test_a_notation_is_mended_by_its_issuers_initials(notation: str, issuer: str, mended: str) -> None:
    assert patterns.with_initials(notation, issuer) == mended


def test_a_lost_slash_and_scrawls() -> None:
    code = patterns.parse_code("14QĐ-UBND")
    assert code is not None and (code.number, code.notation) == ("14", "QĐ-UBND")
    assert [patterns.digits_in(text) for text in ("⁄6", "5'†", "A99.", "¬", "")] == ["16", "57", "499", "", ""]
    assert [patterns.likely_day(text) for text in ("46", "⁄{5", "32", "7")] == [16, 15, None, 7]


def _row(tall: float, stroke: int, colour: tuple[int, int, int]) -> np.ndarray:
    """ "Số: 27 /QĐ-UBND" with the number in another hand."""
    row = np.full((90, 700, 3), 255, np.uint8)
    cv2.putText(row, "So:", (5, 62), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (30, 30, 30), 2, cv2.LINE_AA)
    cv2.putText(row, "27", (120, 62), cv2.FONT_HERSHEY_SIMPLEX, tall, colour, stroke, cv2.LINE_AA)
    cv2.putText(row, "/QD-UBND", (240, 62), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (30, 30, 30), 2, cv2.LINE_AA)
    return row


@pytest.mark.parametrize(
    ("tall", "stroke", "colour", "kind"),
    [
        (1.4, 2, (30, 30, 30), "print"),
        (2.0, 2, (30, 30, 30), "pen"),
        (1.4, 2, (152, 42, 22), "pen"),
        (1.4, 2, (255, 255, 255), "empty"),
    ],
)
def test_print_and_pen(tall: float, stroke: int, colour: tuple[int, int, int], kind: str) -> None:
    ink = handwriting.judge(_row(tall, stroke, colour), 1.0, (105, 10, 235, 80), [(236, 10, 690, 80)])
    assert ink.kind == kind, ink


def test_the_gaps_lie_between_the_printed_words() -> None:
    places = gaps(cut(page(*HEADER, NUMBER, DATE), [*HEADER, NUMBER, DATE]))
    day = next(word for word in DATE.words if word.text == "05")
    assert places["day"].box[0] <= day.box[0] < day.box[2] <= places["day"].box[2]
    assert places["number"].box[0] < places["number"].box[2] <= NUMBER.box[2]
