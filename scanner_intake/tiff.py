"""The structure of a TIFF or BigTIFF, and whether every page of it lies inside the file.

Owns a small reader of image file directories (TIFF 6.0, BigTIFF). It looks only at structure: the chain of
directories ends, and every strip, tile or old-style JPEG stream it names is inside the file. It decodes nothing.

Invariant: every loop is bounded by the file's length, and a chain that turns back on itself is not whole.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_RATIONAL = 5
_NUMBERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES, _SUB = 273, 279, 324, 325, 330
_JPEG, _JPEG_BYTES = 513, 514
_MOST_DIRECTORIES = 20_000
_TABLES = 347
_MOST_VALUES = 1_000_000


class _Cut(Exception):
    """Something points outside the file."""


Bytes = bytes | mmap.mmap


def is_whole(view: Bytes) -> bool:
    """True when the directory chain ends at 0 and every named piece of every page is inside the file."""
    try:
        return _Reader(view).walk()
    except (_Cut, struct.error, OverflowError):
        return False


@dataclass(frozen=True)
class Directory:
    """One image file directory: numbers by tag (a rational as its quotient), and the bytes of the JPEG tables."""

    tags: dict[int, list[float]]
    tables: bytes

    def one(self, tag: int, default: int = 0) -> int:
        """The first value of a tag as a whole number."""
        values = self.tags.get(tag)
        return int(values[0]) if values else default

    def all(self, tag: int) -> list[int]:
        """Every value of a tag as whole numbers."""
        return [int(each) for each in self.tags.get(tag, ())]


def directories(view: Bytes, most: int) -> list[Directory]:
    """The first `most` + 1 pages' directories of a TIFF that was found whole; [] when there are none to be read."""
    try:
        reader = _Reader(view)
        return list(reader.pages(most + 1))
    except (_Cut, struct.error, OverflowError):
        return []


class _Reader:
    def __init__(self, view: Bytes) -> None:
        self._view = view
        self._order = "<" if view[:2] == b"II" else ">"
        self._big = self._number("H", 2) == 43
        if self._big and (self._number("H", 4), self._number("H", 6)) != (8, 0):
            raise _Cut

    def walk(self) -> bool:
        place = self._number("Q", 8) if self._big else self._number("I", 4)
        seen: set[int] = set()
        while place:
            if place in seen or len(seen) > _MOST_DIRECTORIES:
                return False
            seen.add(place)
            tags, place = self._directory(place)
            self._check_pieces(tags)
            for below in tags.get(_SUB, [])[:16]:
                if below:
                    inner, _ = self._directory(below)
                    self._check_pieces(inner)
        return bool(seen)

    def pages(self, most: int) -> Iterator[Directory]:
        """The chain of directories with every number in them."""
        place = self._number("Q", 8) if self._big else self._number("I", 4)
        seen: set[int] = set()
        while place and place not in seen and len(seen) < most:
            seen.add(place)
            tags: dict[int, list[float]] = {}
            tables = b""
            for tag, kind, count, at in self._entries(place):
                if tag == _TABLES:
                    tables = bytes(self._view[at : at + count])
                elif count <= _MOST_VALUES:
                    tags.setdefault(tag, self._values(kind, count, at))
            yield Directory(tags, tables)
            place = self._directory(place)[1]

    def _entries(self, place: int) -> Iterator[tuple[int, int, int, int]]:
        """Tag, kind, count and the place of the values of every entry of a directory."""
        number = self._number("Q" if self._big else "H", place)
        place += 8 if self._big else 2
        step = 20 if self._big else 12
        for at in range(place, place + number * step, step):
            count = self._number("Q" if self._big else "I", at + 4)
            kind = self._number("H", at + 2)
            room, value = (8, at + 12) if self._big else (4, at + 8)
            if count * _SIZES.get(kind, 1) > room:
                value = self._number("Q" if self._big else "I", value)
            yield self._number("H", at), kind, count, value

    def _values(self, kind: int, count: int, place: int) -> list[float]:
        piece = self._view[place : place + count * _SIZES.get(kind, 1)]
        if kind in _NUMBERS:
            return [float(each) for each in struct.unpack(f"{self._order}{count}{_NUMBERS[kind]}", piece)]
        if kind == _RATIONAL:
            parts = struct.unpack(f"{self._order}{2 * count}I", piece)
            return [top / below if below else 0.0 for top, below in zip(parts[::2], parts[1::2], strict=True)]
        return []

    def _number(self, form: str, place: int) -> int:
        size = struct.calcsize(form)
        piece = self._view[place : place + size]
        if len(piece) != size:
            raise _Cut
        return int(struct.unpack(self._order + form, piece)[0])

    def _directory(self, place: int) -> tuple[dict[int, list[int]], int]:
        count = self._number("Q" if self._big else "H", place)
        place += 8 if self._big else 2
        step = 20 if self._big else 12
        if place + count * step > len(self._view):
            raise _Cut
        tags: dict[int, list[int]] = {}
        for index in range(count):
            self._entry(place + index * step, tags)
        following = self._number("Q" if self._big else "I", place + count * step)
        return tags, following

    def _entry(self, place: int, tags: dict[int, list[int]]) -> None:
        tag, kind = self._number("H", place), self._number("H", place + 2)
        count = self._number("Q" if self._big else "I", place + 4)
        room, place = (8, place + 12) if self._big else (4, place + 8)
        length = count * _SIZES.get(kind, 1)
        if length > room:
            place = self._number("Q" if self._big else "I", place)
        if place + length > len(self._view):
            raise _Cut
        if tag in (_STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES, _SUB, _JPEG, _JPEG_BYTES) and kind in _NUMBERS:
            form = f"{self._order}{count}{_NUMBERS[kind]}"
            tags[tag] = list(struct.unpack(form, self._view[place : place + length]))

    def _check_pieces(self, tags: dict[int, list[int]]) -> None:
        pairs = list(_pairs(tags))
        if not pairs:
            raise _Cut
        for start, length in pairs:
            if start + length > len(self._view) or start == 0 < length:
                raise _Cut


def _pairs(tags: dict[int, list[int]]) -> Iterator[tuple[int, int]]:
    for places, lengths in ((_STRIPS, _STRIP_BYTES), (_TILES, _TILE_BYTES), (_JPEG, _JPEG_BYTES)):
        starts = tags.get(places, [])
        # Very old writers leave the byte counts out; then only the beginning of each strip can be checked.
        counts = tags.get(lengths) or [1] * len(starts)
        if len(counts) < len(starts):
            raise _Cut
        yield from zip(starts, counts, strict=False)
