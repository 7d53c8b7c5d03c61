"""Samples of any kind as gray or BGR with eight bits, and back into streams without loss.

Owns the conversions between what decoders return and what a page needs. Transparency becomes white paper; more than
eight bits become eight.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageOps

from scanner_intake import tiff
from scanner_intake.source_types import ImageStream

_BAND = 256
_REVERSED = bytes(int(f"{each:08b}"[::-1], 2) for each in range(256))
_ROWS_PER_STRIP, _STRIPS, _STRIP_BYTES, _PHOTOMETRIC, _FILL = 278, 273, 279, 262, 266
PREDICTOR_UP = {"Predictor": 15}


def samples_of(frame: Image.Image, reduction: int = 1, depth: int = 16) -> np.ndarray:
    """A loaded Pillow frame as HxW gray or HxWx3 BGR, made smaller by `reduction` while it is still compact.

    The frame is given up: its own samples are let go as soon as there are smaller ones. `depth` says how many bits of
    a sixteen-bit sample are used (a 12-bit scan keeps its values below 4096).
    """
    if frame.mode in ("LA", "PA", "RGBA", "RGBa", "La") or "transparency" in frame.info:
        frame = _on_white(frame)
    if frame.mode.startswith("I;16") or frame.mode in ("I", "F"):
        frame = Image.fromarray(eight_bits(np.asarray(frame), depth))
    if frame.mode == "1":
        frame = frame.convert("L")
    if frame.mode not in ("L", "RGB"):
        frame = frame.convert("RGB")
    if reduction > 1:
        smaller = frame.reduce(reduction)
        frame.close()
        frame = smaller
    values = np.asarray(frame)
    return cv2.cvtColor(values, cv2.COLOR_RGB2BGR) if values.ndim == 3 else np.ascontiguousarray(values)


def _on_white(frame: Image.Image) -> Image.Image:
    gray = frame.mode in ("LA", "La") or (frame.mode in ("1", "L") and "transparency" in frame.info)
    clear = frame.convert("RGBA")
    ground = Image.new("RGBA", frame.size, "white")
    return Image.alpha_composite(ground, clear).convert("L" if gray else "RGB")


def eight_bits(values: np.ndarray, depth: int = 16) -> np.ndarray:
    """Sixteen-bit samples keep their scale; others (32 bits, signed, floating) are spread over what they contain."""
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        return np.asarray(np.minimum(values >> (depth - 8), 255), np.uint8)
    floating = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = float(floating.min(initial=0.0)), float(floating.max(initial=0.0))
    return np.clip((floating - low) * (255.0 / max(high - low, 1e-9)), 0, 255).astype(np.uint8)


def with_white(values: np.ndarray) -> np.ndarray:
    """An array of 1 to 4 channels (BGR order, the last alpha) as gray or BGR on white."""
    values = eight_bits(values)
    if values.ndim == 2:
        return values
    if values.shape[2] == 1:
        return np.ascontiguousarray(values[:, :, 0])
    if values.shape[2] == 4:
        alpha = values[:, :, 3:].astype(np.uint16)
        mixed = (values[:, :, :3] * alpha + 255 * (255 - alpha)) // 255
        return mixed.astype(np.uint8)
    return np.ascontiguousarray(values[:, :, :3])


def flate_of_frame(frame: Image.Image) -> ImageStream:
    """A loaded Pillow frame as a lossless stream; plain ones are read band by band, for they may be large."""
    if frame.mode not in ("L", "RGB") or "transparency" in frame.info:
        return flate_stream(samples_of(frame))
    width, height = frame.size

    def band(start: int) -> np.ndarray:
        return np.asarray(frame.crop((0, start, width, min(height, start + _BAND))))

    return _packed(band, width, height, len(frame.getbands()))


def flate_stream(values: np.ndarray) -> ImageStream:
    """Gray or BGR samples as a lossless stream (Deflate after the difference to the row above)."""
    height, width = values.shape[:2]

    def band(start: int) -> np.ndarray:
        piece = values[start : start + _BAND]
        return piece if piece.ndim == 2 else piece[:, :, ::-1]

    return _packed(band, width, height, 1 if values.ndim == 2 else 3)


def _packed(band: Callable[[int], np.ndarray], width: int, height: int, colours: int) -> ImageStream:
    packing = zlib.compressobj(6)
    packed = bytearray()
    above = np.zeros((1, width * colours), np.uint8)
    for start in range(0, height, _BAND):
        piece = band(start).reshape(-1, width * colours)
        differences = piece - np.concatenate([above, piece[:-1]])
        marked = np.concatenate([np.full((len(piece), 1), 2, np.uint8), differences], axis=1)
        packed += packing.compress(marked.tobytes())
        above = piece[-1:]
    packed += packing.flush()
    parms = PREDICTOR_UP | {"Colors": colours, "BitsPerComponent": 8, "Columns": width}
    return ImageStream(bytes(packed), "FlateDecode", parms, width, height, 8, "gray" if colours == 1 else "rgb")


def bitonal_stream(frame: Image.Image) -> ImageStream:
    """A frame of mode 1 as one CCITT Group 4 stream."""
    out = io.BytesIO()
    bare = ImageOps.exif_transpose(frame) if frame.getexif().get(274, 1) != 1 else frame.copy()
    bare.info.clear()
    bare.save(out, "TIFF", compression="group4", tiffinfo={_ROWS_PER_STRIP: bare.height})
    made = out.getvalue()
    page = tiff.directories(made, 1)[0]
    start, length = page.one(_STRIPS), page.one(_STRIP_BYTES)
    return group4_strip(
        made[start : start + length], bare.width, bare.height, page.one(_PHOTOMETRIC), page.one(_FILL, 1)
    )


def group4_strip(content: bytes, width: int, rows: int, photometric: int, fill_order: int) -> ImageStream:
    """One TIFF strip of compression 4 as a PDF stream, its code words untouched."""
    parms: dict[str, Any] = {"K": -1, "Columns": width, "Rows": rows}
    if photometric == 1:  # BlackIsZero: what Group 4 calls black are ones, and ones are white here
        parms["BlackIs1"] = True
    content = content.translate(_REVERSED) if fill_order == 2 else content
    return ImageStream(content, "CCITTFaxDecode", parms, width, rows, 1, "bitonal")
