"""Which pages of a source bring their own words, asked page by page.

Owns one open PDFium document over the source's PDF, opened only when some page is drawn.
"""

from __future__ import annotations

from typing import Any

import pypdfium2 as pdfium

from scanner_intake.digitize_ocr import Reading
from scanner_intake.own_text import own_text
from scanner_intake.source_types import Source, SourcePage


class OwnWords:
    """Answers `of(page)`; a context manager, because it holds a file open."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._document: Any = None

    def __enter__(self) -> OwnWords:
        return self

    def __exit__(self, *_: object) -> None:
        if self._document is not None:
            self._document.close()
            self._document = None

    def of(self, page: SourcePage) -> Reading | None:
        """The words that drawn `page` brings along, None when it has to be recognised."""
        if not page.drawn or self._source.pdf is None:
            return None
        try:
            if self._document is None:
                self._document = pdfium.PdfDocument(self._source.pdf)
            return own_text(self._document, page.number)
        except pdfium.PdfiumError:
            return None
