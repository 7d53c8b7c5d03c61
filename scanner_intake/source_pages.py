"""Opening any original as pages: type by content, limits before decoding, one picture in memory at a time.

Owns the one door to hostile originals inside the limited child. It never changes the original, and whatever a file
does ends in a `Source` or in `Refused`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2 as pdfium

from scanner_intake import digitize_source
from scanner_intake.digitized import Limits
from scanner_intake.source_types import ImageStream, Placed, Refused, Size, Source, SourcePage

__all__ = ["ImageStream", "Refused", "Source", "SourcePage", "open_source"]

_PIXELS = 36_000_000.0


def open_source(original: Path, work: Path, limits: Limits, passwords: Sequence[str] = ()) -> Source:
    """The pages of `original`; files that have to be made are made inside `work`.

    Raises: Refused.
    """
    try:
        plain = digitize_source.open_source(original, work, limits)
        document = pdfium.PdfDocument(plain.pdf)
        document.init_forms()
    except digitize_source.Refused as refusal:
        raise Refused(refusal.code, refusal.verdict) from refusal
    except pdfium.PdfiumError as error:
        raise Refused("damaged") from error
    pages = [_DrawnPage(document, number) for number in range(1, len(document) + 1)]
    return Source(plain.media_type, pages, plain.signed, plain.warnings, lambda: plain.pdf, document.close)


class _DrawnPage:
    def __init__(self, document: Any, number: int) -> None:
        self._page = document[number - 1]
        self.number = number
        self.size_pt: Size = self._page.get_size()
        self.dpi: Size = (0.0, 0.0)
        self.drawn = True
        self.own_text = False

    def picture(self, most_dpi: float = 300.0) -> np.ndarray:
        width, height = (max(each, 1.0) for each in self.size_pt)
        scale = min(most_dpi / 72, (_PIXELS / (width * height)) ** 0.5, 30_000 / max(width, height))
        pixels = self._page.render(scale=scale, may_draw_forms=True).to_numpy()
        return np.ascontiguousarray(pixels[:, :, :3] if pixels.ndim == 3 and pixels.shape[2] > 1 else pixels.squeeze())

    def streams(self) -> list[Placed] | None:
        return None
