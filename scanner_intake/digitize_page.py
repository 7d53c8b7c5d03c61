"""One page: its picture made upright, its words, its stamps and its layers, in one visit.

Owns the order of what is done to a picture (digitizing rules 6.1) and what is remembered of it: words, markings and
coded layers, never pixels. It runs only inside the limited child and keeps no text outside memory.

Invariant: words, boxes and layers of one page speak of the same upright picture.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from scanner_intake import blank, deskew, digitize_ocr, layers
from scanner_intake.arrival import read_arrival
from scanner_intake.describe import cut_header
from scanner_intake.digitize_ocr import Picture, Reading
from scanner_intake.digitized import Field, Marking
from scanner_intake.gray_seals import find_seals
from scanner_intake.header import GapInk, cut_headers, digit_rows, look_into_gaps
from scanner_intake.layers import Layers
from scanner_intake.layout import Box, Line, PageText
from scanner_intake.source_types import SourcePage
from scanner_intake.stamps import find_markings
from scanner_intake.text_layer import PlacedLine

_UNSURE = 0.62
_HEADER = 0.34
_FEW_WORDS = 3
_LEAST_WORDS = 3  # a line of fewer does not say which way it runs
_MILLIMETRE = 72 / 25.4


@dataclass(frozen=True)
class Wanted:
    """What is asked of a page: the language, whether its picture may be turned and levelled, whether layers are made,
    whether it may be found blank, and which further stamps in a frame do not hold a paper.
    """

    language: str = "vie"
    turnable: bool = True
    layered: bool = True
    hideable: bool = False
    harmless: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seen:
    """What one page gave, in the coordinates of its upright picture (`number` is its place in the archive copy).

    `turn` is how far it was turned clockwise, `skew` the angle taken out after that; `own_text` that its words were in
    the file already; `layers` is None when the page is not built from them.
    """

    reading: Reading
    markings: tuple[Marking, ...] = ()
    warnings: frozenset[str] = frozenset()
    own_text: bool = False
    turn: int = 0
    skew: float = 0.0
    layers: Layers | None = None
    blank: bool = False
    arrival: Field | None = None


def look(page: SourcePage, number: int, own: Reading | None, wanted: Wanted) -> tuple[Seen, Picture]:
    """Words, stamps and layers of `page`, which will be page `number`; `own` are the words it brings along.

    The picture is for a second look while it is still there. Raises: Refused, RecognitionFailed.
    """
    cv2.setNumThreads(1)
    picture = digitize_ocr.picture_of(number, page.picture(), page.size_pt)
    turn, angle = 0, 0.0
    if own is None:
        reading = digitize_ocr.read_page(picture, wanted.language)
        if wanted.turnable:
            # Read without a fault, lines that run down tell their way; read badly, they may stand on their heads.
            turn = digitize_ocr.orientation(picture) if _maybe_turned(reading, picture) else 0
            turn = turn or standing(reading)
            if turn:
                picture = _turned(picture, turn)
                reading = digitize_ocr.read_page(picture, wanted.language)
        if wanted.hideable and _words(reading) <= _FEW_WORDS and blank.is_blank(picture.native, _dpi(picture)):
            return Seen(reading, blank=True), picture
        if wanted.layered:
            angle = page_skew(reading)
            if angle:
                picture, reading = _level(picture, reading, angle)
    else:
        reading = replace(own, page=replace(own.page, number=number))
    warnings = set()
    if own is None and picture.colourless:
        warnings.add("marking-not-checked")  # no colour: stamps can only be found by their words (digitizing rules 12)

    def read(gray: np.ndarray, psm: int, dpi: float) -> str:
        return digitize_ocr.read_text(gray, psm=psm, dpi=dpi, language=wanted.language)

    markings = tuple(find_markings(picture, read, wanted.harmless))
    arrival = read_arrival(picture.crop, markings, read)
    made = layers.split(picture.native, _dpi(picture), picture.half) if wanted.layered else None
    return Seen(reading, markings, frozenset(warnings), own is not None, turn, angle, made, arrival=arrival), picture


def again(page: SourcePage, number: int, seen: Seen) -> Picture:
    """The same upright picture once more."""
    picture = digitize_ocr.picture_of(number, page.picture(), page.size_pt)
    if seen.turn:
        picture = _turned(picture, seen.turn)
    if seen.skew:
        size = (picture.width, picture.height)
        picture = digitize_ocr.picture_of(number, deskew.turn_pixels(picture.native, seen.skew), size)
    return picture


def relayered(page: SourcePage, number: int, seen: Seen) -> Layers:
    """The layers of a page for which none were made."""
    picture = again(page, number, seen)
    return layers.split(picture.native, _dpi(picture), picture.half)


def placed_lines(seen: Seen, *, skewed: bool) -> tuple[PlacedLine, ...]:
    """The words for the text layer: level for a page built from its upright picture, else (`skewed`) where the
    scanner's own pixels have them.
    """
    size = (seen.reading.page.width, seen.reading.page.height)
    back = -seen.skew if skewed else 0.0
    rise = _common_slope(seen) if skewed else 0.0
    placed = []
    for line, box, baseline in zip(seen.reading.page.lines, seen.reading.boxes, seen.reading.baselines, strict=True):
        words = tuple((word.text, word.box) for word in line.words)
        middle = (box[0] + box[2]) / 2
        x, y = middle, baseline.slope * (middle - box[0]) + box[3] + baseline.offset
        if back:
            words = tuple((text, deskew.turn_box(place, back, size)) for text, place in words)
            x, y = deskew.turn_point(x, y, back, size)
        tall = min(box[3] - box[1], 2.2 * line.height + 1.4)
        placed.append(PlacedLine(words, rise, y - rise * x, tall))
    return tuple(placed)


def page_skew(reading: Reading) -> float:
    """The angle to take out of a page, in degrees (0.0 for none)."""
    strokes = []
    for box, baseline in zip(reading.boxes, reading.baselines, strict=True):
        strokes.append((box[0], 0.0, box[2], baseline.slope * (box[2] - box[0])))
    return deskew.skew(strokes, reading.page.width)


def header_again(picture: Picture, seen: Seen, language: str) -> tuple[Line, ...]:
    """A second reading of page 1's header at 300 dpi: two readings that agree are a fact, one alone is not."""
    if seen.own_text or not seen.reading.page.lines:
        return ()
    covers = [each.box for each in seen.markings if each.kind == "arrival-stamp"]
    header = cut_header(seen.reading.page, seen.reading.page.lines, covers)
    rows = digit_rows(header)
    if not rows:
        zone = (0.0, 0.0, picture.width, _HEADER * picture.height)
        return digitize_ocr.read_zone(picture, zone, dpi=300, psm=4, language=language)
    # A single row needs no search for columns, which would cost more than reading it.
    read = (digitize_ocr.read_zone(picture, row, dpi=300, psm=6, language=language) for row in rows)
    return tuple(line for lines in read for line in lines)


