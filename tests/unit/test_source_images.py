"""JPEG, PNG and HEIC files: every colour and orientation upright, their own bytes kept, limits before decoding."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from scanner_intake import heif
from scanner_intake.container import inspect
from scanner_intake.digitized import Limits
from scanner_intake.source_pages import Refused
from tests.fixtures_heic import heic
from tests.fixtures_intake import bomb_png
from tests.fixtures_sources import TURNS, bgr, colour_picture, difference, drawn_pdf, ink_picture, opened, saved

COLOUR, INK = colour_picture(), ink_picture()
GRAY = COLOUR.convert("L")


def _exif(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    return exif.tobytes()


def _resolution() -> bytes:
    """200 dpi in EXIF only: with a JFIF header the three components would have to be YCbCr."""
    exif = Image.Exif()
    exif[282], exif[283], exif[296] = 200.0, 200.0, 2
    return exif.tobytes()


def _ycck() -> bytes:
    """A CMYK JPEG as printing programs write it: samples turned round, an Adobe marker."""
    out = io.BytesIO()
    COLOUR.convert("CMYK").save(out, "JPEG", quality=95, dpi=(200, 200))
    return out.getvalue()


JPEGS = {
    "colour": (saved(COLOUR, "JPEG", quality=95), COLOUR, 4.0),
    "gray": (saved(GRAY, "JPEG", quality=95), GRAY, 3.0),
    "progressive": (saved(COLOUR, "JPEG", quality=95, progressive=True), COLOUR, 4.0),
    "subsampled": (saved(COLOUR, "JPEG", quality=95, subsampling=2), COLOUR, 4.0),
    "rgb": (saved(COLOUR, "JPEG", quality=95, keep_rgb=True, dpi=(0, 0), exif=_resolution()), COLOUR, 4.0),
    "cmyk": (_ycck(), COLOUR, 6.0),
}


@pytest.mark.parametrize("name", JPEGS)
def test_jpeg(tmp_path: Path, name: str) -> None:
    content, wanted, slack = JPEGS[name]
    with opened(content, tmp_path) as source:
        assert (source.media_type, source.warnings) == ("image/jpeg", [])
        page = source.pages[0]
        assert page.size_pt == pytest.approx((57.6, 34.56), abs=0.01)
        assert difference(page.picture(), bgr(wanted)) < slack
        assert difference(drawn_pdf(source), bgr(wanted)) < slack + 2
        placed = page.streams()
        assert placed is not None and [(each.filter, each.data) for each, _ in placed] == [("DCTDecode", content)]


@pytest.mark.parametrize("orientation", TURNS)
def test_jpeg_orientations(tmp_path: Path, orientation: int) -> None:
    turn = TURNS[orientation]
    upright = COLOUR if turn is None else COLOUR.transpose(turn)
    with opened(saved(COLOUR, "JPEG", quality=95, exif=_exif(orientation)), tmp_path) as source:
        page = source.pages[0]
        assert page.size_pt == pytest.approx((upright.width * 0.36, upright.height * 0.36), abs=0.01)
        assert difference(page.picture(), bgr(upright)) < 4
        assert difference(drawn_pdf(source), bgr(upright)) < 5


def test_a_photo_without_resolution_is_taken_as_a4(tmp_path: Path) -> None:
    with opened(saved(colour_picture(750, 1000), "JPEG", dpi=(1, 1), exif=_exif(6)), tmp_path) as source:
        page = source.pages[0]
        assert source.warnings == ["resolution-assumed"]
        assert page.size_pt[0] > page.size_pt[1] and max(page.size_pt) < 842.0
        assert page.picture().shape[:2] == (750, 1000)


PNGS = {
    "colour": (saved(COLOUR, "PNG"), COLOUR, True),
    "gray": (saved(GRAY, "PNG"), GRAY, True),
    "ink": (saved(INK, "PNG"), INK, True),
    "palette": (saved(COLOUR.quantize(200), "PNG"), COLOUR.quantize(200).convert("RGB"), True),
    "palette-4": (saved(COLOUR.quantize(13), "PNG", bits=4), COLOUR.quantize(13).convert("RGB"), True),
    "alpha": (saved(Image.merge("RGBA", (*COLOUR.split(), Image.new("L", COLOUR.size, 255))), "PNG"), COLOUR, False),
    "gray-alpha": (saved(Image.merge("LA", (GRAY, Image.new("L", GRAY.size, 255))), "PNG"), GRAY, False),
    "gray-16": (saved(Image.fromarray(np.asarray(GRAY).astype("u2") << 8), "PNG"), GRAY, False),
}


@pytest.mark.parametrize("name", PNGS)
def test_png(tmp_path: Path, name: str) -> None:
    content, wanted, kept = PNGS[name]
    with opened(content, tmp_path) as source:
        page = source.pages[0]
        assert difference(page.picture(), bgr(wanted)) == 0
        assert difference(drawn_pdf(source), bgr(wanted)) < 9
        placed = page.streams()
        assert placed is not None
        assert (placed[0][0].data in content) == kept


def test_transparent_paper_is_white(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    with opened(saved(clear, "PNG"), tmp_path) as source:
        assert source.pages[0].picture().min() == 255


def test_bombs_are_refused_by_their_header(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refusal:
        opened(bomb_png(4000), tmp_path, Limits(pixels=15_000_000))
    assert refusal.value.code == "too-many-pixels"
    jpeg = bytearray(saved(COLOUR, "JPEG"))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = b"\xff\xff\xff\xff"
    with pytest.raises(Refused) as refusal:
        opened(bytes(jpeg), tmp_path)
    assert refusal.value.code == "too-many-pixels"


def test_a_damaged_picture_never_becomes_a_page(tmp_path: Path) -> None:
    png = bytearray(saved(COLOUR, "PNG"))
    png[png.index(b"IDAT") + 40] ^= 0x55
    source = opened(bytes(png), tmp_path)
    for use in (source.pages[0].picture, lambda: source.pdf):
        with pytest.raises(Refused) as refusal:
            use()
        assert refusal.value.code == "damaged"


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + name + body


def _photo_boxes(brand: bytes = b"heic", cut: int = 0) -> bytes:
    """The boxes of a HEIC photo with one item of 100 bytes; no picture in it."""
    head = _box(b"ftyp", brand + bytes(4) + b"mif1" + brand)
    place = len(head) + 12 + 8 + 8 + 14 + 8
    items = bytes(4) + b"\x44\x00" + struct.pack(">HHHHII", 1, 1, 0, 1, place, 100)
    return head + _box(b"meta", bytes(4) + _box(b"iloc", items)) + _box(b"mdat", bytes(100 - cut))


def test_heic_by_its_boxes(tmp_path: Path) -> None:
    path = tmp_path / "IMG_0001.JPG"
    path.write_bytes(_photo_boxes())
    assert (inspect(path).media_type, inspect(path).whole) == ("image/heif", True)
    for length in range(5, len(_photo_boxes())):
        path.write_bytes(_photo_boxes()[:length])
        assert not inspect(path).whole, length
    path.write_bytes(_photo_boxes(cut=1))
    assert inspect(path).code == "truncated", "an item reaches beyond the end"
    path.write_bytes(_photo_boxes(b"avif"))
    assert inspect(path).code == "unsupported-type"
    assert not heif.is_heic(b"\0\0\0\x18ftypmp42" + bytes(12))


@pytest.mark.parametrize("turn", range(4))
def test_heic(tmp_path: Path, turn: int) -> None:
    picture = colour_picture(96, 64)
    upright = picture.rotate(90 * turn, expand=True)
    with opened(heic(picture, turn), tmp_path) as source:
        assert (source.media_type, source.warnings) == ("image/heif", ["resolution-assumed"])
        page = source.pages[0]
        assert (page.size_pt[0] > page.size_pt[1]) == (turn % 2 == 0)
        # So few samples on an A4 page are shown larger than they are.
        for shown in (page.picture(), drawn_pdf(source)):
            assert difference(cv2.resize(shown, upright.size, interpolation=cv2.INTER_AREA), bgr(upright)) < 9
    with pytest.raises(Refused) as refusal:
        opened(heic(picture), tmp_path, Limits(pixels=6_000))
    assert refusal.value.code == "too-many-pixels"
    cut = heic(picture)[:-5000]
    with pytest.raises(Refused) as refusal:
        opened(cut, tmp_path)
    assert refusal.value.code == "truncated"


def test_a_heic_without_a_picture_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refusal:
        opened(_photo_boxes(), tmp_path)
    assert refusal.value.code == "damaged"
