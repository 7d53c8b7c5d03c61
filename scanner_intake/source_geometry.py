"""Where pictures lie on a page: matrices, the eight turns, page sizes from resolutions, square pixels.

Owns the arithmetic between image samples and the displayed page (points, origin bottom left; PDF 32000-1, 8.3). It
opens nothing. Invariant: a composed picture never has more than `PIXELS` pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

from scanner_intake.source_types import Matrix, Size

PIXELS = 40_000_000  # A2 at 300 dpi; larger pages are shown at a lower resolution
UNIT: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
A4: Size = (595.276, 841.89)
_LARGEST_SIDE = 3400.0  # points: longer than A0; a page beyond it has a wrong resolution tag
_LEAST_DPI = 36.0
_SQUARE = 0.02  # pixels that differ by less are square


def then(first: Matrix, second: Matrix) -> Matrix:
    """The matrix that applies `first` and then `second`."""
    a, b, c, d, e, f = first
    p, q, r, s, t, u = second
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


def bounds(matrix: Matrix) -> tuple[float, float, float, float]:
    """The upright box of the unit square under `matrix`: left, bottom, right, top."""
    a, b, c, d, e, f = matrix
    across, up = (e, e + a, e + c, e + a + c), (f, f + b, f + d, f + b + d)
    return (min(across), min(up), max(across), max(up))


def upright(matrix: Matrix) -> bool:
    """Whether the unit square stays parallel to the page's edges (turned by right angles or mirrored at most)."""
    a, b, c, d, _, _ = matrix
    large = max(abs(a), abs(b), abs(c), abs(d))
    slack = 0.002 * large
    return large > 0 and ((abs(b) <= slack and abs(c) <= slack) or (abs(a) <= slack and abs(d) <= slack))


def display(box: Sequence[float], rotate: int) -> Matrix:
    """From a page's own coordinates to the displayed page, given its crop box and /Rotate."""
    x0, y0, x1, y1 = box
    return {
        0: (1.0, 0.0, 0.0, 1.0, -x0, -y0),
        90: (0.0, -1.0, 1.0, 0.0, -y0, x1),
        180: (-1.0, 0.0, 0.0, -1.0, x1, y1),
        270: (0.0, 1.0, -1.0, 0.0, y1, -x0),
    }[rotate % 360]


def oriented(orientation: int, size: Size) -> Matrix:
    """Places a picture on a page of `size` by its EXIF/TIFF orientation 1-8 (TIFF 6.0, tag 274)."""
    w, h = size
    matrices: dict[int, Matrix] = {
        2: (-w, 0.0, 0.0, h, w, 0.0),
        3: (-w, 0.0, 0.0, -h, w, h),
        4: (w, 0.0, 0.0, -h, 0.0, h),
        5: (0.0, -h, -w, 0.0, w, h),
        6: (0.0, -h, w, 0.0, 0.0, h),
        7: (0.0, h, w, 0.0, 0.0, 0.0),
        8: (0.0, h, -w, 0.0, w, 0.0),
    }
    return matrices.get(orientation, (w, 0.0, 0.0, h, 0.0, 0.0))


def part(top: float, bottom: float, left: float = 0.0, right: float = 1.0) -> Matrix:
    """The matrix of a strip or tile inside its picture; all four as fractions from the picture's top left."""
    return (right - left, 0.0, 0.0, bottom - top, left, 1.0 - bottom)


def turned(samples: np.ndarray, matrix: Matrix) -> np.ndarray:
    """Samples as the matrix shows them: turned by right angles and mirrored, not scaled."""
    a, b, c, d, _, _ = matrix
    if abs(a) + abs(d) >= abs(b) + abs(c):
        shown = samples[:, ::-1] if a < 0 else samples
        return shown[::-1] if d < 0 else shown
    shown = samples.swapaxes(0, 1)
    shown = shown[:, ::-1] if c > 0 else shown
    return shown[::-1] if b > 0 else shown


def native_dpi(width: int, height: int, matrix: Matrix) -> Size:
    """Samples per inch along the displayed page's x and y."""
    left, bottom, right, top = bounds(matrix)
    across, up = max(right - left, 1e-6) / 72, max(top - bottom, 1e-6) / 72
    a, b, c, d, _, _ = matrix
    if abs(a) + abs(d) < abs(b) + abs(c):
        width, height = height, width
    return (width / across, height / up)


