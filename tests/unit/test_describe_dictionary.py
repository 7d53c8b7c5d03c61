"""The province's own words: replaced only by what is surely the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner_intake.dictionary import BadDictionary, Dictionary, load

WORDS = Dictionary(
    agencies=("Ủy ban nhân dân tỉnh Thượng Giang", "SỞ TƯ PHÁP"),
    notations=("SGDĐT-CTrTT", "UBND-KTTH", "HĐND"),
    signers=("Giàng Văn Khuê", "Bùi Thị Hoằng", "Bùi Thị Hoàng"),
)


def test_without_a_file_everything_stays_as_read() -> None:
    nothing = load(None)
    assert (nothing.agency("SỔ TƯ PHÁP"), nothing.signer("Giảng Van Khue"), nothing.notation("QD-UBND")) == (
        "SỔ TƯ PHÁP",
        "Giảng Van Khue",
        "QD-UBND",
    )


@pytest.mark.parametrize(
    ("read", "shown"),
    [
        ("UỶ BAN NHÂN DÂN TỈNH THƯỢNG GIANG", "ỦY BAN NHÂN DÂN TỈNH THƯỢNG GIANG"),
        ("ỦY BAN NHÂN DÂN TINH THUỌNG GIANC", "ỦY BAN NHÂN DÂN TỈNH THƯỢNG GIANG"),
        ("SỔ TƯ PHÁP", "SỞ TƯ PHÁP"),
        ("SỞ TÀI CHÍNH", "SỞ TÀI CHÍNH"),
    ],
)
def test_agencies(read: str, shown: str) -> None:
    assert WORDS.agency(read) == shown


@pytest.mark.parametrize(
    ("read", "shown"),
    [
        ("Giảng Van Khuê", "Giàng Văn Khuê"),
        ("Giàng Văn Khuy", "Giàng Văn Khuy"),  # another letter is another person
        ("Bùi Thị Hoăng", "Bùi Thị Hoăng"),  # two people fit
    ],
)
def test_signers_are_mended_in_their_tone_marks_only(read: str, shown: str) -> None:
    assert WORDS.signer(read) == shown


@pytest.mark.parametrize(
    ("read", "shown"),
    [
        ("SGDDT-CTrTT", "SGDĐT-CTrTT"),
        ("NQ-HDND", "NQ-HĐND"),
        ("UBND-KTTH", "UBND-KTTH"),
        ("HD-UBND", "HD-UBND"),  # Hướng dẫn stays: no known notation says otherwise
        ("QĐ-STP", "QĐ-STP"),
    ],
)
def test_notations(read: str, shown: str) -> None:
    assert WORDS.notation(read) == shown


def test_the_documented_file(tmp_path: Path) -> None:
    file = tmp_path / "words.toml"
    file.write_text('agencies = ["SỞ  TƯ PHÁP"]\nsigners = []\n[boxes]\nharmless = ["ĐÃ KIỂM TRA"]\n')
    assert load(file) == Dictionary(agencies=("SỞ TƯ PHÁP",), harmless=("ĐÃ KIỂM TRA",))


@pytest.mark.parametrize(
    "text", ["agencies = 5", "agencies = [1]", "others = []", "boxes = 1", "[boxes]\nx = 1", "= ="]
)
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "words.toml"
    file.write_text(text)
    with pytest.raises(BadDictionary):
        load(file)


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDictionary):
        load(tmp_path / "none.toml")
