"""Is a file whole? Decided by its content, never by its name.

Owns the media type by magic bytes and the question whether a container parses to its end: PDF (last cross-reference
reachable and pikepdf opens it), TIFF (see `tiff`), JPEG (end of image), PNG (IEND), HEIC (see `heif`). A scanner
writes slowly and a broken transfer looks closed, so a quiet size alone proves nothing (operations rules 3.5). It
decodes no pixel and writes nothing.
"""

from __future__ import annotations

import mmap
import os
import re
from dataclasses import dataclass
from pathlib import Path

import pikepdf

from scanner_intake import heif, tiff

PDF, TIFF, JPEG, PNG, HEIC = "application/pdf", "image/tiff", "image/jpeg", "image/png", "image/heif"
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_TAIL = 2048


@dataclass(frozen=True)
class Inspection:
    """`whole` files have code ""; others one of empty, truncated, damaged, unsupported-type, unreadable."""

    media_type: str
    whole: bool
    code: str


def media_type_of(path: Path) -> str | None:
    """The media type by the first bytes, None when it is none of PDF, TIFF, JPEG, PNG, HEIC."""
    with path.open("rb") as file:
        return _by_magic(file.read(1024))


def inspect(path: Path) -> Inspection:
    """Whether the file parses to its end. A file that vanishes or cannot be read is `unreadable`, not an exception.

    Symbolic links are not followed.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return Inspection("", False, "unreadable")
    try:
        size = os.fstat(descriptor).st_size
        if size == 0:
            return Inspection("", False, "empty")
        with mmap.mmap(descriptor, 0, prot=mmap.PROT_READ) as view:
            return _inspect(view, path)
    except (OSError, ValueError):
        return Inspection("", False, "unreadable")
    finally:
        os.close(descriptor)


def _inspect(view: mmap.mmap, path: Path) -> Inspection:
    kind = _by_magic(view[:1024])
    if kind is None:
        # A few bytes may be the beginning of anything; only a longer file can be called unsupported.
        return Inspection(
            "", False, "truncated" if len(view) < 1024 and _may_become(view[:1024]) else "unsupported-type"
        )
    if kind == PDF:
        code = _pdf(view, path)
    elif kind == TIFF:
        code = "" if tiff.is_whole(view) else "truncated"
    elif kind == JPEG:
        code = "" if _jpeg_ends(view) else "truncated"
    elif kind == HEIC:
        code = "" if heif.is_whole(view) else "truncated"
    else:
        code = "" if _png_ends(view) else "truncated"
    return Inspection(kind, code == "", code)


def _by_magic(head: bytes) -> str | None:
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(_PNG_MAGIC):
        return PNG
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return TIFF
    if heif.is_heic(head):
        return HEIC
    if b"%PDF-" in head:  # some scanners and mail gateways put bytes before the header
        return PDF
    return None


def _may_become(head: bytes) -> bool:
    starts = (b"%PDF-", _PNG_MAGIC, b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
    if len(head) > 4 and b"ftypheic".startswith(head[4:12]):
        return True
    return any(magic.startswith(head) for magic in starts)


def _pdf(view: mmap.mmap, path: Path) -> str:
    tail = view[-_TAIL:]
    end = tail.rfind(b"%%EOF")
    if end < 0 or b" obj" in tail[end:]:
        return "truncated"
    start = re.findall(rb"startxref\s+(\d+)", tail[:end])
    if not start or int(start[-1]) >= len(view):
        return "truncated"
    # A linearized file ends its first part with %%EOF as well; it states its own whole length.
    stated = re.search(rb"/Linearized\b[^>]{0,200}?/L\s+(\d+)", view[:1024])
    if stated and int(stated[1]) > len(view):
        return "truncated"
    try:
        # Opened here and not by its name, which qpdf can only take as UTF-8.
        with path.open("rb") as file, pikepdf.open(file, suppress_warnings=True):
            return ""
    except pikepdf.PasswordError:
        return ""  # whole, only locked: the digitizer asks for the password
    except Exception:  # qpdf's findings on a hostile file come as many types; all mean that it cannot be opened
        return "damaged"


def _jpeg_ends(view: mmap.mmap) -> bool:
    """Walks the segments, then the entropy-coded runs, to the end-of-image marker."""
    place = 2
    while place + 4 <= len(view):
        if view[place] != 0xFF:
            return False
        marker = view[place + 1]
        if marker == 0xFF:
            place += 1
            continue
        if marker == 0xD9:
            return True
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:
            place += 2
            continue
        length = int.from_bytes(view[place + 2 : place + 4], "big")
        if length < 2:
            return False
        place += 2 + length
        if marker == 0xDA:
            found = _NEXT_MARKER.search(view, place)
            if found is None:
                return False
            place = found.start()
    return place + 2 <= len(view) and view[place : place + 2] == b"\xff\xd9"


_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)


def _png_ends(view: mmap.mmap) -> bool:
    """Walks the chunks to IEND."""
    place = len(_PNG_MAGIC)
    pixels = False
    while place + 12 <= len(view):
        length = int.from_bytes(view[place : place + 4], "big")
        name = view[place + 4 : place + 8]
        place += 12 + length
        pixels = pixels or name == b"IDAT"
        if name == b"IEND":
            return place <= len(view)
        if not name.isalpha():
            return False
    return False
