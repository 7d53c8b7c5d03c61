"""Words and rules behind the fields: syllables, set phrases, subjects that begin oddly, offices in odd rows."""

from __future__ import annotations

import pytest

from scanner_intake import patterns, phrases, spelling
from scanner_intake.describe import describe_paper
from scanner_intake.layout import Line, PageText, honest, key
from scanner_intake.syllables import is_syllable, modern
from tests.fixtures_intake import line, page

NATION = line("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 285, 60)
MOTTO = line("Độc lập - Tự do - Hạnh phúc", 320, 76)
DATE = line("Bình Hòa, ngày 05 tháng 07 năm 2026", 320, 106)
BODY = [
    line("Thực hiện Kế hoạch số 12/KH-UBND ngày 03/8/2025 của Ủy ban nhân dân tỉnh về việc báo cáo kết quả,", 113, 240),
    *(
        line(
            "các cơ quan, đơn vị rà soát, cập nhật đầy đủ thông tin hồ sơ trên hệ thống, bảo đảm đúng", 85, 258 + 18 * i
        )
        for i in range(6)
    ),
]


def letter(*left: Line, number: str = "Số: 15/UBND-VX", issuer: tuple[str, ...] = ("UBND XÃ BÌNH HÒA",)) -> PageText:
    head = [line(text, 165 - 3.4 * len(text), 60 + 16 * i) for i, text in enumerate(issuer)]
    return page(*head, NATION, MOTTO, line(number, 105, 106), DATE, *left, *BODY)


SYLLABLES = "nguyễn quốc giữ gì quỳnh khuya thuở giải oanh yêu Huỳnh Đặng xuống nghiêng"


@pytest.mark.parametrize("word", SYLLABLES.split())
def test_syllables(word: str) -> None:
    assert is_syllable(word) and is_syllable(word.upper())


@pytest.mark.parametrize("word", ["nguyễa", "quôc", "chuât", "bcd", "hàà", "Rvê", "măt", "x1", "UBND", ""])
def test_what_is_none(word: str) -> None:
    assert not is_syllable(word)


def test_the_place_of_a_tone_mark_is_one_spelling() -> None:
    assert modern("HOÀ Uỷ thuý khoẻ QUÝ quỳ toàn hoán") == "HÒA Ủy thúy khỏe QUÝ quỳ toàn hoán"


@pytest.mark.parametrize(
    ("read", "printed"),
    [
        ("Về việc bố nhiệm, công bô Danh mục được chuân hóa", "Về việc bổ nhiệm, công bố Danh mục được chuẩn hóa"),
        ("(đê báo cáo); Cục Kiêm soát", "(để báo cáo); Cục Kiểm soát"),
        ("hoá đơn điện tử", "hoá đơn điện tử"),
        ("UỶ BAN", "UỶ BAN"),
        ("Trần Văn Bộ trưởng thôn 12/3", "Trần Văn Bộ trưởng thôn 12/3"),
        ("", ""),
    ],
)
def test_set_phrases_are_mended_and_nothing_else(read: str, printed: str) -> None:
    assert spelling.mended(read) == printed


@pytest.mark.parametrize(
    ("read", "printed"),
    [
        ("ỦY BAN NHÂN DÂN TỈNH QUANG NGAI", "ỦY BAN NHÂN DÂN TỈNH QUẢNG NGÃI"),
        ("BỘ KHOA HỌC VÀ GÔNG NGHỆ", "BỘ KHOA HỌC VÀ CÔNG NGHỆ"),
        ("UBND TỈNH QUẢNGLÂM", "UBND TỈNH QUẢNG LÂM"),
        ("UBND TỈNH QUẢNG LÂM", "UBND TỈNH QUẢNG LÂM"),
        ("T/M UY BAN KIEM TRA", "T/M ỦY BAN KIỂM TRA"),
        ("BAN CHÍ ĐẠO CHUYỂN ĐỔI SỐ", "BAN CHỈ ĐẠO CHUYỂN ĐỔI SỐ"),
        ("SỞ VĂN HOÁ, THỂ THAO VÀ DU LỊCH", "SỞ VĂN HOÁ, THỂ THAO VÀ DU LỊCH"),
        ("PHÒNG VĂN HÓA - XÃ HỘI", "PHÒNG VĂN HÓA - XÃ HỘI"),
    ],
)
def test_names_of_offices_are_mended_by_their_phrases_and_places_never_by_a_letter(read: str, printed: str) -> None:
    assert spelling.official(read) == printed


def test_a_word_alone_is_only_respelled_where_it_can_only_be_that() -> None:
    assert patterns.respelled("SỠ Y TẾ") == "SỞ Y TẾ"
    for text in ("ỦY BAN NHÂN DÂN HÀ TĨNH", "BAN CHỈ HUY QUÂN SỰ", "BAN CHỈ ĐẠO CHUYỂN ĐỔI SỐ"):
        assert patterns.respelled(text) == text


def test_phrases_have_no_twin_and_are_made_of_syllables() -> None:
    for text in (*phrases.RUNNING, *phrases.OFFICIAL):
        words = text.replace(",", "").replace(" - ", " ").split()
        assert all(is_syllable(word) for word in words), text
    by_key = {key(text): text for text in phrases.RUNNING}
    assert len(by_key) == len(set(phrases.RUNNING))


def test_one_unsure_word_makes_the_whole_unsure() -> None:
    assert honest([0.97] * 9) == 0.97
    assert honest([0.97] * 9 + [0.3]) == pytest.approx(0.56)
    assert honest([]) == 0.0


@pytest.mark.parametrize("mark", ["V/v", "V⁄v", "V⁄:", "Y/v", "V/v:"])
def test_a_letters_subject_whatever_became_of_its_mark(mark: str) -> None:
    told = describe_paper([letter(line(f"{mark} tăng cường kiểm tra", 90, 124), line("an toàn thực phẩm", 95, 137))])
    assert key(told.fields["subject"].value) == "V V TANG CUONG KIEM TRA AN TOAN THUC PHAM"


def test_a_letters_subject_without_any_mark_is_less_sure() -> None:
    told = describe_paper([letter(line("tăng cường kiểm tra an toàn", 85, 124))])
    assert told.fields["subject"].value == "tăng cường kiểm tra an toàn"
    assert told.fields["subject"].confidence <= 0.6
    assert "subject" not in describe_paper([letter(line("Kính gửi: Sở Nội vụ", 90, 124))]).fields


def test_a_note_typed_beside_the_subject_is_left_out_and_lowers_it() -> None:
    rows = [line("V/v bảo đảm an toàn cho HS, SV 1. Cô Hương gửi văn bản", 91, 124), line("trong dịp nghỉ hè", 98, 137)]
    told = describe_paper([letter(*rows)]).fields["subject"]
    assert told.value.startswith("V/v bảo đảm an toàn cho HS") and "Hương" not in told.value
    assert told.confidence <= 0.7


def titled(*under: Line, name: str = "KẾ HOẠCH") -> PageText:
    return letter(line(name, 280, 150), *under, number="Số: 15/KH-UBND")


def test_a_subject_may_begin_like_a_paragraph() -> None:
    told = describe_paper([titled(line("Thực hiện phong trào thi đua năm 2026", 205, 170))])
    assert told.fields["subject"].value == "Thực hiện phong trào thi đua năm 2026"


def test_a_paragraph_right_under_the_type_is_no_subject() -> None:
    assert "subject" not in describe_paper([titled()]).fields


@pytest.mark.parametrize(
    "name", ["NGHỊ ĐỊNH", "THÔNG TƯ", "PHIẾU CHUYỂN", "GIẤY GIỚI THIỆU", "THƯ CÔNG", "KẾT LUẬN", "BẢN GHI NHỚ"]
)
def test_types_of_all_desks(name: str) -> None:
    told = describe_paper([titled(name=name)])
    assert told.fields["type_name"].value.upper() == name


@pytest.mark.parametrize(
    ("printed", "whole"),
    [
        ("Số: 04/TAKV3-VP", "04/TAKV3-VP"),
        ("Số: 01/2026/NQ-HĐND", "01/2026/NQ-HĐND"),
        ("Số: 34 / TB-VPUBND", "34/TB-VPUBND"),
        ("Số: 34/TB-VPỦBND", "34/TB-VPUBND"),
        ("Số: 249/HĐÐND-VP", "249/HĐND-VP"),
        ("Số: 12/SNNMT-QLĐĐ", "12/SNNMT-QLĐĐ"),
        ("Số: 77/KBXIV-KTNN", "77/KBXIV-KTNN"),
    ],
)
def test_numbers_of_all_desks(printed: str, whole: str) -> None:
    code = patterns.parse_code(patterns.number_line(printed) or "")
    assert code is not None and code.whole == whole


@pytest.mark.parametrize(
    ("rows", "issuer", "parent"),
    [
        (("UBND XÃ XUÂN QUỲ", "PHÒNG VĂN HÓA - XÃ HỘI"), "PHÒNG VĂN HÓA - XÃ HỘI", "UBND XÃ XUÂN QUỲ"),
        (("CỤC THUẾ", "THUẾ TỈNH HÒA SƠN"), "THUẾ TỈNH HÒA SƠN", "CỤC THUẾ"),
        (("ĐẢNG BỘ TỈNH QUẢNG LÂM", "- ĐẢNG ỦY XÃ SƠN KỲ"), "ĐẢNG ỦY XÃ SƠN KỲ", "ĐẢNG BỘ TỈNH QUẢNG LÂM"),
        (("TÒA ÁN NHÂN DÂN", "KHU VỰC 3 - HÒA SƠN"), "TÒA ÁN NHÂN DÂN KHU VỰC 3 - HÒA SƠN", ""),
        (("VĂN PHÒNG", "ỦY BAN NHÂN DÂN TỈNH HÒA SƠN"), "VĂN PHÒNG ỦY BAN NHÂN DÂN TỈNH HÒA SƠN", ""),
        (("TỈNH ỦY QUẢNG LÂM", "VĂN PHÒNG"), "VĂN PHÒNG", "TỈNH ỦY QUẢNG LÂM"),
        (("SỞ NỘI VỤ -", "SỞ TÀI CHÍNH"), "SỞ NỘI VỤ - SỞ TÀI CHÍNH", ""),
    ],
)
def test_offices(rows: tuple[str, ...], issuer: str, parent: str) -> None:
    fields = describe_paper([letter(issuer=rows)]).fields
    assert fields["issuer"].value == issuer
    assert (fields["parent_issuer"].value if "parent_issuer" in fields else "") == parent


def test_a_name_that_ran_into_the_title_is_cut_off_it() -> None:
    merged = page(
        line("HỘI NÔNG DÂN TỈNH QUẢNG", 64, 60),
        line("LÂMCỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 247, 60),
        line("HỘI NÔNG DÂN XÃ SƠN KỲ", 70, 76), MOTTO, line("Số: 57/HND-TH", 110, 106), DATE, *BODY,
    )  # fmt: skip
    fields = describe_paper([merged]).fields
    assert (fields["issuer"].value, fields["parent_issuer"].value) == (
        "HỘI NÔNG DÂN XÃ SƠN KỲ",
        "HỘI NÔNG DÂN TỈNH QUẢNG LÂM",
    )


def test_the_place_is_the_one_in_the_issuers_name() -> None:
    def place(read: str) -> str:
        lines = [each for each in letter().lines if "ngày" not in each.text or "Kế hoạch" in each.text]
        header = page(*lines, line(f"{read}, ngày 05 tháng 07 năm 2026", 320, 106))
        return describe_paper([header]).fields["place"].value

    assert [place(read) for read in ("Bình Hòa", "Binh Hòa", "ình Hòa", "Hà Nội")] == [
        "Bình Hòa", "Bình Hòa", "Bình Hòa", "Hà Nội",
    ]  # fmt: skip


def test_recipients_whose_heading_was_covered() -> None:
    items = ["- Như trên;", "- CT, PCT UBND tỉnh;", "- Lưu: VT, TTHC."]
    closing = page(*(line(text, 79, 422 + 14 * i) for i, text in enumerate(items)), number=2)
    found = describe_paper([letter(line("Kính gửi: Sở Nội vụ.", 180, 190)), closing]).fields["recipients"]
    assert (found.value, found.page) == ("Như trên; CT, PCT UBND tỉnh; Lưu: VT, TTHC", 2)
    assert found.confidence <= 0.6


def test_a_date_and_a_number_with_an_open_gap_are_whole() -> None:
    opened = page(
        line("UBND XÃ BÌNH HÒA", 100, 60), NATION, MOTTO,
        line("Số:", 100, 106), line("/QĐ-UBND", 160, 106), line("Bình Hòa, ngày", 310, 106),
        line("tháng 01 năm 2026", 432, 106), line("QUYẾT ĐỊNH", 270, 150), *BODY,
    )  # fmt: skip
    told = describe_paper([opened])
    assert (told.fields["place"].value, told.fields["code_notation"].value) == ("Bình Hòa", "QĐ-UBND")
    assert "issued_date" not in told.fields


def test_a_joint_notation_stays_and_the_authority_above_is_no_partner() -> None:
    rows = ("UBND TỈNH HÒA SƠN", "SỞ NỘI VỤ -", "SỞ TÀI CHÍNH")
    fields = describe_paper([titled(name="KẾ HOẠCH")]).fields
    assert fields["type_name"].value == "Kế hoạch"
    joint = letter(line("KẾ HOẠCH", 280, 160), number="Số: 21/KHLT-SNV-STC", issuer=rows)
    fields = describe_paper([joint]).fields
    assert fields["code"].value == "21/KHLT-SNV-STC"
    assert fields["issuer"].value == "SỞ NỘI VỤ - SỞ TÀI CHÍNH"
    assert fields["parent_issuer"].value == "UBND TỈNH HÒA SƠN"


def test_a_paragraphs_last_words_are_no_list_of_recipients() -> None:
    second = page(line("cá nhân", 85, 100), *BODY, number=2)
    assert "recipients" not in describe_paper([letter(), second]).fields


@pytest.mark.parametrize(
    ("lines", "iso", "place"),
    [
        ((("Bình Hòa, ngày 05/7/2026", 106.0),), "2026-07-05", "Bình Hòa"),
        ((("Bình Hòa, ngày 05 . 07 . 2026", 106.0),), "2026-07-05", "Bình Hòa"),
        (
            (("Thành phố Hồ Chí Minh, ngày 05 tháng 7", 106.0), ("năm 2026", 120.0)),
            "2026-07-05",
            "Thành phố Hồ Chí Minh",
        ),
        ((("TP. Hồ Chí Minh, ngày 05 tháng 7 năm 2026", 106.0),), "2026-07-05", "TP. Hồ Chí Minh"),
        ((("Bình Hòa, ngày 35/7/2026", 106.0),), "", "Bình Hòa"),
    ],
)
def test_dates_of_all_desks(lines: tuple[tuple[str, float], ...], iso: str, place: str) -> None:
    rest = [each for each in letter().lines if "Bình Hòa, ngày" not in each.text]
    told = describe_paper([page(*rest, *(line(text, 315, y) for text, y in lines))])
    assert (told.fields["issued_date"].value if "issued_date" in told.fields else "") == iso
    assert told.fields["place"].value == place


@pytest.mark.parametrize("note", ["DỰ THẢO", "DỰ THẢO LẦN 2", "SAO Y", "HỎA TỐC"])
def test_a_note_beside_the_head_names_nobody(note: str) -> None:
    fields = describe_paper([letter(issuer=(note, "UBND XÃ BÌNH HÒA"))]).fields
    assert fields["issuer"].value == "UBND XÃ BÌNH HÒA" and "parent_issuer" not in fields


def test_a_subject_that_names_the_country_is_no_national_title() -> None:
    party = page(
        line("ĐẢNG ỦY XÃ MỸ THƯỢNG", 60, 60), line("ĐẢNG CỘNG SẢN VIỆT NAM", 333, 60),
        line("BAN XÂY DỰNG ĐẢNG", 84, 76), line("Số 06-BC/BXDĐ", 112, 107),
        line("Mỹ Thượng, ngày 07 tháng 07 năm 2026", 308, 100), line("BÁO CÁO", 278, 150),
        line("kỷ niệm Ngày Quốc khánh nước Cộng hòa", 190, 170), line("xã hội chủ nghĩa Việt Nam", 228, 188),
        line("Thực hiện Công văn số 02/UBND-NC ngày 20 tháng 5 năm 2026 của Ủy ban nhân dân tỉnh về việc", 113, 240),
        *BODY[1:],
    )  # fmt: skip
    fields = describe_paper([party]).fields
    told = {name: fields[name].value for name in ("code", "issued_date", "issuer", "type_name", "place")}
    assert told == {
        "code": "06-BC/BXDĐ", "issued_date": "2026-07-07", "issuer": "BAN XÂY DỰNG ĐẢNG", "type_name": "Báo cáo",
        "place": "Mỹ Thượng",
    }  # fmt: skip
