"""The files a scanner writes: JPEG pages in a PDF, multi-page TIFF, JPEG, PNG - and what remains when it is cut off.

Owns the file formats only. PDFs have no text layer, pages of true size, and no times inside, so the same pictures
give the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

A4_POINTS = (595.276, 841.89)


def _jpeg(image: Image.Image, quality: int, dpi: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, subsampling="4:2:0" if image.mode == "RGB" else -1, dpi=(dpi, dpi))
    return out.getvalue()


def write_pdf_scan(
    images: Sequence[Image.Image],
    path: Path,
    dpi: int,
    quality: int = 85,
    page_points: tuple[float, float] = A4_POINTS,
) -> None:
    """A PDF 1.4 with one JPEG per page, as a copier sends it: no text, an xref table, no incremental parts.

    `dpi` goes into the JPEG headers; every page is `page_points` (width, height; A4) whatever the pixels say.
    """
    across, down = page_points
    count = len(images)
    kids = " ".join(f"{3 + 3 * i} 0 R" for i in range(count))
    parts = [b"<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode()]
    for i, image in enumerate(images):
        content, picture = 4 + 3 * i, 5 + 3 * i
        draw = f"q {across} 0 0 {down} 0 0 cm /Im0 Do Q".encode()
        colour = "/DeviceRGB" if image.mode == "RGB" else "/DeviceGray"
        body = _jpeg(image, quality, dpi)
        resources = f"<< /XObject << /Im0 {picture} 0 R >> /ProcSet [/PDF /ImageC] >>"
        parts.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {across} {down}] "
            f"/Resources {resources} /Contents {content} 0 R >>".encode()
        )
        parts.append(f"<< /Length {len(draw)} >>\nstream\n".encode() + draw + b"\nendstream")
        parts.append(
            f"<< /Type /XObject /Subtype /Image /Width {image.width} /Height {image.height} /ColorSpace {colour} "
            f"/BitsPerComponent 8 /Filter /DCTDecode /Length {len(body)} >>\nstream\n".encode()
            + body
            + b"\nendstream"
        )
    path.write_bytes(_pdf(parts))


def _pdf(parts: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, part in enumerate(parts, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n".encode() + part + b"\nendobj\n"
    mark = hashlib.md5(out, usedforsecurity=False).hexdigest()
    start = len(out)
    out += f"xref\n0 {len(parts) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
    out += f"trailer\n<< /Size {len(parts) + 1} /Root 1 0 R /ID [<{mark}> <{mark}>] >>\n".encode()
    out += f"startxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def write_tiff(
    images: Sequence[Image.Image], path: Path, dpi: int, compression: str = "jpeg", quality: int = 80
) -> None:
    """A multi-page TIFF; `compression` is Pillow's name: "jpeg", "tiff_lzw", "tiff_adobe_deflate", "group4" (black
    and white).
    """
    # Copies, because Pillow leaves a JPEG writer's settings on a picture and its TIFF writer then fails on them.
    pages = [
        image.convert("1", dither=Image.Dither.NONE) if compression == "group4" else image.copy() for image in images
    ]
    extra = {"quality": quality} if compression == "jpeg" else {}
    pages[0].save(
        path, "TIFF", save_all=True, append_images=pages[1:], compression=compression, dpi=(dpi, dpi), **extra
    )


def write_jpeg(image: Image.Image, path: Path, dpi: int, quality: int = 85) -> None:
    """One page as a JPEG with its resolution in the header."""
    path.write_bytes(_jpeg(image, quality, dpi))


def write_png(image: Image.Image, path: Path, dpi: int) -> None:
    """One RGB or grey page as a PNG with its resolution in a pHYs chunk."""
    pixels = np.asarray(image)
    # Scanner grain never repeats: coding single bytes is smaller than looking for matches, and three times quicker.
    plan = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY]
    plan += [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_SUB]
    _, coded = cv2.imencode(".png", pixels[:, :, ::-1] if pixels.ndim == 3 else pixels, plan)
    whole, per_metre = coded.tobytes(), round(dpi / 0.0254)
    size = b"pHYs" + struct.pack(">IIB", per_metre, per_metre, 1)
    chunk = struct.pack(">I", 9) + size + struct.pack(">I", zlib.crc32(size))
    # The signature and the header chunk take the first 33 bytes (ISO/IEC 15948, clauses 5.2 and 11.2.2).
    path.write_bytes(whole[:33] + chunk + whole[33:])


def truncate(path_in: Path, path_out: Path, fraction: float) -> None:
    """The first `fraction` (0..1) of a file's bytes: what a broken network share leaves of a scan."""
    whole = path_in.read_bytes()
    path_out.write_bytes(whole[: int(len(whole) * fraction)])
