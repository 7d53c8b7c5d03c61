"""Rubber stamps, seals and pen strokes: coverage masks at true size, and the two transparent pictures for digital
signatures.

A mask is a numpy array uint8 (height, width): 0 = no ink, 255 = full ink, at the dpi asked for. Outer sizes are those
of the law in millimetres (Decree 30/2020 annexes I and IV; secrecy stamps as in Circular 33/2015). This module
refuses to draw the state emblem: seals carry a star, and every issuer is invented. Invariant: the same arguments give
the same pixels.
"""

from __future__ import annotations

import io
import math
import zlib
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from appliance.demo import fonts

Mask = NDArray[np.uint8]

RED = (214, 24, 38)
PEN_BLUE = (22, 42, 152)
SEAL_MM = 36.0
SIGNATURE_MM = (46.0, 21.0)
ARRIVAL_MM = (50.0, 35.0)
# width, height, border lines: urgency stamps have one line, secrecy stamps two.
BOX_STAMPS = {
    "KHẨN": (20.0, 8.0, 1),
    "THƯỢNG KHẨN": (40.0, 8.0, 1),
    "HỎA TỐC": (30.0, 8.0, 1),
    "MẬT": (20.0, 8.0, 2),
    "TỐI MẬT": (30.0, 8.0, 2),
    "TUYỆT MẬT": (40.0, 8.0, 2),
}
_FINE = 3  # masks are drawn three times finer and averaged down


def _canvas(width_mm: float, height_mm: float, dpi: int) -> tuple[Image.Image, ImageDraw.ImageDraw, float]:
    scale = dpi / 25.4 * _FINE
    size = (round(width_mm * dpi / 25.4) * _FINE, round(height_mm * dpi / 25.4) * _FINE)
    image = Image.new("L", size)
    return image, ImageDraw.Draw(image), scale


def _finished(image: Image.Image) -> Mask:
    return np.asarray(image.reduce(_FINE))


def _centred(pen: ImageDraw.ImageDraw, x: float, y: float, text: str, style: str, pixels: float, room: float) -> None:
    size = round(pixels)
    while size > 8 and fonts.width(text, style, size) > room:
        size -= 1
    pen.text((x, y), text, fill=255, font=fonts.face(style, size), anchor="mm")


@lru_cache(maxsize=16)
def box_stamp(word: str, dpi: int) -> Mask:
    """A rectangular urgency or secrecy stamp ("KHẨN", "MẬT", ...), true outer size, letters 13-14 pt bold.

    Raises KeyError for a word the law does not know. Source: Decree 30/2020, annex I, ô 10a and 10b.
    """
    width, height, lines = BOX_STAMPS[word]
    image, pen, scale = _canvas(width, height, dpi)
    stroke = 0.5 if lines == 1 else 0.35
    for line in range(lines):
        inset = line * 0.95 * scale
        box = (inset, inset, image.width - 1 - inset, image.height - 1 - inset)
        pen.rectangle(box, outline=255, width=max(1, round(stroke * scale)))
    room = (width - 2.2 * lines) * scale
    _centred(pen, image.width / 2, image.height / 2, word, "bold", 13.5 / 72 * 25.4 * scale, room)
    return _finished(image)


def _ring_text(
    image: Image.Image, text: str, radius: float, middle: float, pixels: int, inward: bool, widest: float
) -> None:
    """Write along a circle; `middle` is the angle of the text's middle, clockwise from the top, in radians."""
    gap = pixels * 0.10
    widths = [fonts.width(c, "bold", pixels) + gap for c in text]
    squeeze = min(1.0, widest * radius / sum(widths))
    turn = -1 if inward else 1
    angle = middle - turn * sum(widths) * squeeze / 2 / radius
    for letter, width in zip(text, widths, strict=True):
        angle += turn * width * squeeze / 2 / radius
        tile = Image.new("L", (pixels * 2, pixels * 2))
        ImageDraw.Draw(tile).text((pixels, pixels), letter, fill=255, font=fonts.face("bold", pixels), anchor="mm")
        if squeeze < 1:
            tile = tile.resize((max(1, round(tile.width * squeeze)), tile.height))
        tile = tile.rotate(math.degrees(math.pi - angle if inward else -angle), Image.Resampling.BILINEAR, expand=True)
        x = image.width / 2 + radius * math.sin(angle) - tile.width / 2
        y = image.height / 2 - radius * math.cos(angle) - tile.height / 2
        image.paste(255, (round(x), round(y)), tile)
        angle += turn * width * squeeze / 2 / radius


