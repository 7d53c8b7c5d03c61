"""Finding separator sheets on page pictures: the box's own codes (QR, Code 128), foreign Patch-T sheets, plain bars.

Owns reading codes (zxing-cpp; `separator_sheets` draws them) and the Patch-T bar detector. It refuses to
decide what is cut (`batches`), and never takes a page with red ink for a sheet: a page taken for one is read by
nobody, and a stamped paper must reach the marking gate.

Speed (measured on 200-dpi gray): about 15 ms a page with rotation, down-scaling and inversion off; QR is found at
any rotation all the same, and down to 100 dpi.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import zxingcpp

from scanner_intake.batches import Instruction, Sheet, read_instruction

LOOK_DPI = 200.0
_FORMATS = (zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Code128, zxingcpp.BarcodeFormat.Code39)
_NARROW, _WIDE = 0.08, 0.2
"""Bars of the patch code in inches; T is narrow, wide, narrow, wide from the edge, each 0.08 apart."""
_ENOUGH = 1.6  # inches of bar length that must agree; a sheet's bars are at least 2 inches long
_RED = 0.0006


def find_sheet(picture: np.ndarray, dpi: float = LOOK_DPI) -> Sheet | None:
    """The separator that a page is, or None. `picture`: HxW gray or HxWx3 BGR, uint8, at `dpi`."""
    gray = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    gray = np.ascontiguousarray(gray)
    found = _by_code(gray)
    if found is None and has_patch_t(gray, dpi):
        found = _by_code_again(gray) or Sheet(Instruction(), read=False)
    if found and picture.ndim == 3 and _red_ink(picture):
        return None
    return found


def _by_code(gray: np.ndarray) -> Sheet | None:
    return _first(
        zxingcpp.read_barcodes(gray, formats=_FORMATS, try_rotate=False, try_downscale=False, try_invert=False)
    )


def _by_code_again(gray: np.ndarray) -> Sheet | None:
    """The bars say that this is a sheet: its code is worth looking for with every means, in calmer pictures."""
    for picture in (gray, cv2.GaussianBlur(gray, (0, 0), 1.2), cv2.pyrDown(gray)):
        found = _first(zxingcpp.read_barcodes(np.ascontiguousarray(picture), formats=_FORMATS, try_invert=False))
        if found:
            return found
    return None


def _first(codes: Sequence[zxingcpp.Barcode]) -> Sheet | None:
    """What the codes of one page say: a code of our own before a bare Patch-T code."""
    told = [one for one in (read_instruction(code.text) for code in codes) if one is not None]
    if not told:
        return None
    return Sheet(next((one for one in told if one != Instruction()), told[0]))


def _red_ink(picture: np.ndarray) -> bool:
    """Whether the page carries saturated red ink of more than a speck."""
    small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(np.int16)
    red = small[:, :, 2] - np.maximum(small[:, :, 0], small[:, :, 1])
    return float((red > 60).mean()) > _RED


def has_patch_t(gray: np.ndarray, dpi: float = LOOK_DPI) -> bool:
    """Whether Patch-T bars lie along one of the four edges; `gray` HxW uint8."""
    scale = 100.0 / dpi
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else gray
    at = 100.0 if scale < 1 else dpi
    dark = (small < max(60, min(160, int(small.max()) * 0.55))).astype(np.uint8)
    if dark.mean() < 0.004:
        return False
    return any(_patch_at_top(np.rot90(dark, turns), at) for turns in range(4))


def _patch_at_top(dark: np.ndarray, dpi: float) -> bool:
    """Strips of 0.15 inch across the page; enough neighbours must show the pattern at nearly the same height."""
    step = max(2, round(0.15 * dpi))
    top = dark[: int(dark.shape[0] * 0.4)]
    strips = [top[:, x : x + step].mean(axis=1) > 0.65 for x in range(0, top.shape[1] - step, step)]
    need, run, last = round(_ENOUGH / 0.15), 0, -1
    for strip in strips:
        place = _pattern_in(strip, dpi)
        near = place >= 0 and (last < 0 or abs(place - last) <= 0.03 * dpi)
        run = run + 1 if near else int(place >= 0)
        last = place
        if run >= need:
            return True
    return False


def _pattern_in(strip: np.ndarray, dpi: float) -> int:
    """Where narrow, wide, narrow, wide begin as the first bars of a strip; -1 when they do not."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], strip.astype(np.int8), [0]))))
    starts, ends = edges[::2], edges[1::2]
    keep = (ends - starts) > 0.02 * dpi  # specks
    starts, ends = starts[keep], ends[keep]
    if len(starts) < 4:
        return -1
    bars = (ends - starts)[:4] / dpi
    gaps = (starts[1:4] - ends[:3]) / dpi
    narrow, wide = (bars[0] + bars[2]) / 2, (bars[1] + bars[3]) / 2
    fits = (
        min(bars[0], bars[2]) >= 0.5 * _NARROW
        and max(bars[0], bars[2]) <= 1.7 * _NARROW
        and min(bars[1], bars[3]) >= 0.7 * _WIDE
        and max(bars[1], bars[3]) <= 1.4 * _WIDE
        and wide >= 1.7 * narrow
        and gaps.min() >= 0.4 * _NARROW
        and gaps.max() <= 1.7 * _NARROW
    )
    return int(starts[0]) if fits else -1
