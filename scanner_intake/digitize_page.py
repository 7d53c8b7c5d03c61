"""One page: its picture, its stamps and its words, in the order the marking gate needs.

Owns the choice between a page's own text (born digital) and recognition, and the turning of pages scanned sideways or
upside down. It runs only inside the limited child and keeps no text outside memory.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pikepdf
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from scanner_intake import digitize_ocr
from scanner_intake.describe import cut_header
from scanner_intake.digitize_ocr import Baseline, Picture, Reading
from scanner_intake.digitize_pdfa import flatten_pages
from scanner_intake.digitized import Marking
from scanner_intake.layout import Box, Line, PageText, Word
from scanner_intake.stamps import find_markings

_UNSURE = 0.62
_HEADER = 0.34
_SCAN_COVER = 0.5
_MILLIMETRE = 72 / 25.4


@dataclass(frozen=True)
class Seen:
    """What one page gave. `turn` is how far it was turned clockwise; `own_text` that its text was in the file
    already.
    """

    reading: Reading
    markings: tuple[Marking, ...]
    warnings: frozenset[str]
    own_text: bool
    turn: int


def look(document: Any, number: int, language: str, *, turnable: bool) -> Seen:
    """Stamps first, then words of page `number`."""
    cv2.setNumThreads(1)
    picture = digitize_ocr.render(document, number)
    own = own_text(document, picture)
    turn = 0
    if own is not None:
        reading = own
    else:
        reading = digitize_ocr.read_page(picture, language)
        if turnable and _maybe_turned(reading, picture):
            turn = digitize_ocr.orientation(picture)
            if turn:
                page = document[number - 1]
                page.set_rotation((page.get_rotation() + turn) % 360)
                picture = digitize_ocr.render(document, number)
                reading = digitize_ocr.read_page(picture, language)
    warnings = set()
    if own is None and digitize_ocr.is_colourless(picture.rgb):
        warnings.add("marking-not-checked")  # no colour: stamps can only be found by their words (digitizing rules 12)

    def read(gray: np.ndarray, psm: int, dpi: float) -> str:
        return digitize_ocr.read_text(gray, psm=psm, dpi=dpi, language=language)

    markings = tuple(find_markings(picture, read))
    return Seen(reading, markings, frozenset(warnings), own is not None, turn)


def _maybe_turned(reading: Reading, picture: Picture) -> bool:
    """Whether a page with ink was read so badly that it may lie on its side; blank pages are not worth the time."""
    dark = float((picture.rgb[::4, ::4].min(axis=2) < 110).mean())
    return reading.confidence < _UNSURE and dark > 0.004


def header_again(document: Any, seen: Seen, language: str) -> tuple[Line, ...]:
    """A second reading of page 1's header at 300 dpi: two readings that agree are a fact, one alone is not."""
    if seen.own_text or not seen.reading.page.lines:
        return ()
    picture = digitize_ocr.render(document, 1)
    header = cut_header(seen.reading.page, seen.reading.page.lines)
    top, bottom = 0.0, _HEADER * picture.height
    if header.number is not None and header.date is not None and header.anchor.found:
        # Only the rows that hold digits to confirm, with the title that anchors them.
        top = max(0.0, header.anchor.row - 2.5 * header.anchor.unit)
        bottom = max(header.number.box[3], header.date.box[3]) + 1.2 * header.anchor.unit
    return digitize_ocr.read_zone(picture, (0.0, top, picture.width, bottom), dpi=300, psm=4, language=language)


def name_again(document: Any, number: int, box: Box, language: str) -> tuple[Line, ...]:
    """The place under the signer's function, with seal and pen strokes taken out."""
    picture = digitize_ocr.render(document, number)
    centre, reach = (box[0] + box[2]) / 2, 45 * _MILLIMETRE
    zone = (
        max(0.0, centre - reach),
        box[3],
        min(picture.width, centre + reach),
        min(picture.height, box[3] + 55 * _MILLIMETRE),
    )
    return digitize_ocr.read_zone(picture, zone, dpi=300, psm=6, language=language, bare=True)


