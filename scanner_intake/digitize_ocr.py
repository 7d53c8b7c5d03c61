"""Pages as pictures and as words: what the recogniser gets to see of a page, and its answer in points.

Owns the picture preparation measured best for Vietnamese office scans (digitizing rules 5.2: gray = max(R,G,B)
divided by the local paper colour, 200 dpi, psm 3). It runs only inside the limited child; `ocr_engine` does the
reading.

Invariant: recognised text stays in memory, because a page may turn out to be a secret.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np

from scanner_intake import deskew, ocr_engine
from scanner_intake.gray_seals import without_seals
from scanner_intake.layout import Box, Line, PageText, Word, key
from scanner_intake.second_look import reread
from scanner_intake.shrinking import BAND, shrunk
from scanner_intake.tilt import lean

DPI = 200
_ACROSS, _PLENTY = 0.9, 250  # of the width, from so many dpi on: narrower letters then read as well in 92 % of the time
_VIEW_DPI = 150
_LEVEL_ENOUGH = 0.4  # degrees; a line of 160 mm then rises by 1 mm, a sixth of what parts it from the next
_WHITE = 245  # 230 halves the errors of bad scans once more, but takes strokes of names under a pen with it
_PEN_CHROMA = 60
_GHOST, _SEEN_TWICE = 0.3, 0.7  # confidence; share of its width that lies on another word
_STROKE_CHROMA = 42
_PRINT_DARK = np.ceil(0.42 * np.arange(256)).astype(np.uint8)  # by the paper's light; a blue pen has more of it


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
    """A page's picture: pixels to look around in (`view`, about 150 dpi), its size in points, a way to cut out a part
    at another resolution, and the picture itself as it was decoded (gray or BGR, at most 300 dpi).
    """

    number: int
    view: np.ndarray
    width: float
    height: float
    crop: Callable[[Box, float], np.ndarray]
    native: np.ndarray

    @cached_property
    def rgb(self) -> np.ndarray:
        """The view's pixels as red, green, blue."""
        return _rgb(self.view)

    @property
    def half(self) -> np.ndarray | None:
        """The picture at half its size, if the view is that."""
        size = tuple(round(side / 2) for side in self.native.shape[:2])
        return self.view if self.view.shape[:2] == size else None

    @property
    def scale(self) -> float:
        """Pixels per point."""
        return self.view.shape[1] / self.width

    @cached_property
    def colourless(self) -> bool:
        """Whether the page was scanned without colour (`is_colourless`)."""
        return is_colourless(self.rgb)

    @cached_property
    def inks(self) -> _Inks:
        """Tells the words written with coloured ink."""
        return _Inks(self.rgb, self.scale)


