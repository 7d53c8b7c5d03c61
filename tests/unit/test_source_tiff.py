"""TIFF of every compression, sample size, layout and orientation gives the same upright picture and the same PDF."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scanner_intake.digitized import Limits
from scanner_intake.source_pages import Refused
from tests.fixtures_sources import (
    TURNS,
    bgr,
    colour_picture,
    difference,
    drawn_pdf,
    ink_picture,
    opened,
    own_tiff,
    saved,
    tags_for,
    tiles_of,
)

COLOUR, INK = colour_picture(), ink_picture()
GRAY = COLOUR.convert("L")
DEEP = (np.asarray(GRAY).astype("<u2") << 8).tobytes()
DEEP_MOTOROLA = (np.asarray(GRAY).astype("u2") << 8).astype(">u2").tobytes()
LIGHT = bytes(255 - each for each in GRAY.tobytes())


def _jpeg(image: Image.Image, **options: Any) -> bytes:
    return saved(image, "JPEG", quality=95, **options)


def _strips(image: Image.Image, rows: int) -> list[bytes]:
    return [_jpeg(image.crop((0, y, image.width, min(image.height, y + rows)))) for y in range(0, image.height, rows)]


def _odd_bits(image: Image.Image, bits: int) -> bytes:
    values = np.asarray(image).astype(np.uint32) << max(0, bits - 8)
    if bits < 8:
        values = np.asarray(image).astype(np.uint32) >> (8 - bits)
    spread = (values[:, :, None] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(spread.reshape(image.height, -1).astype(np.uint8), axis=1).tobytes()


def _deflated(bits: int) -> bytes:
    return zlib.compress(_odd_bits(GRAY, bits))


def _whole_old_jpeg() -> bytes:
    """Old-style JPEG: tag 513 leads to a whole stream, the strip to its coded data."""
    stream = _jpeg(COLOUR)
    tags = tags_for(COLOUR, 6, t262=("H", [6]), t513=("I", [8]), t514=("I", [len(stream)]))
    return own_tiff([(tags, [stream])])


YCC = ("H", [6])
KINDS: dict[str, tuple[bytes, Image.Image, float]] = {
    "raw": (saved(COLOUR, "TIFF"), COLOUR, 0.0),
    "lzw": (saved(COLOUR, "TIFF", compression="tiff_lzw"), COLOUR, 0.0),
    "deflate": (saved(COLOUR, "TIFF", compression="tiff_deflate"), COLOUR, 0.0),
    "adobe-deflate": (saved(COLOUR, "TIFF", compression="tiff_adobe_deflate"), COLOUR, 0.0),
    "packbits": (saved(COLOUR, "TIFF", compression="packbits"), COLOUR, 0.0),
    "jpeg": (saved(COLOUR, "TIFF", compression="jpeg", quality=95), COLOUR, 4.0),
    "jpeg-gray": (saved(GRAY, "TIFF", compression="jpeg", quality=95), GRAY, 4.0),
    "jpeg-strips": (own_tiff([(tags_for(COLOUR, 7, t262=YCC, t278=("I", [32])), _strips(COLOUR, 32))]), COLOUR, 4.0),
    "jpeg-rgb": (
        own_tiff([(tags_for(COLOUR, 7, t262=("H", [2])), [_jpeg(COLOUR, keep_rgb=True, dpi=(0, 0))])]), COLOUR, 4.0,
    ),
    "jpeg-tiles": (
        own_tiff([(
            tags_for(COLOUR, 7, t262=YCC, t322=("I", [80]), t323=("I", [48])),
            [_jpeg(COLOUR.crop((x, y, x + 80, y + 48))) for y in (0, 48) for x in (0, 80)],
        )]),
        COLOUR, 4.0,
    ),
    "old-jpeg": (_whole_old_jpeg(), COLOUR, 4.0),
    "palette": (saved(COLOUR.convert("P", palette=Image.Palette.ADAPTIVE), "TIFF"), COLOUR, 5.0),
    "cmyk": (saved(COLOUR.convert("CMYK"), "TIFF", compression="tiff_lzw"), COLOUR, 3.0),
    "gray": (saved(GRAY, "TIFF"), GRAY, 0.0),
    "gray-16": (own_tiff([(tags_for(GRAY, t258=("H", [16])), [DEEP])]), GRAY, 0.0),
    "gray-16-motorola": (
        own_tiff([(tags_for(GRAY, t258=("H", [16])), [DEEP_MOTOROLA])], order=">"),
        GRAY, 0.0,
    ),
    "rgb-16": (
        own_tiff([(tags_for(COLOUR, t258=("H", [16] * 3)), [(np.asarray(COLOUR).astype("<u2") << 8).tobytes()])]),
        COLOUR, 1.0,
    ),
    "gray-4": (own_tiff([(tags_for(GRAY, t258=("H", [4])), [_odd_bits(GRAY, 4)])]), GRAY, 9.0),
    "gray-6-deflate": (own_tiff([(tags_for(GRAY, 8, t258=("H", [6])), [_deflated(6)])]), GRAY, 3.0),
    "gray-12": (own_tiff([(tags_for(GRAY, t258=("H", [12])), [_odd_bits(GRAY, 12)])]), GRAY, 1.0),
    "min-is-white": (own_tiff([(tags_for(GRAY, t262=("H", [0])), [LIGHT])]), GRAY, 0.0),
    "planes": (
        own_tiff([(tags_for(COLOUR, t284=("H", [2])), [band.tobytes() for band in COLOUR.split()])]), COLOUR, 0.0,
    ),
    "tiles": (own_tiff([(tags_for(COLOUR, t322=("I", [64]), t323=("I", [64])), tiles_of(COLOUR, 64))]), COLOUR, 0.0),
    "big": (own_tiff([(tags_for(COLOUR), [COLOUR.tobytes()])], big=True), COLOUR, 0.0),
    "big-motorola": (own_tiff([(tags_for(COLOUR), [COLOUR.tobytes()])], order=">", big=True), COLOUR, 0.0),
    "alpha": (saved(Image.merge("RGBA", (*COLOUR.split(), Image.new("L", COLOUR.size, 255))), "TIFF"), COLOUR, 0.0),
    "ink-raw": (saved(INK, "TIFF"), INK, 0.0),
    "ink-packbits": (saved(INK, "TIFF", compression="packbits"), INK, 0.0),
    "ink-huffman": (saved(INK, "TIFF", compression="tiff_ccitt"), INK, 0.0),
    "ink-group3": (saved(INK, "TIFF", compression="group3"), INK, 0.0),
    "ink-group3-2d": (saved(INK, "TIFF", compression="group3", tiffinfo={292: 1}), INK, 0.0),
    "ink-group4": (saved(INK, "TIFF", compression="group4"), INK, 0.0),
    "ink-group4-strips": (saved(INK, "TIFF", compression="group4", tiffinfo={278: 20}), INK, 0.0),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_every_kind(tmp_path: Path, name: str) -> None:
    content, wanted, slack = KINDS[name]
    with opened(content, tmp_path) as source:
        page = source.pages[0]
        assert page.size_pt == pytest.approx((57.6, 34.56), abs=0.01)
        assert page.dpi == pytest.approx((200, 200), abs=0.1)
        assert difference(page.picture(), bgr(wanted)) <= slack
        assert difference(drawn_pdf(source), bgr(wanted)) <= slack + (9 if wanted.mode == "1" else 3)
        assert source.warnings == [] and not page.drawn


@pytest.mark.parametrize(
    ("name", "kept", "count"),
    [
        ("ink-group4", "CCITTFaxDecode", 1),
        ("ink-group4-strips", "CCITTFaxDecode", 5),
        ("jpeg", "DCTDecode", 1),
        ("jpeg-strips", "DCTDecode", 3),
        ("jpeg-tiles", "DCTDecode", 4),
        ("old-jpeg", "DCTDecode", 1),
        ("lzw", "FlateDecode", 1),
        ("ink-group3", "CCITTFaxDecode", 1),
    ],
)
def test_streams_stay_what_they_are(tmp_path: Path, name: str, kept: str, count: int) -> None:
    content, _, _ = KINDS[name]
    with opened(content, tmp_path) as source:
        placed = source.pages[0].streams()
        assert placed is not None
        assert [stream.filter for stream, _ in placed] == [kept] * count
        if name in ("ink-group4", "ink-group4-strips", "jpeg-strips"):
            assert all(stream.data in content for stream, _ in placed), "the scanner's bytes were changed"


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("image", [COLOUR, INK], ids=["colour", "ink"])
def test_orientations(tmp_path: Path, orientation: int, image: Image.Image) -> None:
    options = {"compression": "group4"} if image.mode == "1" else {"compression": "tiff_lzw"}
    turn = TURNS[orientation]
    upright = image if turn is None else image.transpose(turn)
    with opened(saved(image, "TIFF", tiffinfo={274: orientation}, **options), tmp_path) as source:
        page = source.pages[0]
        assert page.size_pt == pytest.approx((upright.width * 0.36, upright.height * 0.36), abs=0.01)
        assert difference(page.picture(), bgr(upright)) == 0
        assert difference(drawn_pdf(source), bgr(upright)) < 9


def test_a_fax_page_keeps_its_size_and_gets_square_pixels(tmp_path: Path) -> None:
    fax = ink_picture(864, 571)
    with opened(saved(fax, "TIFF", compression="group3", dpi=(204, 98)), tmp_path) as source:
        page = source.pages[0]
        assert page.size_pt == pytest.approx((304.9, 419.5), abs=0.1)
        assert page.dpi == pytest.approx((204, 98), abs=0.1)
        shown = page.picture()
        assert shown.shape == (1189, 864)
        tall = np.asarray(fax.convert("L").resize((864, shown.shape[0])))
        assert difference(shown, tall) < 12


def test_pages_copies_and_masks(tmp_path: Path) -> None:
    plain, small = tags_for(GRAY), tags_for(GRAY, t254=("I", [1]))
    content = own_tiff([(plain, [GRAY.tobytes()]), (small, [GRAY.tobytes()]), (plain, [GRAY.tobytes()])])
    with opened(content, tmp_path) as source:
        assert [page.number for page in source.pages] == [1, 2]


def test_a_large_scan_is_made_smaller(tmp_path: Path) -> None:
    large = colour_picture(1200, 900)
    for options in ({"compression": "jpeg"}, {"compression": "tiff_lzw"}):
        with opened(saved(large, "TIFF", dpi=(600, 600), **options), tmp_path) as source:
            assert source.pages[0].dpi == pytest.approx((600, 600), abs=0.5)
            assert source.pages[0].picture(300).shape[:2] == (450, 600)
            assert difference(source.pages[0].picture(300), bgr(large.resize((600, 450)))) < 5


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({256: ("I", [60_000]), 257: ("I", [60_000])}, "too-many-pixels"),
        ({256: ("I", [0])}, "damaged"),
        ({277: ("H", [200]), 258: ("H", [64])}, "too-many-pixels"),
    ],
)
def test_limits_before_decoding(tmp_path: Path, tags: dict[int, Any], code: str) -> None:
    plain = tags_for(GRAY) | tags
    if code == "too-many-pixels" and 258 in tags:
        plain |= {256: ("I", [9_000]), 257: ("I", [9_000])}
    with pytest.raises(Refused) as refusal:
        opened(own_tiff([(plain, [GRAY.tobytes()])]), tmp_path).pages[0].picture()
    assert refusal.value.code == code


def test_too_many_pages(tmp_path: Path) -> None:
    content = own_tiff([(tags_for(GRAY), [GRAY.tobytes()])] * 5)
    with pytest.raises(Refused) as refusal:
        opened(content, tmp_path, Limits(pages=4))
    assert refusal.value.code == "too-many-pages"


def test_a_damaged_strip_is_never_a_half_white_page(tmp_path: Path) -> None:
    """Decoders differ in what they forgive; the strict one decides."""
    for options in ({"compression": "tiff_lzw"}, {"compression": "tiff_deflate"}):
        content = bytearray(saved(colour_picture(400, 300), "TIFF", **options))
        middle = len(content) // 2
        content[middle : middle + 200] = b"\xff" * 200
        source = opened(bytes(content), tmp_path)
        for use in (source.pages[0].picture, source.pages[0].streams):
            with pytest.raises(Refused) as refusal:
                use()
            assert refusal.value.code == "damaged"
