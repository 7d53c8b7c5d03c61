"""What papers of other hands taught: names of places that look like phrases, names cut by a line's end, joint plans."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scanner_intake import patterns, spelling
from scanner_intake.describe import describe_paper
from scanner_intake.digitize_ocr import _reading, picture_of
from scanner_intake.digitized import MOST_SURE_GUESS, Field
from scanner_intake.layout import PageText
from scanner_intake.ocr_engine import SeenLine, SeenWord
from scanner_intake.signer import describe_signer, whole
from scanner_intake.syllables import is_syllable
from tests.fixtures_intake import line, page

NATION = line("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 285, 60)
MOTTO = line("Độc lập - Tự do - Hạnh phúc", 320, 76)
BODY = [
    line("Căn cứ Luật Tổ chức chính quyền địa phương ngày 16 tháng 6 năm 2025;", 113, 260),
    *(
        line("các cơ quan, đơn vị rà soát, cập nhật đầy đủ thông tin hồ sơ trên hệ thống", 85, 280 + 18 * i)
        for i in range(6)
    ),
]


def paper(issuer: tuple[str, ...], number: str, dated: str, *rest: object) -> PageText:
    head = [line(text, 165 - 3.0 * len(text), 60 + 14 * i) for i, text in enumerate(issuer)]
    return page(*head, NATION, MOTTO, line(number, 105, 112), line(dated, 320, 112), *rest, *BODY)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    [
        "ỦY BAN NHÂN DÂN PHƯỜNG AN HẢI",
        "UBND XÃ TÂN HỘI ĐÔNG",
        "ỦY BAN NHÂN DÂN XÃ HỘI AN",
        "Ủy ban nhân dân phường An Hải",
        "UBND THỊ TRẤN CÁI BÈ",
    ],
)
def test_a_places_name_is_no_phrase(name: str) -> None:
    assert spelling.official(name) == name
    assert spelling.mended(name) == name


@pytest.mark.parametrize(
    ("read", "printed"),
    [
        ("phương an phòng chống", "phương án phòng chống"),
        ("TỈNH QUANG NGÃI", "TỈNH QUẢNG NGÃI"),
        ("PHÁT TRIÊN KINH TẾ - XÃ HỘI NÔNG THÔN MỚI", "PHÁT TRIỂN KINH TẾ - XÃ HỘI NÔNG THÔN MỚI"),
        ("HỢP TÁC XÃ NÔNG NGHIÊP AN HẢI", "HỢP TÁC XÃ NÔNG NGHIỆP AN HẢI"),
        ("thu, chỉ ngân sách địa phương", "thu, chi ngân sách địa phương"),
    ],
)
def test_phrases_are_mended_still(read: str, printed: str) -> None:
    assert spelling.official(read) == printed


@pytest.mark.parametrize(
    ("lines", "parent", "issuer"),
    [
        (
            ("UBND TỈNH ĐỒNG THÁP", "SỞ NÔNG NGHIỆP VÀ MÔI", "TRƯỜNG"),
            "UBND TỈNH ĐỒNG THÁP",
            "SỞ NÔNG NGHIỆP VÀ MÔI TRƯỜNG",
        ),
        (
            ("UBMTTQ VIỆT NAM TỈNH LÀO CAI", "ỦY BAN MTTQ VIỆT NAM XÃ", "BẢN LẦU"),
            "UBMTTQ VIỆT NAM TỈNH LÀO CAI",
            "ỦY BAN MTTQ VIỆT NAM XÃ BẢN LẦU",
        ),
        (("UBND PHƯỜNG TÂN AN", "TRƯỜNG THCS NGUYỄN DU"), "UBND PHƯỜNG TÂN AN", "TRƯỜNG THCS NGUYỄN DU"),
        (("CÔNG AN TỈNH SƠN LA", "CÔNG AN XÃ"), "CÔNG AN TỈNH SƠN LA", "CÔNG AN XÃ"),
    ],
)
def test_a_name_that_runs_over_a_lines_end_is_one(lines: tuple[str, ...], parent: str, issuer: str) -> None:
    found = describe_paper([paper(lines, "Số: 15/KH-SNNMT", "Lào Cai, ngày 05 tháng 07 năm 2026")]).fields
    assert (found["parent_issuer"].value, found["issuer"].value) == (parent, issuer)


def test_marks_lost_in_capitals_come_from_the_dates_row() -> None:
    found = describe_paper(
        [paper(("CÔNG AN XÃ MƯƠNG BU",), "Số: 77/BC-CAX", "Mường Bú, ngày 30 tháng 6 năm 2025")]
    ).fields
    assert found["issuer"].value == "CÔNG AN XÃ MƯỜNG BÚ"
    other = describe_paper([paper(("UBND XÃ TÂN AN",), "Số: 77/BC-UBND", "Bắc Sơn, ngày 30 tháng 6 năm 2025")]).fields
    assert other["issuer"].value == "UBND XÃ TÂN AN"


def test_a_joint_plan_and_a_year_on_the_next_line() -> None:
    heading = line("KẾ HOẠCH LIÊN NGÀNH", 240, 160)
    subject = line("Phối hợp khám sức khỏe nghĩa vụ quân sự năm 2026", 170, 176)
    year = line("2026", 395, 126)
    read = paper(
        ("CÔNG AN XÃ QUẢNG PHÚ",), "Số: 03/KHLN-CA-QS", "Quảng Phú, ngày 02 tháng 02 năm", year, heading, subject
    )
    found = describe_paper([read]).fields
    assert found["type_name"].value == "Kế hoạch"
    assert found["code"].value == "03/KHLN-CA-QS"
    assert found["issued_date"].value == "2026-02-02"
    assert found["subject"].value == "Phối hợp khám sức khỏe nghĩa vụ quân sự năm 2026"


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("BIÊN BẢN LÀM VIỆC", "Biên bản"),
        ("KẾ HOẠCH", "Kế hoạch"),
        ("KẾ HOẠCH PHÁT TRIỂN KINH TẾ XÃ HỘI", ""),
        ("LUẬT SƯ", ""),
    ],
)
def test_a_few_words_may_follow_the_type(heading: str, kind: str) -> None:
    assert patterns.type_of(heading)[0] == kind


def test_a_subject_without_its_beginning_is_a_guess() -> None:
    heading = line("THÔNG BÁO", 260, 160)
    cut = line("iếp nhận hồ sơ trực tiếp để nâng cấp hệ thống", 190, 178)
    state = describe_paper(
        [paper(("UBND XÃ TÂN AN",), "Số: 77/TB-UBND", "Tân An, ngày 30 tháng 6 năm 2025", heading, cut)]
    )
    assert state.fields["subject"].guess and state.absent["subject"] == "unclear"
    whole_one = line("kết quả kiểm tra công tác tuyên truyền quý một", 190, 178)
    party = paper(("TỈNH ỦY CÀ MAU",), "Số 47-TB/BTGDV", "Cà Mau, ngày 03 tháng 9 năm 2025", heading, whole_one)
    assert not describe_paper([party]).fields["subject"].guess, "the Party's subjects begin small"


def test_an_urgency_stamped_under_a_letters_subject_is_none_of_it() -> None:
    letter = paper(
        ("BỘ NỘI VỤ",),
        "Số: 7890/BNV-CQĐP",
        "Hà Nội, ngày 21 tháng 8 năm 2025",
        line("V⁄%v thực hiện chế độ, chính sách", 70, 128, 10),
        line("KHẨN", 140, 141, 10),
    )
    assert describe_paper([letter]).fields["subject"].value == "V/v thực hiện chế độ, chính sách"


def test_a_partys_subject_may_reach_towards_the_title() -> None:
    read = page(
        line("ĐẢNG ỦY XÃ KIM NGÂN", 112, 76),
        line("ĐẢNG CỘNG SẢN VIỆT NAM", 330, 60),
        line("Số 215-CV/ĐU", 145, 97),
        line("Kim Ngân, ngày 18 tháng 10 năm 2025", 330, 97),
        line("V/v chuẩn bị nội dung Hội nghị", 100, 117, 9),
        line("Ban Chấp hành Đảng bộ xã lần thứ ba", 96, 129, 9),
        *BODY,
    )
    assert describe_paper([read]).fields["subject"].value.endswith("lần thứ ba")


def signed(name: str, *titles: str) -> dict[str, Field]:
    block = [line(text, 400, 500 + 16 * i) for i, text in enumerate(titles)]
    return describe_signer([page(*BODY, *block, line(name, 400, 600))])


def test_a_name_without_its_family_is_a_guess() -> None:
    assert signed("Thị Hà", "CHỦ TỊCH")["signer_name"].guess
    assert not signed("Nguyễn Thị Hà", "CHỦ TỊCH")["signer_name"].guess


def test_specks_between_the_words_of_a_name_are_no_letters() -> None:
    assert signed("Nguyễn “Thị Hà", "CHỦ TỊCH")["signer_name"].value == "Nguyễn Thị Hà"


def test_letters_beside_a_name_make_it_doubtful() -> None:
    name = Field("Huỳnh Thị Ki", 0.96, 1, (349.0, 338.0, 438.0, 350.0))
    beside = page(line("Huỳnh Thị Ki", 349, 344), line("lên", 464, 344))
    assert whole(name, beside) == replace(name, confidence=MOST_SURE_GUESS, guess=True)
    assert whole(name, page(line("Huỳnh Thị Ki", 349, 344), line("lên", 520, 344))) == name
    assert whole(name, page(line("lên", 464, 380))) == name


def test_one_function_twice_of_which_one_was_read() -> None:
    found = signed("Đỗ Minh Tuấn", "KT. CHÁNH VĂN BMÔ", "PHÓ CHÁNH VĂN PHÒNG")
    assert found["signer_authority"].value == "KT. CHÁNH VĂN PHÒNG" and found["signer_authority"].guess


@pytest.mark.parametrize("name", ["BAN QUẢN LÝ KHU KINH TẾ VÂN PHONG", "KHU ĐÔ THỊ VÂN PHONG"])
def test_two_words_that_both_differ_are_words_of_their_own(name: str) -> None:
    assert spelling.official(name) == name
    assert spelling.official("VĂN PHONG ỦY BAN NHÂN DÂN") == "VĂN PHÒNG ỦY BAN NHÂN DÂN"


def test_the_surer_spelling_of_a_place_counts() -> None:
    head = line("ỦY BAN NHÂN DÂN XÃ TẤN HỘI ĐÔNG", 60, 60, confidence=0.9)
    row = line("Tân Hội Đông, ngày 17 tháng 12 năm 2025", 320, 112, confidence=0.96)
    read = page(head, NATION, MOTTO, line("Số: 1056/UBND-KT", 105, 112), row, *BODY)
    assert describe_paper([read]).fields["issuer"].value == "ỦY BAN NHÂN DÂN XÃ TÂN HỘI ĐÔNG"


def test_numerals_of_an_issuer_are_no_initials() -> None:
    issuer = "CHI NHÁNH KHU VỰC III"
    assert patterns.with_initials("CNKV3-ĐKCG", issuer) == "CNKV3-ĐKCG"
    assert patterns.with_initials("SVHTTDI", "SỞ VĂN HÓA, THỂ THAO VÀ DU LỊCH") == "SVHTTDL"


@pytest.mark.parametrize("name", ["H'Wen Byă", "H’Wen Byă", "Y Khút Niê"])
def test_names_of_the_highlands_are_names(name: str) -> None:
    assert patterns.is_personal_name(name)
    assert signed(name, "CHỦ TỊCH")["signer_name"].value == name


@pytest.mark.parametrize(("word", "fits"), [("xuã", False), ("mía", True), ("của", True), ("quả", True), ("già", True)])
def test_where_the_tone_mark_of_ua_stands(word: str, fits: bool) -> None:
    assert is_syllable(word) is fits


def test_an_unsure_word_on_a_sure_one_is_none() -> None:
    seen = [SeenWord("BẢN", (459, 235, 523, 270), 0.93), SeenWord("IÃI", (560, 231, 610, 289), 0.07)]
    lau, far = SeenWord("LẦU", (555, 234, 631, 270), 0.97), SeenWord("Độc", (933, 241, 1001, 275), 0.96)
    month, ten = SeenWord("tháng", (1202, 46, 1507, 98), 0.95), SeenWord("10", (1343, 25, 1397, 104), 0.97)
    row = SeenLine((*seen, lau, far, month, ten), (459, 231, 1507, 289), None)
    picture = picture_of(1, np.full((400, 1600), 255, np.uint8), (576.0, 144.0))
    words = _reading([row], picture, 0.36).page.lines[0].words
    assert [word.text for word in words] == ["BẢN", "LẦU", "Độc", "tháng", "10"]


def test_two_words_read_as_one() -> None:
    assert spelling.official("TỈNH ỦY CÀMAU") == "TỈNH ỦY CÀ MAU"
    code = patterns.parse_code("17/CTUBND", "Chỉ thị")
    assert code is not None and code.whole == "17/CT-UBND"
    letter = patterns.parse_code("17/UBND", "Công văn")
    assert letter is not None and letter.whole == "17/UBND"