def own_text(document: Any, picture: Picture) -> Reading | None:
    """The words a born-digital page brings along; None for scans (text layer or not) and for unusable encodings."""
    page = document[picture.number - 1]
    if _covered_by_pictures(page, picture) > _SCAN_COVER:
        return None
    text_page = page.get_textpage()
    try:
        words = _words(text_page, page, picture)
    finally:
        text_page.close()
    if sum(len(word.text) for word in words) < 20:
        return None
    lines = tuple(_lines(words))
    whole = PageText(picture.number, picture.width, picture.height, lines)
    if not _plausible(whole.text):
        return None
    boxes = tuple(line.box for line in lines)
    return Reading(whole, boxes, tuple(Baseline(0.0, 0.0) for _ in lines), 1.0)


def _covered_by_pictures(page: Any, picture: Picture) -> float:
    area = 0.0
    for each in page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=4):
        try:
            left, bottom, right, top = each.get_bounds() if hasattr(each, "get_bounds") else each.get_pos()
        except pdfium.PdfiumError:
            continue
        area = max(area, max(0.0, right - left) * max(0.0, top - bottom))
    return float(area / (picture.width * picture.height))


def _words(text_page: Any, page: Any, picture: Picture) -> list[Word]:
    words: list[Word] = []
    letters: list[str] = []
    corners: list[tuple[float, float, float, float]] = []

    def finish() -> None:
        if letters and corners:
            x0, y0, x1, y1 = zip(*corners, strict=True)
            text = unicodedata.normalize("NFC", "".join(letters))
            words.append(Word(text, (min(x0), min(y0), max(x1), max(y1)), 1.0))
        letters.clear()
        corners.clear()

    for index in range(min(text_page.count_chars(), 60_000)):
        letter = chr(raw.FPDFText_GetUnicode(text_page, index))
        if letter.isspace() or letter in "\0\ufffe\uffff":
            finish()
            continue
        box = _displayed(text_page.get_charbox(index), page, picture)
        if corners and (abs(box[3] - corners[-1][3]) > 1.2 * (box[3] - box[1]) + 2 or box[0] < corners[-1][0] - 4):
            finish()
        letters.append(letter)
        corners.append(box)
    finish()
    return words


def _displayed(box: tuple[float, ...], page: Any, picture: Picture) -> tuple[float, float, float, float]:
    """From PDF coordinates to points from the top left of the displayed page."""
    left, bottom, right, top = page.get_cropbox()
    x0, y0, x1, y1 = box[0] - left, box[1] - bottom, box[2] - left, box[3] - bottom
    width, height = right - left, top - bottom
    rotation = page.get_rotation() % 360
    if rotation == 90:
        return (y0, x0, y1, x1)
    if rotation == 180:
        return (width - x1, y0, width - x0, y1)
    if rotation == 270:
        return (height - y1, width - x1, height - y0, width - x0)
    return (x0, height - y1, x1, height - y0)


def _lines(words: list[Word]) -> list[Line]:
    lines: list[list[Word]] = []
    for word in words:
        last = lines[-1][-1] if lines else None
        same = last is not None and min(last.box[3], word.box[3]) - max(last.box[1], word.box[1]) > 0.4 * min(
            last.box[3] - last.box[1], word.box[3] - word.box[1]
        )
        if same and last is not None and word.box[0] > last.box[0]:
            lines[-1].append(word)
        else:
            lines.append([word])
    return [Line(tuple(each)) for each in lines]


def _plausible(text: str) -> bool:
    """Whether own text is real Unicode text: legacy Vietnamese fonts and broken encodings give other signs instead."""
    letters = [ch for ch in text if not ch.isspace()]
    strange = sum(
        ch == "\ufffd" or unicodedata.category(ch) in ("Co", "Cn", "Cc") or ch in "¸µ¶·¹¨©«®§¾¼½Æ" for ch in letters
    )
    return strange < 0.02 * max(1, len(letters))


def turn_pages(pdf_path: Path, turns: dict[int, int]) -> None:
    """Writes the found rotations into the working PDF."""
    with pikepdf.open(pdf_path, allow_overwriting_input=True) as pdf:
        for number, turn in turns.items():
            pdf.pages[number - 1].rotate(turn, relative=True)
        pdf.save(pdf_path)


def flatten_document(plain: Path, target: Path) -> None:
    """Every page as a picture at 200 dpi, one page's pixels in memory at a time."""
    document = pdfium.PdfDocument(plain)
    try:
        document.init_forms()
        pictures = (digitize_ocr.render(document, number) for number in range(1, len(document) + 1))
        flatten_pages(((each.rgb, each.width, each.height) for each in pictures), target)
    finally:
        document.close()
