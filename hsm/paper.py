"""Ink and free paper of one rendered page.

Boxes are [x0, y0, x1, y1] in points, origin top-left of the displayed page. Knows pixels and rectangles, no law.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pypdfium2 as pdfium

from hsm.places import Box

EDGE = 8.0
"""Points kept free at the paper's edge: nearly 3 mm, closer than that printers cut."""
CLEARANCE = 3.0
"""Points of free paper wanted on every side of an appearance."""
_INK_DEPTH = 42
_INK_SHARE = 0.0004
_MOST_PIXELS = 3000
"""Longest side of a rendered page; an absurdly large page is looked at more coarsely."""


class Paper:
    """The rendered page as a map of ink. All areas and sizes are points."""

    def __init__(self, ink: np.ndarray, factor: float = 1.0) -> None:
        """`ink`: rows by columns of booleans, `factor`: pixels a point."""
        self._factor = factor
        self._sums = np.zeros((ink.shape[0] + 1, ink.shape[1] + 1), dtype=np.int32)  # at most _MOST_PIXELS squared
        np.cumsum(ink, axis=0, dtype=np.int32, out=self._sums[1:, 1:])
        np.cumsum(self._sums[1:, 1:], axis=1, out=self._sums[1:, 1:])

    @classmethod
    def of_page(cls, page: pdfium.PdfPage, share: float = 1.0) -> Paper:
        """Look at a page, or at the upper `share` of it. Paper is whatever most of it looks like (a grey scan has no
        white); ink is clearly darker."""
        across, down = page.get_size()
        factor = min(1.0, _MOST_PIXELS / max(across, down, 1.0))
        hidden = (0.0, down * (1 - share), 0.0, 0.0)
        grey = page.render(scale=factor, grayscale=True, may_draw_forms=True, crop=hidden).to_numpy()
        grey = grey[:, :, 0] if grey.ndim == 3 else grey
        return cls(grey.astype(np.int16) < int(np.median(grey)) - _INK_DEPTH, factor)

    def nearest_free(self, area: Box, width: float, height: float) -> Box | None:
        """The free place (with clearance) nearest to the top right corner of `area`."""

        def cost(x: np.ndarray, y: np.ndarray) -> np.ndarray:
            return area[2] * self._factor - x + y

        return self._free(area, width, height, cost)

    def lowest_free(self, area: Box, width: float, height: float) -> Box | None:
        """The free place (with clearance) nearest to the middle of the lower edge of `area`."""
        wanted = (area[0] + area[2] - width) / 2 * self._factor

        def cost(x: np.ndarray, y: np.ndarray) -> np.ndarray:
            return abs(x - wanted) + 3 * (area[3] * self._factor - y)

        return self._free(area, width, height, cost)

    def least_ink(self, area: Box, width: float, height: float) -> Box:
        """The place in `area` with the least ink; the upper right corner when the size does not fit at all."""
        found = self._candidates(area, width, height)
        if found is None:
            return area[2] - width, area[1], area[2], area[1] + height
        x, y, ink = found
        return self._box(x, y, int(np.argmin(ink)), width, height)

    def _free(
        self, area: Box, width: float, height: float, cost: Callable[[np.ndarray, np.ndarray], np.ndarray]
    ) -> Box | None:
        found = self._candidates(area, width + 2 * CLEARANCE, height + 2 * CLEARANCE)
        if found is None:
            return None
        x, y, ink = found
        most = width * height * self._factor**2 * _INK_SHARE
        order = np.where(ink <= most, cost(x, y), np.inf)
        best = int(np.argmin(order))
        if not np.isfinite(order.flat[best]):
            return None
        left, top, _, _ = self._box(x, y, best, width, height)
        return left + CLEARANCE, top + CLEARANCE, left + CLEARANCE + width, top + CLEARANCE + height

    def _box(self, x: np.ndarray, y: np.ndarray, best: int, width: float, height: float) -> Box:
        row, column = divmod(best, x.shape[1])
        left, top = float(x[0, column]) / self._factor, float(y[row, 0]) / self._factor
        return left, top, left + width, top + height

    def _candidates(self, area: Box, width: float, height: float) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """Every upper left corner in `area` from which the size fits, in pixels: x (1, n), y (m, 1), ink (m, n)."""
        sums = self._sums
        x0, y0, x1, y1 = (part * self._factor for part in area)
        w, h = int(np.ceil(width * self._factor)), int(np.ceil(height * self._factor))
        rows, columns = sums.shape[0] - 1, sums.shape[1] - 1
        xs = np.arange(max(int(np.ceil(x0)), 0), min(int(x1), columns) - w + 1)
        ys = np.arange(max(int(np.ceil(y0)), 0), min(int(y1), rows) - h + 1)
        if not len(xs) or not len(ys):
            return None
        y, x = ys[:, np.newaxis], xs[np.newaxis, :]
        return x, y, sums[y + h, x + w] - sums[y, x + w] - sums[y + h, x] + sums[y, x]
