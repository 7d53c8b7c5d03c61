"""How well a text was read, and the readers that digitizing is measured against.

Character error rate (CER): every printed line of eight characters or more is looked for anywhere in the read text; its
error is the least number of edits that turn it into a part of that text (infix edit distance); order of lines does not
matter, case and diacritics do. Both sides are NFC with dashes and quotation marks unified and blanks folded.
"""

from __future__ import annotations

import os
import subprocess
import time
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
import tesserocr
from numpy.typing import NDArray

LEAST = 8
_UNIFIED = str.maketrans(
    {"–": "-", "—": "-", "‐": "-", "−": "-", "“": '"', "”": '"', "‘": "'", "’": "'", "\u00a0": " "}
)
_TESSDATA = (*Path("/usr/share/tesseract-ocr").glob("*/tessdata"), Path("/usr/share/tessdata"))


def folded(text: str) -> str:
    """NFC, one blank between words, dashes and quotation marks of one kind."""
    return " ".join(unicodedata.normalize("NFC", text).translate(_UNIFIED).split())


def infix(line: str, text: str) -> int:
    """Least edits between `line` and any part of `text` (Myers' bit vectors; Sellers' free start and end)."""
    if line in text:
        return 0
    ones = (1 << len(line)) - 1
    top = 1 << (len(line) - 1)
    places: dict[str, int] = {}
    for i, letter in enumerate(line):
        places[letter] = places.get(letter, 0) | 1 << i
    up, down, score = ones, 0, len(line)
    best = score
    for letter in text:
        same = places.get(letter, 0)
        across = (((same & up) + up) ^ up) | same
        plus, minus = down | (ones & ~(across | up)), up & across
        if plus & top:
            score += 1
        if minus & top:
            score -= 1
            best = min(best, score)
        plus, minus = plus << 1 & ones, minus << 1 & ones
        down, up = plus & (same | down), minus | (ones & ~(same | down | plus))
    return best


def errors(lines: Iterable[str], text: str) -> tuple[int, int]:
    """Wrong characters and all characters of the lines that count."""
    whole = folded(text)
    wanted = [folded(line) for line in lines]
    wanted = [line for line in wanted if len(line) >= LEAST]
    return sum(infix(line, whole) for line in wanted), sum(map(len, wanted))


def misread(lines: Iterable[str], text: str) -> list[str]:
    """The lines that count and are not in the text as printed, each after its number of wrong characters."""
    whole = folded(text)
    wanted = [line for line in map(folded, lines) if len(line) >= LEAST]
    return [f"{infix(line, whole)} {line}" for line in wanted if line not in whole]


def percent(pairs: Sequence[tuple[int, int]]) -> float:
    """Wrong of all, in percent, over several pages."""
    wrong, total = (sum(column) for column in zip(*pairs, strict=True)) if pairs else (0, 0)
    return round(100 * wrong / total, 2) if total else 0.0


def prepared(pixels: NDArray[np.uint8], dpi: float) -> NDArray[np.uint8]:
    """The recognition's input as measured best: 200 dpi, max(R, G, B), divided by the local paper (digitizing 5.2)."""
    if dpi > 201:
        pixels = cv2.resize(pixels, None, fx=200 / dpi, fy=200 / dpi, interpolation=cv2.INTER_AREA)
    gray = np.ascontiguousarray(pixels.max(axis=2)) if pixels.ndim == 3 else pixels
    small = cv2.resize(gray, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((7, 7), np.uint8)), 9)
    paper = cv2.resize(paper, gray.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.divide(gray, paper, scale=255), np.uint8)


class Alone:
    """Tesseract in this process, one thread, model kept: the floor that no pipeline can go under."""

    def __init__(self) -> None:
        folder = next(path for path in _TESSDATA if (path / "vie.traineddata").is_file())
        self._api = tesserocr.PyTessBaseAPI(path=f"{folder}/", lang="vie", psm=tesserocr.PSM.AUTO)
        self.cpu_seconds = 0.0

    def read(self, gray: NDArray[np.uint8], dpi: int = 200) -> str:
        """The text of a prepared picture; adds what recognition alone took to `cpu_seconds`."""
        began = time.process_time()
        self._api.SetImageBytes(gray.tobytes(), gray.shape[1], gray.shape[0], 1, gray.shape[1])
        self._api.SetSourceResolution(dpi)
        text = self._api.GetUTF8Text()
        self.cpu_seconds += time.process_time() - began
        return str(text)

    def read_pdf(self, pdf: Path) -> str:
        """The text of a PDF's pages as they look, its own text layer unused."""
        document = pypdfium2.PdfDocument(pdf)
        try:
            return "\n".join(
                self.read(prepared(np.ascontiguousarray(page.render(scale=200 / 72).to_numpy()[:, :, :3]), 200))
                for page in document
            )
        finally:
            document.close()


def naive(picture: Path) -> str:
    """The program `tesseract` on the scan as it is, its defaults, one thread."""
    done = subprocess.run(
        ["tesseract", str(picture), "-", "-l", "vie"],
        check=True, capture_output=True, text=True, env=os.environ | {"OMP_THREAD_LIMIT": "1"},
    )  # fmt: skip
    return done.stdout


def read_back(pdf: Path) -> str:
    """The text layer as a reader extracts it (Poppler)."""
    return subprocess.run(["pdftotext", str(pdf), "-"], check=True, capture_output=True, text=True).stdout