def _star(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
    spokes = (radius if i % 2 == 0 else radius * 0.4 for i in range(10))
    pen.polygon(
        [(x + r * math.sin(i * math.pi / 5), y - r * math.cos(i * math.pi / 5)) for i, r in enumerate(spokes)], fill=255
    )


def _split_name(issuer: str) -> tuple[str, str]:
    for rank in (" TỈNH ", " XÃ ", " PHƯỜNG ", " ĐẶC KHU "):
        if rank in issuer:
            head, tail = issuer.split(rank, 1)
            return head, f"{rank.strip()} {tail}"
    return issuer, ""


@lru_cache(maxsize=32)
def seal(issuer: str, parent: str, dpi: int) -> Mask:
    """A round seal of 36 mm: names on the circle, a star in the middle; a body under another one stands inside, its
    parent outside.
    """
    image, pen, scale = _canvas(SEAL_MM, SEAL_MM, dpi)
    middle = image.width / 2
    for radius, stroke in ((middle - 1, 0.75), (middle - 1.45 * scale, 0.25), (middle - 7.0 * scale, 0.3)):
        box = (middle - radius, middle - radius, middle + radius, middle + radius)
        pen.ellipse(box, outline=255, width=max(2, round(stroke * scale)))
    top, bottom = _split_name((parent or issuer).replace("UBND", "ỦY BAN NHÂN DÂN"))
    text_radius = middle - 4.25 * scale
    _ring_text(image, top, text_radius, 0.0, round(3.5 * scale), False, 3.6 if bottom else 5.3)
    if bottom:
        _ring_text(image, bottom, text_radius, math.pi, round(3.0 * scale), True, 1.9)
        for side in (-1, 1):
            angle = side * 2.07
            _star(pen, middle + text_radius * math.sin(angle), middle - text_radius * math.cos(angle), 1.1 * scale)
    else:
        _star(pen, middle, middle + text_radius, 1.3 * scale)
    if not parent:
        _star(pen, middle, middle, 7.0 * scale)
        return _finished(image)
    _star(pen, middle, middle - 5.6 * scale, 3.0 * scale)
    lines = _wrapped(issuer, 14)
    for i, line in enumerate(lines):
        y = middle + (1.4 + 4.0 * (i - (len(lines) - 1) / 2)) * scale
        _centred(pen, middle, y + 0.8 * scale, line, "bold", 3.9 * scale, 18.5 * scale)
    return _finished(image)


def _wrapped(text: str, letters: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > letters:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


@lru_cache(maxsize=64)
def signature(name: str, seed: int, dpi: int) -> Mask:
    """A pen signature, 46 x 21 mm: a tall first letter, shrinking loops, and a long closing stroke; decided by name
    and seed.
    """
    rng = np.random.default_rng((seed, zlib.crc32(name.encode())))
    scale = dpi / 25.4 * _FINE
    width, height = (round(mm * dpi / 25.4) * _FINE for mm in SIGNATURE_MM)
    canvas = np.zeros((height, width), np.uint8)
    strokes = (_letters(rng, name), _flourish(rng))
    low, high = (f([f(s[:, 1]) for s in strokes]) for f in (np.min, np.max))
    for stroke in strokes:
        points = np.column_stack((stroke[:, 0], 0.04 + 0.92 * (stroke[:, 1] - low) / (high - low))) * (width, height)
        pace = np.hypot(*np.diff(points, axis=0).T)
        # A fast pen leaves a thin line.
        pen = np.clip(0.62 - 0.30 * pace / (pace.mean() * 2), 0.22, 0.62) * scale
        pen = np.convolve(np.pad(pen, 6, mode="edge"), np.ones(13) / 13, mode="valid")
        for a, b, thick in zip(points[:-1], points[1:], pen, strict=True):
            ends = ((round(float(a[0])), round(float(a[1]))), (round(float(b[0])), round(float(b[1]))))
            cv2.line(canvas, *ends, 255, max(1, round(float(thick))), cv2.LINE_AA)
    return _finished(Image.fromarray(canvas))


def _letters(rng: np.random.Generator, name: str) -> NDArray[np.float64]:
    loops = rng.integers(2, 6)
    lean = rng.uniform(-0.12, 0.35)
    t = np.linspace(0, 1, 420)
    phase = 2 * np.pi * (loops + 0.6) * t**0.85
    # Loops lose height from left to right; the first one is the capital.
    tall = (rng.uniform(0.15, 0.42) * np.exp(-rng.uniform(1.5, 5.0) * t) + 0.05 + 0.09 * rng.random()) * (
        1 + 0.35 * np.sin(phase * rng.uniform(0.2, 0.7) + rng.uniform(0, 6))
    )
    x = 0.14 + 0.52 * t + (0.045 + 0.03 * rng.random()) * np.cos(phase + rng.uniform(1.2, 2.4)) * (1.25 - 0.6 * t)
    y = 0.52 - 0.08 * t - tall * np.sin(phase)
    x += lean * 0.4 * (0.52 - y)
    return np.column_stack((x, y))


def _flourish(rng: np.random.Generator) -> NDArray[np.float64]:
    corners = np.array(
        [
            (0.64, 0.45 + rng.uniform(-0.05, 0.05)),
            (0.40, 0.78 + rng.uniform(-0.06, 0.06)),
            (0.20, 0.80 + rng.uniform(-0.08, 0.04)),
            (0.55, 0.66),
            (0.95, 0.40 + rng.uniform(-0.22, 0.08)),
        ]
    )
    t = np.linspace(0, 1, 160)[:, None]
    # A Bezier curve of degree four: quick, without a corner.
    shares = np.hstack(((1 - t) ** 4, 4 * t * (1 - t) ** 3, 6 * t**2 * (1 - t) ** 2, 4 * t**3 * (1 - t), t**4))
    return np.asarray(shares @ corners)


@lru_cache(maxsize=8)
def arrival_stamp(office: str, dpi: int) -> Mask:
    """The "ĐẾN" stamp, 50 x 35 mm, its lines still to be written in by hand. Source: Decree 30/2020, annex IV."""
    image, pen, scale = _canvas(*ARRIVAL_MM, dpi)
    line = max(2, round(0.4 * scale))
    pen.rectangle((0, 0, image.width - 1, image.height - 1), outline=255, width=line)
    for y in (7.5, 21.0):
        pen.line((0, y * scale, image.width, y * scale), fill=255, width=line)
    pen.line((15 * scale, 7.5 * scale, 15 * scale, 21 * scale), fill=255, width=line)
    _centred(pen, image.width / 2, 3.9 * scale, office, "bold", 3.7 * scale, 46 * scale)
    _centred(pen, 7.5 * scale, 14.3 * scale, "ĐẾN", "bold", 5.2 * scale, 13 * scale)
    small = fonts.face("regular", round(3.4 * scale))
    labels = (
        (17, 13, "Số:", 25),
        (17, 19, "Ngày:", 28),
        (2, 26.5, "Chuyển:", 15),
        (2, 32.5, "Số và ký hiệu hồ sơ:", 33),
    )
    for x, y, label, dots in labels:
        pen.text((x * scale, y * scale), label, fill=255, font=small, anchor="ls")
        for dot in np.arange(dots, 47.5, 1.2):
            pen.ellipse([(dot * scale) - 2, y * scale - 4, (dot * scale) + 2, y * scale], fill=255)
    return _finished(image)


@lru_cache(maxsize=64)
def handwriting(text: str, seed: int, dpi: int, height_mm: float = 4.2) -> Mask:
    """Short words and digits as a clerk pens them: slanting letters, each a little out of line."""
    rng = np.random.default_rng((seed, zlib.crc32(text.encode())))
    size = round(height_mm * dpi / 25.4 * _FINE)
    image = Image.new("L", (int(fonts.width(text, "italic", size) * 1.25) + size * 2, size * 2))
    x = size * 0.5
    for letter in text:
        tile = Image.new("L", (size * 2, size * 2))
        ImageDraw.Draw(tile).text((size, size), letter, fill=255, font=fonts.face("italic", size), anchor="mm")
        tile = tile.rotate(rng.uniform(-7, 7), Image.Resampling.BILINEAR)
        image.paste(255, (round(x - size * 0.6), round(rng.uniform(-0.05, 0.05) * size)), tile)
        x += fonts.width(letter, "italic", size) * rng.uniform(1.0, 1.2)
    return _finished(image)


def turned(mask: Mask, degrees: float) -> Mask:
    """The mask rotated about its middle, on a canvas large enough to hold it."""
    height, width = mask.shape
    matrix = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), degrees, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    new = (math.ceil(width * cos + height * sin) + 2, math.ceil(width * sin + height * cos) + 2)
    matrix[:, 2] += ((new[0] - width) / 2, (new[1] - height) / 2)
    return np.asarray(cv2.warpAffine(mask, matrix, new, flags=cv2.INTER_LINEAR), np.uint8)


def inked(mask: Mask, rng: np.random.Generator, evenness: float) -> Mask:
    """The mask as a pad prints it: blotches and small gaps; `evenness` 1.0 leaves it untouched."""
    height, width = mask.shape
    coarse = rng.uniform(evenness, 1.0, (max(2, height // 24), max(2, width // 24))).astype(np.float32)
    grain = rng.uniform(1 - (1 - evenness) * 0.5, 1.0, (max(2, height // 2), max(2, width // 2))).astype(np.float32)
    ink = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) * cv2.resize(grain, (width, height))
    return np.asarray(np.clip(mask * ink, 0, 255), np.uint8)


def _transparent_png(mask: Mask, colour: tuple[int, int, int], dpi: int) -> bytes:
    picture = Image.merge("RGBA", [*(Image.new("L", mask.shape[::-1], c) for c in colour), Image.fromarray(mask)])
    out = io.BytesIO()
    picture.save(out, "PNG", dpi=(dpi, dpi), optimize=True)
    return out.getvalue()


def signature_png(name: str, seed: int = 0, dpi: int = 300) -> bytes:
    """A blue handwriting-like signature on a transparent ground, PNG bytes (Decree 30/2020, annex I: leader's digital
    signature).
    """
    return _transparent_png(signature(name, seed, dpi), PEN_BLUE, dpi)


def seal_png(issuer: str, parent: str = "", dpi: int = 300) -> bytes:
    """A red round seal of actual size (36 mm at `dpi`) on a transparent ground, PNG bytes (Decree 30/2020, annex I:
    agency).
    """
    return _transparent_png(seal(issuer, parent, dpi), RED, dpi)
