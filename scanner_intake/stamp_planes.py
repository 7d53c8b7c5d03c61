"""The inks of a page apart from each other, and what is left of each when the letters are gone.

Owns the pictures in which stamps are looked for: black print, red ink and blue or violet ink of a colour scan, or the
one gray picture of a colourless one; paper is white in all of them. `outlines` leaves only what is no word: frames,
rules, seals, strokes. Lengths in millimetres, pictures uint8.

The whole page is parted at `FIND_DPI` only; at the picture's own resolution single tiles are, when somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np

from scanner_intake.digitize_ocr import Picture
from scanner_intake.shrinking import shrunk

FIND_DPI = 100
_INKED = 24  # chroma of ink over paper
# Chroma that is grain, and how much the rest is strengthened. A stamp from an empty pad on a dull scan has a red of ten
# over its paper; a pen that faint writes no stamp.
_GRAIN, _STRENGTH = {"red": 3, "blue": 8}, 2.2
_LEAST_INKED = 75  # pixels at `FIND_DPI`: a speck of colour is no stamp
_FAINT = {"black": 226, "red": 243, "blue": 226}  # gray under which something stands on white paper
_LEAST_LINE, _LETTERS, _FILLED = 4.0, (2.3, 5.5), 0.3
_UNIT = FIND_DPI / 25.4
_MARGIN = 6
_EXACT = 0.001  # of a page's length: a third of a millimetre
_TILE = 256

PixelBox = tuple[int, int, int, int]


@dataclass
class _Tiles:
    """The inks at the picture's own resolution, of each tile only once it is asked for."""

    pixels: np.ndarray
    paper: np.ndarray  # its colour everywhere, at `FIND_DPI`
    inks: tuple[str, ...]
    views: dict[str, np.ndarray] = field(default_factory=dict)
    made: set[tuple[int, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.views = {ink: np.empty(self.pixels.shape[:2], np.uint8) for ink in self.inks}

    def view(self, ink: str, box: PixelBox) -> np.ndarray:
        """The whole page's array, of which the part in `box` is there to be looked at."""
        height, width = self.pixels.shape[:2]
        for y in range(max(0, box[1]) // _TILE * _TILE, min(height, box[3]), _TILE):
            for x in range(max(0, box[0]) // _TILE * _TILE, min(width, box[2]), _TILE):
                if (x, y) not in self.made:
                    self.made.add((x, y))
                    self._make(x, y)
        return self.views[ink]

    def _make(self, x: int, y: int) -> None:
        place = (slice(y, y + _TILE), slice(x, x + _TILE))
        part = self.pixels[place]
        down, across = (few / many for few, many in zip(self.paper.shape[:2], self.pixels.shape[:2], strict=True))
        height, width = part.shape[:2]
        rows, columns = _stretch(y, height, down), _stretch(x, width, across)
        ground = cv2.resize(self.paper[rows, columns], (width, height), interpolation=cv2.INTER_LINEAR)
        for ink, shown in _parted(cv2.divide(part, ground, scale=255), self.inks):
            self.views[ink][place] = shown


@dataclass(frozen=True)
class Plane:
    """One ink: "black", "red" or "blue" (violet too); white where it is not. `small` is it at `FIND_DPI`, `shown` what
    `outlines` leaves of that and `areas` where; `scale` are the pixels a millimetre of the picture itself.
    """

    ink: str
    scale: float
    small: np.ndarray
    shown: np.ndarray
    areas: list[PixelBox]
    tiles: _Tiles

    def view(self, box: PixelBox) -> np.ndarray:
        """The ink at the picture's own resolution; only what lies in `box` (pixels) is there, and the paper's rim."""
        return self.tiles.view(self.ink, box)


def planes(picture: Picture) -> list[Plane]:
    """The page's inks, black first; a coloured one only where there is some."""
    scale = picture.scale * 72 / 25.4
    pixels, small = picture.rgb, _reduced(picture.rgb, FIND_DPI / 25.4 / scale)
    inks: tuple[str, ...] = ("black", "red", "blue")
    if not _coloured(small):
        pixels, small, inks = cv2.extractChannel(pixels, 1), cv2.extractChannel(small, 1), ("black",)
    paper = _paper(small)
    found = dict(_parted(cv2.divide(small, paper, scale=255), inks))
    inks = tuple(ink for ink in inks if ink == "black" or _inked(found[ink], _GRAIN[ink]))
    tiles = _Tiles(pixels, paper, inks)
    return [Plane(ink, scale, found[ink], *outlines(found[ink], ink), tiles) for ink in inks]


def _coloured(small: np.ndarray) -> bool:
    """Whether there is ink of a colour, be it in one place of a page that has none elsewhere."""
    first, second, third = cv2.split(cv2.resize(small, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_NEAREST))
    most, least = cv2.max(cv2.max(first, second), third), cv2.min(cv2.min(first, second), third)
    inked = cv2.threshold(cv2.subtract(most, least), _INKED, 255, cv2.THRESH_BINARY)[1]
    return cv2.countNonZero(inked) > _LEAST_INKED // 4


def _stretch(start: int, many: int, ratio: float) -> slice:
    """The part of a reduced side that `many` pixels from `start` fell into."""
    first = int(start * ratio)
    return slice(first, max(first + 1, round((start + many) * ratio)))


def _paper(small: np.ndarray) -> np.ndarray:
    """The local paper colour: what is lightest within three millimetres, specks of light left out."""
    size = small.shape[1::-1]
    few = shrunk(small, 1 / 4)
    light = cv2.dilate(few, np.ones((7, 7), np.uint8))[::2, ::2]
    return cv2.resize(cv2.medianBlur(np.ascontiguousarray(light), 5), size, interpolation=cv2.INTER_LINEAR)


def _parted(flat: np.ndarray, inks: tuple[str, ...]) -> Iterator[tuple[str, np.ndarray]]:
    """Each ink of a picture whose paper is white; a pad's fading red is strengthened, grain is left out."""
    if flat.ndim == 2:
        yield "black", flat
        return
    red, green, blue = cv2.split(flat)
    for ink in inks:  # in place: fresh memory costs more than all that is reckoned here
        if ink == "black":
            shown = cv2.max(red, green)
            yield ink, cv2.max(shown, blue, dst=shown)
            continue
        if ink == "red":
            shown = cv2.max(green, blue)
            cv2.subtract(red, shown, dst=shown)
        else:
            shown = cv2.min(red, green)
            cv2.subtract(blue, shown, dst=shown)
        cv2.subtract(shown, _GRAIN[ink], dst=shown)
        cv2.convertScaleAbs(shown, dst=shown, alpha=_STRENGTH)
        yield ink, cv2.bitwise_not(shown, dst=shown)


def _inked(view: np.ndarray, grain: int) -> bool:
    light = 255 - round((_INKED - grain) * _STRENGTH)
    return cv2.countNonZero(cv2.threshold(view, light, 255, cv2.THRESH_BINARY_INV)[1]) > _LEAST_INKED


def _reduced(pixels: np.ndarray, ratio: float) -> np.ndarray:
    """The picture at `ratio`; from 200 and 150 dpi, which nearly all pages have, in a fifth of the time."""
    if abs(ratio * 2 - 1) < _EXACT:
        return shrunk(pixels, 1 / 2)
    # Between neighbours of three pixels that become two lies nearly what averaging gives.
    method = cv2.INTER_LINEAR if abs(ratio * 1.5 - 1) < _EXACT else cv2.INTER_AREA
    return cv2.resize(pixels, None, fx=ratio, fy=ratio, interpolation=method)


def outlines(gray: np.ndarray, ink: str = "black") -> tuple[np.ndarray, list[PixelBox]]:
    """A picture at `FIND_DPI` with single words and small things painted white, and the areas that are left.

    A word is a region of a letter's height that is filled; a frame's side is thinner, a frame is higher. Where there
    are no `letters` to speak of (coloured ink) all that is long stays.
    """
    mask = cv2.threshold(gray, _FAINT[ink], 255, cv2.THRESH_BINARY_INV)[1]
    cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8), dst=mask)
    shown, boxes = _no_words(mask) if ink == "black" else _long(mask)
    left_over, areas = np.full_like(gray, 255), list[PixelBox]()
    height, width = gray.shape
    for x, y, across, down in boxes:
        area = (
            max(0, x - _MARGIN),
            max(0, y - _MARGIN),
            min(width, x + across + _MARGIN),
            min(height, y + down + _MARGIN),
        )
        areas = _joined(areas, area)
    if areas:
        cv2.copyTo(gray, cv2.dilate(shown, np.ones((3, 3), np.uint8), dst=mask), left_over)
    return left_over, areas


def _no_words(mask: np.ndarray) -> tuple[np.ndarray, list[PixelBox]]:
    """The mask of all long regions but words, and their places (x, y, width, height)."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, ltype=cv2.CV_16U)
    wide, high = stats[:, 2] / _UNIT, stats[:, 3] / _UNIT
    thin, filled = np.minimum(wide, high), stats[:, 4] / (stats[:, 2] * stats[:, 3])
    keep = np.maximum(wide, high) >= _LEAST_LINE
    keep &= (thin < _LETTERS[0]) | (thin > _LETTERS[1]) | (filled < _FILLED)
    keep[0] = False
    shown = np.zeros_like(mask)
    boxes: list[PixelBox] = []
    for index in np.flatnonzero(keep).tolist():
        x, y, across, down, _ = stats[index].tolist()
        part = slice(y, y + down), slice(x, x + across)
        shown[part] |= labels[part] == index  # a page of a few things in a sixth of the time of all pixels at once
        boxes.append((x, y, across, down))
    return shown, boxes


def _long(mask: np.ndarray) -> tuple[np.ndarray, list[PixelBox]]:
    """The same where there is little, with the words: to follow rims takes a fifth of the time of naming pixels."""
    contours, nested = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    shown = np.zeros_like(mask)
    boxes: list[PixelBox] = []
    after, inside, around = nested[0, :, (0, 2, 3)].tolist() if contours else ([], [], [])
    for index, contour in enumerate(contours):
        box = cv2.boundingRect(contour)
        if around[index] >= 0 or max(box[2:]) < _LEAST_LINE * _UNIT:  # a hole, or short
            continue
        rims, hole = [contour], inside[index]
        while hole >= 0:
            rims.append(contours[hole])
            hole = after[hole]
        cv2.fillPoly(shown, rims, 255)
        boxes.append((box[0], box[1], box[2], box[3]))
    return shown, boxes


def _joined(areas: list[PixelBox], area: PixelBox) -> list[PixelBox]:
    """The areas with one more; those that meet become one."""
    while True:
        x0, y0, x1, y1 = area
        met = next((each for each in areas if x0 < each[2] and each[0] < x1 and y0 < each[3] and each[1] < y1), None)
        if met is None:
            return [*areas, area]
        areas = [each for each in areas if each is not met]
        area = (min(x0, met[0]), min(y0, met[1]), max(x1, met[2]), max(y1, met[3]))
