"""The stencil coder: the pixels that go in come out of an independent decoder, whatever the shape."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2 as pdfium
import pytest
from pikepdf import Dictionary, Name, Stream

from scanner_intake import jbig2

SHAPES = [(100, 64), (1, 50), (77, 3), (130, 333), (5, 1), (40, 1001)]


def patterns(shape: tuple[int, int]) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(sum(shape))
    rows = (chance.random((shape[0] // 4 + 1, shape[1])) < 0.2).astype(np.uint8)
    return {
        "white": np.zeros(shape, np.uint8),
        "black": np.ones(shape, np.uint8),
        "noise": (chance.random(shape) < 0.5).astype(np.uint8),
        "repeated": np.repeat(rows, 4, axis=0)[: shape[0]],
    }


def as_pdf(stencil: jbig2.Stencil) -> bytes:
    pdf = pikepdf.new()
    width, height = stencil.width, stencil.height
    pdf.add_blank_page(page_size=(max(3, width), max(3, height)))
    image = Stream(
        pdf, stencil.coded, Type=Name.XObject, Subtype=Name.Image, Width=width, Height=height,
        ImageMask=True, BitsPerComponent=1, Filter=Name("/" + stencil.filter),
    )  # fmt: skip
    if stencil.parms:
        image.DecodeParms = Dictionary({f"/{name}": value for name, value in stencil.parms.items()})
    pdf.pages[0].Resources = Dictionary(XObject=Dictionary(I=image))
    pdf.pages[0].Contents = Stream(pdf, f"q {width} 0 0 {height} 0 0 cm /I Do Q".encode())
    with io.BytesIO() as file:
        pdf.save(file)
        return file.getvalue()


def seen_by_pdfium(raw: bytes, shape: tuple[int, int]) -> np.ndarray:
    document = pdfium.PdfDocument(raw)
    try:
        shown = document[0].render(scale=1).to_numpy()[:, :, 0]
    finally:
        document.close()
    return np.asarray(shown[-shape[0] :, : shape[1]] < 128)


@pytest.fixture(scope="module")
def coder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A coder built from today's source, not the one that happens to be installed."""
    if shutil.which("cc") is None:
        pytest.skip("cc (gcc) is not installed")
    built = jbig2.build(tmp_path_factory.mktemp("coder") / "coder.so")
    patch = pytest.MonkeyPatch()
    patch.setattr(jbig2, "library", lambda: built)
    jbig2._coder.cache_clear()
    yield
    patch.undo()
    jbig2._coder.cache_clear()


@pytest.fixture
def no_coder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(jbig2, "_coder", lambda: None)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.usefixtures("coder")
def test_jbig2_gives_the_pixels_back(shape: tuple[int, int]) -> None:
    for name, black in patterns(shape).items():
        stencil = jbig2.encode(black)
        assert stencil.filter == "JBIG2Decode"
        assert np.array_equal(seen_by_pdfium(as_pdf(stencil), shape), black > 0), name


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.usefixtures("no_coder")
def test_without_the_coder_group_4_gives_the_same_pixels(shape: tuple[int, int]) -> None:
    for name, black in patterns(shape).items():
        stencil = jbig2.encode(black)
        assert (stencil.filter, stencil.parms["K"]) == ("CCITTFaxDecode", -1)
        assert np.array_equal(seen_by_pdfium(as_pdf(stencil), shape), black > 0), name


@pytest.mark.usefixtures("coder")
def test_any_number_but_zero_is_black() -> None:
    black = patterns((33, 65))["noise"]
    assert jbig2.encode(black).coded == jbig2.encode(black * 255).coded


@pytest.mark.usefixtures("coder")
def test_equal_rows_cost_nothing() -> None:
    row = patterns((4, 2000))["noise"][:1]
    once = len(jbig2.encode(row).coded)
    assert len(jbig2.encode(np.repeat(row, 1000, axis=0)).coded) < once + 20


@pytest.mark.usefixtures("coder")
def test_a_row_wider_than_the_coder_takes_falls_back() -> None:
    assert jbig2.encode(np.zeros((2, 70_000), np.uint8)).filter == "CCITTFaxDecode"


def test_a_picture_without_pixels_is_refused() -> None:
    with pytest.raises(ValueError, match="without pixels"):
        jbig2.encode(np.zeros((0, 5), np.uint8))
