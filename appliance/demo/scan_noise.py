"""Paper and scanner: from clean ink to the picture a machine in an office delivers.

Owns the three levels (A good, B typical, C bad) and everything between ink on the sheet and pixels in the file: paper
colour, toner that fades, ink multiplied on paper (never painted over it), text of the back side shining through,
uneven light, skew, grain. Invariant: the same ink, level and random generator give the same pixels. It refuses to
know what is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane = NDArray[np.uint8]


@dataclass(frozen=True)
class Level:
    """How good paper and scanner are. Angles in degrees, shares 0..1, grain in grey values, `quality` for JPEG."""

    skew: tuple[float, float]
    paper: tuple[int, int, int]
    toner: tuple[float, float]
    grain: float
    shading: float
    bleed: float
    speckles: int
    ink: float
    quality: int


LEVELS = {
    "A": Level((0.0, 0.35), (251, 250, 248), (0.96, 1.0), 1.6, 0.01, 0.0, 0, 0.93, 88),
    "B": Level((0.8, 1.8), (246, 240, 225), (0.88, 1.0), 4.0, 0.07, 0.05, 30, 0.86, 75),
    "C": Level((1.0, 2.2), (226, 217, 196), (0.62, 1.0), 7.0, 0.16, 0.10, 420, 0.70, 50),
}


@dataclass(frozen=True)
class Mark:
    """Coloured ink on the sheet: coverage at the dpi of the page, its middle in mm from the top left corner, its
    colour.
    """

    x_mm: float
    y_mm: float
    mask: Plane
    colour: tuple[int, int, int]


def scan(black: Plane, marks: Sequence[Mark], level: str, rng: np.random.Generator, dpi: int) -> Image.Image:
    """An RGB picture of the sheet as scanned at a level "A", "B" or "C"; same size in pixels as `black` (255 = full
    toner).

    Raises KeyError for an unknown level.
    """
    kind = LEVELS[level]
    page = _sheet(black, kind, rng)
    for mark in marks:
        _press(page, mark, dpi)
    page = _skewed(page, kind, rng)
    _grain(page, kind, rng)
    return Image.fromarray(page)


def _field(
    rng: np.random.Generator, low: float, high: float, cells: int, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    coarse = rng.uniform(low, high, (cells, cells)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR), np.float32)


def _sheet(black: Plane, kind: Level, rng: np.random.Generator) -> Plane:
    """Paper with toner, light and back side, as one light factor per pixel times the paper's colour."""
    small = (black.shape[0] // 8, black.shape[1] // 8)
    light = 1 - _field(rng, 0.0, kind.shading, 2, small)
    if kind.bleed:
        back = cv2.resize(black[:, ::-1], (small[1], small[0]), interpolation=cv2.INTER_AREA)
        back = np.roll(cv2.GaussianBlur(back, (0, 0), 0.8), int(rng.integers(4, 30)), axis=0)
        light -= back.astype(np.float32) / 255 * kind.bleed * 1.6
    glow = cv2.resize(np.clip(light * 255, 0, 255).astype(np.uint8), black.shape[::-1], interpolation=cv2.INTER_LINEAR)
    toner = black
    if kind.toner[0] < 0.95:
        fade = np.clip(_field(rng, *kind.toner, 24, black.shape), 0, 1) * 255
        toner = cv2.multiply(black, fade.astype(np.uint8), scale=1 / 255)
    # Toner is never quite black under a scanner's lamp.
    clear = cv2.subtract(255, cv2.convertScaleAbs(toner, alpha=0.91))
    grey = cv2.multiply(clear, glow, scale=1 / 255)
    return np.asarray(cv2.merge([cv2.convertScaleAbs(grey, alpha=tint / 255) for tint in kind.paper]), np.uint8)


def _press(page: Plane, mark: Mark, dpi: int) -> None:
    """Multiply one mark's ink onto the page; parts beyond the sheet are lost, as with a real stamp."""
    height, width = mark.mask.shape
    left, top = round(mark.x_mm * dpi / 25.4 - width / 2), round(mark.y_mm * dpi / 25.4 - height / 2)
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(page.shape[1], left + width), min(page.shape[0], top + height)
    if x0 >= x1 or y0 >= y1:
        return
    cover = mark.mask[y0 - top : y1 - top, x0 - left : x1 - left].astype(np.float32)[:, :, None] / 255
    tint = np.array(mark.colour, np.float32) / 255
    page[y0:y1, x0:x1] = page[y0:y1, x0:x1] * (1 - cover * (1 - tint))


def _skewed(page: Plane, kind: Level, rng: np.random.Generator) -> Plane:
    height, width = page.shape[:2]
    angle = float(rng.uniform(*kind.skew)) * float(rng.choice((-1, 1)))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    lid = tuple(int(tint * 0.97) for tint in kind.paper)
    return np.asarray(cv2.warpAffine(page, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=lid), np.uint8)


def _grain(page: Plane, kind: Level, rng: np.random.Generator) -> None:
    """Sensor grain from one tile laid again and again, and dust; in place."""
    height, width = page.shape[:2]
    tile = 251
    noise = rng.standard_normal((tile, width, 3), dtype=np.float32) * kind.grain + 128.5
    grain = np.clip(noise, 0, 255).astype(np.uint8)
    for top in range(0, height, tile):
        rows = page[top : top + tile]
        rows[:] = cv2.addWeighted(rows, 1.0, grain[: len(rows)], 1.0, -128)
    for x, y in rng.integers(0, (width, height), (kind.speckles, 2)):
        cv2.circle(page, (int(x), int(y)), int(rng.integers(0, 2)), (int(rng.integers(60, 150)),) * 3, -1)
