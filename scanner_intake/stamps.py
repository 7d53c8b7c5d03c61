"""Red stamps of a page: secrecy, urgency, notices, the arrival stamp and the seal, told apart by size, frame and words.

Owns the reader of red boxes (digitizing rules 11.3 and 12; sizes of vietnam-rules 1.4 and 7: secrecy 20-40 x 8 mm
with a double frame, urgency 20-40 x 8 mm with a single frame, ĐẾN 35 x 50 mm, seals round). Black frames are read
too: photocopies have no red. It decides nothing about the paper; `secrecy` does.

Invariant: a red box of a secrecy stamp's size and place that could not be read comes back as kind "unknown", never as
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from rapidfuzz import fuzz

from scanner_intake.digitize_ocr import Picture, flatten
from scanner_intake.digitized import Marking
from scanner_intake.known_boxes import Meaning, closest, enough, resembles_secret, words
from scanner_intake.layout import Box, key
from scanner_intake.stamp_frames import Frame, line_frames
from scanner_intake.stamp_ink import (
    READ_DPI,
    dark_mask,
    double,
    framed,
    inset,
    no_letters,
    red_mask,
    sides,
    without_borders,
)

_FIND_DPI = 100
_MOST_READ = 14
_MOST_LINED = 4

ReadText = Callable[[np.ndarray, int, float], str]


@dataclass(frozen=True)
class _Blob:
    """A connected red region: upright box in points, rotated rectangle in millimetres and its angle in degrees."""

    box: Box
    long: float
    short: float
    angle: float
    doubled: bool = False  # both long sides were found drawn twice
    level: bool = False  # the angle is that of its lines

    @property
    def aspect(self) -> float:
        return self.long / max(self.short, 0.1)


def find_markings(picture: Picture, read: ReadText, harmless: Sequence[str] = ()) -> list[Marking]:
    """Every stamp of the page. `read(gray, psm, dpi)` gives the text of a small picture; `harmless` are further words
    in a frame that do not hold a paper.
    """
    look = _Look(picture, read, words(harmless))
    markings: list[Marking] = []
    candidates: list[_Blob] = []
    for blob in _red_blobs(picture):
        if blob.aspect <= 1.35 and blob.short >= 27 and blob.long <= 50 and _round(picture, blob):
            markings.append(Marking("seal", "", picture.number, blob.box, 0.8))
        elif 10 <= blob.long <= 75 and 4 <= blob.short <= 30 and blob.aspect >= 1.3:
            candidates.append(blob)
        elif blob.short >= 18:
            markings += look.inside(blob)
    candidates.sort(key=lambda blob: (not _stamp_sized(blob, picture), -blob.long * blob.short))
    for blob in candidates[:_MOST_READ]:
        marking = look.identify(blob)
        if marking is None and blob.short > 14:
            markings += look.inside(blob)
        elif marking is not None:
            markings.append(marking)
    for blob in candidates[_MOST_READ:]:
        if _stamp_sized(blob, picture):  # never leave a possible secrecy stamp unread without saying so
            markings.append(Marking("unknown", "", picture.number, blob.box, 0.0))
    return markings + look.black_boxes([each.box for each in markings if each.kind != "seal"])


def _stamp_sized(blob: _Blob, picture: Picture) -> bool:
    """Whether the blob has a secrecy stamp's size (pad smear and scan tolerance allowed) and a place for one."""
    x, y = (blob.box[0] + blob.box[2]) / 2, (blob.box[1] + blob.box[3]) / 2
    placed = x < 0.62 * picture.width and 0.02 * picture.height < y < 0.6 * picture.height
    return placed and 14 <= blob.long <= 50 and 5.5 <= blob.short <= 17 and blob.aspect >= 1.5