def picture_of(number: int, native: np.ndarray, size: tuple[float, float]) -> Picture:
    """The picture of a page (HxW gray or HxWx3 BGR) that is `size` points large; `view` is reduced to about 150 dpi."""
    width, height = (max(each, 1.0) for each in size)
    dpi = native.shape[1] * 72 / width

    def crop(box: Box, wanted: float) -> np.ndarray:
        across, down = native.shape[1] / width, native.shape[0] / height
        x0, x1 = sorted(min(native.shape[1], max(0, round(each * across))) for each in (box[0], box[2]))
        y0, y1 = sorted(min(native.shape[0], max(0, round(each * down))) for each in (box[1], box[3]))
        cut = native[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
        if not cut.size:
            cut = native[-1:, -1:]
        sides = (max(1, round(cut.shape[1] * wanted / dpi)), max(1, round(cut.shape[0] * wanted / dpi)))
        method = cv2.INTER_AREA if wanted < dpi else cv2.INTER_LINEAR
        return _rgb(cut if sides == cut.shape[1::-1] else cv2.resize(cut, sides, interpolation=method))

    shown = shrunk(native, _VIEW_DPI / dpi) if dpi > 1.5 * _VIEW_DPI else native
    return Picture(number, shown, width, height, crop, native)


def _rgb(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB if image.ndim == 2 else cv2.COLOR_BGR2RGB)


def paper(image: np.ndarray) -> np.ndarray:
    """The local paper colour at one eighth of the size (ink removed by dilation and median)."""
    small = cv2.resize(image, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    return cv2.medianBlur(cv2.dilate(small, np.ones((7, 7), np.uint8)), 9)


def flatten(image: np.ndarray, ground: np.ndarray | None = None, white: int = 255) -> np.ndarray:
    """The image divided by its paper colour: uneven light and yellow paper become white, and all that is at least
    `white` of 255 parts as light as the paper.
    """
    if min(image.shape[:2]) < 16:
        return image
    if ground is None:
        ground = paper(image)
    large = cv2.resize(ground, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.divide(image, large, scale=255 * 255 / white)


def lightest(image: np.ndarray) -> np.ndarray:
    """The lightest of the three channels of each pixel; band by band, so that a band stays in the processor's cache."""
    light = np.empty(image.shape[:2], np.uint8)
    for top in range(0, len(image), BAND):
        first, second, third = cv2.split(image[top : top + BAND])
        cv2.max(cv2.max(first, second, dst=first), third, dst=light[top : top + BAND])
    return light


def reading_gray(rgb: np.ndarray) -> np.ndarray:
    """What Tesseract gets: red ink is as light as paper, so seals and red stamps vanish; the paper is white."""
    return flatten(lightest(rgb))


def is_colourless(rgb: np.ndarray) -> bool:
    """Whether the page was scanned without colour: then red stamps cannot be told from black ones.

    Looked for in the dark pixels, because a colour scan always has a little chroma in its ink while clean paper has
    none, and because signatures shown by the viewer may add some colour to a gray scan.
    """
    size = (max(1, rgb.shape[1] // 3), max(1, rgb.shape[0] // 3))
    first, second, third = cv2.split(cv2.resize(rgb, size, interpolation=cv2.INTER_NEAREST))
    darkest = cv2.min(cv2.min(first, second), third)
    chroma = cv2.subtract(cv2.max(cv2.max(first, second), third), darkest)
    dark = cv2.compare(darkest, 110, cv2.CMP_LT)
    coloured = cv2.bitwise_and(dark, cv2.compare(chroma, 3, cv2.CMP_GT))
    return cv2.countNonZero(coloured) <= 0.1 * cv2.countNonZero(dark)


def read_text(gray: np.ndarray, *, psm: int, dpi: float, language: str = "vie") -> str:
    """The plain text of a small cut-out (a stamp). Raises: RecognitionFailed."""
    return ocr_engine.text(gray, psm=psm, dpi=dpi, language=language)


def page_gray(native: np.ndarray, dpi: float) -> np.ndarray:
    """What Tesseract gets of a whole page: the lightest channel over the paper's, reduced to 200 dpi, never enlarged
    (digitizing rules 5.2).

    Grain, the back side's print and what is left of a seal become white: that halves the wrong letters of a bad scan,
    and there is less to recognise.
    """
    gray = native if native.ndim == 2 else lightest(native)
    if dpi > 1.05 * DPI:
        gray = shrunk(gray, DPI / dpi)
    return flatten(gray, white=_WHITE)


def read_page(picture: Picture, language: str = "vie", psm: int = 3) -> Reading:
    """All words of one page, read from a level copy; places are those of the picture. Raises: RecognitionFailed."""
    scanned = picture.native.shape[1] * 72 / picture.width
    gray = page_gray(picture.native, scanned)
    dpi = gray.shape[1] * 72 / picture.width
    across = _ACROSS if scanned >= _PLENTY else 1.0  # real scans of 100 and 150 dpi lose names and functions by it
    if picture.colourless:
        gray = without_seals(gray, dpi)
    angle = lean(gray, dpi)
    if abs(angle) > _LEVEL_ENOUGH:
        gray = deskew.turn_pixels(gray, angle)
    else:
        angle = 0.0

    def read(part: np.ndarray, mode: int) -> list[ocr_engine.SeenLine]:
        return ocr_engine.lines(part, psm=mode, dpi=dpi, language=language, across=across)

    reading = _reading(reread(gray, dpi, read(gray, psm), read), picture, 72 / dpi)
    return with_ink(_leant(reading, angle) if angle else reading, picture)


def _leant(reading: Reading, angle: float) -> Reading:
    """A reading of the level copy with its places as they are on the page that leans by `angle`."""
    size = (reading.page.width, reading.page.height)
    lines, boxes, baselines = [], [], []
    for line, box, baseline in zip(reading.page.lines, reading.boxes, reading.baselines, strict=True):
        words = tuple(replace(word, box=deskew.turn_box(word.box, -angle, size)) for word in line.words)
        lines.append(Line(words))
        boxes.append(lines[-1].box)
        middle = (box[0] + box[2]) / 2
        x, y = deskew.turn_point(middle, baseline.slope * (middle - box[0]) + box[3] + baseline.offset, -angle, size)
        slope = math.tan(math.atan(baseline.slope) + math.radians(angle))
        baselines.append(Baseline(slope, y - slope * (x - boxes[-1][0]) - boxes[-1][3]))
    page = replace(reading.page, lines=tuple(lines))
    return replace(reading, page=page, boxes=tuple(boxes), baselines=tuple(baselines))


def with_ink(reading: Reading, picture: Picture) -> Reading:
    """The same words, those written with coloured ink marked."""
    lines = tuple(Line(tuple(picture.inks.marked(word) for word in line.words)) for line in reading.page.lines)
    return replace(reading, page=replace(reading.page, lines=lines))


def read_zone(
    picture: Picture, box: Box, *, dpi: float = 300, psm: int = 4, language: str = "vie", bare: bool = False
) -> tuple[Line, ...]:
    """A second, independent reading of a part of the page at a higher resolution; boxes in page points.

    `bare` removes coloured ink first.
    """
    rgb = picture.crop(box, dpi)
    gray = print_only(rgb) if bare else reading_gray(rgb)
    if bare and picture.colourless:
        gray = without_seals(gray, dpi)
    seen = ocr_engine.lines(gray, psm=psm, dpi=dpi, language=language)
    lines = _reading(seen, picture, 72 / dpi).page.lines
    x, y, inks = max(0.0, box[0]), max(0.0, box[1]), picture.inks
    return tuple(Line(tuple(inks.marked(_moved(word, x, y)) for word in line.words)) for line in lines)


def print_only(rgb: np.ndarray) -> np.ndarray:
    """What Tesseract gets of a signature: as `reading_gray`, pen strokes and seals painted over with paper.

    White instead of the paper's own light would leave edges that read as letters; print under a seal stays dark in
    the lightest channel and is kept.
    """
    gray = lightest(rgb)
    if min(gray.shape) < 16:
        return gray
    ground = cv2.resize(lightest(paper(rgb)), gray.shape[::-1], interpolation=cv2.INTER_LINEAR)
    first, second, third = cv2.split(cv2.GaussianBlur(rgb, (0, 0), 1.2))
    chroma = cv2.subtract(cv2.max(cv2.max(first, second), third), cv2.min(cv2.min(first, second), third))
    pale = cv2.compare(gray, cv2.LUT(ground, _PRINT_DARK), cv2.CMP_GE)
    cv2.copyTo(ground, cv2.bitwise_and(pale, cv2.compare(chroma, _STROKE_CHROMA, cv2.CMP_GT)), gray)
    return cv2.divide(gray, ground, scale=255)


def orientation(picture: Picture) -> int:
    """Degrees to turn the page clockwise so that it stands upright, 0 when unknown (Tesseract OSD on 150 dpi)."""
    gray = reading_gray(picture.rgb)
    return ocr_engine.orientation(gray, picture.scale * 72)


def _reading(seen: list[ocr_engine.SeenLine], picture: Picture, unit: float) -> Reading:
    """The engine's lines in points."""
    lines: list[Line] = []
    boxes: list[Box] = []
    baselines: list[Baseline] = []
    for each in seen:
        words = tuple(Word(word.text, _scaled(word.box, unit), word.confidence) for word in _distinct(each.words))
        lines.append(Line(words))
        boxes.append(_scaled(each.box, unit))
        baselines.append(_baseline(each, unit))
    sure = [word.confidence for line in lines for word in line.words if key(word.text)]
    page = PageText(picture.number, picture.width, picture.height, tuple(lines))
    return Reading(page, tuple(boxes), tuple(baselines), sum(sure) / len(sure) if sure else 0.0)


def _distinct(words: tuple[ocr_engine.SeenWord, ...]) -> list[ocr_engine.SeenWord]:
    """The words of a line without ghosts: unsure ones that lie on their neighbour for the most part. Sure ones stay,
    because the engine's boxes are sometimes much too wide.
    """
    return [
        word for i, word in enumerate(words) if not any(_haunts(word, each) for each in words[max(0, i - 1) : i + 2])
    ]


def _haunts(word: ocr_engine.SeenWord, other: ocr_engine.SeenWord) -> bool:
    if word.confidence > _GHOST or other.confidence < 2 * _GHOST:
        return False
    over = min(word.box[2], other.box[2]) - max(word.box[0], other.box[0])
    return over > _SEEN_TWICE * (word.box[2] - word.box[0])


def _scaled(box: tuple[int, int, int, int], unit: float) -> Box:
    return (box[0] * unit, box[1] * unit, box[2] * unit, box[3] * unit)


def _baseline(line: ocr_engine.SeenLine, unit: float) -> Baseline:
    if line.baseline is None or line.baseline[2] <= line.baseline[0]:
        return Baseline(0.0, 0.0)
    x0, y0, x1, y1 = line.baseline
    slope = (y1 - y0) / (x1 - x0)
    return Baseline(slope, (y0 + slope * (line.box[0] - x0) - line.box[3]) * unit)


def _moved(word: Word, x: float, y: float) -> Word:
    x0, y0, x1, y1 = word.box
    return replace(word, box=(x0 + x, y0 + y, x1 + x, y1 + y))


class _Inks:
    """Tells words written with coloured ink; channels are compared once for the whole page."""

    def __init__(self, rgb: np.ndarray, scale: float) -> None:
        self._light, self._chroma = np.empty(rgb.shape[:2], np.uint8), np.empty(rgb.shape[:2], np.uint8)
        for top in range(0, len(rgb), BAND):
            red, green, blue = cv2.split(rgb[top : top + BAND])
            light, chroma = self._light[top : top + BAND], self._chroma[top : top + BAND]
            cv2.max(cv2.max(red, green, dst=light), blue, dst=light)
            cv2.subtract(light, cv2.min(cv2.min(red, green, dst=red), blue, dst=red), dst=chroma)
        self._coloured = cv2.compare(self._chroma, _PEN_CHROMA, cv2.CMP_GT)
        self._scale = scale

    def marked(self, word: Word) -> Word:
        """The word, `pen` set when its darkest eighth is coloured: blue or violet pen instead of black print."""
        x0, y0, x1, y1 = (round(each * self._scale) for each in word.box)
        place = (slice(max(0, y0), max(0, y1)), slice(max(0, x0), max(0, x1)))
        coloured = self._coloured[place]
        share = coloured.size * 12 // 100
        if not coloured.size or cv2.countNonZero(coloured) <= share - share // 2:
            return word  # not even the half of an eighth
        light = self._light[place].ravel()
        darkest = np.argpartition(light, share)[: share + 1]
        chroma = np.partition(self._chroma[place].ravel()[darkest], share // 2)[share // 2]
        return replace(word, pen=True) if chroma > _PEN_CHROMA else word
