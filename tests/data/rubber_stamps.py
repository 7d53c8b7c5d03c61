"""Rubber stamps as offices own and press them: not of the law's size and type, worn, faded, struck twice, tilted.

Owns how one stamp is cut (`Cut`) and how one impression of it comes out (`Press`), both drawn from a random generator.
Masks as in `appliance.demo.stamps`: uint8, 255 = full ink, true size at the dpi asked for. Sizes of the law: TUYỆT MẬT
40 x 8, TỐI MẬT 30 x 8, MẬT 20 x 8 mm with two borders 1 mm apart (vietnam-rules 7), HỎA TỐC 30 x 8, THƯỢNG KHẨN 40 x 8,
KHẨN 20 x 8 mm with one. Invariant: the same generator state gives the same pixels.
"""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from appliance.demo import fonts
from appliance.demo.stamps import Mask, turned

ENVELOPE = "CHỈ NGƯỜI CÓ TÊN MỚI ĐƯỢC BÓC BÌ"
# word: width and height of the law in mm, borders
SECRET_CUTS = {"MẬT": (20, 8, 2), "TỐI MẬT": (30, 8, 2), "TUYỆT MẬT": (40, 8, 2), ENVELOPE: (100, 10, 2)}
URGENT_CUTS = {
    "KHẨN": (20, 8, 1),
    "THƯỢNG KHẨN": (40, 8, 1),
    "HỎA TỐC": (30, 8, 1),
    "HOẢ TỐC": (30, 8, 1),
    "HỎA TỐC HẸN GIỜ": (48, 8, 1),
}
OTHER_CUTS = {
    "SAO Y": (26, 9, 1),
    "SAO Y BẢN CHÍNH": (48, 9, 1),
    "BẢN SAO": (28, 9, 1),
    "SAO LỤC": (28, 9, 1),
    "BẢN CHÍNH": (32, 9, 1),
    "KHÔNG PHỔ BIẾN": (46, 9, 1),
    "XEM XONG TRẢ LẠI": (50, 9, 1),
    "LƯU HÀNH NỘI BỘ": (48, 9, 1),
    "ĐÃ SỐ HÓA": (32, 9, 1),
    "CÔNG KHAI": (30, 9, 1),
    "DỰ THẢO": (30, 9, 1),
    "ĐÃ THU TIỀN": (36, 10, 1),
}
_FINE = 3
_FACES = ("Tinos-Bold", "Tinos-Bold", "Arimo-Bold", "Cousine-Bold", "Tinos-BoldItalic", "Arimo-Regular")


@dataclass(frozen=True)
class Cut:
    """One stamp: outer size in mm, borders (`lines`, `pitch` between them, their two strokes), letters in mm.

    `stretch` is the width of letters against the typeface's, `loose` the space between them in their height; `accents`
    off: cut before there were Vietnamese types; `shaky`: drawn by hand.
    """

    word: str
    width: float
    height: float
    lines: int
    pitch: float
    strokes: tuple[float, float]
    face: str
    letters: float
    stretch: float = 1.0
    loose: float = 0.0
    accents: bool = True
    shaky: bool = False


@dataclass(frozen=True)
class Press:
    """One impression: `ink` of full strength, `even` from 0 (blotches) to 1, `fade` takes one end away (0..1), `worn`
    the share lost in specks; `again` the shift in mm of a second strike; `spread` in mm of ink into the paper; degrees.
    """

    ink: float = 1.0
    even: float = 1.0
    fade: float = 0.0
    worn: float = 0.0
    again: float = 0.0
    spread: float = 0.0
    tilt: float = 0.0


@cache
def _face(name: str, pixels: int) -> ImageFont.FreeTypeFont:
    path = Path(fonts.font_files()["bold"]).with_name(f"{name}.ttf")
    if not path.is_file():  # another family than the usual one is installed
        return fonts.face("bold", pixels)
    return ImageFont.truetype(str(path), pixels, layout_engine=ImageFont.Layout.BASIC)


def some_cut(rng: random.Random, word: str) -> Cut:
    """A stamp with this word as one office may have it. Raises KeyError for a word that none has."""
    width, height, lines = (SECRET_CUTS | URGENT_CUTS | OTHER_CUTS)[word]
    lawful = rng.random() < 0.4
    high = height * (1.0 if lawful else rng.uniform(0.92, 1.3))
    return Cut(
        word=word,
        width=width * (1.0 if lawful else rng.uniform(0.9, 1.2)),
        height=high,
        lines=lines,
        pitch=1.0 if lawful else rng.uniform(0.75, 1.25),
        strokes=(rng.uniform(0.25, 0.55), rng.uniform(0.2, 0.4)),
        face="Tinos-Bold" if lawful else rng.choice(_FACES),
        letters=13.5 / 72 * 25.4 if lawful else rng.uniform(0.42, 0.62) * high,
        stretch=1.0 if lawful else rng.uniform(0.7, 1.15),
        loose=0.0 if lawful else rng.choice((0.0, 0.0, 0.1, 0.3)),
        accents=lawful or rng.random() < 0.9,
        shaky=not lawful and rng.random() < 0.12,
    )


