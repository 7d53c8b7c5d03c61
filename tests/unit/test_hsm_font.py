"""The stamp font: every Vietnamese letter, 1000 units per em, widths that are right."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from hsm import font
from hsm.font import FontError
from hsm.stamps import (
    MAX_TEXT_WIDTH,
    StampError,
    StampText,
    attachment_stamp,
    blocks,
    copy_stamp,
    iso_time,
    lay_out,
    sizes_of,
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return font.font_file(tmp_path_factory.mktemp("fonts"))


def test_there_are_134_letters() -> None:
    letters = font.vietnamese_letters()
    assert len(letters) == len(set(letters)) == 134
    assert all(unicodedata.is_normalized("NFC", letter) and len(letter) == 1 for letter in letters)
    assert set("ẳẴộỢđĐừỨỷỸ") <= set(letters)


def test_the_built_font_has_them_all_at_1000_units(built: Path) -> None:
    with TTFont(built) as face:
        shown = face.getBestCmap()
        assert face["head"].unitsPerEm == 1000
        assert {ord(letter) for letter in font.characters()} <= set(shown)
        empty = [
            letter for letter in font.vietnamese_letters() if face["glyf"][shown[ord(letter)]].numberOfContours == 0
        ]
        assert empty == []
        assert "GSUB" not in face and "kern" not in face


def test_a_second_call_builds_nothing(built: Path) -> None:
    before = built.stat().st_mtime_ns
    assert font.font_file(built.parent) == built
    assert built.stat().st_mtime_ns == before


def test_width_is_that_of_times(built: Path) -> None:
    assert font.text_width("m", 10, built) == pytest.approx(7.78, abs=0.01)
    assert font.text_width("Ộ", 10, built) == font.text_width("O", 10, built)


def test_text_is_composed_before_it_is_drawn(built: Path) -> None:
    taken_apart = unicodedata.normalize("NFD", "Nguyễn Đức Thử")
    assert font.check_text(taken_apart, built) == "Nguyễn Đức Thử"


@pytest.mark.parametrize("text", ["北京", "tab\there", "emoji 🙂", "д"])
def test_a_letter_the_font_lacks_is_refused_not_drawn_as_a_box(built: Path, text: str) -> None:
    with pytest.raises(FontError) as caught:
        lay_out(StampText((text,)), built)
    assert caught.value.code == "font-glyph-missing"


def test_the_block_of_a_certified_copy() -> None:
    from datetime import UTC, datetime

    now = datetime(2026, 3, 5, 7, 30, 0, 250_000, tzinfo=UTC)
    assert iso_time(now) == "2026-03-05T14:30:00+07:00"
    assert copy_stamp("UBND xã Thử", now, "Văn phòng").lines == (
        "SAO Y",
        "UBND xã Thử",
        "2026-03-05T14:30:00+07:00",
        "Bản điện tử chuyển đổi từ văn bản giấy",
        "Văn phòng",
    )
    assert len(copy_stamp("UBND xã Thử", now, "UBND xã Thử").lines) == 4
    assert attachment_stamp(" 15/UBND-VP", now).lines == (
        "Kèm theo văn bản số 15/UBND-VP",
        "2026-03-05T14:30:00+07:00",
    )


def test_long_lines_are_broken_at_words(built: Path) -> None:
    lines, width, height = lay_out(StampText(("Ủy ban nhân dân xã " + "Thử Nghiệm " * 12,)), built)
    assert len(lines) > 3 and width <= MAX_TEXT_WIDTH + 7 and height == len(lines) * 11 + 3
    assert all(font.text_width(line, 10, built) <= MAX_TEXT_WIDTH for line in lines)


def test_a_form_of_copy_that_the_decree_does_not_know_is_refused(built: Path) -> None:
    from datetime import UTC, datetime

    now = datetime(2026, 3, 5, 7, 30, tzinfo=UTC)
    assert copy_stamp("UBND", now, form="TRÍCH SAO").lines[0] == "TRÍCH SAO"
    for make in (lambda: copy_stamp("UBND", now, form="BẢN SAO"), lambda: attachment_stamp(" ", now)):
        with pytest.raises(StampError):
            make()


def test_a_block_has_a_wide_form_for_low_corners(built: Path) -> None:
    from datetime import UTC, datetime

    stamp = copy_stamp("UBND xã Thử", datetime(2026, 3, 5, 7, 30, tzinfo=UTC), "Văn phòng")
    upright, flat = blocks(stamp, built)
    assert upright.lines == stamp.lines and upright.height == 58
    assert flat.lines == (
        "SAO Y · UBND xã Thử · 2026-03-05T14:30:00+07:00",
        "Bản điện tử chuyển đổi từ văn bản giấy · Văn phòng",
    )
    assert flat.height == 25 and flat.width > upright.width
    assert sizes_of(stamp, built, 36.0) == ((upright.width, 58), (flat.width, 25))
    assert len(blocks(attachment_stamp("15/UBND-VP", datetime(2026, 3, 5, tzinfo=UTC)), built)) == 1