def header_inks(picture: Picture, seen: Seen, second: tuple[Line, ...], language: str) -> dict[str, GapInk]:
    """What stands in the gaps for number and day: print, a pen's strokes or nothing."""
    if seen.own_text or not seen.reading.page.lines:
        return {}
    covers = [each.box for each in seen.markings if each.kind == "arrival-stamp"]
    header, _other = cut_headers(seen.reading.page, second, covers)

    def read(gray: np.ndarray, psm: int, dpi: float) -> str:
        return digitize_ocr.read_text(gray, psm=psm, dpi=dpi, language=language)

    return look_into_gaps(header, picture.crop, read)


def signature_again(picture: Picture, box: Box, language: str) -> PageText:
    """A page of nothing but the signature block, read at 300 dpi with seal and pen strokes taken out."""
    lines = digitize_ocr.read_zone(picture, box, dpi=300, psm=6, language=language, bare=True)
    return PageText(picture.number, picture.width, picture.height, lines)


def name_again(picture: Picture, box: Box, language: str) -> tuple[Line, ...]:
    """The place under the signer's function, with seal and pen strokes taken out.

    Read as loose text, because what is left of the strokes must not be joined with the name. Without colour nothing
    was taken out, and loose text would be half a name.
    """
    centre, reach = (box[0] + box[2]) / 2, 45 * _MILLIMETRE
    zone = (
        max(0.0, centre - reach),
        box[3],
        min(picture.width, centre + reach),
        min(picture.height, box[3] + 55 * _MILLIMETRE),
    )
    psm = 6 if picture.colourless else 11
    return digitize_ocr.read_zone(picture, zone, dpi=300, psm=psm, language=language, bare=True)


