"""OCRmyPDF plug-in: an engine that returns words recognised earlier instead of recognising again.

Owns the translation of `Reading` into OCRmyPDF's element tree. Recognition comes first because the marking gate must
see the words before anything is written; asking OCRmyPDF to recognise again would double the time. One process
digitizes one file, so the words are kept in this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ocrmypdf import OcrElement, OcrEngine, OrientationConfidence, hookimpl
from ocrmypdf.models.ocr_element import Baseline, BoundingBox, OcrClass
from PIL import Image

from scanner_intake.digitize_ocr import Reading
from scanner_intake.layout import Box

_DPI = 200
_known: list[Reading | None] = []
_sizes: list[tuple[float, float]] = []


def know(readings: Sequence[Reading | None], sizes: Sequence[tuple[float, float]]) -> None:
    """Sets the text layer of each page (None: the page keeps its own text) and the displayed page sizes in points."""
    _known[:] = readings
    _sizes[:] = sizes


class KnownWords(OcrEngine):
    """Gives OCRmyPDF the words of `know`."""

    @staticmethod
    def version() -> str:
        return "1"

    @staticmethod
    def creator_tag(options: Any) -> str:
        return "Tesseract vie"

    def __str__(self) -> str:
        return "words recognised earlier"

    @staticmethod
    def languages(options: Any) -> set[str]:
        return {"vie", "eng"}

    @staticmethod
    def get_orientation(input_file: Path, options: Any) -> OrientationConfidence:
        return OrientationConfidence(angle=0, confidence=0.0)

    @staticmethod
    def supports_generate_ocr() -> bool:
        return True

    @staticmethod
    def generate_ocr(input_file: Path, options: Any, page_number: int = 0) -> tuple[OcrElement, str]:
        width, height = _pixels(page_number)
        page = OcrElement(
            OcrClass.PAGE, bbox=BoundingBox(0, 0, width, height), dpi=float(_DPI), page_number=page_number
        )
        reading = _known[page_number]
        if reading is not None:
            page.children = _paragraphs(reading)
        return page, ""

    @staticmethod
    def generate_hocr(input_file: Path, output_hocr: Path, output_text: Path, options: Any) -> None:
        raise TypeError("words come as a tree")

    @staticmethod
    def generate_pdf(input_file: Path, output_pdf: Path, output_text: Path, options: Any) -> None:
        raise TypeError("words come as a tree")


def _pixels(index: int) -> tuple[int, int]:
    width, height = _sizes[index]
    return max(1, round(width * _DPI / 72)), max(1, round(height * _DPI / 72))


def _bounding(box: Box) -> BoundingBox:
    x0, y0, x1, y1 = (each * _DPI / 72 for each in box)
    return BoundingBox(x0, y0, max(x0, x1), max(y0, y1))


def _paragraphs(reading: Reading) -> list[OcrElement]:
    lines = []
    for line, box, baseline in zip(reading.page.lines, reading.boxes, reading.baselines, strict=True):
        words = [
            OcrElement(
                OcrClass.WORD, bbox=_bounding(word.box), text=word.text, confidence=word.confidence, language="vie"
            )
            for word in line.words
        ]
        lines.append(
            OcrElement(
                OcrClass.LINE,
                bbox=_bounding(box),
                baseline=Baseline(baseline.slope, baseline.offset * _DPI / 72),
                children=words,
                direction="ltr",
                language="vie",
            )
        )
    if not lines:
        return []
    whole = _bounding((0.0, 0.0, reading.page.width, reading.page.height))
    return [OcrElement(OcrClass.PARAGRAPH, bbox=whole, children=lines, direction="ltr", language="vie")]


@hookimpl
def get_ocr_engine(options: Any) -> OcrEngine:
    """Our engine, whatever the options say."""
    return KnownWords()


@hookimpl
def rasterize_pdf_page(output_file: Path, pageno: int) -> Path:
    """A blank page of the right size: nobody looks at it, so nothing is rendered."""
    Image.new("1", _pixels(pageno - 1), 1).save(output_file, dpi=(_DPI, _DPI))
    return output_file
