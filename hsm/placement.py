"""Where on the page an appearance goes: free paper, found by looking at the rendered page and its text layer.

Boxes are [x0, y0, x1, y1] in points, origin top-left of the displayed page, page numbers from 1. Refuses to cover content
as long as any free place exists on page 1; if none does, the place with the least ink is taken and `clear` is false.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2 as pdfium

Box = tuple[float, float, float, float]

EDGE = 4.0
"""Points kept free at the paper's edge; printers cut closer than that."""
SCALES = (1.0, 0.9, 0.8, 0.7)
_RESOLUTION = 72
_INK_DEPTH = 42
_INK_SHARE = 0.0004
_POSITION = re.compile(
    r"\b(CHU TICH|CHANH VAN PHONG|TRUONG PHONG|TRUONG BAN|GIAM DOC|TRUONG CONG AN|CHI HUY TRUONG|BI THU|VIEN TRUONG)\b"
)


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


@dataclass(frozen=True)
class _Line:
    text: str
    box: Box

    @property
    def middle(self) -> float:
        return (self.box[0] + self.box[2]) / 2


def top_right(path: Path, width: float, height: float) -> Placement:
    """Free space for a text block near the top right corner of page 1 (NĐ 30/2020 PL I mục II).

    Full size first, anywhere in the right half of the upper third; then smaller; then anywhere on the page.
    Raises: PlacementError.
    """
    with _open(path) as document:
        page = document[0]
        ink = _ink(page)
        page_width, page_height = page.get_size()
        rotation = page.get_rotation()
        page.close()
    sums = _sums(ink)
    upper = (page_width / 2, EDGE, page_width - EDGE, page_height / 3)
    for scale in SCALES:
        box = _nearest_free(sums, upper, width * scale, height * scale)
        if box is not None:
            return Placement(1, box, rotation, scale)
    whole = (EDGE, EDGE, page_width - EDGE, page_height - EDGE)
    for scale in SCALES:
        box = _nearest_free(sums, whole, width * scale, height * scale)
        if box is not None:
            return Placement(1, box, rotation, scale)
    scale = SCALES[-1]
    return Placement(1, _least_ink(sums, upper, width * scale, height * scale), rotation, scale, clear=False)


def signature_place(path: Path, width: float, height: float) -> Placement:
    """Where the leader's signature goes: centred between the position line and the name below it (NĐ 30 PL I, ô 7c).

    `width` and `height` are the largest wanted size; proportions are kept. Without a position line in the text layer: free
    paper in the right half of the last page, from below. Raises: PlacementError.
    """
    with _open(path) as document:
        for index in range(len(document) - 1, -1, -1):
            page = document[index]
            size, rotation = page.get_size(), page.get_rotation()
            lines = _lines(page)
            page.close()
            found = _between(lines, size, width, height)
            if found is not None:
                return Placement(index + 1, found, rotation)
        last = document[len(document) - 1]
        sums = _sums(_ink(last))
        (page_width, page_height), rotation = last.get_size(), last.get_rotation()
        last.close()
        count = len(document)
    area = (page_width / 2, page_height / 3, page_width - EDGE, page_height - 40.0)
    for scale in SCALES:
        box = _lowest_free(sums, area, width * scale, height * scale)
        if box is not None:
            return Placement(count, box, rotation, scale)
    return Placement(count, _least_ink(sums, area, width * 0.7, height * 0.7), rotation, 0.7, clear=False)


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


def to_page_coordinates(box: Box, crop: Box, rotation: int) -> tuple[int, int, int, int]:
    """Displayed coordinates (top-left origin) to user space of a page with that CropBox, turned by `rotation` degrees."""
    left, bottom, right, top = crop
    x0, y0, x1, y1 = box
    if rotation == 90:
        found = (left + y0, bottom + x0, left + y1, bottom + x1)
    elif rotation == 180:
        found = (right - x1, bottom + y0, right - x0, bottom + y1)
    elif rotation == 270:
        found = (right - y1, top - x1, right - y0, top - x0)
    else:
        found = (left + x0, top - y1, left + x1, top - y0)
    x, y = round(found[0]), round(found[1])
    return x, y, x + round(found[2] - found[0]), y + round(found[3] - found[1])


