"""One page picture as layers: a lossless black stencil, coloured regions as they are, a coarse background.

Owns the layering of the compact profile (digitizing rules 7.2). Seals, pen strokes, stamps and photos are never split
by colour: their region is kept as one colour picture at the scanner's own resolution, because thin coloured strokes
break otherwise. It knows pixels only, neither pages nor PDF.

Invariants: painted in the order background, stencil, patches the layers cover the whole picture; the stencil is
lossless; a picture that has only black and white comes back as exactly these pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from scanner_intake import jbig2
from scanner_intake.digitize_ocr import paper

COARSE = 75
_INK = 150 / 255
_CHROMA = 26
_TONE = 0.72
_REGION_MM = 5.0
_PHOTO_SHARE = 0.5
_PATCH_QUALITY, _BACK_QUALITY, _PHOTO_QUALITY = 34, 45, 60
_FINE_DPI = 250
_TINY = 32
PixelBox = tuple[int, int, int, int]


@dataclass(frozen=True)
class Jpeg:
    """A coded picture of `width` x `height` pixels, gray or in colour."""

    coded: bytes
    width: int
    height: int
    gray: bool


@dataclass(frozen=True)
class Layers:
    """What a page is painted from. `size` is the picture's (width, height); patch boxes are pixels of it.

    `ink` is the stencil's colour (red, green, blue, 0..1). `photo`: the background is the whole page at full quality.
    """

    size: tuple[int, int]
    background: Jpeg | None
    stencil: jbig2.Stencil | None
    ink: tuple[float, float, float]
    patches: tuple[tuple[Jpeg, PixelBox], ...] = ()
    photo: bool = False


def is_bitonal(image: np.ndarray) -> bool:
    """Whether a picture has only black and white pixels."""
    if image.ndim == 3:
        return False
    sample = image[::7, ::7]
    if bool(((sample != 0) & (sample != 255)).any()):
        return False
    counts = cv2.calcHist([image], [0], None, [256], [0, 256]).ravel()
    return int(counts[0] + counts[255]) == image.size


def split(image: np.ndarray, dpi: float) -> Layers:
    """The layers of a picture (HxW gray or HxWx3 BGR) of `dpi` square pixels."""
    height, width = image.shape[:2]
    if is_bitonal(image):
        return Layers((width, height), None, jbig2.encode(image == 0, dpi), (0.0, 0.0, 0.0))
    if min(width, height) < _TINY:
        return Layers((width, height), _jpeg(image, _PHOTO_QUALITY), None, (0.0, 0.0, 0.0), (), True)
    half = _reduced(image, dpi, dpi / 2)  # a whole factor is several times cheaper than any other
    coarse = _reduced(half, dpi / 2, COARSE)
    regions = _regions(coarse, width / coarse.shape[1])
    if sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in regions) > _PHOTO_SHARE * width * height:
        return Layers((width, height), _jpeg(image, _PHOTO_QUALITY), None, (0.0, 0.0, 0.0), (), True)
    mask = ink_mask(image, dpi)
    for x0, y0, x1, y1 in regions:
        mask[y0:y1, x0:x1] = 0
    patches = tuple((_jpeg(image[y0:y1, x0:x1], _PATCH_QUALITY), (x0, y0, x1, y1)) for x0, y0, x1, y1 in regions)
    background = _jpeg(_background(half, coarse, mask, regions), _BACK_QUALITY)
    if not mask.any():
        return Layers((width, height), background, None, (0.0, 0.0, 0.0), patches)
    stencil = jbig2.encode(_fine_mask(image, mask, dpi), max(dpi, _FINE_DPI * 1.2))
    return Layers((width, height), background, stencil, _ink_colour(image, mask), patches)


def _reduced(image: np.ndarray, dpi: float, target: float) -> np.ndarray:
    ratio = min(1.0, target / dpi)
    size = (max(1, round(image.shape[1] * ratio)), max(1, round(image.shape[0] * ratio)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _luma(image: np.ndarray) -> np.ndarray:
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)


def _limit(gray: np.ndarray, share: float) -> np.ndarray:
    """The local paper's brightness times `share`, as large as `gray`; a dark photo is no paper."""
    if min(gray.shape) < 16:
        return np.full_like(gray, round(255 * share))
    ground = paper(gray)
    ground = np.maximum(ground, round(0.6 * float(np.percentile(ground, 90))))
    small = cv2.convertScaleAbs(ground, alpha=share)
    return cv2.resize(small, gray.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def ink_mask(image: np.ndarray, dpi: float) -> np.ndarray:
    """255 where there is ink: darker than 150/255 of the local paper, without specks."""
    gray = _luma(image)
    limit = _limit(gray, _INK)
    mask = cv2.compare(cv2.GaussianBlur(gray, (3, 3), 0), limit, cv2.CMP_LT)
    return _without_specks(mask, dpi)


def _without_specks(mask: np.ndarray, dpi: float) -> np.ndarray:
    """Drops ink with fewer than 8 (at 300 dpi) ink pixels around it; cheaper than naming every component."""
    least = max(3, round(8 * (dpi / 300) ** 2))
    side = 7 if dpi >= 250 else 5
    near = cv2.boxFilter(cv2.min(mask, 1), cv2.CV_8U, (side, side), normalize=False)
    return cv2.bitwise_and(mask, cv2.compare(near, least, cv2.CMP_GE))


def _fine_mask(image: np.ndarray, mask: np.ndarray, dpi: float) -> np.ndarray:
    """The mask at half as many pixels again for a 200-dpi scan: its gray edges know more than one bit can keep."""
    if dpi >= _FINE_DPI:
        return mask
    size = (round(mask.shape[1] * 1.5), round(mask.shape[0] * 1.5))
    gray = cv2.resize(_luma(image), size, interpolation=cv2.INTER_CUBIC)
    limit = cv2.resize(_limit(_luma(image), _INK), size, interpolation=cv2.INTER_LINEAR)
    fine = cv2.compare(gray, limit, cv2.CMP_LT)
    kept = cv2.resize(cv2.dilate(mask, np.ones((3, 3), np.uint8)), size, interpolation=cv2.INTER_NEAREST)
    return cv2.bitwise_and(fine, kept)


def _ink_colour(image: np.ndarray, mask: np.ndarray) -> tuple[float, float, float]:
    sample = image[::3, ::3][mask[::3, ::3] > 0]
    if not len(sample):
        return (0.0, 0.0, 0.0)
    level = np.percentile(sample, 30, axis=0) / 255
    blue, green, red = (level, level, level) if image.ndim == 2 else level
    return (round(float(red), 3), round(float(green), 3), round(float(blue), 3))


def _regions(coarse: np.ndarray, step: float) -> list[PixelBox]:
    """Boxes, in pixels of the large picture, of what a stencil would spoil (colour, half-tones); they are disjoint."""
    wanted = _half_tones(coarse)
    if coarse.ndim == 3 and min(coarse.shape[:2]) >= 16:
        wanted = cv2.bitwise_or(wanted, _coloured(coarse))
    least = _REGION_MM * COARSE / 25.4
    count, _, found, _ = cv2.connectedComponentsWithStats(wanted, connectivity=8)
    boxes = [tuple(int(each) for each in found[index][:4]) for index in range(1, count)]
    large = _merged([(x, y, x + w, y + h) for x, y, w, h in boxes if min(w, h) >= least])
    height, width = coarse.shape[:2]
    scaled = []
    for x0, y0, x1, y1 in large:
        left, top = int(x0 * step) // 8 * 8, int(y0 * step) // 8 * 8
        right = round(width * step) if x1 >= width else int(x1 * step)
        bottom = round(height * step) if y1 >= height else int(y1 * step)
        scaled.append((left, top, right, bottom))
    return scaled


def _coloured(coarse: np.ndarray) -> np.ndarray:
    ground = paper(coarse)
    flat = cv2.divide(coarse, cv2.resize(ground, coarse.shape[1::-1], interpolation=cv2.INTER_LINEAR), scale=255)
    blue, green, red = cv2.split(flat)
    chroma = cv2.subtract(cv2.max(cv2.max(blue, green), red), cv2.min(cv2.min(blue, green), red))
    mask = cv2.compare(chroma, _CHROMA, cv2.CMP_GT)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    return cv2.dilate(mask, np.ones((13, 13), np.uint8))


def _half_tones(coarse: np.ndarray) -> np.ndarray:
    """Areas without any paper within 4 mm that are not plain black either: photos, shaded fields."""
    gray = _luma(coarse)
    white = float(np.percentile(gray, 95))
    lightest = cv2.dilate(gray, np.ones((11, 11), np.uint8))
    dark = np.where(lightest < _TONE * white, np.uint8(255), np.uint8(0))
    return cv2.dilate(dark, np.ones((17, 17), np.uint8))


def _merged(boxes: list[PixelBox]) -> list[PixelBox]:
    """Overlapping boxes become one, until none overlap."""
    left = list(boxes)
    done: list[PixelBox] = []
    while left:
        box = left.pop()
        for other in left + done:
            if box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]:
                (left if other in left else done).remove(other)
                left.append(
                    (min(box[0], other[0]), min(box[1], other[1]), max(box[2], other[2]), max(box[3], other[3]))
                )
                break
        else:
            done.append(box)
    return sorted(done)


