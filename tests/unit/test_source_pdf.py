"""PDFs: scans are found under every turn, strip and clip; drawn pages are drawn; what must be refused is refused."""

from __future__ import annotations

import io
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from PIL import Image

from scanner_intake import source_pdf
from scanner_intake.digitized import Limits
from scanner_intake.source_pages import CODES, Refused
from tests.fixtures_intake import small_pdf
from tests.fixtures_sources import bgr, colour_picture, difference, flate_piece, ink_picture, opened, saved, scan_pdf

COLOUR, INK = colour_picture(), ink_picture()
GRAY = COLOUR.convert("L")
FULL = b"q 57.6 0 0 34.56 0 0 cm /P0 Do Q"
DCT = (
    saved(COLOUR, "JPEG", quality=95),
    {
        "Width": 160, "Height": 96, "BitsPerComponent": 8, "ColorSpace": Name.DeviceRGB, "Filter": Name.DCTDecode,
    },
)  # fmt: skip


def _bytes(pdf: pikepdf.Pdf, **options: Any) -> bytes:
    out = io.BytesIO()
    pdf.save(out, **options)
    return out.getvalue()


def _refusal(content: bytes, folder: Path, **more: Any) -> str:
    with pytest.raises(Refused) as refusal:
        opened(content, folder, **more)
    assert refusal.value.code in CODES
    return refusal.value.code


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("piece", [DCT, flate_piece(GRAY)], ids=["jpeg", "gray"])
def test_a_scan_under_every_rotation(tmp_path: Path, rotate: int, piece: Any) -> None:
    with opened(_bytes(scan_pdf([piece], FULL, rotate=rotate)), tmp_path) as source:
        page = source.pages[0]
        upright = (GRAY if piece is not DCT else COLOUR).rotate(-rotate, expand=True)
        assert (page.drawn, page.own_text) == (False, False)
        assert page.size_pt == pytest.approx((upright.width * 0.36, upright.height * 0.36))
        assert page.dpi == pytest.approx((200, 200))
        assert difference(page.picture(), bgr(upright)) < 4
        placed = page.streams()
        assert placed is not None and placed[0][0].data == piece[0]


def test_strips_and_their_streams(tmp_path: Path) -> None:
    strips = [flate_piece(COLOUR.crop((0, y, 160, y + 32))) for y in (0, 32, 64)]
    content = b" ".join(b"q 57.6 0 0 11.52 0 %.2f cm /P%d Do Q" % (23.04 - 11.52 * n, n) for n in range(3))
    with opened(_bytes(scan_pdf(strips, content)), tmp_path) as source:
        page = source.pages[0]
        placed = page.streams()
        assert not page.drawn and placed is not None
        assert [stream.data for stream, _ in placed] == [data for data, _ in strips]
        assert [round(matrix[5], 2) for _, matrix in placed] == [23.04, 11.52, 0.0]
        assert difference(page.picture(), bgr(COLOUR)) < 4


@pytest.mark.parametrize(
    "content",
    [
        b"q 0 0 57.6 34.56 re W n " + FULL + b" Q",
        b"1 1 1 rg 0 0 57.6 34.56 re f " + FULL,
        FULL + b" BT 3 Tr /F1 9 Tf (read before) Tj ET",
        b"BT /F1 9 Tf (hidden by the scan) Tj ET " + FULL,
    ],
    ids=["clip", "white-ground", "invisible-text", "text-below"],
)
def test_still_a_scan(tmp_path: Path, content: bytes) -> None:
    with opened(_bytes(scan_pdf([DCT], content)), tmp_path) as source:
        assert not source.pages[0].drawn
        assert source.pages[0].streams() is not None


@pytest.mark.parametrize(
    "content",
    [
        b"q 57.6 3 -3 34.56 0 0 cm /P0 Do Q",
        b"q 10 0 0 10 0 0 cm /P0 Do Q",
        FULL + b" 1 0 0 rg 1 1 9 9 re f",
        FULL + b" 0 0 m 9 9 l S",
        FULL + b" BT /F1 9 Tf (seen) Tj ET",
        b"q 0 0 20 20 re W n " + FULL + b" Q",
        b"q 40 0 0 34.56 0 0 cm /P0 Do Q q 40 0 0 34.56 17.6 0 cm /P0 Do Q",
        b"/Mild gs " + FULL,
        b"/OC /Layer BDC " + FULL + b" EMC",
    ],
    ids=["slanted", "small", "box", "line", "words", "clipped", "overlap", "transparent", "layer"],
)
def test_a_drawn_page(tmp_path: Path, content: bytes) -> None:
    mild = {"/ExtGState": Dictionary(Mild=Dictionary(ca=0.5))}
    with opened(_bytes(scan_pdf([DCT], content, resources=mild)), tmp_path) as source:
        page = source.pages[0]
        assert page.drawn and page.streams() is None and page.dpi == (0.0, 0.0)
        assert page.picture(200).shape[0] == pytest.approx(96, abs=1)