def _red_blobs(picture: Picture) -> list[_Blob]:
    ratio = _FIND_DPI / (picture.scale * 72)
    small = cv2.resize(picture.rgb, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)
    mask = cv2.morphologyEx(red_mask(small, 45), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
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


@dataclass
class _Look:
    """One page being looked at: its picture, the reader and the words that stamps may have."""

    picture: Picture
    read: ReadText
    known: dict[str, Meaning]

    def identify(self, blob: _Blob, *, black: bool = False) -> Marking | None:
        """The stamp in a red (or black) box; kind "unknown" for one that could be a secrecy stamp and was not read."""
        if abs(blob.angle) > 2 and not blob.level:
            blob = _levelled(self.picture, blob, black=black)
        crop = _upright(self.picture, blob)
        mask = dark_mask(crop) if black else red_mask(crop, 32)
        if no_letters(mask):
            return None
        bordered = _double(blob, mask) if black else sides(mask) >= 2
        heard: list[str] = []
        for index, (gray, psm) in enumerate(_tries(crop, mask, turned=abs(blob.angle) > 20)):
            heard.append(self.read(framed(gray), psm, READ_DPI))
            word, score = closest(heard[-1], self.known)
            if word and score >= enough(word, index, self.known):
                if word == "MAT" and len(key(heard[-1])) < len(word) and not (bordered and sides(mask) >= 3):
                    continue  # two letters of three outside a frame: a speck of a picture
                kind, value = self.known[word]
                return Marking(kind, value, self.picture.number, blob.box, round(score / 100, 2))
        if not _stamp_sized(blob, self.picture):
            return None
        if bordered and not _clearly_else(heard):
            return Marking("unknown", "", self.picture.number, blob.box, 0.0)
        return None

    def inside(self, blob: _Blob) -> list[Marking]:
        """Stamps within a large red region: the arrival stamp, or boxes that a seal or another stamp runs into."""
        if 28 <= blob.short <= 45 and 38 <= blob.long <= 65:
            crop = _upright(self.picture, blob)
            text = key(self.read(framed(crop[:, :, 1]), 6, READ_DPI))
            if fuzz.partial_ratio("VAN BAN DEN", text) >= 80 or ("DEN" in text.split() and "NGAY" in text):
                return [Marking("arrival-stamp", "den", self.picture.number, blob.box, 0.9)]
        found = [self.identify(each) for each in _ruled_boxes(self.picture, blob)]
        markings = [each for each in found if each is not None]
        if not markings and blob.aspect <= 1.2 and blob.long <= 50 and blob.short >= 27:
            return [Marking("seal", "", self.picture.number, blob.box, 0.6)]
        sized = 28 <= blob.short <= 45 and 38 <= blob.long <= 65 and 1.2 < blob.aspect <= 1.9
        if not markings and sized and sides(red_mask(_upright(self.picture, blob), 32)) >= 3:
            markings = [Marking("arrival-stamp", "den", self.picture.number, blob.box, 0.5)]
        return markings

    def black_boxes(self, known: list[Box]) -> list[Marking]:
        """Dark frames of a stamp's size (photocopies, gray and bitonal scans)."""
        kept = []
        gray = _gray(self.picture)
        for blob in _dark_blobs(gray):
            if _stamp_sized(blob, self.picture) and not any(_overlap(blob.box, box) > 0.5 for box in known):
                kept.append(blob)
                known = [*known, blob.box]
        markings = []
        for blob in kept[:8]:
            crop = _upright(self.picture, blob)
            if sides(dark_mask(crop)) < 3:
                continue
            marking = self.identify(blob, black=True)
            if marking is not None and marking.kind != "arrival-stamp":
                markings.append(marking)
        return markings + self._lined_boxes(gray, [*known[: len(known) - len(kept)], *(m.box for m in markings)])

    def _lined_boxes(self, gray: np.ndarray, known: list[Box]) -> list[Marking]:
        """Dark frames that are no region of their own, because print, a table or a pen touches them."""
        markings: list[Marking] = []
        read = 0
        height, width = gray.shape
        for frame in line_frames(gray[: round(0.66 * height), : round(0.7 * width)], _FIND_DPI):
            blob = _of_lines(frame)
            if not _stamp_sized(blob, self.picture) or any(_overlap(blob.box, box) > 0.5 for box in known):
                continue
            mask = dark_mask(_upright(self.picture, blob))
            if no_letters(mask) or (sides(mask) < 3 and not blob.doubled):
                continue
            read += 1
            if read <= _MOST_LINED:
                marking = self.identify(blob, black=True)
                markings += [marking] if marking is not None and marking.kind != "arrival-stamp" else []
            elif _double(blob, mask):
                markings.append(Marking("unknown", "", self.picture.number, blob.box, 0.0))
        return markings


def _of_lines(frame: Frame) -> _Blob:
    turn, point = np.radians(frame.angle), 72 / 25.4
    across = (frame.long * abs(np.cos(turn)) + frame.short * abs(np.sin(turn))) / 2
    down = (frame.long * abs(np.sin(turn)) + frame.short * abs(np.cos(turn))) / 2
    box = tuple(float(each * point) for each in (frame.x - across, frame.y - down, frame.x + across, frame.y + down))
    doubled = frame.doubled == 2 and frame.ends == 2
    return _Blob((box[0], box[1], box[2], box[3]), frame.long, frame.short, frame.angle, doubled, level=True)


def _tries(crop: np.ndarray, mask: np.ndarray, *, turned: bool) -> Iterator[tuple[np.ndarray, int]]:
    """Pictures of one box to read, the likeliest first."""
    bare = 255 - cv2.GaussianBlur(without_borders(mask), (3, 3), 0)
    yield bare, 7
    yield crop[:, :, 1], 6
    yield inset(crop[:, :, 1]), 7
    if turned:
        yield cv2.rotate(bare, cv2.ROTATE_180), 7
        yield cv2.rotate(np.ascontiguousarray(crop[:, :, 1]), cv2.ROTATE_180), 6
    yield inset(bare), 8


def _double(blob: _Blob, mask: np.ndarray) -> bool:
    """Whether the frame has two borders; broken lines are enough where the search by lines saw both. More than 45 %
    of ink is a picture (stamps: at most 35 %).
    """
    return double(mask) or (blob.doubled and mask.mean() < 0.45 * 255 and double(mask, 0.5))


def _clearly_else(heard: list[str]) -> bool:
    """Two readings agree on letters that resemble no secrecy word: a box with another text (a form's label, a name)."""
    long = [each for each in map(key, heard) if sum(ch.isalpha() for ch in each) >= 4]
    if resembles_secret(heard):
        return False
    return any(fuzz.ratio(a, b) >= 70 for i, a in enumerate(long) for b in long[i + 1 :])


def _round(picture: Picture, blob: _Blob) -> bool:
    """Whether a region has a seal's outline: its corners hold no ink, and no straight lines cross it."""
    return not _ruled_boxes(picture, blob)


def _ruled_boxes(picture: Picture, blob: _Blob) -> list[_Blob]:
    """Boxes made of two level red lines, a secrecy stamp's height apart, inside a larger region (a seal's ring has no
    straight run of 13 mm).
    """
    crop = picture.crop(blob.box, _FIND_DPI * 2)
    millimetre = _FIND_DPI * 2 / 25.4
    mask = red_mask(crop, 40)
    mask = cv2.dilate(mask, np.ones((3, 1), np.uint8))
    lines = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, round(13 * millimetre)), np.uint8))
    lines = cv2.morphologyEx(lines, cv2.MORPH_CLOSE, np.ones((5, round(4 * millimetre)), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(lines)
    runs = sorted((int(y), int(x), int(x + w), int(h)) for x, y, w, h, _area in stats[1:])
    runs = [run for run in runs if run[3] < 3.0 * millimetre]
    found = []
    for i, upper in enumerate(runs):
        for lower in reversed(runs[i + 1 :]):
            height = (lower[0] + lower[3] - upper[0]) / millimetre
            left, right = min(upper[1], lower[1]), max(upper[2], lower[2])
            shared = min(upper[2], lower[2]) - max(upper[1], lower[1])
            even = abs(upper[1] - lower[1]) < 5 * millimetre and abs(upper[2] - lower[2]) < 5 * millimetre
            if even and 5.5 <= height <= 11.5 and shared >= 10 * millimetre and (right - left) / millimetre <= 48:
                unit = 72 / (_FIND_DPI * 2)
                x, y = blob.box[0], blob.box[1]
                box = (x + left * unit, y + upper[0] * unit, x + right * unit, y + (lower[0] + lower[3]) * unit)
                found.append(_Blob(box, (right - left) / millimetre, height, 0.0))
                break
    return found[:3]


def _upright(picture: Picture, blob: _Blob) -> np.ndarray:
    margin = 1.5 * 72 / 25.4
    x0, y0, x1, y1 = blob.box
    box = (
        max(0.0, x0 - margin),
        max(0.0, y0 - margin),
        min(picture.width, x1 + margin),
        min(picture.height, y1 + margin),
    )
    crop = picture.crop(box, READ_DPI)
    if abs(blob.angle) < 0.4:
        return crop
    height, width = crop.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), blob.angle, 1.0)
    long, short = (round((each + 3) * READ_DPI / 25.4) for each in (blob.long, blob.short))
    turn[0, 2] += long / 2 - width / 2
    turn[1, 2] += short / 2 - height / 2
    return cv2.warpAffine(crop, turn, (long, short), flags=cv2.INTER_LINEAR, borderValue=(255, 255, 255))


