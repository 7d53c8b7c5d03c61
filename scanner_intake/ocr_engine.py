"""Tesseract inside this process: one engine a language, single-threaded, from gray pixels to words with their lines.

Owns the only use of `tesserocr`. Pixels go in as bytes (a picture object would be coded again first, digitizing rules
5.5), words come out in pixels of that picture. It knows neither pages nor points, and it writes nothing.

Invariants: text is NFC; only single-threaded (`OMP_THREAD_LIMIT=1` comes from `digitize_limits`); one call at a time.
"""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tesserocr

_DEBIAN = Path("/usr/share/tesseract-ocr")
_SURE_ENOUGH = 2.0
_FOREIGN = "ÄŸÐÏŠƑÖŒØÑñÿšðöƒïäøœ‡¬ˆ†¿¡£€®„‹›`^~"
"""What the Vietnamese model knows besides Vietnamese and mostly takes for it: Đ as Ð, "(b/c)" as "(b/€)", CT as ŒT."""
PixelBox = tuple[int, int, int, int]


class RecognitionFailed(Exception):
    """The language is not installed or the engine gave up; `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class SeenWord:
    """One word; `confidence` 0..1."""

    text: str
    box: PixelBox
    confidence: float


@dataclass(frozen=True)
class SeenLine:
    """One line in reading order. `baseline` is (x0, y0, x1, y1), None when the engine found none."""

    words: tuple[SeenWord, ...]
    box: PixelBox
    baseline: tuple[float, float, float, float] | None


def prepare(language: str) -> None:
    """Loads a language's model now, if it is installed."""
    try:
        _engine(language)
    except RecognitionFailed:
        pass


def lines(gray: np.ndarray, *, psm: int, dpi: float, language: str, across: float = 1.0) -> list[SeenLine]:
    """All words of a gray HxW picture by lines.

    `across` is the part of its width at which the engine sees the picture: the network steps along a line pixel by
    pixel, and letters a little narrower read as well. Places are those of the picture all the same.

    Raises: RecognitionFailed with code `ocr-missing` or `ocr-failed`.
    """
    if across < 1:
        size = (max(1, round(gray.shape[1] * across)), gray.shape[0])
        wide, gray = gray.shape[1], cv2.resize(gray, size, interpolation=cv2.INTER_LINEAR)
        across = gray.shape[1] / wide
    api = _shown(gray, psm, dpi, language)
    try:
        if not api.Recognize():
            raise RecognitionFailed("ocr-failed")
        return _gathered(api.GetIterator(), across)
    except RuntimeError as error:
        raise RecognitionFailed("ocr-failed") from error
    finally:
        api.Clear()


def text(gray: np.ndarray, *, psm: int, dpi: float, language: str) -> str:
    """The plain text of a small picture. Raises: RecognitionFailed."""
    api = _shown(gray, psm, dpi, language)
    try:
        return unicodedata.normalize("NFC", api.GetUTF8Text()).strip()
    except RuntimeError:  # nothing that looks like text
        return ""
    finally:
        api.Clear()


def orientation(gray: np.ndarray, dpi: float) -> int:
    """Degrees to turn the picture clockwise so that its text stands upright; 0 when that cannot be told."""
    try:
        api = _shown(gray, 0, dpi, "osd")
    except RecognitionFailed:
        return 0
    try:
        found: Any = api.DetectOrientationScript()
    except RuntimeError:
        return 0
    finally:
        api.Clear()
    if not found or float(found["orient_conf"]) < _SURE_ENOUGH:
        return 0
    return (360 - int(found["orient_deg"])) % 360


def _shown(gray: np.ndarray, psm: int, dpi: float, language: str) -> Any:
    api = _engine(language)
    gray = np.ascontiguousarray(gray)
    height, width = gray.shape
    api.SetPageSegMode(psm)
    api.SetImageBytes(gray.tobytes(), width, height, 1, width)
    api.SetSourceResolution(max(70, round(dpi)))
    return api


@cache
def _engine(language: str) -> Any:
    folder = _models(language)
    if folder is None:
        raise RecognitionFailed("ocr-missing")
    mode = tesserocr.OEM.DEFAULT if language == "osd" else tesserocr.OEM.LSTM_ONLY
    try:
        api = tesserocr.PyTessBaseAPI(path=str(folder), lang=language, oem=mode, psm=tesserocr.PSM.AUTO)
    except RuntimeError as error:
        raise RecognitionFailed("ocr-missing") from error
    # Rows are not tried for letters of one width: the network parts the words anyway (73 pages: the same text).
    api.SetVariable("textord_all_prop", "1")
    if language == "vie":
        api.SetVariable("tessedit_char_blacklist", _FOREIGN)
    return api


def _models(language: str) -> Path | None:
    """The folder that holds every model of `language` ("vie", "vie+eng")."""
    stated = os.environ.get("TESSDATA_PREFIX")
    folders = [Path(stated)] if stated else sorted(_DEBIAN.glob("*/tessdata"), reverse=True)
    wanted = [f"{each}.traineddata" for each in language.split("+")]
    return next((each for each in folders if all((each / name).is_file() for name in wanted)), None)


def _gathered(found: Any, across: float) -> list[SeenLine]:
    if found is None:
        return []
    row, word = tesserocr.RIL.TEXTLINE, tesserocr.RIL.WORD
    gathered: list[SeenLine] = []
    words: list[SeenWord] = []
    box: PixelBox = (0, 0, 0, 0)
    baseline = None
    more = not found.Empty(word)
    while more:
        if found.IsAtBeginningOf(row):  # to ask whether a word is the last one of its row takes far longer
            if words:
                gathered.append(SeenLine(tuple(words), box, baseline))
                words = []
            box, baseline = _widened(found.BoundingBox(row), across), _baseline(found.Baseline(row), across)
        place = found.BoundingBox(word)
        letters = unicodedata.normalize("NFC", found.GetUTF8Text(word)).strip()
        if letters and place is not None:
            words.append(SeenWord(letters, _widened(place, across), min(1.0, max(0.0, found.Confidence(word) / 100))))
        more = found.Next(word)
    return [*gathered, SeenLine(tuple(words), box, baseline)] if words else gathered


def _widened(box: PixelBox, across: float) -> PixelBox:
    return box if across == 1 else (round(box[0] / across), box[1], round(box[2] / across), box[3])


def _baseline(found: Any, across: float) -> tuple[float, float, float, float] | None:
    if not found:
        return None
    (x0, y0), (x1, y1) = found
    return (x0 / across, float(y0), x1 / across, float(y1))
