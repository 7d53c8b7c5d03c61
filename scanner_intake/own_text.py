"""The words a born-digital page brings along, in the shape of a reading.

Owns the judgement whether they can be used: real Unicode text on a page that is not a scan. It runs only inside the
limited child.
"""

from __future__ import annotations

import unicodedata
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from scanner_intake.digitize_ocr import Baseline, Reading
from scanner_intake.layout import Line, PageText, Word

_SCAN_COVER = 0.5


def own_text(document: Any, number: int) -> Reading | None:
    """The words a born-digital page brings along; None for scans (text layer or not) and for unusable encodings."""
    page = document[number - 1]
    size = page.get_size()
    if _covered_by_pictures(page, size) > _SCAN_COVER:
        return None
    text_page = page.get_textpage()
    try:
        words = _words(text_page, page)
    finally:
        text_page.close()
    if sum(len(word.text) for word in words) < 20:
        return None
    lines = tuple(_lines(words))
    whole = PageText(number, max(1.0, size[0]), max(1.0, size[1]), lines)
    if not _plausible(whole.text):
        return None
    boxes = tuple(line.box for line in lines)
    return Reading(whole, boxes, tuple(Baseline(0.0, 0.0) for _ in lines), 1.0)


def _covered_by_pictures(page: Any, size: tuple[float, float]) -> float:
    area = 0.0
    for each in page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=4):
        try:
            left, bottom, right, top = each.get_bounds() if hasattr(each, "get_bounds") else each.get_pos()
        except pdfium.PdfiumError:
            continue
        area = max(area, max(0.0, right - left) * max(0.0, top - bottom))
    return float(area / max(1.0, size[0] * size[1]))


def _words(text_page: Any, page: Any) -> list[Word]:
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
        box = _displayed(text_page.get_charbox(index), page)
        if corners and (abs(box[3] - corners[-1][3]) > 1.2 * (box[3] - box[1]) + 2 or box[0] < corners[-1][0] - 4):
            finish()
        letters.append(letter)
        corners.append(box)
    finish()
    return words


def _displayed(box: tuple[float, ...], page: Any) -> tuple[float, float, float, float]:
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
