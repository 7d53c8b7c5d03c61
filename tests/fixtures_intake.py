"""Fixtures of the intake and of digitizing: a clock that stands still, small whole files, a page of words."""

from __future__ import annotations

import io
import struct
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from scanner_intake.custody import DropFolder
from scanner_intake.layout import Line, PageText, Word
from tests.fakes.custodian import FakeCustodian

SHARED = Path(__file__).parents[1].parent / "shared" / "data"


class StandingClock:
    """Moves only when told."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return datetime(2026, 3, 5, 8, 0, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds


def small_pdf() -> bytes:
    """A one-page PDF with a classic cross-reference table."""
    parts = [
        b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n",
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n",
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>endobj\n",
    ]
    body, places = b"%PDF-1.4\n", []
    for part in parts:
        places.append(len(body))
        body += part
    start = len(body)
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        body
        + b"xref\n0 4\n0000000000 65535 f \n"
        + rows
        + b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start
    )


def small_image(form: str, **options: object) -> bytes:
    """A tiny picture in the given Pillow format."""
    out = io.BytesIO()
    Image.effect_noise((8, 8), 80).save(out, form, **options)
    return out.getvalue()


def two_page_tiff(**options: object) -> bytes:
    """A TIFF with two directories."""
    out = io.BytesIO()
    pages = [Image.effect_noise((8, 8), 80) for _ in range(2)]
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:], **options)
    return out.getvalue()


def big_tiff(order: str = "<") -> bytes:
    """A BigTIFF of one page, written by hand: directory after the strip."""
    strip = bytes(16)
    entries = [(256, 4, 4), (257, 4, 4), (258, 3, 8), (262, 3, 1), (273, 16, 16), (278, 4, 4), (279, 16, len(strip))]
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HHHQ", 43, 8, 0, 16 + len(strip))
    rows = b"".join(
        struct.pack(order + "HHQ", tag, kind, 1) + struct.pack(order + {3: "H6x", 4: "I4x", 16: "Q"}[kind], value)
        for tag, kind, value in entries
    )
    return head + strip + struct.pack(order + "Q", len(entries)) + rows + struct.pack(order + "Q", 0)


def bomb_png(side: int) -> bytes:
    """A PNG of side × side pixels in a few kilobytes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    rows = zlib.compressobj(9)
    row = bytes(1 + side * 3)
    packed = b"".join(rows.compress(row) for _ in range(side)) + rows.flush()
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def line(text: str, x: float, y: float, size: float = 12.0, confidence: float = 0.95) -> Line:
    """A line of words beginning at x, with its middle at y; every letter is half its size wide."""
    words = []
    for word in text.split(" "):
        end = x + len(word) * size * 0.5
        words.append(Word(word, (x, y - size / 2, end, y + size / 2), confidence))
        x = end + size * 0.3
    return Line(tuple(words))


def page(*lines: Line, number: int = 1) -> PageText:
    """An A4 page of lines."""
    return PageText(number, 595.0, 842.0, lines)


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def custodian() -> FakeCustodian:
    return FakeCustodian()


@pytest.fixture
def drop(tmp_path: Path) -> DropFolder:
    """An empty drop folder, quiet after 2 seconds, patient for 60."""
    path = tmp_path / "den"
    path.mkdir()
    return DropFolder(path, "den", quiet_seconds=2.0, patience_seconds=60.0)


@pytest.fixture(scope="session")
def official() -> Path:
    """The scanned official documents that lie beside the clone."""
    folder = SHARED / "vn-official"
    if not folder.is_dir():
        pytest.skip("shared/data/vn-official is absent")
    return folder