def page_size(width: int, height: int, dpi: Size | None) -> tuple[Size, bool]:
    """The page in points and whether its size had to be assumed: from the stated resolution, else A4 (usual paper)."""
    x, y = dpi or (0.0, 0.0)
    size = (width * 72 / x, height * 72 / y) if x > 0 and y > 0 else (0.0, 0.0)
    # 72 and 96 are what programs write when they do not know; a page wider than A3 at that resolution is a photo of A4.
    guessed = (round(x), round(y)) in ((72, 72), (96, 96), (1, 1)) and max(size) > 1.25 * A4[1]
    if guessed or not 40 <= x <= 4800 or not 40 <= y <= 4800 or max(size) > _LARGEST_SIDE:
        return _fitted(width, height), True
    return (max(size[0], 3.0), max(size[1], 3.0)), False


def _fitted(width: int, height: int) -> Size:
    """A4 when the proportions are A4's within 4 %, else the largest page of these proportions inside A4."""
    short, long = A4
    ratio = max(width, height) / max(1, min(width, height))
    if abs(ratio / (long / short) - 1) < 0.04:
        size = (short, long)
    elif ratio > long / short:
        size = (long / ratio, long)
    else:
        size = (short, short * ratio)
    size = (max(size[0], 3.0), max(size[1], 3.0))
    return (size[1], size[0]) if width > height else size


def shown_dpi(size: Size, native: float, most_dpi: float) -> float:
    """The resolution of a picture: what the scan has, at most `most_dpi`, less for a page of more than `PIXELS`.

    A picture of a few samples is shown at `_LEAST_DPI`, so that no page is a single pixel.
    """
    inches = max(size[0], 1.0) * max(size[1], 1.0) / 72**2
    return min(max(native, _LEAST_DPI), most_dpi, (PIXELS / inches) ** 0.5, 30_000 * 72 / max(size))


def composed(pieces: Iterable[tuple[np.ndarray, Matrix]], size: Size, dpi: float) -> np.ndarray:
    """The page's picture at `dpi` from samples and their places; what nothing covers is white."""
    width, height = max(1, round(size[0] * dpi / 72)), max(1, round(size[1] * dpi / 72))
    canvas: np.ndarray | None = None
    for samples, matrix in pieces:
        left, bottom, right, top = bounds(matrix)
        x0, x1 = round(left * dpi / 72), round(right * dpi / 72)
        y0, y1 = round((size[1] - top) * dpi / 72), round((size[1] - bottom) * dpi / 72)
        shown = turned(samples, matrix)
        if _fits(shown, x1 - x0, y1 - y0) and max(abs(x0), abs(y0), abs(x1 - width), abs(y1 - height)) <= 2:
            return np.ascontiguousarray(shown)  # the whole page, sample for sample
        shown = _scaled(shown, max(1, x1 - x0), max(1, y1 - y0))
        if canvas is None:
            canvas = np.full((height, width, *shown.shape[2:]), 255, np.uint8)
        if canvas.ndim < shown.ndim:
            canvas = cv2.cvtColor(canvas, cv2.COLOR_GRAY2BGR)
        _paste(canvas, shown, x0, y0)
    return canvas if canvas is not None else np.full((height, width), 255, np.uint8)


def _fits(shown: np.ndarray, width: int, height: int) -> bool:
    return abs(shown.shape[1] - width) <= _SQUARE * width + 1 and abs(shown.shape[0] - height) <= _SQUARE * height + 1


def _scaled(shown: np.ndarray, width: int, height: int) -> np.ndarray:
    if shown.shape[1] == width and shown.shape[0] == height:
        return shown
    smaller = shown.shape[1] > width or shown.shape[0] > height
    way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return cv2.resize(np.ascontiguousarray(shown), (width, height), interpolation=way)


def _paste(canvas: np.ndarray, shown: np.ndarray, x: int, y: int) -> None:
    height, width = canvas.shape[:2]
    left, top = max(0, -x), max(0, -y)
    right, bottom = min(shown.shape[1], width - x), min(shown.shape[0], height - y)
    if right > left and bottom > top:
        piece = shown[top:bottom, left:right]
        if piece.ndim < canvas.ndim:
            piece = cv2.cvtColor(np.ascontiguousarray(piece), cv2.COLOR_GRAY2BGR)
        canvas[y + top : y + bottom, x + left : x + right] = piece
