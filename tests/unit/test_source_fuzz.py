"""Whatever bytes come: a finding, a source or a refusal, never another exception and never more than the limits.

Small originals of every kind are cut, overwritten, doubled and mixed. The budget is bounded so that the suite stays
quick; with the soak marker the same runs longer.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner_intake import heif, tiff
from scanner_intake.container import inspect
from scanner_intake.digitized import Limits
from scanner_intake.source_geometry import PIXELS
from scanner_intake.source_pages import CODES, Refused, open_source
from tests.fixtures_heic import heic
from tests.fixtures_intake import big_tiff, small_pdf, two_page_tiff
from tests.fixtures_sources import colour_picture, ink_picture, own_tiff, saved, scan_pdf, tags_for, tiles_of
from tests.unit.test_source_images import _photo_boxes
from tests.unit.test_source_pdf import DCT, FULL

COLOUR, INK = colour_picture(48, 32), ink_picture(64, 32)
LIMITS = Limits(source_bytes=1 << 20, pages=6, pixels=200_000)


def _pdf(**options: object) -> bytes:
    out = io.BytesIO()
    scan_pdf([DCT], FULL).save(out, static_id=True, **options)
    return out.getvalue()


SEEDS = (
    small_pdf(),
    _pdf(),
    _pdf(object_stream_mode=pikepdf.ObjectStreamMode.generate),
    saved(COLOUR, "JPEG"),
    saved(COLOUR, "PNG"),
    saved(COLOUR, "TIFF", compression="tiff_lzw"),
    saved(COLOUR, "TIFF", compression="jpeg"),
    saved(INK, "TIFF", compression="group4"),
    saved(INK, "TIFF", compression="group3"),
    own_tiff([(tags_for(COLOUR, t322=("I", [16]), t323=("I", [16])), tiles_of(COLOUR, 16))]),
    two_page_tiff(compression="tiff_deflate"),
    big_tiff(),
    _photo_boxes(),
    heic(colour_picture(32, 32)),
)
_EDGES = (0, 1, 2, 3, 0x7F, 0x80, 0xFE, 0xFF)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """One of the seeds with some bytes changed, cut out, doubled, or another seed's piece in it."""
    content = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        if not content:
            break
        place = draw(st.integers(0, len(content) - 1))
        way = draw(st.sampled_from(("edge", "byte", "cut", "twice", "mix", "end")))
        if way == "edge":
            content[place] = draw(st.sampled_from(_EDGES))
        elif way == "byte":
            content[place] = draw(st.integers(0, 255))
        elif way == "cut":
            del content[place : place + draw(st.integers(1, 40))]
        elif way == "twice":
            content[place:place] = content[place : place + draw(st.integers(1, 60))]
        elif way == "mix":
            other = draw(st.sampled_from(SEEDS))
            start = draw(st.integers(0, len(other) - 1))
            content[place : place + 24] = other[start : start + 24]
        else:
            del content[place:]
    return bytes(content)


def _read(path: Path, work: Path) -> None:
    """Everything the pipeline does with a source; only refusals with known codes may come out."""
    try:
        with open_source(path, work, LIMITS) as source:
            assert 1 <= len(source.pages) <= LIMITS.pages
            for page in source.pages:
                assert page.number >= 1 and min(page.size_pt) > 0
                picture = page.picture(150)
                assert picture.dtype.name == "uint8" and 2 <= picture.ndim <= 3
                assert picture.shape[0] * picture.shape[1] <= 1.05 * PIXELS
                page.streams()
                assert page.own_text in (True, False)
            assert source.pdf is not None
    except Refused as refusal:
        assert refusal.code in CODES, refusal.code
        assert (refusal.verdict == "needs-password") == (refusal.code == "needs-password")


def _container(content: bytes) -> None:
    descriptor, name = tempfile.mkstemp()
    try:
        os.write(descriptor, content)
        found = inspect(Path(name))
        assert found.whole == (found.code == "")
        assert isinstance(tiff.is_whole(content), bool)
        assert len(tiff.directories(content, 5)) <= 6
        heif.is_heic(content[:1024])
        assert isinstance(heif.is_whole(content), bool)
    finally:
        os.close(descriptor)
        os.unlink(name)


def _source(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scan"
        path.write_bytes(content)
        _read(path, Path(folder))


def _fuzz(check: Callable[[bytes], None], examples: int) -> None:
    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=examples < 500,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(mutated())
    def run(content: bytes) -> None:
        check(content)

    run()


@pytest.mark.filterwarnings("ignore")
def test_containers_never_raise() -> None:
    _fuzz(_container, 150)


@pytest.mark.filterwarnings("ignore")
def test_sources_only_refuse() -> None:
    _fuzz(_source, 100)


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("check", [_container, _source])
def test_for_longer(check: Callable[[bytes], None]) -> None:
    _fuzz(check, 8_000)
