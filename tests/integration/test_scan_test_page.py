"""A test page through the real intake, the real limited children and the real OCR: it is read, and is no document."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from appliance import scan_testing
from appliance.config import BoxSection, Config, FolderSection
from appliance.pipeline.scan_tests import ReadsTestPages
from appliance.services.clock import utc_now
from appliance.services.intake import intakes
from appliance.services.worker import limits_of
from appliance.store import Store, documents, scan_tests
from hsm.font import font_file

BY = "Hoàng Văn Bình (quản trị)"
LINES = (
    "ỦY BAN NHÂN DÂN XÃ ĐỒNG MẬN",
    "Trang thử máy quét của cơ quan,",
    "quét màu, một mặt, ba trăm điểm",
    "trên một inch, khổ giấy A4.",
)
LONG = 120.0
"""Seconds that the whole of it may take on a loaded machine; it takes a few."""


@pytest.fixture
def page(tmp_path: Path) -> bytes:
    """A4 in colour at 300 dpi, as a scanner's JPEG."""
    sheet = Image.new("RGB", (2480, 3508), "white")
    pen, face = ImageDraw.Draw(sheet), ImageFont.truetype(str(font_file(tmp_path / "fonts")), 70)
    for number, line in enumerate(LINES):
        pen.text((300, 400 + 150 * number), line, fill=(20, 20, 20), font=face)
    sheet.save(tmp_path / "page.jpg", dpi=(300, 300), quality=85)
    return (tmp_path / "page.jpg").read_bytes()


def test_a_test_page_from_the_folder_to_what_was_read(store: Store, tmp_path: Path, page: bytes) -> None:
    (tmp_path / "den").mkdir()
    folder = FolderSection(tmp_path / "den", "Văn bản đến", quiet_seconds=0.2)
    config = Config(box=BoxSection("commune-27007", "UBND xã Đồng Mận", tmp_path), folders=(folder,))
    asked = scan_testing.ask(store, "Văn bản đến", BY, utc_now())
    stop, ends = threading.Event(), time.monotonic() + LONG
    (intake,) = (one for one in intakes(config, store, lambda _states: None))
    running = threading.Thread(target=intake.run, args=(stop,))
    running.start()
    try:
        (tmp_path / "den" / "Quét 0001.jpg").write_bytes(page)
        while store.read(scan_tests.unread) is None and time.monotonic() < ends:
            time.sleep(0.05)
    finally:
        stop.set()
        running.join(LONG)
    assert not list((tmp_path / "den").glob("*.jpg")), "the page is in custody"
    assert ReadsTestPages(store, tmp_path / "work", limits_of(config), "vie", clock=utc_now).turn()
    read = store.read(lambda db: scan_tests.find(db, asked.id))
    assert read and read.state == "read", read
    assert (read.facts["dpi"], read.facts["colours"], read.facts["sizes_mm"]) == ([300], ["colour"], [[210, 297]])
    assert read.facts["good"] and read.facts["words"] >= 20 and read.facts["advice"] == []
    assert "ĐỒNG MẬN" in read.facts["beginning"] and not list((tmp_path / "work").iterdir())
    scan_testing.throw_away(store, asked.id, BY, utc_now())
    assert store.read(lambda db: documents.listed(db)) == [] and list(store.blobs.digests()) == []
