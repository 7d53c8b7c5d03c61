"""What one file tells of its scanner: resolution, colour and paper, whatever its form; a liar is not believed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from scanner_intake import glance as seen_from_outside
from scanner_intake.glance import Glance, glance

A4_AT_100 = (827, 1169)


def scan(path: Path, mode: str, dpi: int = 100, kind: str = "TIFF") -> Path:
    ground = Image.new(mode, A4_AT_100, 1 if mode == "1" else "white")
    ground.save(path, kind, dpi=(dpi, dpi))
    return path


@pytest.mark.parametrize(
    ("mode", "kind", "colour"),
    [
        ("1", "TIFF", "black-and-white"),
        ("L", "JPEG", "gray"),
        ("RGB", "PNG", "colour"),
    ],
)
def test_every_form_tells_how_it_was_scanned(tmp_path: Path, mode: str, kind: str, colour: str) -> None:
    found = glance(scan(tmp_path / "x", mode, kind=kind), tmp_path / "out")
    assert found == Glance(1, (100,), (colour,), ((210, 297),)), kind
    assert not list((tmp_path / "out").iterdir())  # nothing of the paper stays


def test_a_scanned_pdf_tells_of_each_page(tmp_path: Path) -> None:
    colour, black = Image.new("RGB", A4_AT_100, "white"), Image.new("1", A4_AT_100, 1)
    file = tmp_path / "both.pdf"
    colour.save(file, "PDF", save_all=True, append_images=[black], resolution=100)
    assert glance(file, tmp_path / "out") == Glance(2, (100, 100), ("colour", "black-and-white"), ((210, 297),) * 2)


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    (tmp_path / "x.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    assert glance(tmp_path / "x.pdf", tmp_path / "out").code
    with pytest.raises(OSError, match="none"):
        glance(tmp_path / "none.pdf", tmp_path / "out")


@pytest.mark.parametrize(
    "lie",
    [
        b"no JSON",
        b"[]",
        json.dumps({"code": "", "pages": -1, "scans": []}).encode(),
        json.dumps({"code": "", "pages": 1, "scans": [{"dpi": 300, "colour": "<b>", "mm": [210, 297]}]}).encode(),
        json.dumps({"code": "", "pages": 1, "scans": [{"dpi": True, "colour": "gray", "mm": [210, 297]}]}).encode(),
        json.dumps({"code": "", "pages": 1, "scans": [{"dpi": 1, "colour": "gray", "mm": [1]}]}).encode(),
        json.dumps({"code": "", "pages": 99, "scans": [{"dpi": 1, "colour": "gray", "mm": [1, 1]}] * 21}).encode(),
    ],
)
def test_a_child_that_lies_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lie: bytes) -> None:
    monkeypatch.setattr(
        seen_from_outside, "run_child", lambda _module, work, _seconds: (work / "result.json").write_bytes(lie)
    )
    assert glance(scan(tmp_path / "x", "L"), tmp_path / "out") == Glance(code="bad-result")
