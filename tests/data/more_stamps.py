"""Stamps that occur on papers of the test set and not in the demonstration: arrow, frames, clerks' notes.

Masks as in `appliance.demo.stamps`: uint8, 255 = full ink, true size at the dpi asked for. Sizes of frames without a
rule of law are those seen in offices.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw

from appliance.demo import fonts
from appliance.demo.stamps import Mask

# word: width and height in mm, lines of the border. None of them is a reason to hold a paper.
HARMLESS = {
    "SAO Y": (26.0, 9.0, 1),
    "SAO Y BẢN CHÍNH": (48.0, 9.0, 1),
    "BẢN SAO": (28.0, 9.0, 1),
    "SAO LỤC": (28.0, 9.0, 1),
    "KHÔNG PHỔ BIẾN": (46.0, 9.0, 1),
    "XEM XONG TRẢ LẠI": (50.0, 9.0, 1),
    "LƯU HÀNH NỘI BỘ": (48.0, 9.0, 1),
    "GIẢI MẬT": (30.0, 13.0, 2),
    "ĐÃ SỐ HÓA": (32.0, 9.0, 1),
    "CÔNG KHAI": (30.0, 9.0, 1),
}
_FINE = 3


def _word(pen: ImageDraw.ImageDraw, x: float, y: float, word: str, size: float, room: float) -> None:
    pixels = round(size)
    while pixels > 8 and fonts.width(word, "bold", pixels) > room:
        pixels -= 1
    pen.text((x, y), word, fill=255, font=fonts.face("bold", pixels), anchor="mm")


@lru_cache(maxsize=32)
def framed(word: str, dpi: int) -> Mask:
    """One of `HARMLESS` in its frame. Raises KeyError for another word."""
    width, height, lines = HARMLESS[word]
    scale = dpi / 25.4 * _FINE
    image = Image.new("L", (round(width * dpi / 25.4) * _FINE, round(height * dpi / 25.4) * _FINE))
    pen = ImageDraw.Draw(image)
    for line in range(lines):
        inset = line * 0.95 * scale
        box = (inset, inset, image.width - 1 - inset, image.height - 1 - inset)
        pen.rectangle(box, outline=255, width=max(1, round((0.5 if lines == 1 else 0.35) * scale)))
    _word(pen, image.width / 2, image.height / 2, word, 13.5 / 72 * 25.4 * scale, (width - 3) * scale)
    return np.asarray(image.reduce(_FINE))


@lru_cache(maxsize=8)
def arrow(word: str, dpi: int) -> Mask:
    """The urgency word in an arrow, 42 x 14 mm: how many offices cut their HỎA TỐC stamp."""
    scale = dpi / 25.4 * _FINE
    wide, high = (round(mm * dpi / 25.4) * _FINE for mm in (42, 14))
    canvas = np.zeros((high, wide), np.uint8)
    edge, tip, stroke = 2.6 * scale, wide - 11 * scale, max(2, round(0.6 * scale))
    outline = [
        (1, edge),
        (tip, edge),
        (tip, 1),
        (wide - 2, high / 2),
        (tip, high - 2),
        (tip, high - edge),
        (1, high - edge),
    ]
    cv2.polylines(canvas, [np.round(outline).astype(np.int32)], True, 255, stroke, cv2.LINE_AA)
    image = Image.fromarray(canvas)
    _word(ImageDraw.Draw(image), tip / 2 + 1.5 * scale, high / 2, word, 13.5 / 72 * 25.4 * scale, tip - 2 * scale)
    return np.asarray(image.reduce(_FINE))
