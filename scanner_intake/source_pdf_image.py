"""One picture inside a PDF: its stream as the scanner wrote it, and its samples.

Owns the reading of image dictionaries (PDF 32000-1, 8.9.5). JPEG is decoded here, scaled down while it is decoded;
what only a renderer decodes well (JBIG2, JPEG 2000, CCITT, rare colour spaces) is left to PDFium.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import pikepdf
from PIL import Image

from scanner_intake.source_types import ImageStream

_KEPT = ("/DCTDecode", "/CCITTFaxDecode", "/JBIG2Decode", "/JPXDecode", "/FlateDecode")
_PARMS = {
    "/DCTDecode": ("ColorTransform",),
    "/CCITTFaxDecode": (
        "K", "Columns", "Rows", "BlackIs1", "EncodedByteAlign", "EndOfLine", "EndOfBlock", "DamagedRowsBeforeError",
    ),
    "/FlateDecode": ("Predictor", "Colors", "BitsPerComponent", "Columns"),
    "/JBIG2Decode": ("JBIG2Globals",),
}  # fmt: skip
_CHANNELS = {"gray": 1, "bitonal": 1, "indexed": 1, "rgb": 3, "cmyk": 4}
_MOST_UNPACKED = 256 << 20


def stream_of(thing: Any) -> ImageStream | None:
    """The picture's stream, untouched where an archive copy may carry its filter; None when its colours need more.

    Chains of filters and filters that PDF/A forbids (LZW) are unpacked and packed again without loss.
    """
    try:
        return _stream_of(thing)
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, IndexError, zlib.error):
        return None


def _stream_of(thing: Any) -> ImageStream | None:
    filters, parms = _chain(thing)
    stencil = bool(thing.get("/ImageMask", False))
    bits = 1 if stencil else int(thing.get("/BitsPerComponent", 8))
    colour, palette, icc = ("bitonal", b"", b"") if stencil else _colour(thing.get("/ColorSpace"), bits, filters)
    invert = _inverted(thing.get("/Decode"), colour)
    if colour is None or invert is None:
        return None
    width, height = int(thing["/Width"]), int(thing["/Height"])
    common = (width, height, bits, colour, invert, palette)
    if len(filters) == 1 and filters[0] in _KEPT:
        shared = parms[0].get("JBIG2Globals")
        plain = {key: value for key, value in parms[0].items() if key != "JBIG2Globals"}
        segments = shared.read_bytes() if shared is not None else b""
        return ImageStream(thing.read_raw_bytes(), filters[0][1:], plain, *common, globals=segments, icc=icc)
    if filters[-1:] == ["/DCTDecode"] and set(filters[:-1]) == {"/FlateDecode"}:
        return ImageStream(
            _inflated(thing.read_raw_bytes(), len(filters) - 1), "DCTDecode", parms[-1], *common, icc=icc
        )
    if any(each in ("/JBIG2Decode", "/JPXDecode", "/CCITTFaxDecode", "/DCTDecode", "/Crypt") for each in filters):
        return None
    need = height * ((width * bits * _CHANNELS[colour] + 7) // 8)
    samples = thing.read_bytes()
    if not need <= len(samples) <= need + 64:
        return None
    return ImageStream(zlib.compress(samples[:need], 6), "FlateDecode", {}, *common, icc=icc)


def _chain(thing: Any) -> tuple[list[str], list[Mapping[str, Any]]]:
    filters = thing.get("/Filter")
    names = [str(each) for each in filters] if isinstance(filters, pikepdf.Array) else [str(filters)] if filters else []
    given = thing.get("/DecodeParms")
    listed = list(given) if isinstance(given, pikepdf.Array) else [given]
    parms: list[Mapping[str, Any]] = []
    for index in range(len(names)):
        each = listed[index] if index < len(listed) else None
        known = _PARMS.get(names[index], ())
        parms.append({key: _plain(each["/" + key]) for key in known if "/" + key in each} if each is not None else {})
    return names, parms


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int):
        return value
    return value if isinstance(value, pikepdf.Stream) else int(value)


def _inflated(raw: bytes, times: int) -> bytes:
    for _ in range(times):
        unpacking = zlib.decompressobj()
        raw = unpacking.decompress(raw, _MOST_UNPACKED)
        if unpacking.unconsumed_tail:
            raise ValueError("more than a picture needs")
    return raw


def _colour(space: Any, bits: int, filters: list[str]) -> tuple[str | None, bytes, bytes]:
    """Colour name, palette (RGB triples) and ICC profile of a colour space; the name is None for rare ones."""
    none: tuple[str | None, bytes, bytes] = (None, b"", b"")
    if space is None:
        return ("rgb", b"", b"") if filters[-1:] == ["/JPXDecode"] else none
    if not isinstance(space, pikepdf.Array):
        name = {"/DeviceGray": "gray", "/DeviceRGB": "rgb", "/DeviceCMYK": "cmyk"}.get(str(space))
        return ("bitonal" if name == "gray" and bits == 1 else name, b"", b"")
    kind = str(space[0])
    if len(space) == 1:
        return _colour(space[0], bits, filters)
    if kind == "/ICCBased":
        name = {1: "gray", 3: "rgb", 4: "cmyk"}.get(int(space[1]["/N"]))
        return ("bitonal" if name == "gray" and bits == 1 else name, b"", bytes(space[1].read_bytes()))
    if kind in ("/CalGray", "/CalRGB"):
        name = "rgb" if kind == "/CalRGB" else "bitonal" if bits == 1 else "gray"
        return (name, b"", b"")
    if kind == "/Indexed":
        base, _, _ = _colour(space[1], 8, filters)
        table = space[3].read_bytes() if isinstance(space[3], pikepdf.Stream) else bytes(space[3])
        if base == "gray":
            table = bytes(each for value in table for each in (value, value, value))
        return ("indexed", table, b"") if base in ("gray", "rgb") else none
    return none


def _inverted(decode: Any, colour: str | None) -> bool | None:
    """Whether /Decode turns the samples round; None when it does anything else."""
    if decode is None:
        return False
    values = [float(each) for each in decode]
    if colour == "indexed":
        return False if values[:1] == [0.0] else None
    if values == [0.0, 1.0] * (len(values) // 2):
        return False
    return True if values == [1.0, 0.0] * (len(values) // 2) else None


def jpeg_samples(stream: ImageStream, reduction: int) -> np.ndarray | None:
    """The samples of a gray or colour JPEG, 1/`reduction` (1, 2, 4, 8) of its size by DCT scaling; None when it is no
    such JPEG.
    """
    if stream.filter != "DCTDecode" or stream.colour not in ("gray", "rgb") or stream.invert:
        return None
    if stream.colour == "rgb" and stream.parms.get("ColorTransform", 1) != 1:
        return None
    return decode_jpeg(stream.data, stream.width, stream.height, stream.colour == "gray", reduction)


def plain_samples(thing: Any) -> np.ndarray | None:
    """The samples of an 8-bit gray or RGB picture that is only packed (Deflate, LZW, run length); None for others."""
    filters, _ = _chain(thing)
    if not filters or any(each not in ("/FlateDecode", "/LZWDecode", "/RunLengthDecode") for each in filters):
        return None
    colour, _, _ = _colour(thing.get("/ColorSpace"), int(thing.get("/BitsPerComponent", 0)), filters)
    if int(thing.get("/BitsPerComponent", 0)) != 8 or colour not in ("gray", "rgb") or "/Decode" in thing:
        return None
    width, height = int(thing["/Width"]), int(thing["/Height"])
    try:
        samples = np.frombuffer(thing.read_bytes(), np.uint8)
    except pikepdf.PdfError:
        return None
    need = width * height * _CHANNELS[colour]
    if len(samples) < need:
        return None
    if colour == "gray":
        return samples[:need].reshape(height, width)
    return cv2.cvtColor(samples[:need].reshape(height, width, 3), cv2.COLOR_RGB2BGR)


def _is_rgb(content: bytes) -> bool:
    """Whether a JPEG says that its three components are RGB already; not every decoder listens to that."""
    adobe = content.find(b"\xff\xee\x00\x0eAdobe", 0, 65_536)
    return adobe >= 0 and content[adobe + 15 : adobe + 16] == b"\0"


def _by_pillow(content: bytes, width: int, height: int, reduction: int) -> np.ndarray | None:
    with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
        if image.size != (width, height) or image.mode != "RGB":
            return None
        image.draft(None, (width // reduction, height // reduction))
        return cv2.cvtColor(np.asarray(image), cv2.COLOR_RGB2BGR)


def is_clean_jpeg(content: bytes) -> bool:
    """Whether a JPEG decodes without any complaint, so that an archive copy with it passes qpdf's check."""
    with pikepdf.new() as pdf:
        stream = pdf.make_stream(content)
        stream["/Filter"] = pikepdf.Name.DCTDecode
        try:
            stream.read_bytes(decode_level=pikepdf.StreamDecodeLevel.all)
        except (pikepdf.PdfError, RuntimeError):
            return False
    return True