def some_press(rng: random.Random, tilt: float, *, faint: bool = True) -> Press:
    """An impression that a person still reads; `faint` off where what is faint would be lost altogether (no grey)."""
    return Press(
        ink=rng.uniform(0.45 if faint else 0.75, 1.0),
        even=rng.uniform(0.5 if faint else 0.7, 1.0),
        fade=rng.choice((0.0, 0.0, rng.uniform(0.2, 0.85 if faint else 0.6))),
        worn=rng.choice((0.0, 0.0, rng.uniform(0.02, 0.2))),
        again=rng.choice((0.0,) * 6 + (rng.uniform(0.3, 1.2),)),
        spread=rng.choice((0.0, 0.0, rng.uniform(0.05, 0.2))),
        tilt=tilt,
    )


def impression(cut: Cut, press: Press, dpi: int, seed: int) -> Mask:
    """The mask of one impression, turned by its tilt."""
    rng = np.random.default_rng(seed)
    mask = _drawn(cut, dpi, rng)
    if press.spread:
        size = max(2, round(2 * press.spread * dpi / 25.4))
        mask = np.asarray(cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))), np.uint8)
    cover = mask.astype(np.float32) / 255 * _ink(mask.shape, press, rng)
    if press.again:
        cover = np.maximum(cover, 0.75 * _shifted(cover, press.again * dpi / 25.4, rng))
    return turned(np.asarray(np.clip(cover * 255, 0, 255), np.uint8), press.tilt)


def _drawn(cut: Cut, dpi: int, rng: np.random.Generator) -> Mask:
    scale = dpi / 25.4 * _FINE
    wide, high = (round((each + 1.0) * dpi / 25.4) * _FINE for each in (cut.width, cut.height))
    image = Image.new("L", (wide, high))
    pen = ImageDraw.Draw(image)
    for line in range(cut.lines):
        inset = (0.5 + line * cut.pitch) * scale
        corners = np.array([(inset, inset), (wide - inset, inset), (wide - inset, high - inset), (inset, high - inset)])
        if cut.shaky:
            corners = corners + rng.normal(0, 0.25 * scale, (4, 2))
        stroke = max(1, round(cut.strokes[min(line, 1)] * scale))
        pen.line([tuple(each) for each in (*corners, corners[0], corners[1])], fill=255, width=stroke, joint="curve")
    _letters(image, cut, scale, rng)
    return np.asarray(image.reduce(_FINE))


def _letters(image: Image.Image, cut: Cut, scale: float, rng: np.random.Generator) -> None:
    word = cut.word if cut.accents else _plain(cut.word)
    size = max(8, round(cut.letters * scale))
    room = image.width - (1.0 + 2 * (cut.lines * cut.pitch + 0.6)) * scale
    face, gap = _face(cut.face, size), cut.loose * size
    widths = [face.getlength(letter) * cut.stretch + gap for letter in word]
    squeeze = min(1.0, room / max(1.0, sum(widths) - gap))
    x = image.width / 2 - (sum(widths) - gap) * squeeze / 2
    for letter, width in zip(word, widths, strict=True):
        tile = Image.new("L", (size * 2, size * 2))
        ImageDraw.Draw(tile).text((size, size * 1.05), letter, fill=255, font=face, anchor="mm")
        if cut.shaky:
            tile = tile.rotate(float(rng.uniform(-9, 9)), Image.Resampling.BILINEAR)
        tile = tile.resize((max(1, round(tile.width * cut.stretch * squeeze)), tile.height))
        middle = x + (width - gap) * squeeze / 2
        rise = float(rng.normal(0, 0.05)) * size if cut.shaky else 0.0
        image.paste(255, (round(middle - tile.width / 2), round(image.height / 2 - tile.height / 2 + rise)), tile)
        x += width * squeeze


def _plain(word: str) -> str:
    bare = "".join(ch for ch in unicodedata.normalize("NFD", word) if not unicodedata.combining(ch))
    return bare.replace("Đ", "D")


def _ink(shape: tuple[int, ...], press: Press, rng: np.random.Generator) -> np.ndarray:
    height, width = shape
    size = (width, height)
    coarse = rng.uniform(press.even, 1.0, (max(2, height // 24), max(2, width // 24))).astype(np.float32)
    ink = press.ink * np.clip(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), 0, 1)
    if press.worn:
        specks = rng.random((max(2, height // 2), max(2, width // 2))).astype(np.float32)
        specks = cv2.resize(cv2.GaussianBlur(specks, (0, 0), 1.0), size)
        ink = np.where(specks < np.quantile(specks, press.worn), 0.1 * ink, ink)
    if press.fade:
        way = float(rng.uniform(0, 2 * np.pi))
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
        ink = ink * (1 - press.fade * np.clip((np.cos(way) * x + np.sin(way) * y) * 0.8 + 0.2, 0, 1))
    return np.asarray(ink, np.float32)


def _shifted(cover: np.ndarray, by: float, rng: np.random.Generator) -> np.ndarray:
    height, width = cover.shape
    way = float(rng.uniform(0, 2 * np.pi))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-1.5, 1.5)), 1.0)
    matrix[:, 2] += (by * np.cos(way), by * np.sin(way))
    return np.asarray(cv2.warpAffine(cover, matrix, (width, height)))
