"""Originals of every kind, made here: pictures that show which way is up, TIFF writers for what Pillow cannot write,
PDFs as scanners write them.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pikepdf
import pypdfium2 as pdfium
from PIL import Image

from scanner_intake.digitized import Limits
from scanner_intake.source_pages import Source, open_source

DPI = 200.0
TURNS = {
    1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
_KINDS = {"H": 3, "I": 4, "Q": 16}


def colour_picture(width: int = 160, height: int = 96) -> Image.Image:
    """Soft colours with a dark corner at the top left: every turn and every mix-up of channels can be seen."""
    y, x = np.mgrid[0:height, 0:width]
    values = np.stack([80 + x * 150 // width, 60 + y * 180 // height, 200 - x * 90 // width], axis=2).astype(np.uint8)
    values[: height // 3, : width // 4] = (200, 30, 40)
    values[height // 2 :, width // 2 : width // 2 + 12] = (20, 40, 160)
    return Image.fromarray(values)


def ink_picture(width: int = 160, height: int = 96) -> Image.Image:
    """Black on white, mode 1."""
    values = np.full((height, width), 255, np.uint8)
    values[8 : height // 3, 10 : width // 3] = 0
    values[height // 2 : height // 2 + 3, 5 : width - 7] = 0
    values[::11, width // 2 :: 7] = 0
    return Image.fromarray(values).convert("1")


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    """The picture in a Pillow format at 200 dpi."""
    out = io.BytesIO()
    image.save(out, form, **{"dpi": (DPI, DPI), **options})
    return out.getvalue()


def bgr(image: Image.Image) -> np.ndarray:
    """What `picture` should give: gray for gray pictures, else BGR."""
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"))
    return np.asarray(image.convert("RGB"))[:, :, ::-1]


def own_tiff(
    pages: Sequence[tuple[dict[int, tuple[str, Sequence[int]]], Sequence[bytes]]], order: str = "<", big: bool = False
) -> bytes:
    """A TIFF of the given tags; strips (or tiles, when tag 322 is there) are put in and their tags added.

    A rational is written as ("R", [top, below]); undefined bytes as ("B", bytes).
    """
    word = "Q" if big else "I"
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    made = bytearray(head + (struct.pack(order + "HHQ", 8, 0, 0) if big else bytes(4)))
    link = len(made) - (8 if big else 4)
    for tags, pieces in pages:
        places = []
        for piece in pieces:
            places.append(len(made))
            made += piece + bytes(len(piece) % 2)
        tiled = 322 in tags
        whole = dict(tags)
        whole[324 if tiled else 273] = (word, places)
        whole[325 if tiled else 279] = (word, [len(piece) for piece in pieces])
        rows = b""
        for tag in sorted(whole):
            form, values = whole[tag]
            kind = {"R": 5, "B": 7}.get(form) or _KINDS[form]
            body = (
                bytes(values)
                if form == "B"
                else struct.pack(f"{order}{len(values)}{'I' if form == 'R' else form}", *values)
            )
            count = len(values) // 2 if form == "R" else len(values)
            room = 8 if big else 4
            if len(body) > room:
                at = len(made)
                made += body + bytes(len(body) % 2)
                body = struct.pack(order + word, at)
            rows += struct.pack(order + "HH" + word, tag, kind, count) + body.ljust(room, b"\0")
        made[link : link + (8 if big else 4)] = struct.pack(order + word, len(made))
        made += struct.pack(order + ("Q" if big else "H"), len(whole)) + rows
        link = len(made)
        made += bytes(8 if big else 4)
    return bytes(made)


def tags_for(image: Image.Image, compression: int = 1, **more: tuple[str, Sequence[int]]) -> dict[int, Any]:
    """The tags of a plain page at 200 dpi; `more` as t<number>=(form, values)."""
    channels = len(image.getbands())
    bits = 1 if image.mode == "1" else 8
    photometric = {1: 1, 3: 2, 4: 5}[channels]
    tags: dict[int, Any] = {
        256: ("I", [image.width]), 257: ("I", [image.height]), 258: ("H", [bits] * channels),
        259: ("H", [compression]), 262: ("H", [photometric]), 277: ("H", [channels]), 278: ("I", [image.height]),
        282: ("R", [200, 1]), 283: ("R", [200, 1]), 296: ("H", [2]),
    }  # fmt: skip
    tags.update({int(name[1:]): value for name, value in more.items()})
    return tags


def tiles_of(image: Image.Image, side: int) -> list[bytes]:
    """Uncompressed square tiles, filled up with zeros at the right and bottom edges."""
    values = np.asarray(image)
    made = []
    for y in range(0, image.height, side):
        for x in range(0, image.width, side):
            tile = np.zeros((side, side, *values.shape[2:]), np.uint8)
            piece = values[y : y + side, x : x + side]
            tile[: piece.shape[0], : piece.shape[1]] = piece
            made.append(tile.tobytes())
    return made


def scan_pdf(
    pieces: Sequence[tuple[bytes, dict[str, Any]]],
    content: bytes,
    *,
    size: tuple[float, float] = (57.6, 34.56),
    rotate: int = 0,
    resources: dict[str, Any] | None = None,
) -> pikepdf.Pdf:
    """A page as a scanner writes it: pictures /P0, /P1 … and a content stream that places them."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=size)
    pictures = pikepdf.Dictionary()
    for number, (data, entries) in enumerate(pieces):
        stream = pdf.make_stream(data)
        stream["/Type"], stream["/Subtype"] = pikepdf.Name.XObject, pikepdf.Name.Image
        for key, value in entries.items():
            stream["/" + key] = value
        pictures[f"/P{number}"] = stream
    page.obj["/Resources"] = pikepdf.Dictionary({"/XObject": pictures, **(resources or {})})
    page.obj["/Contents"] = pdf.make_stream(content)
    if rotate:
        page.obj["/Rotate"] = rotate
    return pdf


def flate_piece(image: Image.Image) -> tuple[bytes, dict[str, Any]]:
    """Samples and dictionary of a gray or RGB picture."""
    gray = image.mode == "L"
    space = pikepdf.Name.DeviceGray if gray else pikepdf.Name.DeviceRGB
    entries = {
        "Width": image.width, "Height": image.height, "BitsPerComponent": 8, "ColorSpace": space,
        "Filter": pikepdf.Name.FlateDecode,
    }  # fmt: skip
    return zlib.compress(image.tobytes()), entries


def opened(content: bytes, folder: Path, limits: Limits | None = None, passwords: Sequence[str] = ()) -> Source:
    """The bytes written down under a name that says nothing, and opened."""
    path = folder / "scan.bin"
    path.write_bytes(content)
    return open_source(path, folder, limits or Limits(), passwords)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean difference of two pictures of the same size, gray or BGR."""
    assert one.shape[:2] == other.shape[:2], (one.shape, other.shape)
    both = [np.repeat(each[:, :, None], 3, axis=2) if each.ndim == 2 else each for each in (one, other)]
    return float(np.abs(both[0].astype(int) - both[1].astype(int)).mean())


def drawn_pdf(source: Source, number: int = 1) -> np.ndarray:
    """Page `number` of the source's PDF as another program draws it, as large as the page's own picture."""
    wanted = source.pages[number - 1].picture()
    document = pdfium.PdfDocument(source.pdf)
    try:
        page = document[number - 1]
        scale = 2 * wanted.shape[1] / page.get_width()
        drawn = np.array(page.render(scale=scale).to_numpy()[:, :, :3])
    finally:
        document.close()
    return cv2.resize(drawn, wanted.shape[1::-1], interpolation=cv2.INTER_AREA)