def under_black_seal(picture: Picture, box: Box) -> bool:
    """Whether a seal that could not be taken out stands on `box` or beside it: what is read there may lack a part."""
    if not picture.colourless:
        return False
    gray = digitize_ocr.page_gray(picture.native, _dpi(picture))
    dpi = gray.shape[1] * 72 / picture.width
    pixels = (box[0] * dpi / 72, box[1] * dpi / 72, box[2] * dpi / 72, box[3] * dpi / 72)
    return any(seal.black and seal.hides(pixels) for seal in find_seals(gray, dpi))


def _dpi(picture: Picture) -> float:
    return picture.native.shape[1] * 72 / picture.width


def _words(reading: Reading) -> int:
    return sum(len(line.words) for line in reading.page.lines)


def _maybe_turned(reading: Reading, picture: Picture) -> bool:
    """Whether a page with ink was read so badly that it may lie on its side; blank pages are not worth the time."""
    if reading.confidence >= _UNSURE:
        return False
    return float((picture.rgb[::4, ::4].min(axis=2) < 110).mean()) > 0.004


def standing(reading: Reading) -> int:
    """Degrees to turn clockwise a page whose lines run up or down, 0 when most words stand in level ones.

    The recogniser often reads a sideways page without a fault, so its confidence says nothing; but the page's rows
    are then columns, and no rule finds its place.
    """
    level = falling = rising = 0
    for line in reading.page.lines:
        first, last = line.words[0].box, line.words[-1].box
        across = abs(first[0] + first[2] - last[0] - last[2])
        down = last[1] + last[3] - first[1] - first[3]
        if abs(down) <= 2 * across or len(line.words) < _LEAST_WORDS:
            level += len(line.words)
        elif down > 0:
            falling += len(line.words)
        else:
            rising += len(line.words)
    if max(falling, rising) <= level + min(falling, rising):
        return 0
    return 270 if falling > rising else 90


def _turned(picture: Picture, turn: int) -> Picture:
    native = np.ascontiguousarray(np.rot90(picture.native, -turn // 90))
    size = (picture.width, picture.height) if turn == 180 else (picture.height, picture.width)
    return digitize_ocr.picture_of(picture.number, native, size)


def _level(picture: Picture, reading: Reading, angle: float) -> tuple[Picture, Reading]:
    """The picture turned once, the words moved by calculation: on a level line all stand at one height."""
    size = (picture.width, picture.height)
    lines, boxes, baselines = [], [], []
    for line, box, baseline in zip(reading.page.lines, reading.boxes, reading.baselines, strict=True):
        middle = (box[0] + box[2]) / 2
        _, height = deskew.turn_point(
            middle, baseline.slope * (middle - box[0]) + box[3] + baseline.offset, angle, size
        )
        lines.append(Line(tuple(replace(word, box=deskew.turn_box(word.box, angle, size)) for word in line.words)))
        place = lines[-1].box
        boxes.append(place)
        baselines.append(digitize_ocr.Baseline(0.0, height - place[3]))
    page = replace(reading.page, lines=tuple(lines))
    native = deskew.turn_pixels(picture.native, angle)
    return (
        digitize_ocr.picture_of(picture.number, native, size),
        replace(reading, page=page, boxes=tuple(boxes), baselines=tuple(baselines)),
    )


def _common_slope(seen: Seen) -> float:
    """The slope of the lines on the scanner's own pixels."""
    angle = seen.skew or page_skew(seen.reading)
    return float(np.tan(np.radians(angle)))
