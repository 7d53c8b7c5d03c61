"""JPEG, PNG and HEIC files as one-page sources.

Owns what their headers say (size, orientation, resolution, colours), the check of limits before anything is decoded,
and the passing on of JPEG and PNG bytes as they are. TIFF has its own module.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pi_heif
from PIL import Image, UnidentifiedImageError

from scanner_intake.digitized import Limits
from scanner_intake.source_geometry import UNIT, composed, native_dpi, oriented, page_size, shown_dpi, then
from scanner_intake.source_pdf_image import decode_jpeg, is_clean_jpeg, reduction_for
from scanner_intake.source_samples import flate_of_frame, flate_stream, samples_of
from scanner_intake.source_types import ImageStream, Matrix, Placed, Refused, Size, Source

JPEG, PNG, HEIC = "image/jpeg", "image/png", "image/heif"
_ORIENTATION = 274
_CHANNELS = {0: 1, 2: 3, 3: 1}


class ImagePage:
    """A page that is one picture. `decode` gives its samples as stored (1/reduction of the size or larger), `wrap` its
    streams placed in the unit square.
    """

    drawn = False
    own_text = False

    def __init__(
        self,
        number: int,
        pixels: tuple[int, int],
        orientation: int,
        stated: Size | None,
        decode: Callable[[int], np.ndarray],
        wrap: Callable[[], list[Placed]],
    ) -> None:
        self.number = number
        self._decode, self._wrap = decode, wrap
        (width, height), self.assumed = page_size(*pixels, stated)
        self.size_pt: Size = (height, width) if orientation >= 5 else (width, height)
        self._place: Matrix = oriented(orientation, self.size_pt)
        self.dpi: Size = native_dpi(*pixels, self._place)

    def picture(self, most_dpi: float = 300.0) -> np.ndarray:
        """The picture upright with square pixels, at most `most_dpi`. Raises: Refused."""
        dpi = shown_dpi(self.size_pt, max(self.dpi), most_dpi)
        samples = guarded(lambda: self._decode(reduction_for(min(self.dpi), dpi)))
        return composed([(samples, self._place)], self.size_pt, dpi)

    def streams(self) -> list[Placed] | None:
        """The file's own streams where an archive copy may carry them, otherwise lossless ones. Raises: Refused."""
        return [(stream, then(matrix, self._place)) for stream, matrix in guarded(self._wrap)]


