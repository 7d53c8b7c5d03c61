"""Red stamps of a page: secrecy, urgency, notices, the arrival stamp and the seal, told apart by size, frame and words.

Owns the reader of red boxes (digitizing rules 11.3 and 12; sizes of vietnam-rules 1.4 and 7: secrecy 20-40 x 8 mm
with a double frame, urgency 20-40 x 8 mm with a single frame, ĐẾN 35 x 50 mm, seals round). Black frames are read
too: photocopies have no red. It decides nothing about the paper; `secrecy` does.

Invariant: a red box of a secrecy stamp's size and place that could not be read comes back as kind "unknown", never as
nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from rapidfuzz import fuzz

from scanner_intake.digitize_ocr import Picture, flatten, paper
from scanner_intake.digitized import Marking
from scanner_intake.layout import Box, key

WORDS = {
    "HOA TOC": ("urgency", "hoa-toc"),
    "THUONG KHAN": ("urgency", "thuong-khan"),
    "KHAN": ("urgency", "khan"),
    "TUYET MAT": ("secrecy", "tuyet-mat"),
    "TOI MAT": ("secrecy", "toi-mat"),
    "MAT": ("secrecy", "mat"),
    "GIAI MAT": ("notice", "giai-mat"),
    "SAO Y": ("notice", "sao-y"),
    "SAO Y BAN CHINH": ("notice", "sao-y"),
    "SAO LUC": ("notice", "sao-luc"),
    "XEM XONG TRA LAI": ("notice", "xem-xong-tra-lai"),
    "LUU HANH NOI BO": ("notice", "luu-hanh-noi-bo"),
    "VAN BAN DEN": ("arrival-stamp", "den"),
    "CONG VAN DEN": ("arrival-stamp", "den"),
}
_SECRET = ("MAT", "TOI MAT", "TUYET MAT")
_FIND_DPI = 100
_READ_DPI = 300
_MOST_READ = 14

ReadText = Callable[[np.ndarray, int, float], str]


@dataclass(frozen=True)
class _Blob:
    """A connected red region: upright box in points, rotated rectangle in millimetres and its angle in degrees."""

    box: Box
    long: float
    short: float
    angle: float

    @property
    def aspect(self) -> float:
        return self.long / max(self.short, 0.1)


def find_markings(picture: Picture, read: ReadText) -> list[Marking]:
    """Every stamp of the page. `read(gray, psm, dpi)` gives the text of a small picture."""
    markings = []
    candidates = []
    for blob in _red_blobs(picture):
        if blob.aspect <= 1.35 and blob.short >= 27 and blob.long <= 50:
            markings.append(Marking("seal", "", picture.number, blob.box, 0.8))
        elif blob.aspect <= 1.9 and 28 <= blob.short <= 45 and 38 <= blob.long <= 65:
            markings.append(Marking("arrival-stamp", "den", picture.number, blob.box, 0.7))
        elif 10 <= blob.long <= 75 and 4 <= blob.short <= 30 and blob.aspect >= 1.3:
            candidates.append(blob)
    candidates.sort(key=lambda blob: (not _stamp_sized(blob, picture), -blob.long * blob.short))
    for blob in candidates[:_MOST_READ]:
        marking = _identify(picture, blob, read)
        if marking is not None:
            markings.append(marking)
    for blob in candidates[_MOST_READ:]:
        if _stamp_sized(blob, picture):  # never leave a possible secrecy stamp unread without saying so
            markings.append(Marking("unknown", "", picture.number, blob.box, 0.0))
    return markings + _black_boxes(picture, read, [each.box for each in markings])


def _stamp_sized(blob: _Blob, picture: Picture) -> bool:
    """Whether the blob has a secrecy stamp's size (pad smear and scan tolerance allowed) and a place for one."""
    x, y = (blob.box[0] + blob.box[2]) / 2, (blob.box[1] + blob.box[3]) / 2
    placed = x < 0.62 * picture.width and 0.02 * picture.height < y < 0.6 * picture.height
    return placed and 14 <= blob.long <= 50 and 5.5 <= blob.short <= 17 and blob.aspect >= 1.5


