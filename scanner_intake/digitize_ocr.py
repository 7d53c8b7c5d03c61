"""Pages as pictures and as words: rendering by PDFium, reading by Tesseract (`vie`).

Owns the picture preparation measured best for Vietnamese office scans (digitizing rules 5.2: gray = max(R,G,B)
divided by the local paper colour, 200 dpi, psm 3) and the one call of the `tesseract` program. It runs only inside
the limited child.

Invariants: recognised text stays in memory (picture on standard input, result on standard output), because a page may
turn out to be a secret; rendering never exceeds `PIXELS` per page whatever the page claims to measure.
"""

from __future__ import annotations

import re
import subprocess
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from defusedxml import ElementTree  # type: ignore[import-untyped]

from scanner_intake.layout import Box, Line, PageText, Word, key

DPI = 200
PIXELS = 24_000_000
_PEN_CHROMA = 60


class RecognitionFailed(Exception):
    """Tesseract is missing, was ended or returned something unreadable; `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Baseline:
    """Where the words of a line stand: y = slope * (x - left) + bottom + offset, in points."""

    slope: float
    offset: float


@dataclass(frozen=True)
class Reading:
    """A page's words, with the line boxes and baselines the text layer needs; `confidence` is the words' mean."""

    page: PageText
    boxes: tuple[Box, ...]
    baselines: tuple[Baseline, ...]
    confidence: float


@dataclass
class Picture:
    """A rendered page: RGB pixels, its size in points, and a way to render a part of it again at another resolution."""

    number: int
    rgb: np.ndarray
    width: float
    height: float
    crop: Callable[[Box, float], np.ndarray]

    @property
    def scale(self) -> float:
        """Pixels per point."""
        return self.rgb.shape[1] / self.width


def render(document: Any, number: int) -> Picture:
    """Page `number` (from 1) as displayed, at 200 dpi or less when the page is very large."""
    page = document[number - 1]
    width, height = page.get_size()
    width, height = max(width, 1.0), max(height, 1.0)
    scale = min(DPI / 72, (PIXELS / (width * height)) ** 0.5, 30_000 / max(width, height))
    rgb = _pixels(page.render(scale=scale, may_draw_forms=True, rev_byteorder=True))

    def crop(box: Box, dpi: float) -> np.ndarray:
        margins = (box[0], height - box[3], width - box[2], box[1])  # PDFium: left, bottom, right, top
        inside = tuple(max(0.0, each) for each in margins)
        return _pixels(page.render(scale=dpi / 72, crop=inside, may_draw_forms=True, rev_byteorder=True))

    return Picture(number, rgb, width, height, crop)


def _pixels(bitmap: Any) -> np.ndarray:
    pixels = bitmap.to_numpy()
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    return np.ascontiguousarray(pixels[:, :, :3])


def paper(image: np.ndarray) -> np.ndarray:
    """The local paper colour at one eighth of the size (ink removed by dilation and median)."""
    small = cv2.resize(image, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    return cv2.medianBlur(cv2.dilate(small, np.ones((7, 7), np.uint8)), 9)


def flatten(image: np.ndarray, ground: np.ndarray | None = None) -> np.ndarray:
    """The image divided by its paper colour: uneven light and yellow paper become white."""
    if min(image.shape[:2]) < 16:
        return image
    if ground is None:
        ground = paper(image)
    large = cv2.resize(ground, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.divide(image, large, scale=255)


def reading_gray(rgb: np.ndarray) -> np.ndarray:
    """What Tesseract gets: red ink is as light as paper, so seals and red stamps vanish; the paper is white."""
    return flatten(np.ascontiguousarray(rgb.max(axis=2)))


def is_colourless(rgb: np.ndarray) -> bool:
    """Whether the page was scanned without colour: then red stamps cannot be told from black ones.

    Looked for in the dark pixels, because a colour scan always has a little chroma in its ink while clean paper has
    none, and because signatures shown by the viewer may add some colour to a gray scan.
    """
    sample = rgb[::3, ::3].astype(np.int16)
    dark = sample[sample.min(axis=2) < 110]
    if len(dark) == 0:
        return True
    return bool(((dark.max(axis=1) - dark.min(axis=1)) > 3).mean() < 0.1)


def tesseract(gray: np.ndarray, *, psm: int, dpi: float, form: str = "hocr", language: str = "vie") -> bytes:
    """One run of the `tesseract` program on a gray picture; returns its standard output.

    Raises: RecognitionFailed with code `ocr-missing` or `ocr-failed`.
    """
    header = b"P5\n%d %d\n255\n" % (gray.shape[1], gray.shape[0])
    command = [
        "tesseract",
        "stdin",
        "stdout",
        "-l",
        language,
        "--psm",
        str(psm),
        "--dpi",
        str(max(70, round(dpi))),
        form,
    ]
    if form == "txt":
        command.pop()
    try:
        done = subprocess.run(command, input=header + gray.tobytes(), capture_output=True, check=False)
    except FileNotFoundError as error:
        raise RecognitionFailed("ocr-missing") from error
    if done.returncode != 0:
        raise RecognitionFailed("ocr-failed")
    return done.stdout


def read_text(gray: np.ndarray, *, psm: int, dpi: float, language: str = "vie") -> str:
    """The plain text of a small cut-out (a stamp)."""
    text = tesseract(gray, psm=psm, dpi=dpi, form="txt", language=language).decode("utf-8", "replace")
    return unicodedata.normalize("NFC", text).strip()


def read_page(picture: Picture, language: str = "vie", psm: int = 3) -> Reading:
    """All words of one page."""
    dpi = picture.scale * 72
    raw = tesseract(reading_gray(picture.rgb), psm=psm, dpi=dpi, language=language)
    reading = _from_hocr(raw, picture)
    lines = tuple(Line(tuple(_with_ink(word, picture) for word in line.words)) for line in reading.page.lines)
    return replace(reading, page=replace(reading.page, lines=lines))


def read_zone(
    picture: Picture, box: Box, *, dpi: float = 300, psm: int = 4, language: str = "vie", bare: bool = False
) -> tuple[Line, ...]:
    """A second, independent reading of a part of the page at a higher resolution; boxes in page points.

    `bare` removes coloured ink first.
    """
    rgb = picture.crop(box, dpi)
    if bare:
        rgb = without_coloured_ink(rgb)
    raw = tesseract(reading_gray(rgb), psm=psm, dpi=dpi, language=language)
    part = Picture(picture.number, rgb, rgb.shape[1] * 72 / dpi, rgb.shape[0] * 72 / dpi, picture.crop)
    lines = _from_hocr(raw, part).page.lines
    x, y = max(0.0, box[0]), max(0.0, box[1])
    return tuple(Line(tuple(_with_ink(_moved(word, x, y), picture) for word in line.words)) for line in lines)


def without_coloured_ink(rgb: np.ndarray) -> np.ndarray:
    """Pen strokes and seals made white, so that a printed name under them can be read."""
    smooth = cv2.GaussianBlur(rgb, (0, 0), 1.2).astype(np.int16)
    coloured = (smooth.max(axis=2) - smooth.min(axis=2)) > 42
    clear = rgb.copy()
    clear[coloured] = 255
    return clear


def orientation(picture: Picture) -> int:
    """Degrees to turn the page clockwise so that it stands upright, 0 when unknown (Tesseract OSD on 150 dpi)."""
    gray = reading_gray(picture.rgb)
    small = cv2.resize(gray, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
    try:
        header = b"P5\n%d %d\n255\n" % (small.shape[1], small.shape[0])
        command = ["tesseract", "stdin", "stdout", "-l", "osd", "--psm", "0", "--dpi", "150"]
        done = subprocess.run(command, input=header + small.tobytes(), capture_output=True, check=False)
    except FileNotFoundError:
        return 0
    turn = re.search(rb"Rotate:\s*(\d+)", done.stdout)
    sure = re.search(rb"Orientation confidence:\s*([\d.]+)", done.stdout)
    if done.returncode != 0 or turn is None or sure is None or float(sure[1]) < 2.0:
        return 0
    return int(turn[1]) % 360


def _from_hocr(raw: bytes, picture: Picture) -> Reading:
    try:
        root = ElementTree.fromstring(raw)
    except ElementTree.ParseError as error:
        raise RecognitionFailed("ocr-failed") from error
    unit = 1 / picture.scale
    lines: list[Line] = []
    boxes: list[Box] = []
    baselines: list[Baseline] = []
    for element in root.iter():
        if element.get("class") not in ("ocr_line", "ocr_header", "ocr_textfloat", "ocr_caption"):
            continue
        words = tuple(word for each in element if (word := _word(each, unit)) is not None)
        if not words:
            continue
        title = element.get("title") or ""
        lines.append(Line(words))
        boxes.append(_box(title, unit))
        slope = re.search(r"baseline (-?[\d.]+) (-?[\d.]+)", title)
        baselines.append(Baseline(float(slope[1]), float(slope[2]) * unit) if slope else Baseline(0.0, 0.0))
    sure = [word.confidence for line in lines for word in line.words if key(word.text)]
    page = PageText(picture.number, picture.width, picture.height, tuple(lines))
    return Reading(page, tuple(boxes), tuple(baselines), sum(sure) / len(sure) if sure else 0.0)


def _word(element: Any, unit: float) -> Word | None:
    if element.get("class") != "ocrx_word":
        return None
    text = unicodedata.normalize("NFC", "".join(element.itertext())).strip()
    if not text:
        return None
    title = element.get("title") or ""
    sure = re.search(r"x_wconf (\d+)", title)
    return Word(text, _box(title, unit), min(1.0, int(sure[1]) / 100) if sure else 0.0)


def _box(title: str, unit: float) -> Box:
    corners = re.search(r"bbox (\d+) (\d+) (\d+) (\d+)", title)
    if corners is None:
        return (0.0, 0.0, 0.0, 0.0)
    x0, y0, x1, y1 = (int(each) * unit for each in corners.groups())
    return (x0, y0, x1, y1)


def _moved(word: Word, x: float, y: float) -> Word:
    x0, y0, x1, y1 = word.box
    return replace(word, box=(x0 + x, y0 + y, x1 + x, y1 + y))


def _with_ink(word: Word, picture: Picture) -> Word:
    """Marks words whose darkest pixels are coloured: blue or violet pen instead of black print."""
    x0, y0, x1, y1 = (round(each * picture.scale) for each in word.box)
    cut = picture.rgb[max(0, y0) : y1, max(0, x0) : x1].astype(np.int16)
    if cut.size == 0:
        return word
    light = cut.max(axis=2)
    ink = light <= np.percentile(light, 12)
    chroma = (cut.max(axis=2) - cut.min(axis=2))[ink]
    return replace(word, pen=bool(np.median(chroma) > _PEN_CHROMA))
