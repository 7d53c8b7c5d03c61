"""The digitizer's invisible text layer is what the signer finds its place by: both ends together."""

from __future__ import annotations

import shutil
from pathlib import Path

import pypdfium2 as pdfium
import pytest

from appliance.demo.papers import demo_papers
from hsm.signature_block import between_position_and_name, text_lines
from scanner_intake.digitize import digitize


def test_the_leaders_signature_stands_between_position_and_name(tmp_path: Path) -> None:
    if shutil.which("tesseract") is None:
        pytest.skip("tesseract (tesseract-ocr, tesseract-ocr-vie) is not installed")
    file = next(one for one in demo_papers() if one.kind == "outgoing")
    file.write(tmp_path / "draft.pdf")
    made = digitize(tmp_path / "draft.pdf", tmp_path / "out")
    assert made.pdf is not None
    page = pdfium.PdfDocument(made.pdf)[made.pages - 1]
    lines = text_lines(page)
    position = next(line for line in lines if line.text == file.paper.signer_position)
    name = next(line for line in lines if line.text == file.paper.signer_name)
    place = between_position_and_name(lines, page.get_size(), 130.0, 60.0)
    assert place is not None
    assert position.box[3] <= place[1] < place[3] <= name.box[1]
    assert abs((place[0] + place[2]) / 2 - (name.box[0] + name.box[2]) / 2) < 12
