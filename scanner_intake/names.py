"""Names of files: as text to show, and as names that no file has yet and every file system takes.

Owns the length limit (255 bytes, the least of ext4, SMB and NFS), the composition (NFC), and who may read what the box
lays down beside the papers. It refuses to judge whether a name is a paper's (`settle.ignored`).
"""

from __future__ import annotations

import os
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOTE = ".txt"
_MOST_BYTES = 255
_ROOM = len(" (9999).part") + len(NOTE) + 1
_NAMELESS = "ban-quet"
_MASK = threading.Lock()


def display_name(name: str) -> str:
    """A file name as text to show: NFC, undecodable bytes replaced, no control characters."""
    text = os.fsencode(name).decode("utf-8", "replace")
    return "".join(ch for ch in unicodedata.normalize("NFC", text) if unicodedata.category(ch)[0] != "C")


def laid_name(name: str) -> str:
    """A visible name for laying a file down again, short enough that a number and a note's ending still fit."""
    shown = display_name(name).replace("/", "-").lstrip(".") or _NAMELESS
    stem, ending = Path(shown).stem, Path(shown).suffix
    if len(ending.encode()) > 16:
        stem, ending = shown, ""
    while len(f"{stem}{ending}".encode()) > _MOST_BYTES - _ROOM:
        stem = stem[:-1]
    return f"{stem}{ending}"


def fitting_name(name: str) -> str:
    """`name` byte for byte when there is room for a number and a note's ending, else one that has room."""
    return name if len(os.fsencode(name)) <= _MOST_BYTES - _ROOM else laid_name(name)


def free_name(path: Path, with_note: bool = False) -> Path:
    """`path`, or the first of "name (2).pdf", "name (3).pdf" … that does not exist (and whose note does not either)."""
    number = 2
    candidate = path
    while os.path.lexists(candidate) or (with_note and os.path.lexists(note_of(candidate))):
        candidate = path.with_name(f"{path.stem} ({number}){path.suffix}")
        number += 1
    return candidate


def note_of(path: Path) -> Path:
    """The note beside a file."""
    return path.with_name(path.name + NOTE)


def make_place(place: Path) -> None:
    """Makes a folder inside the drop folder for the same people who use the drop folder; never that one itself."""
    with _as_open_as(place.parent):
        place.mkdir(exist_ok=True)


@contextmanager
def _as_open_as(folder: Path) -> Iterator[None]:
    """What is made meanwhile may be used by whoever may use `folder`; the box's own mask would shut the clerk out."""
    with _MASK:
        before = os.umask(~folder.stat().st_mode & 0o777)
        try:
            yield
        finally:
            os.umask(before)


def write_note(path: Path, text: str) -> None:
    """Writes a note whole or not at all; the same text twice changes nothing.

    Raises: OSError when the disk refuses; no part is left then.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with _as_open_as(path.parent):
            part.write_text(text, encoding="utf-8-sig")  # Windows editors need the mark
        part.replace(path)
    except OSError:
        try:
            part.unlink(missing_ok=True)
        except OSError:
            pass  # a share that is gone: the part is hidden and written over the next time
        raise
