"""What happens to a sheet between the printer and the file, one named function for each damage.

A `Scan` is the picture of one page with its resolution in both directions; every function takes one and a random
generator and returns a new one. `DEGRADATIONS` holds them by name; a *level* is a base of `appliance.demo.scan_noise`
("A" good, "B" typical, "C" bad: skew, paper colour, toner, light, bleed-through, grain) and any of them in order:
"B", "A+fax", "B+punch-holes+fold-lines". `NAMED_LEVELS` are combinations as they occur. Invariant: the same scan,
name and generator state give the same pixels. Ink is multiplied on paper, never painted over it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Scan:
    """Pixels (height, width, 3) RGB or (height, width) grey; `bitonal` when only 0 and 255 occur; dpi in x and y."""

    pixels: Pixels
    dpi: tuple[float, float]
    bitonal: bool = False


Degradation = Callable[[Scan, np.random.Generator], Scan]


def _field(
    rng: np.random.Generator, low: float, high: float, cells: int, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    coarse = rng.uniform(low, high, (cells, cells)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), np.float32)


def _times(scan: Scan, factor: NDArray[np.float32]) -> Scan:
    shaped = factor if scan.pixels.ndim == 2 or factor.ndim == 3 else factor[:, :, None]
    return Scan(np.clip(scan.pixels * shaped, 0, 255).astype(np.uint8), scan.dpi)


def _grey(scan: Scan) -> Pixels:
    return scan.pixels if scan.pixels.ndim == 2 else np.asarray(cv2.cvtColor(scan.pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def _mm(scan: Scan, millimetres: float) -> int:
    return max(1, round(millimetres * scan.dpi[0] / 25.4))


def _warped(scan: Scan, matrix: NDArray[np.float64], border: tuple[int, int, int]) -> Scan:
    height, width = scan.pixels.shape[:2]
    turned = cv2.warpPerspective(scan.pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=border)
    return Scan(np.asarray(turned, np.uint8), scan.dpi, scan.bitonal)


def skew(scan: Scan, rng: np.random.Generator) -> Scan:
    """Laid on the glass carelessly: 1.5 to 4 degrees."""
    height, width = scan.pixels.shape[:2]
    angle = float(rng.uniform(1.5, 4.0) * rng.choice((-1, 1)))
    matrix = np.vstack((cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0), (0, 0, 1)))
    return _warped(scan, matrix, (243, 242, 238))


def noise(scan: Scan, rng: np.random.Generator) -> Scan:
    """Grain of a cheap sensor."""
    grain = rng.normal(0, 9, scan.pixels.shape[:2]).astype(np.float32)
    shaped = grain if scan.pixels.ndim == 2 else grain[:, :, None]
    return Scan(np.clip(scan.pixels + shaped, 0, 255).astype(np.uint8), scan.dpi)


def yellowing(scan: Scan, rng: np.random.Generator) -> Scan:
    """Old paper: brownish, more so at the edges."""
    height, width = scan.pixels.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    edge = np.clip(np.maximum(abs(x), abs(y)) ** 4, 0, 1)[:, :, None] * 0.12
    tint = np.array((0.95, 0.88, 0.70) if scan.pixels.ndim == 3 else (0.88,), np.float32)
    factor = tint * (1 - edge) * _field(rng, 0.95, 1.0, 6, (height, width))[:, :, None]
    return _times(scan, factor if scan.pixels.ndim == 3 else factor[:, :, 0])


def bleed_through(scan: Scan, rng: np.random.Generator) -> Scan:
    """The back side shows, reversed, soft and shifted; here the page's own ink stands for it."""
    back = cv2.GaussianBlur(_grey(scan)[:, ::-1], (0, 0), scan.dpi[0] / 110)
    back = np.roll(back, int(rng.integers(_mm(scan, 4), _mm(scan, 15))), axis=0)
    paper = float(np.percentile(back, 90))
    return _times(scan, 1 - np.clip(paper - back.astype(np.float32), 0, 255) / 255 * float(rng.uniform(0.16, 0.26)))


def faded_toner(scan: Scan, rng: np.random.Generator) -> Scan:
    """An empty cartridge: print grows pale in patches and bands."""
    keep = np.clip(_field(rng, 0.45, 1.0, 14, scan.pixels.shape), 0.35, 1)
    keep *= (1 - 0.3 * (np.sin(np.linspace(0, float(rng.uniform(9, 17)), scan.pixels.shape[1])) > 0.93))[None, :]
    shaped = keep if scan.pixels.ndim == 2 else keep[:, :, None]
    paper = np.percentile(scan.pixels.reshape(-1, *scan.pixels.shape[2:]), 80, axis=0).astype(np.float32)
    lit = paper - (paper - scan.pixels) * shaped
    return Scan(np.clip(lit, 0, 255).astype(np.uint8), scan.dpi)


def shading(scan: Scan, rng: np.random.Generator) -> Scan:
    """A book spine or an open lid: one side lies in shadow."""
    width = scan.pixels.shape[1]
    depth, reach = rng.uniform(0.3, 0.5), rng.uniform(0.1, 0.2) * width
    fall = 1 - depth * np.exp(-np.arange(width) / reach)
    return _times(scan, np.repeat(fall[None, :].astype(np.float32), scan.pixels.shape[0], axis=0))


