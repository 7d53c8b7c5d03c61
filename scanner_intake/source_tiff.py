"""TIFF and BigTIFF files as sources: fax pages, JPEG in strips and tiles, everything else through libtiff.

Owns the choice of the decoder for each page and the passing on of Group 4 and JPEG strips as they are. Reduced copies
and masks inside the file are no pages.

Invariant: sizes and the bytes of samples are checked from the directory before any decoder sees the page.
"""

from __future__ import annotations

import mmap
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from scanner_intake import tiff
from scanner_intake.digitized import Limits
from scanner_intake.source_geometry import UNIT, part
from scanner_intake.source_image import ImagePage, check_pixels
from scanner_intake.source_pdf_image import decode_jpeg, is_clean_jpeg
from scanner_intake.source_samples import (
    bitonal_stream,
    flate_of_frame,
    flate_stream,
    group4_strip,
    samples_of,
    with_white,
)
from scanner_intake.source_tiff_bits import odd_samples
from scanner_intake.source_tiff_jpeg import Piece, jpeg_pieces
from scanner_intake.source_types import Placed, Refused, Size, Source
from scanner_intake.tiff import Directory

TIFF = "image/tiff"
_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL = 254, 256, 257, 258, 259, 262, 266
_STRIPS, _ORIENTATION, _SAMPLES, _ROWS, _STRIP_BYTES, _X, _Y, _UNIT = 273, 274, 277, 278, 279, 282, 283, 296
_GROUP4, _T6 = 4, 293
_MOST_PIECES = 64
_SAMPLE_BYTES = 6  # a page may have 16-bit colour for every allowed pixel, not more


def open_tiff(original: Path, limits: Limits) -> Source:
    """The pages of a TIFF that was found whole.

    Raises: Refused with damaged, empty, too-many-pages, too-many-pixels.
    """
    Image.MAX_IMAGE_PIXELS = limits.pixels
    with original.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as view:
        chain = tiff.directories(view, limits.pages * 2)
    if len(chain) > limits.pages * 2:
        raise Refused("too-many-pages")
    pages: list[ImagePage] = []
    for index, directory in enumerate(chain):
        if len(chain) > 1 and directory.one(_SUBFILE) & 0b101:
            continue  # a reduced copy or a transparency mask of another page
        _check(directory, limits)
        frame = _Frame(original, index, directory, limits)
        pages.append(
            ImagePage(
                len(pages) + 1, frame.pixels, frame.orientation, _resolution(directory), frame.samples, frame.streams
            )
        )
    if not pages:
        raise Refused("empty")
    if len(pages) > limits.pages:
        raise Refused("too-many-pages")
    warnings = ["resolution-assumed"] if any(page.assumed for page in pages) else []
    return Source(TIFF, pages, warnings=warnings)


def _check(directory: Directory, limits: Limits) -> None:
    width, height = directory.one(_WIDTH), directory.one(_HEIGHT)
    check_pixels(width, height, limits)
    bits = sum(directory.all(_BITS)[:8]) or 1
    if len(directory.all(_BITS)) == 1:
        bits *= max(1, directory.one(_SAMPLES, 1))
    if width * height * bits > limits.pixels * 8 * _SAMPLE_BYTES:
        raise Refused("too-many-pixels")


def _resolution(directory: Directory) -> Size | None:
    """Dots per inch along x and y; a fax without a unit means inches as well."""
    x, y = directory.tags.get(_X, [0.0]), directory.tags.get(_Y, [0.0])
    if not x or not y:
        return None
    factor = 2.54 if directory.one(_UNIT, 2) == 3 else 1.0
    found = (x[0] * factor, y[0] * factor)
    return found if 40 <= found[0] <= 4800 and 40 <= found[1] <= 4800 else None


class _Broken(ValueError):
    """A decoder that knows this kind of page found it damaged."""