def _background(half: np.ndarray, coarse: np.ndarray, mask: np.ndarray, regions: list[PixelBox]) -> np.ndarray:
    """The paper alone at 75 dpi: ink and regions taken out, the holes filled from their surroundings."""
    size, small = half.shape[1::-1], coarse.shape[1::-1]
    ink = cv2.dilate(mask, np.ones((5, 5), np.uint8))
    keep = cv2.compare(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), 8, cv2.CMP_LT)
    ratio = size[0] / mask.shape[1]
    for x0, y0, x1, y1 in regions:
        keep[int(y0 * ratio) : int(y1 * ratio) + 1, int(x0 * ratio) : int(x1 * ratio) + 1] = 0
    kept = cv2.resize(cv2.bitwise_and(half, half, mask=keep), small, interpolation=cv2.INTER_AREA).astype(np.float32)
    weight = cv2.resize(keep, small, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return _filled(kept, weight)


def _filled(kept: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Averages over ever larger cells wherever less than a quarter of a pixel is paper."""
    size = weight.shape[1::-1]
    result = kept / (np.maximum(weight, 1e-3) if kept.ndim == 2 else np.maximum(weight, 1e-3)[:, :, None])
    empty = weight < 0.25
    for cell in (5, 20, 80):
        if not empty.any():
            break
        few = (max(1, size[0] // cell), max(1, size[1] // cell))
        share = cv2.resize(weight, few, interpolation=cv2.INTER_AREA)
        total = cv2.resize(kept, few, interpolation=cv2.INTER_AREA)
        usable = cv2.resize(share, size, interpolation=cv2.INTER_LINEAR)
        mean = cv2.resize(total, size, interpolation=cv2.INTER_LINEAR)
        here = empty & (usable > 0.02)
        result[here] = mean[here] / (usable[here] if kept.ndim == 2 else usable[here][:, None])
        empty &= ~here
    if empty.any():
        paper_ = ~empty
        result[empty] = result[paper_].mean(axis=0) if paper_.any() else 255
    return cv2.GaussianBlur(np.clip(result, 0, 255).astype(np.uint8), (3, 3), 0.8)


def _jpeg(image: np.ndarray, quality: int) -> Jpeg:
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1, cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    done, coded = cv2.imencode(".jpg", np.ascontiguousarray(image), settings)
    if not done:
        raise ValueError("a picture that cannot be coded")
    return Jpeg(coded.tobytes(), image.shape[1], image.shape[0], image.ndim == 2)
