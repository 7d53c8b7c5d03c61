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
from scanner_intake.shrinking import BAND, shrunk

COARSE = 75
_INK = 150 / 255
_CHROMA = 26
_TONE = 0.72
_REGION_MM = 5.0
_PHOTO_SHARE = 0.5
_PATCH_QUALITY, _BACK_QUALITY, _PHOTO_QUALITY = 34, 45, 60
_FINE_DPI = 250
_TINY = 32
_AROUND = 4  # rows a pixel of the ink mask depends on: one of smoothing, three of looking for specks
_FEW = 5  # every so many pixels of a row and of a column are enough for a colour
_NEAR = np.ones((3, 3), np.uint8)
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


def split(image: np.ndarray, dpi: float, half: np.ndarray | None = None) -> Layers:
    """The layers of a picture (HxW gray or HxWx3 BGR) of `dpi` square pixels; `half` is it at half its size, if
    somebody has made that already.
    """
    height, width = image.shape[:2]
    if is_bitonal(image):
        return Layers((width, height), None, jbig2.encode(image == 0, dpi), (0.0, 0.0, 0.0))
    if min(width, height) < _TINY:
        return Layers((width, height), _jpeg(image, _PHOTO_QUALITY), None, (0.0, 0.0, 0.0), (), True)
    half = shrunk(image, 0.5) if half is None else half
    share = min(1.0, 2 * COARSE / dpi)
    coarse = shrunk(half, share)
    regions = _regions(coarse, width / coarse.shape[1])
    if sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in regions) > _PHOTO_SHARE * width * height:
        return Layers((width, height), _jpeg(image, _PHOTO_QUALITY), None, (0.0, 0.0, 0.0), (), True)
    gray, faint = _luma(image), _faintest(_luma(half))
    mask = _inked(gray, faint, dpi)
    for x0, y0, x1, y1 in regions:
        mask[y0:y1, x0:x1] = 0
    patches = tuple((_jpeg(image[y0:y1, x0:x1], _PATCH_QUALITY), (x0, y0, x1, y1)) for x0, y0, x1, y1 in regions)
    background = _jpeg(_background(half, share, mask, regions), _BACK_QUALITY)
    if not mask.any():
        return Layers((width, height), background, None, (0.0, 0.0, 0.0), patches)
    stencil = jbig2.encode(_fine_mask(gray, faint, mask, dpi), max(dpi, _FINE_DPI * 1.2))
    return Layers((width, height), background, stencil, _ink_colour(image, mask), patches)


def _luma(image: np.ndarray) -> np.ndarray:
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)


def _faintest(half: np.ndarray) -> np.ndarray:
    """How dark ink is at least, at one sixteenth of the page's size; a dark photo is no paper.

    `half` is the gray page at half its size.
    """
    if min(half.shape) < 16:
        return np.full((1, 1), round(255 * _INK), np.uint8)
    light = cv2.dilate(shrunk(half, 0.25), np.ones((7, 7), np.uint8))[::2, ::2]
    ground = cv2.medianBlur(np.ascontiguousarray(light), 5)
    least = round(0.6 * _percentile(ground, 90))
    return cv2.convertScaleAbs(cv2.max(ground, least), alpha=_INK)


def ink_mask(image: np.ndarray, dpi: float) -> np.ndarray:
    """255 where there is ink: darker than 150/255 of the local paper, without specks."""
    gray = _luma(image)
    return _inked(gray, _faintest(shrunk(gray, 0.5)), dpi)


