"""One box of a page read: which stamp it is, or that it could be a secrecy stamp and cannot be read.

Owns the cut-outs shown to the recogniser, likeliest first, and the rule of doubt: a double frame whose word cannot be
read holds the paper, unless it is a printed label that stands alone and reads the same twice (digitizing rules 11.3,
12). It looks for nothing; `stamps` says where to look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import cv2
import numpy as np
from rapidfuzz import fuzz

from scanner_intake.digitize_ocr import Picture
from scanner_intake.digitized import Marking
from scanner_intake.known_boxes import Meaning, closest, enough, resembles_secret
from scanner_intake.layout import Box, key
from scanner_intake.stamp_blobs import MARGIN, Blob, levelled, of_frame, overlap, upright
from scanner_intake.stamp_frames import Frame
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

ReadText = Callable[[np.ndarray, int, float], str]
_CLEAN = 0.8  # letters among what was read
# Likeness of two readings and their letters, where anything else holds.
_OFFICE, _SAME_WORD = (85, 9), (85, 6)
_LEANS, _STRUCK = 7.0, 1.85  # degrees: more than a page lies askew; `value` of a single frame
_BEYOND_DOUBT = 4.0  # of a frame's `value`
# Of a frame's `value` (`stamp_strips.Strip`): from where it holds a paper though nothing can be read in it (black;
# coloured ink, in which there are no lines of print), and from where neither its shape, because a seal may hide an end,
# nor small letters in it matter. From `_NO_PRINT` on these tell of print only when they were read twice alike.
_SURE, _SURE_ALONE, _CERTAIN = 0.7, 0.2, 2.5
_NO_PRINT = 1.5
_SHORTEST, _STAMP_LIKE = (14.0, 17.0), 1.55  # mm; red: a seal's emblem and ring show as frames of up to 15 mm
_BORDERS, _BORDER = 1.7, 0.7  # mm from a frame's outer edge to the letters' ground
_EMPTY, _PALE = 0.012, 24
_NEARLY, _LONG_WORD, _ALIKE_LONG, _ALIKE, _SHORTEST_WORD = 70, 5, 66, 70, 3
_BLACK_TRIES = 5
_SAME = 0.5
_SURFACE = 0.5  # stamps have at most 0.4 of ink; more is a coloured ground
_TOUCHED = 0.04


@dataclass
class Reader:
    """One page's picture, its recogniser and the words that stamps may have; `done` are the boxes that need no second
    look.
    """

    picture: Picture
    read: ReadText
    known: dict[str, Meaning]
    done: list[Box] = field(default_factory=list)

    def frame(self, frame: Frame) -> Marking | None:
        """The stamp in a double frame; kind "unknown" when it may be a secrecy stamp."""
        blob = of_frame(frame)
        crop = upright(self.picture, blob)
        mask = _ink(crop, frame.ink)
        if no_letters(mask) or _empty(crop):
            self.done.append(blob.box)
            return None
        shaped = frame.long >= max(_SHORTEST[frame.ink == "red"], _STAMP_LIKE * frame.short)
        sure = frame.value >= _CERTAIN or (shaped and frame.value >= (_SURE if frame.ink == "black" else _SURE_ALONE))
        heard: list[str] = []
        for index, (gray, psm) in enumerate(islice(_frame_tries(crop, mask, frame.ink), None if sure else 3)):
            heard.append(self.read(framed(gray), psm, READ_DPI))
            marking = self._known(heard[-1], index, blob, bordered=True)
            if marking is not None:
                return marking
        doubted = not sure or _print(heard, frame.value)
        if doubted and not resembles_secret(filter(_whole, heard), _ALIKE):
            return None
        # Small letters in a frame beyond doubt are lines of print that the stamp was pressed on, not its word.
        label = (_alone(mask) or not sure) and not (frame.value >= _BEYOND_DOUBT and _running_text(heard))
        if (label and _clearly_else(heard)) or self._harmless(heard) or _heading(heard):
            self.done.append(blob.box)
            return None
        return self._unknown(blob)

    def single(self, frame: Frame) -> Marking | None:
        """The stamp in a frame of one border, in either direction; kind "unknown" when it may be a secrecy stamp: its
        reading resembles one, or it stands askew on the page, as no form's box does, and has no other word.
        """
        blob = of_frame(frame)
        crop = upright(self.picture, blob)
        mask = _ink(crop, frame.ink)
        if no_letters(mask) or _empty(crop):
            return None
        heard: list[str] = []
        askew = _askew(frame)
        for gray, psm in _single_tries(crop, mask, frame.ink):
            heard.append(self.read(framed(gray), psm, READ_DPI))
            marking = None if _running_text(heard[-1:]) else self._known(heard[-1], 1, blob, bordered=False)
            if marking is not None:
                return marking
            if len(heard) % 2 == 0 and not askew and (_clearly_else(heard) or sum(map(_plain_print, heard)) > 1):
                break
        if self._harmless(heard):
            return None
        if askew and not any(_clearly_else(one_way, *_SAME_WORD) for one_way in (heard[::2], heard[1::2])):
            return self._unknown(blob)
        whole = [text for text in heard if _whole(text)]
        long = [text for text in whole if len(key(text)) >= _LONG_WORD]
        if resembles_secret(whole, _ALIKE) or resembles_secret(long, _ALIKE_LONG):
            return self._unknown(blob)
        return None

    def box(self, blob: Blob, *, black: bool = False, placed: bool = False) -> Marking | None:
        """The stamp in a red (or black) region; `placed`: it has a secrecy stamp's size and place, so that an unread
        one in a frame is "unknown". A red one elsewhere is when its reading resembles a secrecy word.
        """
        if abs(blob.angle) > 2 and not blob.level:
            blob = levelled(self.picture, blob, black=black)
        crop = upright(self.picture, blob)
        mask = dark_mask(crop) if black else red_mask(crop, 32)
        if no_letters(mask):
            return None
        closed = sides(mask)
        bordered = double(mask) if black else closed >= 3 and mask.mean() < _SURFACE * 255
        heard: list[str] = []
        on_head = closed >= 3 or (not black and (closed > 0 or abs(blob.angle) > 20))
        tries = islice(_tries(crop, mask, on_head=on_head), _BLACK_TRIES if black else None)
        for index, (gray, psm) in enumerate(tries):
            heard.append(self.read(framed(gray), psm, READ_DPI))
            if black and not bordered and _running_text(heard[-1:]):
                continue  # print between two strokes; one of its words may look like a secrecy word
            capital = closed == 4 and blob.long >= _SHORTEST[0] and not any(ch.islower() for ch in heard[-1])
            around = capital if black else bordered
            marking = self._known(heard[-1], index, blob, bordered=around)
            if marking is not None:
                return marking
        if closed >= 3 and not _clearly_else(heard) and resembles_secret(_whole_lines(heard), _ALIKE):
            return self._unknown(blob)
        if not bordered or _clearly_else(heard) or (not black and self._harmless(heard)):
            return None
        if not placed and (black or not resembles_secret(heard)):
            return None
        return self._unknown(blob)

    def _harmless(self, heard: list[str]) -> bool:
        """Whether a stamp was read badly, but like a harmless word and like no secrecy word."""
        if resembles_secret(heard):
            return False
        cut = [text for text in heard if sum(ch.isupper() for ch in text) >= max(4, sum(ch.islower() for ch in text))]
        matches = (closest(text, self.known) for text in cut)
        return any(len(word) >= _LONG_WORD and score >= _NEARLY for word, score in matches)

    def seen(self, box: Box) -> bool:
        """Whether what stands there was judged before."""
        return any(overlap(box, each) > _SAME for each in self.done)

    def _known(self, text: str, index: int, blob: Blob, *, bordered: bool) -> Marking | None:
        word, score = closest(text, self.known)
        if not word or score < enough(word, index, self.known):
            return None
        if (
            word == "MAT"
            and not bordered
            and closest("\n".join(filter(_whole, text.splitlines())), self.known)[0] != word
        ):
            return None  # two letters of three outside a frame: a speck of a picture
        kind, value = self.known[word]
        self.done.append(blob.box)
        return Marking(kind, value, self.picture.number, blob.box, round(score / 100, 2))

    def _unknown(self, blob: Blob) -> Marking:
        self.done.append(blob.box)
        return Marking("unknown", "", self.picture.number, blob.box, 0.0)


def _ink(crop: np.ndarray, ink: str) -> np.ndarray:
    if ink == "red":
        return red_mask(crop, 32)
    if ink == "blue":
        return cv2.threshold(cv2.subtract(crop[:, :, 2], cv2.min(crop[:, :, 0], crop[:, :, 1])), 32, 255, 0)[1]
    return dark_mask(crop)


def _askew(frame: Frame) -> bool:
    """Whether a well drawn frame of a secrecy stamp's shape leans as nothing printed on a page does."""
    leans = abs((frame.angle + 45) % 90 - 45) >= _LEANS
    return leans and frame.value >= _STRUCK and frame.long >= max(_SHORTEST[1], _STAMP_LIKE * frame.short)