class _Frame:
    """One page's samples and streams."""

    def __init__(self, original: Path, index: int, directory: Directory, limits: Limits) -> None:
        self._original, self._index, self._directory, self._limits = original, index, directory, limits
        self.pixels = (directory.one(_WIDTH), directory.one(_HEIGHT))
        stated = directory.one(_ORIENTATION, 1)
        self.orientation = stated if 1 <= stated <= 8 else 1

    def samples(self, reduction: int) -> np.ndarray:
        """Gray or BGR as stored, 1/reduction of the size (or larger); not turned. Raises: Refused."""
        pieces = self._jpegs()
        if pieces:
            joined = self._joined(pieces, reduction)
            if joined is not None:
                return joined
        return self._decoded(reduction)

    def _jpegs(self) -> list[Piece]:
        return jpeg_pieces(self._original, self._directory)

    def _joined(self, pieces: list[Piece], reduction: int) -> np.ndarray | None:
        """JPEG strips or tiles put together; tiles that do not divide by the reduction are decoded whole."""
        width, height = self.pixels
        if any(each.x % reduction or each.y % reduction for each in pieces):
            reduction = 1
        canvas = None
        for each in pieces:
            shown = decode_jpeg(each.content, each.width, each.height, each.channels == 1, reduction)
            if shown is None:
                return None
            if canvas is None:
                canvas = np.full((-(-height // reduction), -(-width // reduction), *shown.shape[2:]), 255, np.uint8)
            x, y = each.x // reduction, each.y // reduction
            room = canvas[y : y + shown.shape[0], x : x + shown.shape[1]]
            room[:] = shown[: room.shape[0], : room.shape[1]]
        return canvas

    def _decoded(self, reduction: int) -> np.ndarray:
        """libtiff by Pillow, then by OpenCV, then our own unpacking of odd sample sizes."""
        try:
            with self._frame() as image:
                bits = self._directory.one(_BITS, 1)
                return samples_of(image, reduction, bits if 8 < bits < 16 else 16)
        except (MemoryError, Refused, Image.DecompressionBombError):
            raise
        except Exception as error:  # Pillow knows fewer kinds than libtiff
            if isinstance(error, _Broken):
                # Another decoder may be less strict and give a page that is white from the damage on.
                raise Refused("damaged") from error
            samples = odd_samples(self._original, self._directory)
            if samples is None:
                samples = self._by_opencv()
            if samples is None:
                raise Refused("unsupported-image") from error
            return samples

    def _frame(self) -> Image.Image:
        image = Image.open(self._original, formats=("TIFF",))
        image.seek(self._index)
        image.getexif()[_ORIENTATION] = 1  # the place on the page turns it; Pillow must not do so as well
        stated = getattr(image, "tag_v2", {})
        if _ORIENTATION in stated:
            stated[_ORIENTATION] = 1
            width, height = self.pixels
            image._size = (width, height)
        check_pixels(image.width, image.height, self._limits)
        try:
            image.load()
        except OSError as error:
            if "not available" in str(error) or "unknown" in str(error).lower():
                raise
            raise _Broken(str(error)) from error
        if image.size != self.pixels:
            raise ValueError("not the stated size")
        return image

    def _by_opencv(self) -> np.ndarray | None:
        try:
            good, frames = cv2.imreadmulti(
                str(self._original),
                start=self._index,
                count=1,
                flags=cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION,
            )
        except cv2.error:
            return None
        if not good or len(frames) != 1 or frames[0].shape[:2] != self.pixels[::-1]:
            return None
        return with_white(np.asarray(frames[0]))

    def streams(self) -> list[Placed]:
        """The scanner's own strips where an archive copy may carry them; otherwise one lossless stream."""
        kept = self._group4() or self._kept_jpegs()
        if kept:
            return kept
        if self._directory.all(_BITS) in ([], [1], [8], [8, 8, 8]) and not self._jpegs():
            try:
                with self._frame() as image:
                    return [(bitonal_stream(image) if image.mode == "1" else flate_of_frame(image), UNIT)]
            except (OSError, ValueError, SyntaxError):
                pass  # the decoders below may know it, or will refuse it
        return [(flate_stream(self.samples(1)), UNIT)]

    def _group4(self) -> list[Placed]:
        directory = self._directory
        width, height = self.pixels
        starts, lengths = directory.all(_STRIPS), directory.all(_STRIP_BYTES)
        rows = min(directory.one(_ROWS, height) or height, height)
        plain = directory.one(_BITS, 1) == 1 and directory.one(_SAMPLES, 1) == 1 and directory.one(_T6) == 0
        if directory.one(_COMPRESSION, 1) != _GROUP4 or not plain or directory.one(_PHOTOMETRIC) > 1:
            return []
        if not 0 < len(starts) <= _MOST_PIECES or len(starts) != len(lengths) or -(-height // rows) != len(starts):
            return []
        self.samples(1)  # a page that does not decode must not reach the archive
        placed: list[Placed] = []
        with self._original.open("rb") as file:
            for number, (start, length) in enumerate(zip(starts, lengths, strict=True)):
                file.seek(start)
                top, bottom = number * rows, min(height, (number + 1) * rows)
                stream = group4_strip(
                    file.read(length), width, bottom - top, directory.one(_PHOTOMETRIC), directory.one(_FILL, 1)
                )
                placed.append((stream, part(top / height, bottom / height)))
        return placed

    def _kept_jpegs(self) -> list[Placed]:
        pieces = self._jpegs()
        if not 0 < len(pieces) <= _MOST_PIECES or not all(is_clean_jpeg(each.content) for each in pieces):
            return []
        width, height = self.pixels
        return [
            (
                each.stream(),
                part(each.y / height, (each.y + each.height) / height, each.x / width, (each.x + each.width) / width),
            )
            for each in pieces
        ]