def test_a_soft_mask_is_drawn(tmp_path: Path) -> None:
    pdf = scan_pdf([DCT], FULL)
    mask = pdf.make_stream(bytes(160 * 96))
    for key, value in {"Type": Name.XObject, "Subtype": Name.Image, "Width": 160, "Height": 96}.items():
        mask["/" + key] = value
    mask["/BitsPerComponent"], mask["/ColorSpace"] = 8, Name.DeviceGray
    pdf.pages[0].Resources.XObject["/P0"]["/SMask"] = mask
    with opened(_bytes(pdf), tmp_path) as source:
        assert source.pages[0].drawn
        assert source.pages[0].picture().min() > 250, "wholly transparent: only paper is seen"


def test_crop_box_and_user_unit(tmp_path: Path) -> None:
    pdf = scan_pdf([DCT], FULL)
    pdf.pages[0].obj["/CropBox"] = Array([10, 5, 50, 30])
    with opened(_bytes(pdf), tmp_path) as source:
        assert source.pages[0].size_pt == pytest.approx((40, 25))
        assert source.pages[0].picture().shape[:2] == (69, 111)
    pdf = scan_pdf([DCT], FULL)
    pdf.pages[0].obj["/UserUnit"] = 4
    with opened(_bytes(pdf), tmp_path) as source:
        assert source.pages[0].size_pt == pytest.approx((230.4, 138.24))
        assert source.pages[0].dpi == pytest.approx((50, 50))


def test_a_jpeg_above_the_limit_is_scaled_while_decoding(tmp_path: Path) -> None:
    piece = (saved(colour_picture(1600, 960), "JPEG"), {**DCT[1], "Width": 1600, "Height": 960})
    with opened(_bytes(scan_pdf([piece], FULL)), tmp_path) as source:
        assert source.pages[0].picture(250).shape == (120, 200, 3)


def test_passwords(tmp_path: Path) -> None:
    pdf = scan_pdf([DCT], FULL)
    locked = _bytes(pdf, encryption=pikepdf.Encryption(owner="chủ", user="mở"))
    assert _refusal(locked, tmp_path) == "needs-password"
    assert _refusal(locked, tmp_path, passwords=["sai"]) == "needs-password"
    with opened(locked, tmp_path, passwords=["sai", "mở"]) as source:
        assert source.warnings == ["encryption-removed"]
        assert not pikepdf.open(source.pdf).is_encrypted
    with opened(_bytes(pdf, encryption=pikepdf.Encryption(owner="chủ", user="")), tmp_path) as source:
        assert not source.pages[0].drawn


def test_portfolios_and_forms_of_one_program(tmp_path: Path) -> None:
    pdf = scan_pdf([DCT], FULL)
    pdf.attachments["bảng.xlsx"] = b"PK\x03\x04"
    with opened(_bytes(pdf), tmp_path) as source:
        assert source.warnings == ["attachments-removed"]
        assert len(pikepdf.open(source.pdf).attachments) == 0
    pdf.Root["/Collection"] = Dictionary(View=Name.D)
    assert _refusal(_bytes(pdf), tmp_path) == "portfolio"
    only = pikepdf.new()
    only.add_blank_page()
    only.attachments["thư.docx"] = b"PK\x03\x04"
    assert _refusal(_bytes(only), tmp_path) == "portfolio"
    form = scan_pdf([DCT], FULL)
    form.Root["/AcroForm"] = Dictionary(Fields=Array([]), XFA=form.make_stream(b"<xdp/>"))
    assert _refusal(_bytes(form), tmp_path) == "xfa-form"


def test_active_content_is_gone_from_the_working_copy(tmp_path: Path) -> None:
    pdf = scan_pdf([DCT], FULL)
    script = Dictionary(S=Name.JavaScript, JS="app.alert('x')")
    pdf.Root["/OpenAction"] = script
    pdf.Root["/Names"] = Dictionary(JavaScript=Dictionary(Names=Array(["a", script])))
    pdf.pages[0].obj["/AA"] = Dictionary(O=Dictionary(S=Name.Launch, F="calc.exe"))
    with opened(_bytes(pdf), tmp_path) as source:
        assert "active-content-removed" in source.warnings
        with pikepdf.open(source.pdf) as plain:
            kept = [each for each in plain.objects if isinstance(each, Dictionary) and ("/JS" in each or "/S" in each)]
            assert kept == [] and "/OpenAction" not in plain.Root


@pytest.mark.parametrize(
    "half", [Dictionary(Type=Name.Sig, Filter=Name("/Adobe.PPKLite")), None], ids=["half", "whole"]
)
def test_a_signed_file_is_its_own_pdf(tmp_path: Path, half: Any) -> None:
    pdf = scan_pdf([DCT], FULL)
    whole = Dictionary(Type=Name.Sig, ByteRange=Array([0, 1, 2, 3]), Contents=pikepdf.String(b"\0\0"))
    pdf.Root["/AcroForm"] = Dictionary(Fields=Array([Dictionary(FT=Name.Sig, T="ký", V=half or whole)]))
    content = _bytes(pdf)
    with opened(content, tmp_path) as source:
        assert source.signed
        assert source.pdf is not None and source.pdf.read_bytes() == content