def _red_mask(rgb: np.ndarray, limit: int) -> np.ndarray:
    flat = flatten(rgb, paper(rgb)) if min(rgb.shape[:2]) >= 64 else rgb
    red = flat[:, :, 0].astype(np.int16) - flat[:, :, 1:].max(axis=2)
    return (red > limit).astype(np.uint8) * 255


def _red_blobs(picture: Picture) -> list[_Blob]:
    ratio = _FIND_DPI / (picture.scale * 72)
    small = cv2.resize(picture.rgb, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)
    mask = cv2.morphologyEx(_red_mask(small, 45), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    return _blobs(mask, list(cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]))


def _blobs(mask: np.ndarray, contours: list[np.ndarray]) -> list[_Blob]:
    unit, millimetre = 72 / _FIND_DPI, 25.4 / _FIND_DPI
    blobs = []
    for contour in contours:
        x, y, w, h = cv2.boundingRect(contour)
        if max(w, h) * millimetre < 9:
            continue
        (_, _), (width, height), angle = cv2.minAreaRect(contour)
        if width < height:
            width, height, angle = height, width, angle - 90
        angle = (angle + 90) % 180 - 90
        if width / max(height, 1) < 1.25:
            angle = 0.0
        box = (x * unit, y * unit, (x + w) * unit, (y + h) * unit)
        blobs.append(_Blob(box, width * millimetre, height * millimetre, angle))
    return blobs


def _identify(picture: Picture, blob: _Blob, read: ReadText) -> Marking | None:
    crop = _upright(picture, blob)
    mask = _red_mask(crop, 32)
    bare = _without_borders(mask)
    turned = abs(blob.angle) > 20
    heard: list[str] = []
    tries = [(255 - cv2.GaussianBlur(bare, (3, 3), 0), 7), (crop[:, :, 1], 6), (_inset(crop[:, :, 1]), 7)]
    if turned:
        tries += [(cv2.rotate(picture, cv2.ROTATE_180), psm) for picture, psm in tries[:2]]
    for index, (gray, psm) in enumerate(tries):
        heard.append(read(_framed(gray), psm, _READ_DPI))
        word, score = _closest(heard[-1])
        if word and score >= _enough(word, index):
            kind, value = WORDS[word]
            return Marking(kind, value, picture.number, blob.box, round(score / 100, 2))
    if not _stamp_sized(blob, picture):
        return None
    if _sides(mask) >= 2 and not _clearly_else(heard):
        return Marking("unknown", "", picture.number, blob.box, 0.0)
    return None


def _clearly_else(heard: list[str]) -> bool:
    """Two readings agree on letters that resemble no secrecy word: a red box with another text (a form's label, a
    name).
    """
    keys = [key(text) for text in heard]
    long = [each for each in keys if sum(ch.isalpha() for ch in each) >= 4]
    if any(fuzz.partial_ratio(word, each) >= 60 for word in _SECRET for each in keys if each):
        return False
    return len(long) >= 2 and fuzz.ratio(long[0], long[1]) >= 70


def _enough(word: str, attempt: int) -> float:
    """The score at which a reading is believed: low for secrecy (a false hold is cheap), high for what lets a paper
    pass.
    """
    kind, value = WORDS[word]
    if kind == "secrecy":
        return 75
    if value == "giai-mat":
        return 100  # one letter less is TỐI MẬT
    return 92 if kind == "notice" else (85 if attempt == 0 else 78)


def _closest(text: str) -> tuple[str, float]:
    """The stamp word most like one line of the text; a line among much other text is not a stamp's word."""
    best = ("", 0.0)
    total = max(1, sum(ch.isalpha() for ch in text))
    for line in [*text.splitlines(), text]:
        letters = "".join(part for part in key(line).split() if len(part) > 1 or part == "Y")
        for word, (kind, _) in WORDS.items():
            score = fuzz.ratio(letters, word.replace(" ", ""))
            if kind != "secrecy" and sum(ch.isalpha() for ch in line) < 0.5 * total:
                score = 0.0
            if score > best[1]:
                best = (word, score)
    return best