def _levelled(picture: Picture, blob: _Blob, *, black: bool) -> _Blob:
    """The blob with the angle at which its rows of ink are sharpest: an arrow's head or a seal in touch bends the
    smallest rectangle by some degrees.
    """
    crop = picture.crop(blob.box, _FIND_DPI)
    mask = dark_mask(crop) if black else red_mask(crop, 32)
    side = int(np.hypot(*mask.shape)) + 2

    def sharpness(angle: float) -> float:
        turn = cv2.getRotationMatrix2D((mask.shape[1] / 2, mask.shape[0] / 2), angle, 1.0)
        turn[:, 2] += (side / 2 - mask.shape[1] / 2, side / 2 - mask.shape[0] / 2)
        rows = cv2.warpAffine(mask, turn, (side, side), flags=cv2.INTER_LINEAR).sum(axis=1, dtype=np.float64)
        return float((rows**2).sum())

    best = max((blob.angle + step for step in range(-8, 9)), key=sharpness)
    return replace(blob, angle=best)


def _gray(picture: Picture) -> np.ndarray:
    ratio = _FIND_DPI / (picture.scale * 72)
    gray = cv2.resize(picture.rgb[:, :, 1], None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)
    return flatten(np.ascontiguousarray(gray))


def _dark_blobs(gray: np.ndarray) -> list[_Blob]:
    """Dark outlines, large ones first; faint frames too: two limits, over the local paper."""
    found: list[_Blob] = []
    for limit in (170, 215):
        mask = (gray < limit).astype(np.uint8) * 255
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        found += _blobs(mask, list(contours))
    return sorted(found, key=lambda each: -each.long * each.short)


def _overlap(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / max(0.01, (a[2] - a[0]) * (a[3] - a[1]))
