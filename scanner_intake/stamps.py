"""Stamps of a page: secrecy, urgency, notices, the arrival stamp and the seal, told apart by size, frame and words.

Owns where on a page is looked and in which order (digitizing rules 11.3 and 12; sizes of vietnam-rules 1.4 and 7:
secrecy 20-40 x 8 mm with a double frame, urgency 20-40 x 8 mm with a single frame, ĐẾN 35 x 50 mm, seals round). Double
frames are looked for in every ink and at every place; regions of red and dark ink come after, then frames of one border
that neither colour nor outline showed. It decides nothing about the paper; `secrecy` does.

Invariant: a double frame, or a red box of a secrecy stamp's size and place, that could not be read comes back as kind
"unknown", never as nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz import fuzz

from scanner_intake.digitize_ocr import Picture
from scanner_intake.digitized import Marking
from scanner_intake.known_boxes import words
from scanner_intake.layout import Box, key
from scanner_intake.stamp_blobs import Blob, dark_blobs, of_frame, overlap, red_blobs, ruled_boxes, upright
from scanner_intake.stamp_boxes import single_frames
from scanner_intake.stamp_frames import Frame, different, double_frames, straight_lines
from scanner_intake.stamp_ink import READ_DPI, dark_mask, framed, red_mask, sides
from scanner_intake.stamp_planes import Plane, planes
from scanner_intake.stamp_reading import Reader, ReadText

__all__ = ["ReadText", "find_markings"]

_MOST_READ, _MOST_FRAMES, _MOST_DARK, _MOST_BOXES = 14, 6, 8, 8
_SAME = 0.5
_SECRET = ("secrecy", "unknown")
_CELL = 6.0  # points; a table that leans by a degree shifts its cells by that much


def find_markings(picture: Picture, read: ReadText, harmless: Sequence[str] = ()) -> list[Marking]:
    """Every stamp of the page. `read(gray, psm, dpi)` gives the text of a small picture; `harmless` are further words
    in a frame that do not hold a paper.
    """
    reader = Reader(picture, read, words(harmless))
    inks = planes(picture)
    lines = [straight_lines(plane) for plane in inks]
    frames = different([frame for plane, each in zip(inks, lines, strict=True) for frame in double_frames(plane, each)])
    markings = _framed(reader, frames)
    red = next((each for each in inks if each.ink == "red"), None)
    if red is not None:
        markings += _red(reader, red)
    markings += _dark(reader, inks[0])
    boxes = [box for plane, each in zip(inks, lines, strict=True) for box in single_frames(plane, *each, frames)]
    return markings + _boxed(reader, sorted(boxes, key=lambda each: -each.value))


def _boxed(reader: Reader, boxes: list[Frame]) -> list[Marking]:
    """Stamps in frames of one border that no search by colour or outline has found.

    Black words of urgency only count where they belong: forms and tables have such words in their boxes.
    """
    blobs = [of_frame(box) for box in boxes]
    markings = []
    for box, blob in list(zip(boxes, blobs, strict=True))[:_MOST_BOXES]:
        if reader.seen(blob.box) or any(_adjoin(blob.box, each.box) for each in blobs if each is not blob):
            continue  # judged before, or a table's cell
        marking = reader.single(box)
        placed = box.ink != "black" or _stamp_sized(blob, reader.picture)
        if marking is not None and (marking.kind in _SECRET or (placed and marking.kind == "urgency")):
            markings.append(marking)
    return markings


def _framed(reader: Reader, frames: list[Frame]) -> list[Marking]:
    """Stamps in double frames. On a page with more of them than can be read the surest are."""
    found = (reader.frame(frame) for frame in frames[:_MOST_FRAMES])
    return [each for each in found if each is not None]


def _red(reader: Reader, plane: Plane) -> list[Marking]:
    """Seals, boxes and the arrival stamp among the regions of red ink."""
    picture = reader.picture
    markings: list[Marking] = []
    candidates: list[Blob] = []
    for blob in red_blobs(plane):
        if reader.seen(blob.box):
            continue
        if blob.aspect <= 1.35 and blob.short >= 27 and blob.long <= 50 and not ruled_boxes(picture, blob):
            markings.append(Marking("seal", "", picture.number, blob.box, 0.8))
        elif 10 <= blob.long <= 75 and 4 <= blob.short <= 30 and blob.aspect >= 1.3:
            candidates.append(blob)
        elif blob.short >= 18:
            markings += _inside(reader, blob)
    candidates.sort(key=lambda blob: (not _stamp_sized(blob, picture), -blob.long * blob.short))
    for blob in candidates[:_MOST_READ]:
        marking = reader.box(blob, placed=_stamp_sized(blob, picture))
        if marking is None and blob.short > 14:
            markings += _inside(reader, blob)
        elif marking is not None:
            markings.append(marking)
    for blob in candidates[_MOST_READ:]:
        if _stamp_sized(blob, picture):  # never leave a possible secrecy stamp unread without saying so
            markings.append(Marking("unknown", "", picture.number, blob.box, 0.0))
    return markings


def _inside(reader: Reader, blob: Blob) -> list[Marking]:
    """Stamps within a large red region: the arrival stamp, or boxes that a seal or another stamp runs into."""
    picture = reader.picture
    sized = 28 <= blob.short <= 45 and 38 <= blob.long <= 65
    if sized:
        text = key(reader.read(framed(upright(picture, blob)[:, :, 1]), 6, READ_DPI))
        if fuzz.partial_ratio("VAN BAN DEN", text) >= 80 or ("DEN" in text.split() and "NGAY" in text):
            return [Marking("arrival-stamp", "den", picture.number, blob.box, 0.9)]
    found = [reader.box(each, placed=_stamp_sized(each, picture)) for each in ruled_boxes(picture, blob)]
    markings = [each for each in found if each is not None]
    if not markings and blob.aspect <= 1.2 and blob.long <= 50 and blob.short >= 27:
        return [Marking("seal", "", picture.number, blob.box, 0.6)]
    if not markings and sized and 1.2 < blob.aspect <= 1.9 and sides(red_mask(upright(picture, blob), 32)) >= 3:
        markings = [Marking("arrival-stamp", "den", picture.number, blob.box, 0.5)]
    return markings


def _dark(reader: Reader, plane: Plane) -> list[Marking]:
    """Dark single frames of a stamp's size (photocopies, gray and bitonal scans); the cells of a table are none.

    Where stamps of secrecy do not belong a frame only counts by its word.
    """
    kept: list[Blob] = []
    outlines = dark_blobs(plane)
    for blob in outlines:
        if _framed_word(blob) and not any(overlap(blob.box, each.box) > _SAME for each in kept):
            kept.append(blob)
    markings = []
    single = [blob for blob in kept if not any(_adjoin(blob.box, each.box) for each in outlines if each is not blob)]
    single.sort(key=lambda blob: not _stamp_sized(blob, reader.picture))
    for blob in single[:_MOST_DARK]:
        if not reader.seen(blob.box) and sides(dark_mask(upright(reader.picture, blob))) >= 3:
            placed = _stamp_sized(blob, reader.picture)
            marking = reader.box(blob, black=True, placed=placed)
            if marking is not None and (marking.kind in _SECRET or (placed and marking.kind != "arrival-stamp")):
                markings.append(marking)
    return markings


def _framed_word(blob: Blob) -> bool:
    """Whether a dark outline may be a frame with a stamp's word in it."""
    return 10 <= blob.long <= 60 and 5.5 <= blob.short <= 18 and blob.aspect >= 1.25


def _adjoin(a: Box, b: Box) -> bool:
    """Whether two boxes lie side by side or one above the other as cells do."""
    across = abs(a[0] - b[0]) < _CELL and abs(a[2] - b[2]) < _CELL
    beside = abs(a[1] - b[1]) < _CELL and abs(a[3] - b[3]) < _CELL
    stacked = min(abs(a[3] - b[1]), abs(b[3] - a[1])) < _CELL
    in_row = min(abs(a[2] - b[0]), abs(b[2] - a[0])) < _CELL
    return (across and stacked) or (beside and in_row)


def _stamp_sized(blob: Blob, picture: Picture) -> bool:
    """Whether the blob has a secrecy stamp's size (pad smear and scan tolerance allowed) and a place for one."""
    x, y = (blob.box[0] + blob.box[2]) / 2, (blob.box[1] + blob.box[3]) / 2
    placed = x < 0.62 * picture.width and 0.02 * picture.height < y < 0.6 * picture.height
    return placed and 14 <= blob.long <= 50 and 5.5 <= blob.short <= 17 and blob.aspect >= 1.5
