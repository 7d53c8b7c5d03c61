"""Who signed: a signature that begins a page, two readings of one name, print under a seal."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from scanner_intake.digitize_ocr import print_only
from scanner_intake.digitized import Field
from scanner_intake.signer import describe_signer, likelier
from tests.fixtures_intake import line, page

PAPER, SEAL, PEN, PRINT = (236, 230, 214), (205, 30, 45), (35, 50, 140), (30, 30, 30)
BODY = line("Quyết định này có hiệu lực kể từ ngày ký.", 90, 700)


def name(value: str, confidence: float = 0.9) -> Field:
    return Field(value, confidence, 2, (380.0, 200.0, 470.0, 212.0))


@pytest.mark.parametrize("top", [40, 90, 150])
def test_a_signature_may_begin_any_page_but_the_first(top: float) -> None:
    signed = page(
        line("KT. CHỦ TỊCH", 400, top),
        line("PHÓ CHỦ TỊCH", 398, top + 16),
        line("Giàng Văn Khuê", 395, top + 95),
        number=2,
    )
    found = describe_signer([page(BODY), signed])
    assert {key: field.value for key, field in found.items()} == {
        "signer_authority": "KT. CHỦ TỊCH",
        "signer_position": "KT. CHỦ TỊCH / PHÓ CHỦ TỊCH",
        "signer_name": "Giàng Văn Khuê",
    }
    assert found["signer_name"].page == 2


def test_a_function_in_the_first_pages_header_signs_nothing() -> None:
    assert describe_signer([page(line("CHỦ TỊCH", 400, 90), line("Giàng Văn Khuê", 395, 170), BODY)]) == {}


def test_the_surer_reading_of_a_name_counts() -> None:
    unsure, sure = name("Trân Thị Sửu", 0.95), name("Trần Thị Sửu", 0.97)
    assert likelier(unsure, sure) == replace(sure, confidence=0.3, guess=True), "two readings that differ are no fact"
    assert likelier(sure, unsure) == likelier(unsure, sure)
    old = name("Trần Thị Thuý", 0.9)
    assert likelier(old, name("Trần Thị Thúy", 0.7)) == old, "the place of a tone mark is no difference"


def test_a_reading_that_lost_a_word_to_the_seal_gives_way() -> None:
    short, whole = name("Thúy Nhẫn", 0.96), name("Bùi Thúy Nhẫn", 0.8)
    assert likelier(short, whole) is whole
    assert likelier(whole, short) is whole


def test_one_reading_alone_stands() -> None:
    only = name("Giàng Văn Khuê")
    assert likelier(only, None) is only
    assert likelier(None, only) is only
    assert likelier(None, None) is None


@pytest.mark.parametrize(
    ("printed", "position", "sure"),
    [
        (("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"), "KT. CHỦ TỊCH / PHÓ CHỦ TỊCH", True),
        (("KT. GIÁM ĐỐC", "GIÁM ĐỐC"), "KT. GIÁM ĐỐC / PHÓ GIÁM ĐỐC", False),
        (("KT. BỘ TRƯỞNG",), "KT. BỘ TRƯỞNG / THỨ TRƯỞNG", False),
        (("xT. BỘ TRƯỞNG",), "KT. BỘ TRƯỞNG / THỨ TRƯỞNG", False),
        (("HÓ CHỦ TỊCH",), "PHÓ CHỦ TỊCH", False),
        (("CÓ CHỦ TỊCH",), "CHỦ TỊCH", False),
        (("TL. CHỦ TỊCH", "KT. CHÁNH VĂN PHÒNG", "PHÓ CHÁNH VĂN PHÒNG"),
         "TL. CHỦ TỊCH / KT. CHÁNH VĂN PHÒNG / PHÓ CHÁNH VĂN PHÒNG", True),
        (("KT. BỘ TRƯỞNG, CHỦ NHIỆM", "PHÓ CHỦ NHIỆM"), "KT. BỘ TRƯỞNG, CHỦ NHIỆM / PHÓ CHỦ NHIỆM", True),
        (("TM. CHÍNH PHỦ", "THỦ TƯỚNG"), "THỦ TƯỚNG", True),
        (("KT. THỦ TƯỚNG", "PHÓ THỦ TƯỚNG"), "KT. THỦ TƯỚNG / PHÓ THỦ TƯỚNG", True),
        (("Q. CHỦ TỊCH",), "Q. CHỦ TỊCH", True),
        (("PHÓ CHỈ HUY TRƯỞNG",), "PHÓ CHỈ HUY TRƯỞNG", True),
        (("CHÁNH ÁN",), "CHÁNH ÁN", True),
    ],
)  # fmt: skip
def test_a_block_that_makes_no_sense_is_a_guess(printed: tuple[str, ...], position: str, sure: bool) -> None:
    lines = [line(text, 400 - 3 * len(text), 300 + 16 * i) for i, text in enumerate(printed)]
    found = describe_signer([page(*lines, line("Giàng Văn Khuê", 358, 420))])
    assert (found["signer_position"].value, not found["signer_position"].guess) == (position, sure)
    if not sure:
        assert found["signer_position"].confidence <= 0.3


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("Trung tá Giàng Văn Khuê", "Giàng Văn Khuê"),
        ("Thượng úy Lê Thị Oanh", "Lê Thị Oanh"),
        ("PGS.TS. Nguyễn Văn An", "Nguyễn Văn An"),
        ("PGS. TS Nguyễn Văn An", "Nguyễn Văn An"),
        ("ThS. Bùi Thị Lẫm", "Bùi Thị Lẫm"),
        ("BS.CKII. Bùi Thị Lẫm", "Bùi Thị Lẫm"),
        ("BS:CKTI: Bùi Thị Lẫm", "Bùi Thị Lẫm"),
        ("Nguyễa Văn Phúc", "Nguyễn Văn Phúc"),
        ("Trân Hoàng Tuấn", "Trần Hoàng Tuấn"),
        ("NGUYỄN VĂN AN", "NGUYỄN VĂN AN"),
        ("Tôn Nữ Thị Ninh", "Tôn Nữ Thị Ninh"),
    ],
)
def test_names_lose_their_ranks_and_misread_family_names(printed: str, value: str) -> None:
    found = describe_signer([page(line("GIÁM ĐỐC", 372, 300), line(printed, 400 - 3 * len(printed), 380))])
    assert found["signer_name"].value == value


def test_a_name_with_a_word_that_is_no_syllable_is_a_guess() -> None:
    found = describe_signer([page(line("GIÁM ĐỐC", 372, 300), line("Lê Vănt Phúcx", 362, 380))])
    assert (found["signer_name"].guess, found["signer_name"].confidence) == (True, 0.3)


def test_seal_and_pen_become_paper_and_the_print_under_them_stays() -> None:
    picture = np.full((240, 320, 3), PAPER, np.uint8)
    picture[60:180, 40:52] = SEAL
    picture[60:180, 150:156] = PEN
    picture[110:122, 20:200] = PRINT  # crosses both
    gray = print_only(cv2.GaussianBlur(picture, (0, 0), 1.0))  # as sharp as a scan
    assert gray[113:119, 24:196].max() < 60
    paper = np.ones(gray.shape, bool)
    paper[106:126, 16:204] = False
    assert gray[paper].min() > 170  # black is below 60, the pen itself 150
    assert gray[60:100, 42:50].min() > 250
    assert np.percentile(gray[60:100, 145:161], 20) > 200


def test_a_scrap_of_a_picture_is_kept_as_it_is() -> None:
    assert print_only(np.full((4, 300, 3), 200, np.uint8)).shape == (4, 300)
