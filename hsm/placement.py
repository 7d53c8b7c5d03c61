"""Where on the page an appearance goes: free paper, found by looking at the rendered page and its text layer.

Boxes are [x0, y0, x1, y1] in points, origin top-left of the displayed page, page numbers from 1. Refuses to cover
content as long as any free place exists on page 1; if none does, the place with the least ink is taken and `clear` is
false.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pikepdf
import pypdfium2 as pdfium

from hsm.paper import EDGE, Box, Paper, to_displayed_coordinates, to_page_coordinates
from hsm.signature_block import between_position_and_name, text_lines

SCALES = (1.0, 0.9, 0.8, 0.7)


class PlacementError(ValueError):
    """The page cannot be rendered: `page-unreadable`."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"page-unreadable: {detail}")
        self.code = "page-unreadable"
        self.detail = detail


@dataclass(frozen=True)
class Placement:
    """A place on a page; `scale` below 1 means the appearance must shrink, `clear` whether the paper there is free."""

    page: int
    box: Box
    rotation: int
    scale: float = 1.0
    clear: bool = True


def top_right(path: Path, width: float, height: float) -> Placement:
    """Free space for a text block near the top right corner of page 1 (NĐ 30/2020 PL I mục II).

    Full size first, anywhere in the right half of the upper third; then smaller; then anywhere on the page.
    Raises: PlacementError.
    """
    with _open(path) as document:
        page = document[0]
        paper = Paper.of_page(page)
        page_width, page_height = page.get_size()
        rotation = page.get_rotation()
        page.close()
    upper = (page_width / 2, 0.0, page_width, page_height / 3)
    for scale in SCALES:
        box = paper.nearest_free(upper, width * scale, height * scale)
        if box is not None:
            return Placement(1, box, rotation, scale)
    for area in ((0.0, 0.0, page_width, page_height / 3), (0.0, 0.0, page_width, page_height)):
        for scale in SCALES:
            box = paper.nearest_free(area, width * scale, height * scale)
            if box is not None:
                return Placement(1, box, rotation, scale)
    scale = SCALES[-1]
    return Placement(1, paper.least_ink(upper, width * scale, height * scale), rotation, scale, clear=False)


def signature_place(path: Path, width: float, height: float) -> Placement:
    """Where the leader's signature goes: centred between the position line and the name below it (NĐ 30 PL I, ô 7c).

    `width` and `height` are the largest wanted size; proportions are kept. Without a position line in the text layer:
    free paper in the right half of the last page, from below. Raises: PlacementError.
    """
    with _open(path) as document:
        for index in range(len(document) - 1, -1, -1):
            page = document[index]
            size, rotation = page.get_size(), page.get_rotation()
            lines = text_lines(page)
            page.close()
            found = between_position_and_name(lines, size, width, height)
            if found is not None:
                return Placement(index + 1, found, rotation)
        last = document[len(document) - 1]
        paper = Paper.of_page(last)
        (page_width, page_height), rotation = last.get_size(), last.get_rotation()
        last.close()
        count = len(document)
    area = (page_width / 2, page_height / 3, page_width - EDGE, page_height - 40.0)
    for scale in SCALES:
        box = paper.lowest_free(area, width * scale, height * scale)
        if box is not None:
            return Placement(count, box, rotation, scale)
    return Placement(count, paper.least_ink(area, width * 0.7, height * 0.7), rotation, 0.7, clear=False)


def seal_place(signature: Placement, width: float, height: float, page_size: tuple[float, float]) -> Placement:
    """The seal at its true size, covering a third of the signature on its left (NĐ 30 PL I, ô 8), kept on the paper."""
    x0, y0, x1, y1 = signature.box
    right = x0 + (x1 - x0) / 3
    left = min(max(right - width, EDGE), page_size[0] - width - EDGE)
    top = min(max((y0 + y1) / 2 - height / 2, EDGE), page_size[1] - height - EDGE)
    return Placement(signature.page, (left, top, left + width, top + height), signature.rotation)


def page_size(path: Path, page: int) -> tuple[float, float]:
    """Width and height of the displayed page in points. Raises: PlacementError."""
    with _open(path) as document:
        return document[page - 1].get_size()


def pdf_rectangle(path: Path, placement: Placement) -> tuple[int, int, int, int]:
    """The box in the page's own coordinates (whole points; lower left, upper right). Raises: PlacementError."""
    with _open(path) as document:
        page = document[placement.page - 1]
        crop = page.get_cropbox()
        page.close()
    return to_page_coordinates(placement.box, crop, placement.rotation)


def field_place(path: Path, field: str) -> Placement:
    """Where an existing form field lies. Raises: PlacementError when there is none."""
    with pikepdf.open(path) as document:
        for number, page in enumerate(document.pages, start=1):
            for annotation in page.obj.get("/Annots", []):
                if str(annotation.get("/T", "")) == field:
                    rectangle = tuple(float(part) for part in annotation.Rect)
                    crop = tuple(float(part) for part in page.cropbox)
                    rotation = int(page.obj.get("/Rotate", 0)) % 360
                    box = to_displayed_coordinates(rectangle, crop, rotation)  # type: ignore[arg-type]
                    return Placement(number, box, rotation)
    raise PlacementError(f"no field {field}")


def _open(path: Path) -> pdfium.PdfDocument:
    try:
        document = pdfium.PdfDocument(path)
        if len(document) == 0:
            raise PlacementError("no pages")
    except pdfium.PdfiumError as error:
        raise PlacementError(str(error)) from error
    return document