def _upright(picture: Picture, blob: _Blob) -> np.ndarray:
    margin = 1.5 * 72 / 25.4
    x0, y0, x1, y1 = blob.box
    box = (
        max(0.0, x0 - margin),
        max(0.0, y0 - margin),
        min(picture.width, x1 + margin),
        min(picture.height, y1 + margin),
    )
    crop = picture.crop(box, _READ_DPI)
    if abs(blob.angle) < 0.4:
        return crop
    height, width = crop.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), blob.angle, 1.0)
    long, short = (round((each + 3) * _READ_DPI / 25.4) for each in (blob.long, blob.short))
    turn[0, 2] += long / 2 - width / 2
    turn[1, 2] += short / 2 - height / 2
    return cv2.warpAffine(crop, turn, (long, short), flags=cv2.INTER_LINEAR, borderValue=(255, 255, 255))


def _without_borders(mask: np.ndarray) -> np.ndarray:
    """The frame removed: long horizontal and vertical runs, grown a little."""
    height, width = mask.shape
    across = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, max(9, int(width * 0.22))), np.uint8))
    down = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((max(9, int(height * 0.5)), 1), np.uint8))
    border = cv2.dilate(cv2.bitwise_or(across, down), np.ones((5, 5), np.uint8))
    return cv2.bitwise_and(mask, cv2.bitwise_not(border))


def _sides(mask: np.ndarray) -> int:
    """How many sides of the cut-out show a frame line: some row (column) near the edge is red over most of its
    length.
    """
    height, width = mask.shape
    # A frame scanned a little askew spreads its line over several rows: take windows of 1.2 mm.
    span = max(3, round(1.2 * _READ_DPI / 25.4))
    tall = cv2.dilate(mask, np.ones((span, 1), np.uint8)) > 0
    wide = cv2.dilate(mask, np.ones((1, span), np.uint8)) > 0
    rows, columns = tall.mean(axis=1), wide.mean(axis=0)
    edge_y, edge_x = max(1, int(height * 0.33)), max(1, int(width * 0.2))
    return sum(
        bool(each.max() >= 0.55) for each in (rows[:edge_y], rows[-edge_y:], columns[:edge_x], columns[-edge_x:])
    )


def _inset(gray: np.ndarray) -> np.ndarray:
    cut = round(2.3 * _READ_DPI / 25.4) + round(1.5 * _READ_DPI / 25.4) // 2
    inner = gray[cut:-cut, cut:-cut]
    return inner if min(inner.shape[:2], default=0) > 20 else gray


def _framed(gray: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(cv2.copyMakeBorder(gray, 20, 20, 20, 20, cv2.BORDER_CONSTANT, value=255))


def _black_boxes(picture: Picture, read: ReadText, known: list[Box]) -> list[Marking]:
    """Dark frames of a stamp's size (photocopies, gray scans); only those that can be read count."""
    ratio = _FIND_DPI / (picture.scale * 72)
    gray = cv2.resize(picture.rgb[:, :, 1], None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)
    mask = (gray < 170).astype(np.uint8) * 255
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    kept: list[_Blob] = []
    for blob in sorted(_blobs(mask, list(contours)), key=lambda each: -each.long * each.short):
        inside = any(_overlap(blob.box, box) > 0.5 for box in [*known, *(other.box for other in kept)])
        if _stamp_sized(blob, picture) and not inside:
            kept.append(blob)
    markings = []
    for blob in kept[:8]:
        crop = _upright(picture, blob)
        dark = (crop[:, :, 1] < 150).astype(np.uint8) * 255
        if _sides(dark) < 3:
            continue
        for picture_, psm in ((255 - _without_borders(dark), 7), (_inset(crop[:, :, 1]), 7)):
            word, score = _closest(read(_framed(picture_), psm, _READ_DPI))
            if score >= 80:
                kind, value = WORDS[word]
                markings.append(Marking(kind, value, picture.number, blob.box, round(score / 100, 2)))
                break
    return markings


def _overlap(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / max(0.01, (a[2] - a[0]) * (a[3] - a[1]))
