"""One page of an opened PDF: its picture, and the scanner's own streams when it is a scan.

Owns the choice between taking the scanner's samples as they are and drawing the page by PDFium. One page is open at a
time.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from scanner_intake.source_geometry import bounds, composed, display, native_dpi, shown_dpi
from scanner_intake.source_pdf_clean import rotation, shown_box
from scanner_intake.source_pdf_content import Content, content_of
from scanner_intake.source_pdf_image import jpeg_samples, plain_samples, reduction_for, stream_of
from scanner_intake.source_types import Matrix, Placed, Refused, Size

_SCAN = 0.5
_SAME = 0.02
_LETTERS = 20


class Drawing:
    """PDFium's side of an opened PDF, opened when it is first needed."""

    def __init__(self, path: Path, password: str = "") -> None:
        self._path = path
        self._password = password
        self._document: Any = None

    def page(self, number: int) -> Any:
        """Page `number` of the document. Raises: Refused."""
        try:
            if self._document is None:
                self._document = pdfium.PdfDocument(self._path, password=self._password or None)
                self._document.init_forms()
            return self._document[number - 1]
        except (pdfium.PdfiumError, IndexError) as error:
            raise Refused("damaged") from error

    def close(self) -> None:
        """Gives the file back."""
        if self._document is not None:
            self._document.close()
            self._document = None


class PdfPages(Sequence["PdfPage"]):
    """The pages of an opened PDF, each looked at when it is asked for."""

    def __init__(self, pdf: pikepdf.Pdf, drawing: Drawing) -> None:
        self._pdf = pdf
        self._drawing = drawing
        self._known: dict[int, PdfPage] = {}

    def __len__(self) -> int:
        return len(self._pdf.pages)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        if place not in self._known:
            self._known[place] = PdfPage(self._pdf.pages[place], place + 1, self._drawing)
        return self._known[place]


class PdfPage:
    """A page of a PDF as `SourcePage`."""

    def __init__(self, page: pikepdf.Page, number: int, drawing: Drawing) -> None:
        self.number = number
        self._drawing = drawing
        box, turn = shown_box(page), rotation(page)
        width, height = box[2] - box[0], box[3] - box[1]
        self.size_pt: Size = (height, width) if turn in (90, 270) else (width, height)
        self._content: Content = content_of(page, self.size_pt, display(box, turn))
        self._overlaid = isinstance(page.obj.get("/Annots"), pikepdf.Array) and len(page.obj["/Annots"]) > 0
        self._resolutions = [_native(thing, matrix) for thing, matrix in self._content.pictures]
        self._words: bool | None = None

    @property
    def drawn(self) -> bool:
        """Whether the page is more, or something else, than scanner pictures side by side."""
        return self._content.drawn

    @property
    def dpi(self) -> Size:
        """The resolution of the largest picture of a scan, (0, 0) for a drawn page."""
        if self.drawn or not self._resolutions:
            return (0.0, 0.0)
        sizes = [_area(matrix) for _, matrix in self._content.pictures]
        return self._resolutions[sizes.index(max(sizes))]

    @property
    def own_text(self) -> bool:
        """Whether a drawn page brings visible words; never for a page that is mostly a picture."""
        if self._words is None:
            self._words = self.drawn and self._content.covered <= _SCAN and self._letters() >= _LETTERS
        return self._words

    def _letters(self) -> int:
        page = self._drawing.page(self.number)
        try:
            text = page.get_textpage()
            count = int(text.count_chars())
            text.close()
        except pdfium.PdfiumError:
            return 0
        finally:
            page.close()
        return count

    def picture(self, most_dpi: float = 300.0) -> np.ndarray:
        """The page upright with square pixels (BGR, or gray), at most `most_dpi`. Raises: Refused."""
        native = max((max(each) for each in self._resolutions), default=most_dpi)
        dpi = shown_dpi(self.size_pt, native, most_dpi)
        if self._uniform() and not self._overlaid:
            pieces = self._pieces(dpi)
            if pieces is not None:
                return composed(pieces, self.size_pt, dpi)
        return self._drawn_picture(dpi)

    def _uniform(self) -> bool:
        """Whether all pictures of the scan have one resolution, so that nothing is lost by putting them together."""
        known = self._resolutions
        return bool(known) and all(abs(each[axis] / known[0][axis] - 1) < _SAME for each in known for axis in (0, 1))

    def _pieces(self, dpi: float) -> list[tuple[np.ndarray, Matrix]] | None:
        pieces = []
        for index, (thing, matrix) in enumerate(self._content.pictures):
            native = max(self._resolutions[index])
            stream = stream_of(thing) if str(thing.get("/Filter", "")).find("DCT") >= 0 else None
            samples = None
            if stream is not None:
                samples = jpeg_samples(stream, reduction_for(min(self._resolutions[index]), dpi))
            elif native <= dpi * 1.05:
                samples = plain_samples(thing)
                if samples is None and len(self._content.pictures) == 1:
                    samples = self._samples()
            if samples is None:
                return None
            pieces.append((samples, matrix))
        return pieces

    def _samples(self) -> np.ndarray | None:
        """The samples of the page's one picture as PDFium decodes them, not scaled; None when it is not so plain."""
        page = self._drawing.page(self.number)
        try:
            pictures = list(page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=5))
            if len(pictures) != 1 or self._content.pictures[0][0].get("/ImageMask", False):
                return None
            samples = _array(pictures[0].get_bitmap())
            thing = self._content.pictures[0][0]
            stated = (int(thing["/Height"]), int(thing["/Width"]))
            return samples if samples.shape[:2] == stated else None
        except (pdfium.PdfiumError, ValueError, RuntimeError):
            return None
        finally:
            page.close()

    def _drawn_picture(self, dpi: float) -> np.ndarray:
        page = self._drawing.page(self.number)
        try:
            # PDFium rounds sizes up; a hair less keeps 96.0000001 rows from becoming 97.
            return _array(page.render(scale=dpi / 72 * (1 - 1e-6), may_draw_forms=True))
        except (pdfium.PdfiumError, ValueError, RuntimeError) as error:
            raise Refused("damaged") from error
        finally:
            page.close()

    def streams(self) -> list[Placed] | None:
        """The scanner's own streams with their places; None for drawn pages, comments on a scan and rare colours."""
        if self.drawn or self._overlaid:
            return None
        placed: list[Placed] = []
        for thing, matrix in self._content.pictures:
            stream = stream_of(thing)
            if stream is None:
                return None
            placed.append((stream, matrix))
        return placed


def _native(thing: Any, matrix: Matrix) -> Size:
    return native_dpi(max(1, int(thing.get("/Width", 1))), max(1, int(thing.get("/Height", 1))), matrix)


def _area(matrix: Matrix) -> float:
    left, bottom, right, top = bounds(matrix)
    return (right - left) * (top - bottom)


def _array(bitmap: Any) -> np.ndarray:
    pixels = bitmap.to_numpy()
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    made = np.array(pixels if pixels.ndim == 2 else pixels[:, :, :3], order="C", copy=True)
    if made.ndim == 3 and _without_colour(made):
        return np.ascontiguousarray(made[:, :, 0])
    return made


def _without_colour(pixels: np.ndarray) -> bool:
    """Whether all three channels are the same everywhere: a gray page that was drawn in colour."""
    few = pixels[:: max(1, pixels.shape[0] // 64)]
    if (few[:, :, 0] != few[:, :, 1]).any() or (few[:, :, 1] != few[:, :, 2]).any():
        return False
    return bool((pixels[:, :, 0] == pixels[:, :, 1]).all() and (pixels[:, :, 1] == pixels[:, :, 2]).all())
