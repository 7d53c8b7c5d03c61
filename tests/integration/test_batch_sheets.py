"""Separator sheets as printed and scanned: the box's own at every level, and foreign ones where they are at hand."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pypdfium2 as pdfium
import pytest
from click.testing import CliRunner
from pikepdf import pdfa

from appliance.cli import main
from appliance.demo import demo_texts
from appliance.demo.papers import render
from appliance.demo.scan_noise import scan
from scanner_intake.batches import Instruction
from scanner_intake.blank import is_blank
from scanner_intake.separators import find_sheet, has_patch_t

FOREIGN = Path(__file__).parents[2].parent / "shared/data/scans/barcodes"
OFFICIAL = Path(__file__).parents[2].parent / "shared/data/vn-official"
ASKED = Instruction("case-file", "H27.19-250101-0001")


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("sheets") / "sheets.pdf"
    arguments = ["separators", "-o", str(target), "--kind", "case-file", "--dossier", ASKED.dossier, "--count", "3"]
    done = CliRunner().invoke(main, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"file": str(target), "sheets": 3, "code": ASKED.text()}
    return target


def drawn(path: Path, page: int = 0, dpi: float = 200) -> np.ndarray:
    with pdfium.PdfDocument(path) as document:
        return document[page].render(scale=dpi / 72).to_numpy()[:, :, :3].copy()


def scanned(gray: np.ndarray, level: str, seed: int, dpi: int = 200) -> np.ndarray:
    """A printed page as BGR picture of a scanner at a level."""
    page = scan(255 - gray, [], level, np.random.default_rng(seed), dpi)
    return np.ascontiguousarray(np.asarray(page)[:, :, ::-1])


def test_the_file_is_pdfa_of_a4_pages(printed: Path) -> None:
    assert pdfa.validate_written(printed, "2b").verdict == "pass"
    with pdfium.PdfDocument(printed) as document:
        assert [tuple(round(side) for side in page.get_size()) for page in document] == [(595, 842)] * 3


@pytest.mark.parametrize("level", ["A", "B", "C"])
@pytest.mark.parametrize("dpi", [100, 150, 200])
def test_a_scanned_sheet_is_read(printed: Path, level: str, dpi: int) -> None:
    page = scanned(drawn(printed, 1, dpi).min(axis=2), level, dpi + ord(level), dpi)
    for turns in (0, 2) if dpi == 100 else (0, 1, 2, 3):
        seen = find_sheet(np.ascontiguousarray(np.rot90(page, turns)), dpi)
        assert seen is not None and seen.read and seen.instruction == ASKED, (level, dpi, turns)


@pytest.mark.parametrize("level", ["A", "C"])
def test_bars_alone_still_cut(printed: Path, level: str) -> None:
    gray = drawn(printed).min(axis=2)
    gray[900:1950] = 255  # QR and Code 128 torn out
    seen = find_sheet(scanned(gray, level, 3))
    assert seen is not None and not seen.read and seen.instruction == Instruction()


def test_a_sheet_with_red_ink_is_taken_for_a_paper(printed: Path) -> None:
    page = drawn(printed)
    cv2.rectangle(page, (1100, 700), (1400, 800), (40, 40, 220), 8)
    assert find_sheet(page) is None


@cache
def paper_pages(level: str) -> tuple[np.ndarray, ...]:
    return tuple(
        np.ascontiguousarray(np.asarray(page.convert("RGB"))[:, :, ::-1])
        for paper in (demo_texts.DECISION, demo_texts.LETTER)
        for page in render(paper, 200, level)
    )


@pytest.mark.parametrize("level", ["A", "B", "C"])
def test_a_paper_is_neither_a_sheet_nor_blank(level: str) -> None:
    for page in paper_pages(level):
        assert find_sheet(page) is None and not is_blank(page, 200)


@pytest.mark.parametrize("level", ["A", "B", "C"])
def test_the_empty_back_of_a_sheet_is_blank(level: str) -> None:
    assert is_blank(scanned(np.full((2339, 1654), 255, np.uint8), level, 5), 200)


def skip_without(folder: Path) -> None:
    if not folder.is_dir():
        pytest.skip(f"no third-party scans here: {folder} (shared/data)")


SEPARATORS = {
    "patch-code-t-double.pdf": {2, 3},
    "patch-code-t-middle-distorted.pdf": {2},
    "patch-code-t-middle-reverse.pdf": {2},
    "patch-code-t-middle.pdf": {2},
    "patch-code-t-qr.pdf": {1},
    "several-patcht-codes.pdf": {3, 6},
    "split-by-asn-2.pdf": {3},
    "barcode-fax-image.pdf": {2},
    "barcode-qr-custom.pdf": set(),
    "barcode-39-asn-123.pdf": set(),
    "barcode-39-asn-invalid.pdf": set(),
    "barcode-128-asn-too-large.pdf": set(),
    "split-by-tag-mixed-asn.pdf": set(),
}
"""What the names say; numbers and tags of another product (ASN…, TAG:…) are none of our separators."""


@pytest.mark.parametrize("name", sorted(SEPARATORS))
def test_foreign_sheets(name: str) -> None:
    skip_without(FOREIGN)
    with pdfium.PdfDocument(FOREIGN / name) as document:
        count = len(document)
    assert {n for n in range(1, count + 1) if find_sheet(drawn(FOREIGN / name, n - 1))} == SEPARATORS[name]


def test_foreign_bars_are_found_without_their_code() -> None:
    skip_without(FOREIGN)
    gray = drawn(FOREIGN / "patch-code-t-middle-reverse.pdf", 1).min(axis=2)
    gray[1050:1250] = 255
    assert has_patch_t(gray)


def test_no_official_page_is_a_sheet() -> None:
    skip_without(OFFICIAL)
    for path in sorted(OFFICIAL.glob("*.pdf")):
        assert find_sheet(drawn(path)) is None, path.name
