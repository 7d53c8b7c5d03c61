"""The digitizer's invisible text layer is what the signer finds its place by: both ends together."""

from __future__ import annotations

import shutil
import subprocess
from datetime import date
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from PIL import Image, ImageDraw

from appliance.demo.papers import demo_papers
from hsm.appearance import Fonts, draw_blanks
from hsm.blanks import texts
from hsm.placement import Layout
from hsm.signature_block import between_position_and_name, text_lines
from scanner_intake.digitize import digitize
from tests.data.signing_pages import make_page


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


def test_a_scanned_draft_shows_its_gaps_in_the_size_of_its_letters(tmp_path: Path) -> None:
    source = make_page(tmp_path / "draft.pdf", "draft")
    subprocess.run(["pdftoppm", "-r", "200", "-png", "-singlefile", source, tmp_path / "scan"], check=True)
    made = digitize(tmp_path / "scan.png", tmp_path / "out")
    assert made.pdf is not None
    with Layout(source) as born, Layout(made.pdf) as read:
        wanted, found = born.blanks(), read.blanks()
    assert (found.kinds, found.notation) == (wanted.kinds, wanted.notation) == (("number", "date"), "QĐ-UBND")
    for one, other in zip(wanted.gaps, found.gaps, strict=True):
        assert other.middle == pytest.approx(one.middle, abs=2) and other.baseline == pytest.approx(one.baseline, abs=1)
    fonts = Fonts.in_cache(tmp_path / "fonts")
    assert found.box is not None
    drawing = draw_blanks(found, texts(found.kinds, 7, date(2026, 2, 5)), fonts, found.box)
    assert [line.text for line in drawing.lines] == ["07", "05", "02"]
    assert all(line.size == pytest.approx(13, abs=0.8) for line in drawing.lines)


def test_the_block_stays_at_the_right_though_more_room_is_at_the_left(tmp_path: Path) -> None:
    """NĐ 30/2020 PL I mục II: the right corner; a lower form there comes before a better one elsewhere."""
    page = Image.new("L", (595, 842), "white")
    ImageDraw.Draw(page).rectangle((300, 40, 560, 60), fill="black")
    page.save(tmp_path / "page.pdf", "PDF", resolution=72)
    with Layout(tmp_path / "page.pdf") as layout:
        place, form = layout.top_right([(150.0, 48.0), (330.0, 22.0)])
        assert form == 1 and place.scale == 1.0
        assert place.box[2] > 565 and place.box[3] < 40 and not place.notes
        alone, _ = layout.top_right([(150.0, 48.0)])
        assert alone.box[0] > 595 / 2, "one form only: under what stands there, still at the right"