def decode_jpeg(content: bytes, width: int, height: int, gray: bool, reduction: int = 1) -> np.ndarray | None:
    """A JPEG's samples in BGR (or gray) as stored, not turned; None when it does not decode to the stated size."""
    ways = {
        1: (cv2.IMREAD_COLOR, cv2.IMREAD_GRAYSCALE),
        2: (cv2.IMREAD_REDUCED_COLOR_2, cv2.IMREAD_REDUCED_GRAYSCALE_2),
    }
    ways |= {4: (cv2.IMREAD_REDUCED_COLOR_4, cv2.IMREAD_REDUCED_GRAYSCALE_4)}
    ways |= {8: (cv2.IMREAD_REDUCED_COLOR_8, cv2.IMREAD_REDUCED_GRAYSCALE_8)}
    if not gray and _is_rgb(content):
        return _by_pillow(content, width, height, reduction)
    try:
        read = cv2.imdecode(np.frombuffer(content, np.uint8), ways[reduction][gray] | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        return None
    if read is None or read.shape[:2] != (-(-height // reduction), -(-width // reduction)):
        return None
    return np.asarray(read)


def reduction_for(native: float, wanted: float) -> int:
    """How far a JPEG may be scaled down while it is decoded so that at least `wanted` dots per inch are left."""
    return next((each for each in (8, 4, 2) if native / each >= wanted * 0.98), 1)
