"""Whether a HEIC photo is one, and whether all of it is there.

Owns a small reader of ISO base media boxes (ISO/IEC 14496-12): the boxes fill the file, and every piece of every item
lies inside it. It decodes nothing. Invariant: every loop is bounded by the file's length.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator

Bytes = bytes | mmap.mmap
_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
_OTHERS = (b"avif", b"avis", b"jpeg", b"j2ki")  # the same box, pictures no kept library decodes
_MOST_ITEMS = 10_000


def is_heic(head: bytes) -> bool:
    """By the file type box at the beginning: a photo whose pictures are coded in HEVC."""
    if head[4:8] != b"ftyp":
        return False
    size = int.from_bytes(head[:4], "big")
    brands = [head[8:12]] + [head[at : at + 4] for at in range(16, min(size, len(head)), 4)]
    return head[8:12] in _BRANDS and not any(each in _OTHERS for each in brands)


def is_whole(view: Bytes) -> bool:
    """True when the boxes end with the file and the item table names nothing outside it."""
    meta = False
    end = 0
    for name, start, end in _boxes(view, 0, len(view)):
        if end > len(view):
            return False
        if name == b"meta":
            meta = True
            if not _items_inside(view, start + 4, end):
                return False
    return meta and end == len(view)


def _boxes(view: Bytes, place: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, start of the content and end of each box; a box that overruns is the last one."""
    while place + 8 <= end:
        size, start = int.from_bytes(view[place : place + 4], "big"), place + 8
        name = bytes(view[place + 4 : place + 8])
        if size == 1:
            size, start = int.from_bytes(view[place + 8 : place + 16], "big"), place + 16
        elif size == 0:
            size = end - place
        if size < start - place:
            yield name, start, len(view) + 1
            return
        yield name, start, place + size
        place += size
    if place != end:
        yield b"", place, len(view) + 1


def _items_inside(view: Bytes, place: int, end: int) -> bool:
    for name, start, stop in _boxes(view, place, end):
        if stop > end:
            return False
        if name == b"iloc" and any(piece > len(view) for piece in _ends(view, start, stop)):
            return False
    return True


def _ends(view: Bytes, place: int, stop: int) -> Iterator[int]:
    """Where each piece of each item ends in the file (ISO/IEC 14496-12, 8.11.3)."""
    version = view[place]
    sizes = int.from_bytes(view[place + 4 : place + 6], "big")
    offset, length, base, index = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15
    wide = 2 if version < 2 else 4
    place += 6

    def number(count: int) -> int:
        nonlocal place
        value = int.from_bytes(view[place : place + count], "big")
        place += count
        return value

    for _ in range(min(number(wide), _MOST_ITEMS)):
        if place >= stop:
            yield len(view) + 1
            return
        number(wide)
        method = number(2) & 15 if version in (1, 2) else 0
        number(2)
        start = number(base)
        for _ in range(min(number(2), _MOST_ITEMS)):
            if version in (1, 2):
                number(index)
            at = start + number(offset)
            size = number(length)
            if method == 0:  # in this file; other pieces lie in the table itself
                yield at + size