def guarded(decode: Callable[[], Any]) -> Any:
    """Runs a decoder of hostile bytes; whatever it raises means that the picture is damaged.

    Raises: Refused (damaged, too-many-pixels, unsupported-image), MemoryError.
    """
    try:
        return decode()
    except (Refused, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise Refused("too-many-pixels") from error
    except (UnidentifiedImageError, NotImplementedError) as error:
        raise Refused("unsupported-image") from error
    except Exception as error:  # decoders raise OSError, SyntaxError, struct.error, cv2.error … for the same thing
        raise Refused("damaged") from error


def check_pixels(width: int, height: int, limits: Limits) -> None:
    """Raises: Refused (too-many-pixels, damaged) before a picture of this size is decoded."""
    if width <= 0 or height <= 0:
        raise Refused("damaged")
    if width * height > limits.pixels:
        raise Refused("too-many-pixels")


def open_image(original: Path, media_type: str, limits: Limits) -> Source:
    """A JPEG, PNG or HEIC file that was found whole, as a source of one page. Raises: Refused."""
    Image.MAX_IMAGE_PIXELS = limits.pixels  # Pillow warns at this and raises at twice it; the exact check is ours
    opener = {JPEG: _jpeg, PNG: _png, HEIC: _heic}[media_type]
    page = guarded(lambda: opener(original, limits))
    warnings = ["resolution-assumed"] if page.assumed else []
    return Source(media_type, [page], warnings=warnings)


def stated_dpi(image: Image.Image) -> Size | None:
    """The resolution a file states, None when it states none that can be true."""
    dpi: Any = image.info.get("dpi")
    try:
        x, y = float(dpi[0]), float(dpi[1])
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        return None
    return (x, y) if 40 <= x <= 4800 and 40 <= y <= 4800 else None


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # a broken EXIF block says nothing; the picture is still good
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _jpeg(original: Path, limits: Limits) -> ImagePage:
    with Image.open(original, formats=("JPEG", "MPO")) as image:
        check_pixels(image.width, image.height, limits)
        width, height, mode = image.width, image.height, image.mode
        orientation, dpi = _orientation(image), stated_dpi(image)
        adobe = "adobe" in image.info

    def decode(reduction: int) -> np.ndarray:
        if mode in ("L", "RGB"):
            samples = decode_jpeg(original.read_bytes(), width, height, mode == "L", reduction)
            if samples is not None:
                return samples
        with Image.open(original, formats=("JPEG", "MPO")) as image:
            image.draft(None, (width // reduction, height // reduction))
            image.load()
            return samples_of(image)

    def wrap() -> list[Placed]:
        if not is_clean_jpeg(original.read_bytes()):  # it can be seen, but no validator would take it as it is
            return [(flate_stream(decode(1)), UNIT)]
        colour = {"L": "gray", "RGB": "rgb"}.get(mode, "cmyk")
        stream = ImageStream(
            original.read_bytes(), "DCTDecode", {}, width, height, 8, colour, invert=colour == "cmyk" and adobe
        )
        return [(stream, UNIT)]

    return ImagePage(1, (width, height), orientation, dpi, decode, wrap)


def _png(original: Path, limits: Limits) -> ImagePage:
    with Image.open(original, formats=("PNG",)) as image:
        check_pixels(image.width, image.height, limits)
        width, height = image.width, image.height
        orientation, dpi = _orientation(image), stated_dpi(image)

    def decode(reduction: int) -> np.ndarray:
        with Image.open(original, formats=("PNG",)) as image:
            image.load()
            return samples_of(image, reduction)

    def wrap() -> list[Placed]:
        stream = _png_stream(original.read_bytes())
        if stream is not None:
            return [(stream, UNIT)]
        with Image.open(original, formats=("PNG",)) as image:
            image.load()
            return [(flate_of_frame(image), UNIT)]

    return ImagePage(1, (width, height), orientation, dpi, decode, wrap)


def _png_stream(content: bytes) -> ImageStream | None:
    """A PNG's own Deflate data as a PDF stream: the two formats share predictors (PNG 1.2, 6; PDF 32000-1, 7.4.4.4).

    None for interlaced, transparent and 16-bit pictures, and when the data is not exactly one picture.
    """
    place, packed, palette, head = 8, bytearray(), b"", b""
    while place + 12 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        name, body = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        place += 12 + length
        if name == b"IHDR":
            head = body
        elif name == b"PLTE":
            palette = bytes(body)
        elif name == b"IDAT":
            packed += body
        elif name in (b"tRNS", b"gAMA", b"iCCP", b"acTL"):
            return None
        elif name == b"IEND":
            break
    width, height = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:8], "big")
    bits, kind, interlaced = head[8], head[9], head[12]
    if kind not in _CHANNELS or bits > 8 or interlaced:
        return None
    row = 1 + (width * bits * _CHANNELS[kind] + 7) // 8
    unpacking = zlib.decompressobj()
    if len(unpacking.decompress(bytes(packed), row * height + 1)) != row * height:
        return None
    parms = {"Predictor": 15, "Colors": _CHANNELS[kind], "BitsPerComponent": bits, "Columns": width}
    colour = "indexed" if kind == 3 else "rgb" if kind == 2 else "bitonal" if bits == 1 else "gray"
    return ImageStream(bytes(packed), "FlateDecode", parms, width, height, bits, colour, palette=palette)


def _heic(original: Path, limits: Limits) -> ImagePage:
    file = pi_heif.open_heif(original, convert_hdr_to_8bit=True)  # reads the boxes, decodes nothing yet
    first = file[file.primary_index]
    width, height = first.size
    check_pixels(width, height, limits)

    def decode(reduction: int) -> np.ndarray:
        # libheif has applied the file's own rotation and mirroring; its EXIF orientation must not be used again.
        return samples_of(first.to_pillow(), reduction)

    def wrap() -> list[Placed]:
        return [(flate_stream(decode(1)), UNIT)]

    return ImagePage(1, (width, height), 1, None, decode, wrap)
