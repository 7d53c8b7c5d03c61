"""Every real and every broken file opens as a source or is refused with a code, in a limited process of its own.

The files are hostile on purpose, so they are never parsed in the process of the tests.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from scanner_intake.digitize_limits import environment
from scanner_intake.source_pages import CODES
from tests.fixtures_intake import SHARED

_CHILD = r"""
import json, sys, tempfile, time
from dataclasses import replace
from pathlib import Path
from scanner_intake import digitize_limits
from scanner_intake.digitized import Limits
limits = replace(Limits(), cpu_seconds=300)
digitize_limits.restrict(limits)
from scanner_intake.source_pages import Refused, open_source
for name in sys.argv[1:]:
    path, started, found = Path(name), time.process_time(), {"name": Path(name).name, "code": "", "pages": 0}
    try:
        with tempfile.TemporaryDirectory() as work, open_source(path, Path(work), limits) as source:
            for page in source.pages[:6]:
                picture = page.picture(200)
                assert picture.size and picture.dtype.name == "uint8"
                page.streams(), page.own_text
            found |= {"pages": len(source.pages), "signed": source.signed, "warnings": source.warnings}
            found["pdf"] = source.pdf is not None and source.pdf.stat().st_size > 100
    except Refused as refusal:
        found["code"] = refusal.code
    print(json.dumps(found | {"seconds": time.process_time() - started}), flush=True)
"""
# What must be refused, whatever else changes; and what must never be.
_MUST_REFUSE = {
    "hugemono.pdf": "too-many-pixels",
    "pl-encrypted.pdf": "needs-password",
    "qpdf-3.pdf": "unsupported-type",
    "pdfjs-issue15590.pdf": "truncated",
}


def _opened(files: list[Path], work: Path) -> list[dict]:
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, *map(str, files)],
        capture_output=True, text=True, timeout=400, env=environment(work), check=False,
    )  # fmt: skip
    rows = [json.loads(each) for each in done.stdout.splitlines()]
    assert done.returncode == 0 and len(rows) == len(files), (len(rows), done.stderr[-2000:])
    return rows


@pytest.mark.integration
@pytest.mark.timeout(450)
@pytest.mark.parametrize(
    ("folder", "least", "step"),
    [
        pytest.param("broken", 80, 9, id="some-broken"),
        pytest.param("images", 85, 9, id="some-images"),
        pytest.param("scans", 80, 9, id="some-scans"),
        pytest.param("signatures", 60, 5, id="some-signatures"),
        pytest.param("broken", 88, 1, id="broken", marks=pytest.mark.soak),
        pytest.param("images", 90, 1, id="images", marks=pytest.mark.soak),
        pytest.param("scans", 94, 1, id="scans", marks=pytest.mark.soak),
        pytest.param("signatures", 80, 1, id="signatures", marks=pytest.mark.soak),
        pytest.param("vn-official", 100, 1, id="vn-official", marks=pytest.mark.soak),
    ],
)
def test_a_folder(tmp_path: Path, folder: str, least: int, step: int) -> None:
    """Every `step`-th file; `least` per hundred must open."""
    place = SHARED / folder
    if not place.is_dir():
        pytest.skip("shared/data is absent")
    files = sorted(each for each in place.rglob("*") if each.is_file() and each.suffix != ".json")[::step]
    rows = _opened(files, tmp_path)
    for row in rows:
        assert row["code"] in CODES | {""}, row
        assert row["code"] == _MUST_REFUSE.get(row["name"], row["code"]), row
        assert row["code"] or (row["pages"] and row["pdf"]), row
    codes = Counter(row["code"] for row in rows)
    assert 100 * codes[""] >= least * len(rows), codes


@pytest.mark.integration
def test_the_official_scans_keep_their_streams(tmp_path: Path, official: Path) -> None:
    """Real scans are recognised as such, and the signed ones as signed."""
    rows = _opened([official / f"vn{number:02}.pdf" for number in (1, 3, 9)], tmp_path)
    assert [row["signed"] for row in rows] == [True, True, False]
