"""Small PDF/A-2b pages to sign, with an embedded Vietnamese font, and drawn stand-ins for a signature and a seal."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Iterable
from pathlib import Path

import pikepdf
import pikepdf.pdfa
from fontTools.ttLib import TTFont
from pikepdf import Array, Dictionary, Name
from PIL import Image, ImageDraw

from hsm.font import font_file

A4 = (595, 842)
LETTER = (
    (60, 60, 12, "ỦY BAN NHÂN DÂN"),
    (60, 76, 12, "XÃ THỬ NGHIỆM"),
    (300, 60, 12, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
    (340, 76, 12, "Độc lập - Tự do - Hạnh phúc"),
    (60, 104, 12, "Số: 15/UBND-VP"),
    (320, 104, 12, "Thử Nghiệm, ngày 05 tháng 3 năm 2026"),
    (150, 160, 13, "Kính gửi: Sở Nội vụ tỉnh Thử Nghiệm"),
    (80, 200, 13, "Chủ tịch Ủy ban nhân dân xã báo cáo kết quả thực hiện nhiệm vụ"),
    (80, 218, 13, "tháng 02 năm 2026 như sau: số hóa văn bản đạt kế hoạch đề ra."),
)
SIGNED_BLOCK = (
    (60, 560, 11, "Nơi nhận:"),
    (60, 574, 11, "- Như trên;"),
    (360, 560, 12, "TM. ỦY BAN NHÂN DÂN"),
    (400, 576, 12, "CHỦ TỊCH"),
    (370, 668, 12, "Nguyễn Thị Thử Nghiệm"),
)


DRAFT = tuple(
    {4: (60, 104, 13, "Số:          /QĐ-UBND"), 5: (318, 104, 13, "Thử Nghiệm, ngày       tháng       năm 2026")}.get(
        number, line
    )
    for number, line in enumerate(LETTER)
)
"""A letter whose number and day are left to the clerk."""
_ROW = (
    "Ủy ban nhân dân xã đề nghị các thôn, bản, tổ dân phố và đơn vị trường học trên địa bàn kiểm tra, rà soát, báo cáo."
)
CROWDED = tuple((24.0, 48 + 13.2 * number, 11.0, _ROW) for number in range(60))
"""Text from edge to edge: only a strip along the upper edge is free."""
FULL = tuple((8.0, 9 + 9.5 * number, 11.0, _ROW + _ROW) for number in range(88))
"""Text over text, nothing free at all."""
WIDE = (
    (60, 50, 12, "ỦY BAN NHÂN DÂN"),
    (60, 66, 12, "XÃ THỬ NGHIỆM"),
    (300, 110, 13, "BIỂU TỔNG HỢP KẾT QUẢ SỐ HÓA VĂN BẢN"),
    *(
        (60 + 130 * column, 150 + 24 * row, 11, f"Cột {column + 1} dòng {row + 1}")
        for row in range(12)
        for column in range(6)
    ),
    (560, 460, 12, "CHỦ TỊCH"),
    (530, 545, 12, "Nguyễn Thị Thử Nghiệm"),
)
"""A table on a page that lies on its side."""
PAGES: dict[str, tuple[tuple[int, int], tuple[tuple[float, float, float, str], ...]]] = {
    "scan": (A4, LETTER),
    "letter": (A4, LETTER + SIGNED_BLOCK),
    "draft": (A4, DRAFT + SIGNED_BLOCK),
    "crowded": (A4, CROWDED),
    "full": (A4, FULL),
    "landscape": ((A4[1], A4[0]), WIDE),
}


def make_page(path: Path, name: str, rotate: int = 0, crop: tuple[float, float, float, float] | None = None) -> Path:
    """One page of `PAGES`. `rotate`: its content is turned in the file and turned back by /Rotate, as scanners write
    it; `crop`: a CropBox inside larger paper."""
    (across, down), lines = PAGES[name]
    turn = {
        0: "",
        90: f"0 1 -1 0 {down} 0 cm",
        180: f"-1 0 0 -1 {across} {down} cm",
        270: f"0 -1 1 0 0 {across} cm",
    }
    document = pikepdf.new()
    document.add_blank_page(page_size=(across, down) if rotate in (0, 180) else (down, across))
    page = document.pages[0]
    font, glyphs = _font(document)
    page.obj.Resources = Dictionary(Font=Dictionary(F1=font))
    content = "\n".join([turn[rotate], *_shown(lines, glyphs, down)])
    page.obj.Contents = document.make_stream(content.encode("ascii"))
    if rotate:
        page.obj.Rotate = rotate
    if crop:
        page.obj.MediaBox = Array([-60, -80, across + 100, down + 120])
        page.obj.CropBox = Array(crop)
    return _save(document, path)


def _shown(lines: Iterable[tuple[float, float, float, str]], glyphs: dict[int, int], down: float = A4[1]) -> list[str]:
    """Page content that shows `lines`: x and baseline from the top left in points, size, text."""
    found = []
    for x, y, size, text in lines:
        codes = "".join(f"{glyphs[ord(letter)]:04x}" for letter in text)
        found.append(f"BT /F1 {size} Tf {x} {down - y} Td <{codes}> Tj ET")
    return found


def _save(document: pikepdf.Pdf, path: Path) -> Path:
    with document.open_metadata() as metadata:
        metadata["pdfaid:part"] = "2"
        metadata["pdfaid:conformance"] = "B"
        metadata["dc:title"] = "Văn bản thử nghiệm"
    report = pikepdf.pdfa.save(document, path, "2b")
    assert report.passed
    return path


def make_volume(path: Path, pages: int, picture_bytes: int) -> Path:
    """`pages` scans as PDF/A-2b: the letter's text over a grey noise picture of about `picture_bytes` bytes each, which
    does not compress."""
    draw = random.Random(pages)
    side = max(8, round(math.sqrt(picture_bytes)))
    document = pikepdf.new()
    font, glyphs = _font(document)
    for _ in range(pages):
        document.add_blank_page(page_size=A4)
        page = document.pages[-1]
        noise = document.make_stream(draw.randbytes(side * side))
        noise.update(
            {
                "/Type": Name.XObject,
                "/Subtype": Name.Image,
                "/Width": side,
                "/Height": side,
                "/ColorSpace": Name.DeviceGray,
                "/BitsPerComponent": 8,
            }
        )
        page.obj.Resources = Dictionary(Font=Dictionary(F1=font), XObject=Dictionary(P=noise))
        parts = ["q 300 0 0 300 150 200 cm /P Do Q", *_shown(LETTER, glyphs)]
        page.obj.Contents = document.make_stream("\n".join(parts).encode("ascii"))
    return _save(document, path)


def make_signature() -> bytes:
    """A blue squiggle on transparent ground, PNG."""
    picture = Image.new("RGBA", (480, 210), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    points = [(20 + x, 105 + 70 * math.sin(x / 22) * math.cos(x / 120)) for x in range(0, 440, 2)]
    pen.line(points, fill=(20, 40, 170, 255), width=7)
    return _png(picture)


def make_seal() -> bytes:
    """A red ring with a star on transparent ground, PNG."""
    picture = Image.new("RGBA", (425, 425), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((6, 6, 419, 419), outline=(205, 20, 30, 220), width=10)
    pen.ellipse((90, 90, 335, 335), outline=(205, 20, 30, 220), width=5)
    star = [
        (
            212 + (80 if turn % 2 == 0 else 32) * math.sin(turn * math.pi / 5),
            212 - (80 if turn % 2 == 0 else 32) * math.cos(turn * math.pi / 5),
        )
        for turn in range(10)
    ]
    pen.polygon(star, fill=(205, 20, 30, 220))
    return _png(picture)


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _font(document: pikepdf.Pdf) -> tuple[pikepdf.Object, dict[int, int]]:
    path = font_file()
    with TTFont(path) as face:
        order = face.getGlyphOrder()
        widths = [face["hmtx"].metrics[glyph][0] for glyph in order]
        glyphs = {code: face.getGlyphID(glyph) for code, glyph in face.getBestCmap().items()}
        box = [face["head"].xMin, face["head"].yMin, face["head"].xMax, face["head"].yMax]
    descriptor = Dictionary(
        Type=Name.FontDescriptor,
        FontName=Name("/AAAAAA+Serif"),
        Flags=4,
        FontBBox=Array(box),
        ItalicAngle=0,
        Ascent=891,
        Descent=-216,
        CapHeight=660,
        StemV=80,
        FontFile2=document.make_stream(path.read_bytes()),
    )
    descendant = Dictionary(
        Type=Name.Font,
        Subtype=Name.CIDFontType2,
        BaseFont=Name("/AAAAAA+Serif"),
        CIDSystemInfo=Dictionary(Registry=pikepdf.String("Adobe"), Ordering=pikepdf.String("Identity"), Supplement=0),
        FontDescriptor=document.make_indirect(descriptor),
        W=Array([0, Array(widths)]),
        CIDToGIDMap=Name.Identity,
    )
    mapping = "\n".join(f"<{glyph:04x}> <{code:04x}>" for code, glyph in sorted(glyphs.items())[:100])
    rest = "\n".join(f"<{glyph:04x}> <{code:04x}>" for code, glyph in sorted(glyphs.items())[100:200])
    last = "\n".join(f"<{glyph:04x}> <{code:04x}>" for code, glyph in sorted(glyphs.items())[200:300])
    blocks = "\n".join(
        f"{len(block.splitlines())} beginbfchar\n{block}\nendbfchar" for block in (mapping, rest, last) if block
    )
    unicode_map = (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n"
        f"{blocks}\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    )
    font = Dictionary(
        Type=Name.Font,
        Subtype=Name.Type0,
        BaseFont=Name("/AAAAAA+Serif"),
        Encoding=Name("/Identity-H"),
        DescendantFonts=Array([document.make_indirect(descendant)]),
        ToUnicode=document.make_stream(unicode_map.encode("ascii")),
    )
    return document.make_indirect(font), glyphs