def to_displayed_coordinates(box: Box, crop: Box, rotation: int) -> Box:
    """The way back: user space (left, bottom, right, top) to displayed coordinates with the origin top-left."""
    left, bottom, right, top = crop
    x0, y0, x1, y1 = box
    if rotation == 90:
        return y0 - bottom, x0 - left, y1 - bottom, x1 - left
    if rotation == 180:
        return right - x1, y0 - bottom, right - x0, y1 - bottom
    if rotation == 270:
        return top - y1, right - x1, top - y0, right - x0
    return x0 - left, top - y1, x1 - left, top - y0


def _open(path: Path) -> pdfium.PdfDocument:
    try:
        document = pdfium.PdfDocument(path)
        if len(document) == 0:
            raise PlacementError("no pages")
    except pdfium.PdfiumError as error:
        raise PlacementError(str(error)) from error
    return document


def _ink(page: pdfium.PdfPage) -> np.ndarray:
    # Paper is whatever most of the page looks like; ink is clearly darker than that (a grey scan has no white).
    grey = page.render(scale=_RESOLUTION / 72, grayscale=True, may_draw_forms=True).to_numpy()
    grey = grey[:, :, 0] if grey.ndim == 3 else grey
    return grey.astype(np.int16) < int(np.median(grey)) - _INK_DEPTH


def _sums(ink: np.ndarray) -> np.ndarray:
    padded = np.zeros((ink.shape[0] + 1, ink.shape[1] + 1), dtype=np.int64)
    padded[1:, 1:] = ink.cumsum(axis=0).cumsum(axis=1)
    return padded