def jpeg(scan: Scan, _rng: np.random.Generator) -> Scan:
    """Saved by a machine set to the smallest files."""
    pixels = scan.pixels if scan.pixels.ndim == 2 else scan.pixels[:, :, ::-1]
    _, coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 28])
    back = cv2.imdecode(coded, cv2.IMREAD_UNCHANGED)
    return Scan(np.ascontiguousarray(back if back.ndim == 2 else back[:, :, ::-1]), scan.dpi)


def blur(scan: Scan, _rng: np.random.Generator) -> Scan:
    """Paper that did not lie flat, dirty glass."""
    return Scan(np.asarray(cv2.GaussianBlur(scan.pixels, (0, 0), scan.dpi[0] / 210), np.uint8), scan.dpi)


def moved(scan: Scan, rng: np.random.Generator) -> Scan:
    """Pulled while it was scanned: lines wave sideways by up to a millimetre."""
    height, width = scan.pixels.shape[:2]
    wave = np.cumsum(rng.normal(0, 1, height // 40 + 2))
    wave = np.interp(np.arange(height), np.arange(len(wave)) * 40, wave / max(abs(wave).max(), 1)) * _mm(scan, 0.7)
    x = np.arange(width, dtype=np.float32)[None, :] + wave[:, None].astype(np.float32)
    y = np.repeat(np.arange(height, dtype=np.float32)[:, None], width, axis=1)
    return Scan(np.asarray(cv2.remap(scan.pixels, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)), scan.dpi)


def low_contrast(scan: Scan, _rng: np.random.Generator) -> Scan:
    """Grey on grey, as an exposure set wrongly gives it."""
    return Scan((scan.pixels.astype(np.float32) * 0.45 + 105).astype(np.uint8), scan.dpi)


def dirt(scan: Scan, rng: np.random.Generator) -> Scan:
    """Dust, hairs and spots."""
    pixels = scan.pixels.copy()
    height, width = pixels.shape[:2]
    for _ in range(260):
        place = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        cv2.circle(pixels, place, int(rng.integers(0, _mm(scan, 0.35) + 1)), (int(rng.integers(40, 150)),) * 3, -1)
    for _ in range(7):
        start = rng.uniform((0, 0), (width, height))
        points = start + np.cumsum(rng.normal(0, _mm(scan, 0.8), (14, 2)), axis=0)
        cv2.polylines(pixels, [points.astype(np.int32)], False, (70, 66, 60), 1, cv2.LINE_AA)
    return Scan(pixels, scan.dpi)


def punch_holes(scan: Scan, rng: np.random.Generator) -> Scan:
    """Two holes of a file at the left, the black lid seen through them."""
    pixels = scan.pixels.copy()
    middle = pixels.shape[0] // 2 + int(rng.integers(-_mm(scan, 6), _mm(scan, 6)))
    for side in (-1, 1):
        place = (_mm(scan, float(rng.uniform(9, 13))), middle + side * _mm(scan, 40))
        cv2.circle(pixels, place, _mm(scan, 2.9), (38, 36, 35), -1, cv2.LINE_AA)
    return Scan(pixels, scan.dpi)


def black_border(scan: Scan, rng: np.random.Generator) -> Scan:
    """The scanner's dark bed beside a sheet that lies off the corner."""
    pixels = scan.pixels.copy()
    right, bottom = _mm(scan, float(rng.uniform(3, 8))), _mm(scan, float(rng.uniform(2, 7)))
    pixels[:, -right:] = 24
    pixels[-bottom:] = 24
    return Scan(pixels, scan.dpi)


def fold_lines(scan: Scan, rng: np.random.Generator) -> Scan:
    """Folded in three for an envelope: a dark crease with a light edge, the panels lit differently."""
    height = scan.pixels.shape[0]
    light = np.ones(height, np.float32)
    for third in (1, 2):
        place = round(height * third / 3 + rng.uniform(-0.01, 0.01) * height)
        light[place:] *= 1 - 0.06 * (-1) ** third
        rows = np.arange(height) - place
        light *= 1 - 0.22 * np.exp(-((rows / _mm(scan, 0.35)) ** 2))
        light *= 1 + 0.08 * np.exp(-(((rows - _mm(scan, 1)) / _mm(scan, 0.5)) ** 2))
    return _times(scan, np.repeat(light[:, None], scan.pixels.shape[1], axis=1))


def grey(scan: Scan, _rng: np.random.Generator) -> Scan:
    """Scanned in grey: red stamps are no longer red."""
    return Scan(_grey(scan), scan.dpi)


def bitonal(scan: Scan, _rng: np.random.Generator) -> Scan:
    """Black and white by the scanner's own local threshold (a G4 file)."""
    light = _grey(scan)
    around = cv2.blur(light, (_mm(scan, 8), _mm(scan, 8))).astype(np.int16)
    return Scan(
        np.where(light.astype(np.int16) < np.minimum(around - 14, 205), 0, 255).astype(np.uint8), scan.dpi, True
    )


def fax(scan: Scan, rng: np.random.Generator) -> Scan:
    """A fax in standard resolution: 204 x 98 dpi, black and white, with a few lost dots."""
    height, width = scan.pixels.shape[:2]
    size = (round(width * 204 / scan.dpi[0]), round(height * 98 / scan.dpi[1]))
    light = cv2.resize(_grey(scan), size, interpolation=cv2.INTER_AREA).astype(np.float32)
    light += rng.normal(0, 8, light.shape)
    threshold = float(np.percentile(light, 75)) * 0.74
    return Scan(np.where(light < threshold, 0, 255).astype(np.uint8), (204.0, 98.0), True)


def photocopy(scan: Scan, rng: np.random.Generator) -> Scan:
    """A copy of a copy, scanned in grey: hard contrast, thick and broken strokes, specks and a drum line."""
    light = cv2.GaussianBlur(_grey(scan), (0, 0), scan.dpi[0] / 260).astype(np.float32)
    light += rng.normal(0, 14, light.shape).astype(np.float32)
    hard = 255 / (1 + np.exp(-(light - float(np.percentile(light, 80)) * 0.76) / 12))
    hard[rng.random(light.shape) < 0.0004] = 20
    column = int(rng.integers(light.shape[1] // 8, light.shape[1] - 10))
    hard[:, column : column + _mm(scan, 0.25)] *= 0.72
    return Scan(np.clip(cv2.GaussianBlur(hard, (0, 0), 0.7), 12, 250).astype(np.uint8), scan.dpi)


def quarter_turn(scan: Scan, rng: np.random.Generator) -> Scan:
    """Fed sideways: turned by 90 degrees to one side or the other."""
    turned = np.ascontiguousarray(np.rot90(scan.pixels, int(rng.choice((1, 3)))))
    return Scan(turned, scan.dpi[::-1], scan.bitonal)


def half_turn(scan: Scan, _rng: np.random.Generator) -> Scan:
    """Fed upside down."""
    return Scan(np.ascontiguousarray(np.rot90(scan.pixels, 2)), scan.dpi, scan.bitonal)


def phone_photo(scan: Scan, rng: np.random.Generator) -> Scan:
    """Photographed on a desk: perspective, wood around it, the shadow of a hand, a little blur."""
    height, width = scan.pixels.shape[:2]
    inset = rng.uniform(0.02, 0.085, (4, 2)) * (width, height)
    corners = np.array(((0, 0), (width, 0), (width, height), (0, height)), np.float32)
    seen = corners + inset * ((1, 1), (-1, 1), (-1, -1), (1, -1))
    matrix = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    sheet = _warped(scan, matrix, (112, 84, 58))
    light = 1 - np.clip(_field(rng, -0.1, 0.42, 3, (height, width)), 0, 0.36)
    shot = _times(Scan(cv2.GaussianBlur(sheet.pixels, (0, 0), scan.dpi[0] / 280), scan.dpi), light)
    return noise(shot, rng)


DEGRADATIONS: dict[str, Degradation] = {
    "skew": skew,
    "noise": noise,
    "yellowing": yellowing,
    "bleed-through": bleed_through,
    "faded-toner": faded_toner,
    "shading": shading,
    "jpeg": jpeg,
    "blur": blur,
    "moved": moved,
    "low-contrast": low_contrast,
    "dirt": dirt,
    "punch-holes": punch_holes,
    "black-border": black_border,
    "fold-lines": fold_lines,
    "grey": grey,
    "bitonal": bitonal,
    "fax": fax,
    "photocopy": photocopy,
    "quarter-turn": quarter_turn,
    "half-turn": half_turn,
    "phone-photo": phone_photo,
}

# Combinations as they come in; each is a level of its own.
NAMED_LEVELS = {
    "clean": "A",
    "typical": "B",
    "bad": "C",
    "filed": "B+punch-holes+dirt+yellowing",
    "letter": "A+fold-lines+skew",
    "copy": "A+photocopy",
    "black-and-white": "B+bitonal",
    "fax": "A+fax",
    "old": "C+yellowing+bleed-through",
    "pale": "A+faded-toner+low-contrast",
    "sideways": "B+quarter-turn",
    "upside-down": "A+half-turn+black-border",
    "phone": "A+phone-photo",
    "small-files": "B+jpeg+blur",
    "book": "A+shading+grey",
    "pulled": "A+moved+noise",
}


def parts(level: str) -> tuple[str, tuple[str, ...]]:
    """Base and degradations of a level. Raises KeyError for a name that does not exist."""
    base, *names = NAMED_LEVELS.get(level, level).split("+")
    if base not in ("A", "B", "C"):
        raise KeyError(level)
    for name in names:
        DEGRADATIONS[name]
    return base, tuple(names)


def degraded(scan: Scan, names: tuple[str, ...], rng: np.random.Generator) -> Scan:
    """The scan after all of them, in order."""
    for name in names:
        scan = DEGRADATIONS[name](scan, rng)
    return scan
