"""Every cut of every kind of file is seen; whole files are whole, whatever their name."""

from __future__ import annotations

import os
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from scanner_intake import tiff
from scanner_intake.container import inspect, media_type_of
from tests.fixtures_intake import big_tiff, small_image, small_pdf, two_page_tiff

WHOLE = {
    "pdf": (small_pdf(), "application/pdf"),
    "jpeg": (small_image("JPEG"), "image/jpeg"),
    "progressive": (small_image("JPEG", progressive=True), "image/jpeg"),
    "png": (small_image("PNG"), "image/png"),
    "tiff": (small_image("TIFF"), "image/tiff"),
    "two-page-tiff": (two_page_tiff(compression="tiff_deflate"), "image/tiff"),
    "big-tiff": (big_tiff("<"), "image/tiff"),
    "big-tiff-motorola": (big_tiff(">"), "image/tiff"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_files(tmp_path: Path, name: str) -> None:
    content, media_type = WHOLE[name]
    path = tmp_path / "scan.bin"
    path.write_bytes(content)
    found = inspect(path)
    assert (found.media_type, found.whole, found.code) == (media_type, True, "")
    assert media_type_of(path) == media_type


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_cut_at_any_byte_is_not_whole(tmp_path: Path, name: str) -> None:
    content, _ = WHOLE[name]
    path = tmp_path / "scan.bin"
    # What follows the end mark of a PDF is only a line end.
    end = len(content.rstrip(b"\n")) if name == "pdf" else len(content)
    path.write_bytes(content)
    for length in reversed(range(end)):
        os.truncate(path, length)
        found = inspect(path)
        if name == "two-page-tiff" and found.whole:  # the writer pads its last page: nothing but zeros may be missing
            assert content[length:] == bytes(len(content) - length)
            with Image.open(path) as image:
                image.seek(1)
                image.load()
            continue
        assert not found.whole, f"cut at {length} of {len(content)}"
        assert found.code in ("empty", "truncated", "damaged", "unsupported-type")


def test_a_growing_file_is_never_called_unsupported(tmp_path: Path) -> None:
    path = tmp_path / "scan"
    for content, _ in WHOLE.values():
        for length in range(1, 12):
            path.write_bytes(content[:length])
            assert inspect(path).code == "truncated", content[:length]


def test_other_things_are_unsupported(tmp_path: Path) -> None:
    path = tmp_path / "bao cao.pdf"
    path.write_bytes(b"PK\x03\x04 a word processor's file")
    assert inspect(path).code == "unsupported-type"


def test_a_pdf_whose_end_belongs_to_an_earlier_revision(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(small_pdf() + b"3 0 obj<</Type/Page/Parent 2 0 R")
    assert inspect(path).code == "truncated"


def test_a_linearized_pdf_cut_after_its_first_part(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    pdf = pikepdf.new()
    for _ in range(3):
        pdf.add_blank_page()
    pdf.save(path, linearize=True)
    content = path.read_bytes()
    first_end = content.index(b"%%EOF") + 5
    assert first_end < len(content) - 10
    path.write_bytes(content[:first_end])
    assert inspect(path).code == "truncated"
    path.write_bytes(content)
    assert inspect(path).whole


def test_an_encrypted_pdf_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    pdf = pikepdf.new()
    pdf.add_blank_page()
    pdf.save(path, encryption=pikepdf.Encryption(owner="a", user="b"))
    assert inspect(path).whole


def test_bytes_before_the_pdf_header(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"\r\n" + small_pdf())
    assert inspect(path).whole


def test_links_and_pipes_are_not_opened(tmp_path: Path) -> None:
    target = tmp_path / "whole.pdf"
    target.write_bytes(small_pdf())
    (tmp_path / "link.pdf").symlink_to(target)
    os.mkfifo(tmp_path / "pipe.pdf")
    assert inspect(tmp_path / "link.pdf").code == "unreadable"
    assert not inspect(tmp_path / "pipe.pdf").whole
    assert inspect(tmp_path / "gone.pdf").code == "unreadable"


def test_a_tiff_chain_that_bites_its_tail_ends() -> None:
    content = bytearray(small_image("TIFF"))
    start = int.from_bytes(content[4:8], "little")
    count = int.from_bytes(content[start : start + 2], "little")
    following = start + 2 + 12 * count
    content[following : following + 4] = start.to_bytes(4, "little")
    assert not tiff.is_whole(bytes(content))


def test_a_tiff_with_an_absurd_count_is_refused_without_memory() -> None:
    content = bytearray(small_image("TIFF"))
    start = int.from_bytes(content[4:8], "little")
    for entry in range(start + 2, start + 2 + 12 * 8, 12):
        if content[entry : entry + 2] == (273).to_bytes(2, "little"):
            content[entry + 4 : entry + 8] = b"\xff\xff\xff\x7f"
    assert not tiff.is_whole(bytes(content))