def _inked(gray: np.ndarray, faint: np.ndarray, dpi: float) -> np.ndarray:
    """The ink of `gray`, band by band with the rows around that a band's own depend on."""
    limit = cv2.resize(faint, gray.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    mask = np.empty_like(gray)
    for top in range(0, len(gray), BAND):
        first, under = max(0, top - _AROUND), min(len(gray), top + BAND)
        rows = slice(first, under + _AROUND)
        smooth = cv2.GaussianBlur(gray[rows], (3, 3), 0)
        inked = _without_specks(cv2.compare(smooth, limit[rows], cv2.CMP_LT, dst=smooth), dpi)
        mask[top:under] = inked[top - first : under - first]
    return mask


def _percentile(gray: np.ndarray, share: float, mask: np.ndarray | None = None) -> float:
    """The level below which `share` percent of the pixels (of the mask, if given) are; 0 without pixels."""
    counts = cv2.calcHist([gray], [0], mask, [256], [0, 256]).ravel().cumsum()
    return float(np.searchsorted(counts, counts[-1] * share / 100))


def _without_specks(mask: np.ndarray, dpi: float) -> np.ndarray:
    """Drops ink with fewer than 8 (at 300 dpi) ink pixels around it; cheaper than naming every component."""
    least = max(3, round(8 * (dpi / 300) ** 2))
    side = 7 if dpi >= 250 else 5
    near = cv2.min(mask, 1)
    cv2.boxFilter(near, cv2.CV_8U, (side, side), dst=near, normalize=False)
    return cv2.bitwise_and(mask, cv2.compare(near, least, cv2.CMP_GE, dst=near))


def _fine_mask(gray: np.ndarray, faint: np.ndarray, mask: np.ndarray, dpi: float) -> np.ndarray:
    """The mask at half as many pixels again for a 200-dpi scan: its gray edges know more than one bit can keep."""
    if dpi >= _FINE_DPI:
        return mask
    size = (round(mask.shape[1] * 1.5), round(mask.shape[0] * 1.5))
    limit = cv2.resize(faint, size, interpolation=cv2.INTER_LINEAR)
    fine = cv2.compare(cv2.resize(gray, size, interpolation=cv2.INTER_CUBIC), limit, cv2.CMP_LT)
    kept = cv2.resize(cv2.dilate(mask, np.ones((3, 3), np.uint8)), size, interpolation=cv2.INTER_NEAREST)
    return cv2.bitwise_and(fine, kept)


def _ink_colour(image: np.ndarray, mask: np.ndarray) -> tuple[float, float, float]:
    size = (-(-mask.shape[1] // _FEW), -(-mask.shape[0] // _FEW))
    few = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
    if not cv2.countNonZero(few):
        return (0.0, 0.0, 0.0)
    channels = cv2.split(cv2.resize(image, size, interpolation=cv2.INTER_NEAREST))
    levels = [round(_percentile(each, 30, few) / 255, 3) for each in channels]
    return (levels[-1], levels[len(levels) // 2], levels[0])


def _regions(coarse: np.ndarray, step: float) -> list[PixelBox]:
    """Boxes, in pixels of the large picture, of what a stencil would spoil (colour, half-tones); they are disjoint."""
    wanted = _half_tones(coarse)
    if coarse.ndim == 3 and min(coarse.shape[:2]) >= 16:
        wanted = cv2.bitwise_or(wanted, _coloured(coarse))
    least = _REGION_MM * COARSE / 25.4
    outlines, _ = cv2.findContours(wanted, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = [cv2.boundingRect(each) for each in outlines]
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
    lightest = cv2.dilate(gray, np.ones((11, 11), np.uint8))
    dark = cv2.compare(lightest, _TONE * _percentile(gray, 95), cv2.CMP_LT)
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


def _background(half: np.ndarray, share: float, mask: np.ndarray, regions: list[PixelBox]) -> np.ndarray:
    """The paper alone, at `share` of the half size: ink and regions taken out, the holes filled from around them."""
    keep = cv2.compare(cv2.dilate(shrunk(mask, 0.5), _NEAR), 8, cv2.CMP_LT)
    ratio = half.shape[1] / mask.shape[1]
    for x0, y0, x1, y1 in regions:
        keep[int(y0 * ratio) : int(y1 * ratio) + 1, int(x0 * ratio) : int(x1 * ratio) + 1] = 0
    kept, keep = shrunk(cv2.bitwise_and(half, half, mask=keep), share), shrunk(keep, share)
    own = cv2.divide(kept, keep if kept.ndim == 2 else cv2.merge([keep] * 3), scale=255)
    holes = cv2.compare(keep, 64, cv2.CMP_LT)
    if cv2.countNonZero(holes):
        size = keep.shape[1::-1]
        few = (max(1, size[0] // 5), max(1, size[1] // 5))
        total = cv2.resize(kept.astype(np.float32), few, interpolation=cv2.INTER_AREA)
        around = _around(total, cv2.resize(keep.astype(np.float32), few, interpolation=cv2.INTER_AREA))
        cv2.copyTo(cv2.resize(cv2.convertScaleAbs(around), size, interpolation=cv2.INTER_LINEAR), holes, own)
    return cv2.GaussianBlur(own, (3, 3), 0.8)


def _around(total: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Mean colours where there is paper (`share` 0..255 of every cell, `total` its summed colour), and where there is
    none those of ever larger cells around.
    """
    known = share > 0.02 * 255
    divisor = np.maximum(share, 1.0) / 255
    mean = total / (divisor if total.ndim == 2 else divisor[:, :, None])
    if known.all():
        return mean
    if max(share.shape) == 1:
        return np.full_like(mean, 255.0)
    size = share.shape[1::-1]
    few = (max(1, size[0] // 4), max(1, size[1] // 4))
    larger = _around(
        cv2.resize(total, few, interpolation=cv2.INTER_AREA), cv2.resize(share, few, interpolation=cv2.INTER_AREA)
    )
    filled = cv2.resize(larger, size, interpolation=cv2.INTER_LINEAR)
    mean[~known] = filled[~known]
    return mean


def _jpeg(image: np.ndarray, quality: int) -> Jpeg:
    # Coded progressively, such small and coarse pictures would take twice the time and some bytes more.
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    done, coded = cv2.imencode(".jpg", np.ascontiguousarray(image), settings)
    if not done:
        raise ValueError("a picture that cannot be coded")
    return Jpeg(coded.tobytes(), image.shape[1], image.shape[0], image.ndim == 2)
