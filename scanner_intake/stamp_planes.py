"""The inks of a page apart from each other, and what is left of each when the letters are gone.

Owns the pictures in which stamps are looked for: black print, red ink and blue or violet ink of a colour scan, or the
one gray picture of a colourless one; paper is white in all of them. `outlines` leaves only what is no word: frames,
rules, seals, strokes. Lengths in millimetres, pictures uint8.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from scanner_intake.digitize_ocr import Picture, flatten
from scanner_intake.shrinking import shrunk

FIND_DPI = 100
_INKED = 32  # chroma of ink over paper
_GRAIN, _STRENGTH = 8, 2.2
_LEAST_INKED = 300  # pixels: a speck of colour is no stamp
_FAINT = 226  # gray under which something stands on white paper
_LEAST_LINE, _LETTERS, _FILLED = 4.0, (2.3, 5.5), 0.3
_MARGIN = 6
_EXACT = 0.001  # of a page's length: a third of a millimetre

PixelBox = tuple[int, int, int, int]


@dataclass(frozen=True)
class Plane:
    """One ink: "black", "red" or "blue" (violet too); white where it is not. `view` has `scale` pixels a millimetre;
    `small` is the same at `FIND_DPI`, `shown` what `outlines` leaves of it and `areas` where that is.
    """

    ink: str
    view: np.ndarray
    scale: float
    small: np.ndarray
    shown: np.ndarray
    areas: list[PixelBox]


def planes(picture: Picture) -> list[Plane]:
    """The page's inks, black first; a coloured one only where there is some."""
    scale = picture.scale * 72 / 25.4
    if not _coloured(picture.rgb):
        return [_plane("black", flatten(np.ascontiguousarray(picture.rgb[:, :, 1])), scale)]
    red, green, blue = cv2.split(flatten(picture.rgb))
    made = [_plane("black", cv2.max(cv2.max(red, green), blue), scale)]
    inks = {"red": cv2.subtract(red, cv2.max(green, blue)), "blue": cv2.subtract(blue, cv2.min(red, green))}
    for ink, chroma in inks.items():
        if cv2.countNonZero(cv2.threshold(chroma, _INKED, 255, cv2.THRESH_BINARY)[1]) > _LEAST_INKED:
            strong = cv2.convertScaleAbs(cv2.subtract(chroma, _GRAIN), alpha=_STRENGTH)  # a pad fades, grain stays out
            made.append(_plane(ink, cv2.bitwise_not(strong), scale))
    return made


def _coloured(rgb: np.ndarray) -> bool:
    """Whether there is ink of a colour, be it in one place of a page that has none elsewhere."""
    few = (-(-rgb.shape[1] // 3), -(-rgb.shape[0] // 3))
    first, second, third = cv2.split(cv2.resize(rgb, few, interpolation=cv2.INTER_NEAREST))
    most, least = cv2.max(cv2.max(first, second), third), cv2.min(cv2.min(first, second), third)
    inked = cv2.threshold(cv2.subtract(most, least), _INKED, 255, cv2.THRESH_BINARY)[1]
    return cv2.countNonZero(inked) > _LEAST_INKED // 9


def _plane(ink: str, view: np.ndarray, scale: float) -> Plane:
    small = _reduced(view, FIND_DPI / 25.4 / scale)
    return Plane(ink, view, scale, small, *outlines(small, letters=ink == "black"))


def _reduced(view: np.ndarray, ratio: float) -> np.ndarray:
    """The picture at `ratio`; from 200 and 150 dpi, which nearly all pages have, in a fifth of the time."""
    plain = next((each for each in (1 / 2, 2 / 3) if abs(ratio / each - 1) < _EXACT), None)
    if plain is not None:
        return shrunk(view, plain)
    return cv2.resize(view, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)


def outlines(gray: np.ndarray, *, letters: bool = True) -> tuple[np.ndarray, list[PixelBox]]:
    """A picture at `FIND_DPI` with single words and small things painted white, and the areas that are left.

    A word is a region of a letter's height that is filled; a frame's side is thinner, a frame is higher. Where there
    are no `letters` to speak of (coloured ink) all that is long stays.
    """
    mask = cv2.threshold(gray, _FAINT, 255, cv2.THRESH_BINARY_INV)[1]
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, ltype=cv2.CV_16U)
    wide, high = stats[:, 2] * 25.4 / FIND_DPI, stats[:, 3] * 25.4 / FIND_DPI
    thin, filled = np.minimum(wide, high), stats[:, 4] / (stats[:, 2] * stats[:, 3])
    keep = np.maximum(wide, high) >= _LEAST_LINE
    if letters:
        keep &= (thin < _LETTERS[0]) | (thin > _LETTERS[1]) | (filled < _FILLED)
    keep[0] = False
    shown = cv2.dilate(np.where(keep, 255, 0).astype(np.uint8)[labels], np.ones((3, 3), np.uint8))
    height, width = gray.shape
    areas: list[PixelBox] = []
    for x, y, across, down, _ in stats[keep].tolist():
        area = (
            max(0, x - _MARGIN),
            max(0, y - _MARGIN),
            min(width, x + across + _MARGIN),
            min(height, y + down + _MARGIN),
        )
        areas = _joined(areas, area)
    return cv2.bitwise_or(gray, cv2.bitwise_not(shown)), areas


def _joined(areas: list[PixelBox], area: PixelBox) -> list[PixelBox]:
    """The areas with one more; those that meet become one."""
    while True:
        x0, y0, x1, y1 = area
        met = next((each for each in areas if x0 < each[2] and each[0] < x1 and y0 < each[3] and each[1] < y1), None)
        if met is None:
            return [*areas, area]
        areas = [each for each in areas if each is not met]
        area = (min(x0, met[0]), min(y0, met[1]), max(x1, met[2]), max(y1, met[3]))