def test_mended_but_never_into_blank_pages(tmp_path: Path) -> None:
    content = _bytes(scan_pdf([DCT], FULL), object_stream_mode=pikepdf.ObjectStreamMode.disable)
    table = content.rindex(b"xref\n", 0, content.rindex(b"startxref"))
    broken = content[:table] + re.sub(rb"\d{10} 00000 n", b"0000000003 00000 n", content[table:])
    with opened(broken, tmp_path) as source:
        assert source.warnings == ["mended"] and not source.pages[0].drawn
    # The picture is gone, the page is still there: a repair would make it white.
    start = content.index(b"stream\n", content.index(b"DCTDecode")) - 200
    gone = bytearray(broken)
    place = gone.index(b"/Subtype /Image") if b"/Subtype /Image" in gone else start
    head = gone.rindex(b" obj", 0, place)
    gone[head - 3 : head + 4] = b"       "
    assert _refusal(bytes(gone), tmp_path) in ("damaged", "truncated")


def test_cut_files_are_truncated_not_mended(tmp_path: Path) -> None:
    content = _bytes(scan_pdf([DCT], FULL))
    for length in (len(content) // 3, len(content) - 30):
        assert _refusal(content[:length], tmp_path) in ("truncated", "damaged")


def test_limits_before_decoding(tmp_path: Path) -> None:
    huge = (b"", {**DCT[1], "Width": 60_000, "Height": 60_000})
    assert _refusal(_bytes(scan_pdf([huge], FULL)), tmp_path) == "too-many-pixels"
    assert _refusal(small_pdf(), tmp_path, limits=Limits(source_bytes=100)) == "too-large"
    many = pikepdf.new()
    for _ in range(5):
        many.add_blank_page()
    assert _refusal(_bytes(many), tmp_path, limits=Limits(pages=4)) == "too-many-pages"


def test_a_stream_that_unpacks_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_pdf, "_MOST_UNPACKED", 4 << 20)
    monkeypatch.setattr(source_pdf, "_SMALL", 4096)
    packed = zlib.compress(bytes(6 << 20), 9)
    pdf = scan_pdf([DCT], FULL)
    page = pdf.pages[0].obj
    page["/Contents"] = pdf.make_stream(b"")
    page["/Contents"].write(packed, filter=Name.FlateDecode)
    assert _refusal(_bytes(pdf, compress_streams=False), tmp_path) == "unpacks-too-large"


def test_bitonal_and_indexed_streams(tmp_path: Path) -> None:
    packed = zlib.compress(INK.tobytes())
    ink = {
        "Width": 160, "Height": 96, "BitsPerComponent": 1, "ColorSpace": Name.DeviceGray, "Filter": Name.FlateDecode,
    }  # fmt: skip
    with opened(_bytes(scan_pdf([(packed, ink)], FULL)), tmp_path) as source:
        placed = source.pages[0].streams()
        assert placed is not None and placed[0][0].colour == "bitonal"
        assert difference(source.pages[0].picture(), bgr(INK)) == 0
    stencil = {key: value for key, value in ink.items() if key != "ColorSpace"} | {"ImageMask": True}
    with opened(_bytes(scan_pdf([(packed, stencil)], FULL)), tmp_path) as source:
        assert not source.pages[0].drawn
        assert difference(source.pages[0].picture(), bgr(INK)) < 3
    few = COLOUR.quantize(16)
    space = Array([Name.Indexed, Name.DeviceRGB, 15, pikepdf.String(bytes(few.getpalette()[:48]))])
    piece = (zlib.compress(few.tobytes()), {**DCT[1], "ColorSpace": space, "Filter": Name.FlateDecode})
    with opened(_bytes(scan_pdf([piece], FULL)), tmp_path) as source:
        placed = source.pages[0].streams()
        assert placed is not None and (placed[0][0].colour, len(placed[0][0].palette)) == ("indexed", 48)
        assert difference(source.pages[0].picture(), bgr(few.convert("RGB"))) < 1


def test_a_born_digital_page_brings_its_words(tmp_path: Path) -> None:
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(300, 100))
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    page.obj["/Resources"] = Dictionary(Font=Dictionary(F1=font))
    page.obj["/Contents"] = pdf.make_stream(b"BT /F1 12 Tf 20 50 Td (Mot dong chu du dai de doc) Tj ET")
    with opened(_bytes(pdf), tmp_path) as source:
        assert source.pages[0].drawn and source.pages[0].own_text
        shown = source.pages[0].picture(100)
        assert shown.shape[:2] == (139, 417) and shown.min() < 100


def test_samples_are_taken_as_they_are(tmp_path: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (96, 160, 3)).astype(np.uint8))
    with opened(_bytes(scan_pdf([flate_piece(noise)], FULL)), tmp_path) as source:
        assert difference(source.pages[0].picture(), bgr(noise)) == 0