def _inner(gray: np.ndarray, borders: float = _BORDERS) -> np.ndarray:
    cut = round((MARGIN + borders) * READ_DPI / 25.4)
    part = gray[cut:-cut, cut:-cut]
    return part if min(part.shape[:2], default=0) > 20 else gray


def _empty(crop: np.ndarray) -> bool:
    """Whether nothing stands in a frame, be it ever so pale; a hand's own lines may lean into it."""
    part = _inner(crop).min(axis=2)
    aside = round(0.12 * min(part.shape))
    part = part[aside:-aside, aside:-aside]
    return bool((part < np.percentile(part, 90) - _PALE).mean() < _EMPTY)


def _alone(mask: np.ndarray) -> bool:
    """Whether nothing touches a frame from outside: print that runs into it would be read instead of the stamp."""
    reach = round(0.9 * READ_DPI / 25.4)
    edge = np.concatenate([each.ravel() for each in (mask[:reach], mask[-reach:], mask[:, :reach], mask[:, -reach:])])
    return bool(edge.mean() < _TOUCHED * 255)


def _frame_tries(crop: np.ndarray, mask: np.ndarray, ink: str) -> Iterator[tuple[np.ndarray, int]]:
    """Pictures of what stands in a frame, the likeliest first, at last on its head."""
    bare = 255 - cv2.GaussianBlur(_inner(mask), (3, 3), 0)
    gray = np.ascontiguousarray(_inner(crop[:, :, 0] if ink == "blue" else crop[:, :, 1]))
    yield (bare if ink != "black" else gray), 7
    yield (gray if ink != "black" else bare), 7
    yield cv2.rotate(bare, cv2.ROTATE_180), 7
    yield 255 - cv2.GaussianBlur(without_borders(mask), (3, 3), 0), 7
    yield cv2.rotate(gray, cv2.ROTATE_180), 7


