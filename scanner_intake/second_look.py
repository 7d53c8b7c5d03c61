"""A second look at those pieces of lines that the reading of the whole page left in doubt.

Lines of two columns that stand side by side are read as one although their letters differ in size (the recipients
beside the signature): the smaller half comes back as doubtful nonsense and reads well by itself. So does print that
shares its line with a stroke of a pen or the rim of a seal.

Owns what is looked at again, how much of it, and which reading stays; `read` is the recogniser. Places are pixels of
the picture. A long line that is sure as a whole comes back word for word (73 pages of three levels: half of the time
of all second looks for 3 wrong letters in 180), so one uncertain word in it is not enough.

Invariants: a page without doubt costs nothing, no page more than `_MOST` pieces; a piece changes only for a reading
that the recogniser is surer of.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from scanner_intake.ocr_engine import PixelBox, SeenLine, SeenWord

Read = Callable[[np.ndarray, int], list[SeenLine]]  # gray picture, page segmentation mode
_BLOCK = 6  # Tesseract's mode for one column of text; a single line (7) reads worse, measured
_DOUBT, _MOST = 0.8, 16
_LONG, _SURE, _HOPELESS = 20, 0.9, 0.4  # letters; a long line's mean confidence; a word that is plainly wrong
_MARGIN, _FRAME = 0.03, 0.04  # inches
_GAP, _TALLEST = 0.22, 0.28  # inches: so far apart stand only columns; letters of a heading
_LINE = 0.5  # inches: what is taller is no line of print (a page on its side, a drawing)


def reread(gray: np.ndarray, dpi: float, seen: Sequence[SeenLine], read: Read) -> list[SeenLine]:
    """The lines of `gray` (HxW, `dpi`) with their doubtful pieces, the worst first, read once more by themselves."""
    parts = [_pieces(line, dpi) for line in seen]
    doubtful = [
        (_sure(piece), i, j)
        for i, pieces in enumerate(parts)
        for j, piece in enumerate(pieces)
        if _in_doubt(piece) and _height(piece) < _LINE * dpi
    ]
    changed = set()
    for sure, i, j in sorted(doubtful)[:_MOST]:
        found = _look(gray, _around(parts[i][j]), dpi, read)
        if _sure(found) > sure:
            parts[i][j] = found
            changed.add(i)
    lines = []
    for i, line in enumerate(seen):
        words = tuple(word for piece in parts[i] for word in piece)
        lines.append(replace(line, words=words, box=_around(words)) if i in changed else line)
    return lines


def _in_doubt(piece: tuple[SeenWord, ...]) -> bool:
    least = min(word.confidence for word in piece)
    if _letters(piece) >= _LONG and _sure(piece) >= _SURE:
        return least < _HOPELESS
    return least < _DOUBT


def _pieces(line: SeenLine, dpi: float) -> list[tuple[SeenWord, ...]]:
    """The words of a line, cut where only another column can follow."""
    pieces: list[tuple[SeenWord, ...]] = []
    run: list[SeenWord] = []
    for word in line.words:
        if run:
            tall = statistics.median(each.box[3] - each.box[1] for each in run)
            if word.box[0] - run[-1].box[2] > max(2.2 * min(tall, _TALLEST * dpi), _GAP * dpi):
                pieces.append(tuple(run))
                run = []
        run.append(word)
    return [*pieces, tuple(run)]


def _look(gray: np.ndarray, box: PixelBox, dpi: float, read: Read) -> tuple[SeenWord, ...]:
    """What one cut-out reads, in places of the whole picture."""
    margin, frame = round(_MARGIN * dpi), round(_FRAME * dpi)
    x0, y0 = max(0, box[0] - margin), max(0, box[1] - margin)
    cut = gray[y0 : box[3] + margin, x0 : box[2] + margin]
    framed = cv2.copyMakeBorder(cut, frame, frame, frame, frame, cv2.BORDER_CONSTANT, value=255)
    words = (word for line in read(framed, _BLOCK) for word in line.words)
    return tuple(replace(word, box=_shifted(word.box, x0 - frame, y0 - frame)) for word in words)


def _shifted(box: PixelBox, x: int, y: int) -> PixelBox:
    return (box[0] + x, box[1] + y, box[2] + x, box[3] + y)


def _around(words: Sequence[SeenWord]) -> PixelBox:
    x0, y0, x1, y1 = zip(*(word.box for word in words), strict=True)
    return (min(x0), min(y0), max(x1), max(y1))


def _height(words: Sequence[SeenWord]) -> int:
    return max(word.box[3] for word in words) - min(word.box[1] for word in words)


def _sure(words: Sequence[SeenWord]) -> float:
    """Mean confidence by letters, 0.0 for no words."""
    letters = _letters(words)
    return sum(word.confidence * len(word.text) for word in words) / letters if letters else 0.0


def _letters(words: Sequence[SeenWord]) -> int:
    return sum(len(word.text) for word in words)
