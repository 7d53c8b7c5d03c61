"""Both archive profiles on generated scans: streams untouched, layers sound for two decoders, text that readers get."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2 as pdfium
import pytest
from pikepdf import pdfa
from PIL import Image

from appliance.demo import demo_texts, papers
from appliance.demo.scan_files import write_pdf_scan, write_tiff
from scanner_intake.digitize import Digitized, Limits, digitize

PAPER = replace(demo_texts.SECRET, secrecy="")
Run = Callable[..., Digitized]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    if shutil.which("tesseract") is None:
        pytest.skip("tesseract (tesseract-ocr, tesseract-ocr-vie) is not installed")

    def digitized(source: Path, profile: str = "compact") -> Digitized:
        result = digitize(source, tmp_path / profile, Limits(profile=profile))
        assert result.pdf is not None, (result.verdict, result.code)
        assert pdfa.validate_written(result.pdf, "2b").verdict == "pass"
        return result

    return digitized


def streams(path: Path) -> list[bytes]:
    with pikepdf.open(path) as pdf:
        return [
            bytes(each.read_raw_bytes())
            for each in pdf.objects
            if isinstance(each, pikepdf.Stream) and each.get("/Subtype") == "/Image"
        ]


def test_faithful_keeps_the_scanners_bytes(tmp_path: Path, run: Run) -> None:
    source = tmp_path / "scan.pdf"
    write_pdf_scan(papers.render(PAPER, 200, "B"), source, 200, 80)
    result = run(source, "faithful")
    assert result.pdf is not None
    assert streams(result.pdf) == streams(source)
    assert "profile-changed" not in result.warnings
    assert "CỘNG HÒA XÃ HỘI" in result.text[0]


def test_compact_is_small_and_reads_the_same_by_two_programs(tmp_path: Path, run: Run) -> None:
    for program in ("pdftotext", "pdftoppm", "qpdf"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    source = tmp_path / "scan.pdf"
    write_pdf_scan(papers.render(PAPER, 300, "B"), source, 300, 75)
    result = run(source)
    assert result.pdf is not None
    assert result.cost.bytes_out < result.cost.bytes_in / 5
    assert subprocess.run(["qpdf", "--check", result.pdf], capture_output=True, check=False).returncode == 0
    text = subprocess.run(["pdftotext", result.pdf, "-"], capture_output=True, text=True, check=True).stdout
    words = result.text[0].split()
    assert sum(word in text for word in words) > 0.98 * len(words)
    subprocess.run(["pdftoppm", "-r", "100", "-gray", "-singlefile", result.pdf, tmp_path / "poppler"], check=True)
    poppler = np.asarray(Image.open(tmp_path / "poppler.pgm"), dtype=np.int16)
    document = pdfium.PdfDocument(result.pdf)
    shown = document[0].render(scale=100 / 72, grayscale=True).to_numpy()
    document.close()
    height, width = min(poppler.shape[0], shown.shape[0]), min(poppler.shape[1], shown.shape[1])
    difference = np.abs(poppler[:height, :width] - shown[:height, :width].reshape(shown.shape[:2])[:height, :width])
    assert difference.mean() < 4


def test_blank_sides_are_left_out_and_named(tmp_path: Path, run: Run) -> None:
    page = papers.render(PAPER, 200, "A")[0]
    blank = Image.new("RGB", page.size, (236, 234, 226))
    source = tmp_path / "scan.tif"
    write_tiff([page, blank, page], source, 200, "jpeg", 80)
    result = run(source)
    assert (result.pages, result.hidden_pages) == (2, (2,))
    assert "blank-pages-hidden" in result.warnings
    assert result.pdf is not None
    with pikepdf.open(result.pdf) as pdf:
        assert len(pdf.pages) == 2


def test_whoever_watches_hears_of_every_page(tmp_path: Path) -> None:
    source = tmp_path / "scan.pdf"
    write_pdf_scan(papers.render(PAPER, 200, "A") * 2, source, 200, 80)
    heard: list[tuple[int, int]] = []
    digitize(source, tmp_path / "out", on_page=lambda page, of: heard.append((page, of)))
    assert heard[-1] == (2, 2)
    assert heard == sorted(set(heard))