def _single_tries(crop: np.ndarray, mask: np.ndarray, ink: str) -> Iterator[tuple[np.ndarray, int]]:
    """Pictures of what stands in a frame of one border, the likeliest first; every second one is on its head."""
    gray = _inner(crop[:, :, 0] if ink == "blue" else crop[:, :, 1], _BORDER)
    inside = _inner(mask, _BORDER)
    smooth = 255 - cv2.GaussianBlur(cv2.medianBlur(inside, 5), (5, 5), 0)
    for picture, psm in ((255 - cv2.GaussianBlur(inside, (3, 3), 0), 8), (smooth, 7), (_stretched(gray), 7)):
        yield picture, psm
        yield cv2.rotate(picture, cv2.ROTATE_180), psm


def _stretched(gray: np.ndarray) -> np.ndarray:
    """The same with faint ink made dark."""
    dark, light = np.percentile(gray, (2, 90)).tolist()
    soft = cv2.GaussianBlur(gray, (0, 0), 1.5).astype(np.float32)
    return np.clip((soft - dark) * 255 / max(_PALE, light - dark), 0, 255).astype(np.uint8)


def _tries(crop: np.ndarray, mask: np.ndarray, *, on_head: bool) -> Iterator[tuple[np.ndarray, int]]:
    """Pictures of one box to read, the likeliest first; `on_head`: at last upside down, as a paper may lie."""
    bare = 255 - cv2.GaussianBlur(without_borders(mask), (3, 3), 0)
    yield bare, 7
    yield crop[:, :, 1], 6
    yield inset(crop[:, :, 1]), 7
    if on_head:
        yield cv2.rotate(bare, cv2.ROTATE_180), 7
        yield cv2.rotate(np.ascontiguousarray(crop[:, :, 1]), cv2.ROTATE_180), 6
    yield inset(bare), 8


def _running_text(heard: list[str]) -> bool:
    """Whether something was read in small letters, of which a stamp has none: lines of print that lie like a frame."""
    return any(sum(ch.islower() for ch in text) >= max(3, sum(ch.isupper() for ch in text)) for text in heard)


def _heading(heard: list[str]) -> bool:
    """Whether two readings agree on a whole line of capitals, whatever touches the frame: an office's name in the upper
    part of its arrival stamp.
    """
    capital = [text for text in heard if _whole(text) and not any(map(str.isdigit, text)) and not _running_text([text])]
    return _clearly_else(capital, *_OFFICE)


def _plain_print(text: str) -> bool:
    """Whether a reading is clean print in small letters."""
    letters = sum(ch.isalpha() for ch in text)
    return _running_text([text]) and letters >= max(_LONG_WORD, _CLEAN * sum(not ch.isspace() for ch in text))


def _whole(text: str) -> bool:
    """Whether a reading has the letters of the shortest secrecy word: two of them any two strokes may be."""
    return sum(ch.isalpha() for ch in key(text)) >= _SHORTEST_WORD


def _whole_lines(heard: list[str]) -> list[str]:
    return [line for text in heard for line in text.splitlines() if _whole(line)]


def _print(heard: list[str], value: float) -> bool:
    """Whether what was read in a frame of this value are lines of print that lie like one: in small letters, and (of a
    surer frame) twice alike.
    """
    small = [text for text in heard if _running_text([text])]
    return bool(small) and (value < _NO_PRINT or (value < _CERTAIN and _clearly_else(small)))


def _clearly_else(heard: list[str], alike: float = 70, letters: int = 4) -> bool:
    """Two readings agree on letters that resemble no secrecy word: a box with another text (a form's label, a name)."""
    long = [each for each in map(key, heard) if sum(ch.isalpha() for ch in each) >= letters]
    if resembles_secret(heard):
        return False
    return any(fuzz.ratio(a, b) >= alike for i, a in enumerate(long) for b in long[i + 1 :])
