"""The invisible words: read back in order and in NFC, on their ink, and PDF/A-2b."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pikepdf
import pypdfium2 as pdfium
import pytest
from pikepdf import pdfa

from scanner_intake import text_layer
from scanner_intake.digitize_pdfa import ArchivePage, make_pdfa
from scanner_intake.jbig2 import Stencil
from scanner_intake.layers import Jpeg, Layers
from scanner_intake.text_layer import PlacedLine

A4 = (595.28, 841.89)
WHITE = Jpeg(
    bytes.fromhex(
        "ffd8ffe000104a46494600010100000100010000ffdb004300080606070605080707070909080a0c140d0c0b0b0c1912130f141d1a1f1e1d"
        "1a1c1c20242e2720222c231c1c2837292c30313434341f27393d38323c2e333432ffc0000b080001000101011100ffc4001f000001050101"
        "0101010100000000000000000102030405060708090a0bffc400b5100002010303020403050504040000017d010203000411051221314106"
        "13516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a535455"
        "565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9ba"
        "c2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9faffda0008010100003f00f928a28affd9"
    ),
    1, 1, True,
)  # fmt: skip


def line(text: str, y: float, x: float = 60.0, rise: float = 0.0) -> PlacedLine:
    words = []
    for word in text.split():
        width = 6.0 * len(word)
        words.append((word, (x, y - 10, x + width, y + 2)))
        x += width + 4
    return PlacedLine(tuple(words), rise, y, 14.0)


def made(tmp_path: Path, lines: list[PlacedLine], turn: int = 0) -> Path:
    target = tmp_path / "made.pdf"
    page = ArchivePage(A4, tuple(lines), layers=Layers((1, 1), WHITE, None, (0.0, 0.0, 0.0)), turn=turn)
    make_pdfa([page], None, target, b"seed")
    return target


def read(path: Path) -> str:
    document = pdfium.PdfDocument(path)
    try:
        return str(document[0].get_textpage().get_text_range())
    finally:
        document.close()


def test_words_come_back_in_order_and_composed(tmp_path: Path) -> None:
    lines = ["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Số: 890/UBND-VX", "Kính gửi: Ủy ban nhân dân xã Đồng Mận./."]
    decomposed = [unicodedata.normalize("NFD", each) for each in lines]
    text = read(made(tmp_path, [line(each, 80 + 20 * row) for row, each in enumerate(decomposed)]))
    assert [each.strip() for each in text.splitlines() if each.strip()] == lines


def test_the_words_stand_on_their_ink(tmp_path: Path) -> None:
    document = pdfium.PdfDocument(made(tmp_path, [line("Quyết định", 200.0)]))
    page = document[0].get_textpage()
    left, bottom, _right, top = page.get_charbox(0)
    assert left == pytest.approx(60, abs=1)
    assert bottom == pytest.approx(A4[1] - 200, abs=0.2)
    assert bottom < top
    last = page.get_charbox(4, loose=True)
    assert last[2] == pytest.approx(90, abs=2)  # "Quyết" is 30 points wide
    document.close()


def test_a_sloping_line_is_followed() -> None:
    placed = line("một hai ba", 300.0, rise=0.02)
    content = text_layer.content([placed], 842.0)
    heights = [float(row.split()[5]) for row in content.decode().splitlines() if " Tm " in row]
    assert heights[0] > heights[1] > heights[2]


@pytest.mark.parametrize("word", ["\U0001f600", "\ud800", "a\0b", "\uffff"])
def test_what_has_no_place_becomes_a_blank(word: str) -> None:
    assert " " in text_layer.plain(word)
    text_layer.content([PlacedLine(((word + "x", (1, 1, 9, 9)),), 0.0, 9.0, 8.0)], 100.0)


def test_pages_without_words_have_no_layer() -> None:
    assert text_layer.content([], 842.0) == b""
    assert text_layer.content([PlacedLine(((" ", (0, 0, 5, 5)),), 0.0, 5.0, 5.0)], 842.0) == b""


def test_the_file_is_pdfa_of_true_size_and_always_the_same(tmp_path: Path) -> None:
    lines = [line("Độc lập - Tự do - Hạnh phúc", 100.0)]
    first = made(tmp_path, lines)
    assert pdfa.validate_written(first, "2b").verdict == "pass"
    with pikepdf.open(first) as pdf:
        assert [float(each) for each in pdf.pages[0].mediabox] == pytest.approx([0, 0, *A4], abs=0.001)
        assert "/Helvetica" not in str(pdf.pages[0].Resources)
    once = first.read_bytes()
    assert made(tmp_path, lines).read_bytes() == once


def test_a_stencil_over_a_background_is_pdfa(tmp_path: Path) -> None:
    import numpy as np

    from scanner_intake import jbig2

    stencil: Stencil = jbig2.encode(np.eye(40, dtype=np.uint8))
    layers = Layers((40, 40), WHITE, stencil, (0.1, 0.1, 0.1), ((WHITE, (8, 8, 16, 16)),))
    target = tmp_path / "made.pdf"
    make_pdfa([ArchivePage(A4, (), layers=layers)], None, target, b"seed")
    assert pdfa.validate_written(target, "2b").verdict == "pass"