def _candidates(
    sums: np.ndarray, area: Box, width: float, height: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    w, h = int(np.ceil(width)), int(np.ceil(height))
    rows, columns = sums.shape[0] - 1, sums.shape[1] - 1
    xs = np.arange(max(int(np.ceil(area[0])), 0), min(int(area[2]), columns) - w + 1)
    ys = np.arange(max(int(np.ceil(area[1])), 0), min(int(area[3]), rows) - h + 1)
    if not len(xs) or not len(ys):
        return None
    y, x = np.meshgrid(ys, xs, indexing="ij")
    return x, y, sums[y + h, x + w] - sums[y, x + w] - sums[y + h, x] + sums[y, x]


def _nearest_free(sums: np.ndarray, area: Box, width: float, height: float) -> Box | None:
    found = _candidates(sums, area, width, height)
    if found is None:
        return None
    x, y, ink = found
    distance = np.where(ink <= width * height * _INK_SHARE, (area[2] - width - x) + y, np.inf)
    return _pick(x, y, distance, width, height)


def _lowest_free(sums: np.ndarray, area: Box, width: float, height: float) -> Box | None:
    found = _candidates(sums, area, width, height)
    if found is None:
        return None
    x, y, ink = found
    wanted = (area[0] + area[2] - width) / 2
    distance = np.where(ink <= width * height * _INK_SHARE, abs(x - wanted) + 3 * (area[3] - y), np.inf)
    return _pick(x, y, distance, width, height)


def _least_ink(sums: np.ndarray, area: Box, width: float, height: float) -> Box:
    found = _candidates(sums, area, width, height)
    if found is None:
        return area[2] - width, area[1], area[2], area[1] + height
    x, y, ink = found
    box = _pick(x, y, ink.astype(float), width, height)
    assert box is not None
    return box


def _pick(x: np.ndarray, y: np.ndarray, cost: np.ndarray, width: float, height: float) -> Box | None:
    best = int(np.argmin(cost))
    if not np.isfinite(cost.flat[best]):
        return None
    left, top = float(x.flat[best]), float(y.flat[best])
    return left, top, left + width, top + height


def _lines(page: pdfium.PdfPage) -> list[_Line]:
    crop, rotation = page.get_cropbox(), page.get_rotation()
    text = page.get_textpage()
    pieces = []
    for index in range(text.count_rects()):
        bounds = text.get_rect(index)
        piece = text.get_text_bounded(*bounds).strip()
        if piece:
            pieces.append(_Line(piece, to_displayed_coordinates(bounds, crop, rotation)))
    text.close()
    return _join(sorted(pieces, key=lambda piece: (piece.box[1] + piece.box[3], piece.box[0])))


def _join(pieces: list[_Line]) -> list[_Line]:
    # Text layers of scans come word by word: neighbours on one height with less than two letter widths between are one line.
    lines: list[_Line] = []
    for piece in pieces:
        for index in range(len(lines) - 1, -1, -1):
            line = lines[index]
            tall = max(line.box[3] - line.box[1], piece.box[3] - piece.box[1], 1.0)
            level = abs((line.box[1] + line.box[3]) - (piece.box[1] + piece.box[3])) < tall
            gap = max(piece.box[0] - line.box[2], line.box[0] - piece.box[2])
            if level and gap < 1.5 * tall:
                lines[index] = _merge(line, piece)
                break
        else:
            lines.append(piece)
    return sorted(lines, key=lambda line: line.box[1])


def _merge(line: _Line, piece: _Line) -> _Line:
    first, second = (line, piece) if line.box[0] <= piece.box[0] else (piece, line)
    box = (
        min(line.box[0], piece.box[0]),
        min(line.box[1], piece.box[1]),
        max(line.box[2], piece.box[2]),
        max(line.box[3], piece.box[3]),
    )
    return _Line(f"{first.text} {second.text}", box)


def _between(lines: list[_Line], size: tuple[float, float], width: float, height: float) -> Box | None:
    right_half = [line for line in lines if line.middle > size[0] * 0.5]
    places = [index for index, line in enumerate(right_half) if _is_position(line.text)]
    if not places:
        return None
    position = right_half[places[-1]]
    below = [line for line in right_half[places[-1] + 1 :] if line.box[1] > position.box[3] and _may_be_name(line)]
    name = next((line for line in below if line.box[1] - position.box[3] < 200), None)
    middle = position.middle
    room = 66.0
    if name is not None:
        room = name.box[1] - position.box[3]
        middle = (position.middle + name.middle) / 2
    elif size[1] - position.box[3] < room:
        return None
    if room < 18:
        return None
    factor = min(1.0, (room - 4) / height)
    wide, tall = width * factor, height * factor
    top = position.box[3] + (room - tall) / 2
    left = min(max(middle - wide / 2, EDGE), size[0] - wide - EDGE)
    return left, top, left + wide, top + tall


def _is_position(text: str) -> bool:
    folded = _fold(text)
    # In capitals and short: a sentence that mentions the chairman is not a signature block.
    return text == text.upper() and len(folded) < 60 and _POSITION.search(folded) is not None


def _may_be_name(line: _Line) -> bool:
    letters = [letter for letter in line.text if letter.isalpha()]
    return len(letters) >= 4 and len(line.text) < 45 and not any(letter.isdigit() for letter in line.text)


def _fold(text: str) -> str:
    stripped = unicodedata.normalize("NFD", text.upper()).replace("Đ", "D")
    return " ".join("".join(letter for letter in stripped if not unicodedata.combining(letter)).split())


def field_place(path: Path, field: str) -> Placement:
    """Where an existing form field lies. Raises: PlacementError when there is none."""
    with pikepdf.open(path) as document:
        for number, page in enumerate(document.pages, start=1):
            for annotation in page.obj.get("/Annots", []):
                if str(annotation.get("/T", "")) == field:
                    rectangle = tuple(float(part) for part in annotation.Rect)
                    crop = tuple(float(part) for part in page.cropbox)
                    rotation = int(page.obj.get("/Rotate", 0)) % 360
                    return Placement(number, to_displayed_coordinates(rectangle, crop, rotation), rotation)  # type: ignore[arg-type]
    raise PlacementError(f"no field {field}")
