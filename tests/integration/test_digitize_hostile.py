"""Damaged and odd files never harm the parent: always a verdict, in time, with nothing left behind."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest
from pikepdf import pdfa

from scanner_intake.digitize import Limits, digitize
from scanner_intake.source_pages import CODES
from tests.fixtures_intake import SHARED


@pytest.fixture(scope="module", autouse=True)
def _programs() -> None:
    if shutil.which("tesseract") is None:
        pytest.skip("tesseract (tesseract-ocr, tesseract-ocr-vie) is not installed")


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("folder", "least", "step"),
    [
        pytest.param("broken", 60, 14, id="some-broken"),
        pytest.param("images", 40, 14, id="some-images"),
        pytest.param("broken", 70, 3, id="broken", marks=pytest.mark.soak),
        pytest.param("images", 45, 3, id="images", marks=pytest.mark.soak),
    ],
)
def test_a_folder_of_odd_files(tmp_path: Path, folder: str, least: int, step: int) -> None:
    """Every `step`-th file, so that the suite stays quick; `least` per hundred must become PDF/A."""
    place = SHARED / folder
    if not place.is_dir():
        pytest.skip("shared/data is absent")
    files = sorted(place.iterdir())[::step]
    verdicts: Counter[str] = Counter()
    for file in files:
        result = digitize(file, tmp_path / "out", Limits(wall_seconds=60))
        verdicts[result.verdict] += 1
        if result.verdict == "unreadable":
            assert result.code in CODES, (file.name, result.code)
        if result.pdf is not None:
            assert pdfa.validate_written(result.pdf, "2b").verdict == "pass", file.name
        assert [each for each in (tmp_path / "out").iterdir() if each.name.startswith(".")] == []
    assert 100 * verdicts["ok"] / len(files) >= least, verdicts
