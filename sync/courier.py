"""What travels by hand: signed manifests with whole files, and signed answers, on a stick (PROTOCOL.md §5.4).

Owns the layout of that folder and the two rules of writing on it: a file is whole before its manifest says that it is
there, and everything appears by a rename. Refuses to believe: it says what lies there and whether the bytes are those
of the manifest; who signed what is the reader's to check. A stick is a stranger's folder: links and odd names are
passed over. State secrets never come here, as they never come into an outbox.

    commune-box-courier/up/{box}/{tid}/manifest.cose + file      documents of a box, for the province
    commune-box-courier/down/{box}/answers/{tid}-{manifest}.cose  the province's receipts and refusals for them
    commune-box-courier/down/{box}/{tid}/…, up/{box}/answers/…    the same the other way
    commune-box-courier/{way}/{box}/words/…                       small messages (`sync.courier_words`)
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sync.protocol.codec import MAX_MESSAGE, CodecError
from sync.protocol.cose import unseal
from sync.protocol.messages import Manifest
from sync.protocol.topics import Direction, is_box

FOLDER = "commune-box-courier"
_TID = re.compile(r"[0-9a-f]{16}")
_ANSWER = re.compile(r"[0-9a-f]{16}-[0-9a-f]{16}\.cose")
_PIECE = 1 << 20
RESERVE = 1 << 20
"""Bytes left free on a stick."""


class NoSpace(Exception):
    """The stick (or the disk copied to) has no room for the next file; what was written before stands."""


@dataclass(frozen=True)
class Fault:
    """Something on a stick that is not taken. `code`: `half-copied`, `altered`, `unreadable`, `forged`, `foreign`."""

    code: str
    box: str
    name: str


@dataclass(frozen=True)
class Carried:
    """One document on a stick: the signed manifest, not yet believed, and where its file lies."""

    box: str
    envelope: bytes
    manifest: Manifest
    path: Path


class Stick:
    """The courier's folder under `root`, which need not be there yet."""

    def __init__(self, root: Path) -> None:
        self.folder = root / FOLDER

    def present(self) -> bool:
        """Something was carried here."""
        return self.folder.is_dir()

    def boxes(self, way: Direction) -> list[str]:
        """The boxes something lies here of, in one direction."""
        place = self.folder / way.value
        return sorted(one.name for one in _real_folders(place) if is_box(one.name))

    # -- writing --------------------------------------------------------------------------------------------------

    def put(self, way: Direction, manifest: Manifest, envelope: bytes, source: Callable[[], BinaryIO]) -> bool:
        """Write a document, or finish what was begun; False when it lay here whole. Raises NoSpace, OSError."""
        place = self._place(way, manifest)
        place.mkdir(parents=True, exist_ok=True)
        target = place / "file"
        copied = not _is(target, manifest)
        if copied:
            if shutil.disk_usage(place).free < manifest.size + RESERVE:
                raise NoSpace(str(self.folder))
            (place / "manifest.cose").unlink(missing_ok=True)
            with source() as file:
                _written(target, file)
            if not _is(target, manifest):
                raise OSError(f"what was written to {target} does not read back")
        if small_content(place / "manifest.cose") != envelope:
            write_small(place / "manifest.cose", envelope)
        return copied

    def put_answer(self, way: Direction, manifest: Manifest, answer: bytes) -> None:
        """Write an answer to a document that travelled the other way. Raises OSError."""
        place = self._answers(way, manifest.box)
        place.mkdir(parents=True, exist_ok=True)
        target = place / _answer_name(manifest)
        if small_content(target) != answer:
            write_small(target, answer)

    def remove(self, way: Direction, manifest: Manifest) -> None:
        """Take a document off the stick, once it is answered; one that is read-only keeps it, which harms nothing."""
        shutil.rmtree(self._place(way, manifest), ignore_errors=True)

    def remove_answer(self, way: Direction, manifest: Manifest) -> None:
        """Take an answer off the stick, once it is recorded; likewise."""
        try:
            (self._answers(way, manifest.box) / _answer_name(manifest)).unlink(missing_ok=True)
        except OSError:
            return

    # -- reading --------------------------------------------------------------------------------------------------

    def documents(self, way: Direction, box: str) -> Iterator[Carried | Fault]:
        """Every document of a box here; of each it is known only that manifest and folder fit each other."""
        for place in sorted(_real_folders(self.folder / way.value / box)):
            if not _TID.fullmatch(place.name):
                continue
            envelope = small_content(place / "manifest.cose")
            if envelope is None:
                yield Fault("half-copied", box, place.name)
                continue
            try:
                manifest = Manifest.decode(unseal(envelope).payload)
            except CodecError:
                yield Fault("unreadable", box, place.name)
                continue
            if manifest.box != box or manifest.tid.hex() != place.name:
                yield Fault("foreign", box, place.name)
                continue
            yield Carried(box, envelope, manifest, place / "file")

    def answers(self, way: Direction, box: str) -> Iterator[bytes]:
        """Every answer for (`down`) or of (`up`) a box here."""
        place = self._answers(way, box)
        if not place.is_dir() or place.is_symlink():
            return
        for path in sorted(place.iterdir()):
            content = small_content(path) if _ANSWER.fullmatch(path.name) else None
            if content is not None:
                yield content

    def _place(self, way: Direction, manifest: Manifest) -> Path:
        return self.folder / way.value / manifest.box / manifest.tid.hex()

    def _answers(self, way: Direction, box: str) -> Path:
        return self.folder / way.value / box / "answers"


def copy_checked(carried: Carried, target: Path) -> str:
    """Copy a document's file to `target` (durable there) and return "" or the code of what is wrong with it.

    Raises NoSpace, OSError: this disk's own troubles.
    """
    manifest = carried.manifest
    if shutil.disk_usage(target.parent).free < manifest.size + RESERVE:
        raise NoSpace(str(target.parent))
    try:
        source = _opened(carried.path)
    except OSError:
        return "half-copied"
    digest, size = hashlib.sha256(), 0
    with source, target.open("wb") as copy:
        try:
            while size <= manifest.size and (piece := source.read(_PIECE)):
                digest.update(piece)
                size += len(piece)
                copy.write(piece)
        except OSError:  # the stick's own fault: an unreadable sector, or pulled out
            return "half-copied"
        copy.flush()
        os.fsync(copy.fileno())
    if size < manifest.size:
        return "half-copied"
    return "" if size == manifest.size and digest.digest() == manifest.sha256 else "altered"


def _answer_name(manifest: Manifest) -> str:
    return f"{manifest.tid.hex()}-{manifest.digest.hex()[:16]}.cose"


def _real_folders(place: Path) -> list[Path]:
    if not place.is_dir() or place.is_symlink():
        return []
    return [one for one in place.iterdir() if one.is_dir() and not one.is_symlink()]


def _opened(path: Path) -> BinaryIO:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path} is no ordinary file")
    return os.fdopen(descriptor, "rb")


def small_content(path: Path) -> bytes | None:
    """A small file's bytes, or None when it is not there, not a file, or too large to be a message."""
    try:
        with _opened(path) as file:
            content = file.read(MAX_MESSAGE + 1)
    except OSError:
        return None
    return content if 0 < len(content) <= MAX_MESSAGE else None


def _is(path: Path, manifest: Manifest) -> bool:
    try:
        with _opened(path) as file:
            if os.fstat(file.fileno()).st_size != manifest.size:
                return False
            return hashlib.file_digest(file, "sha256").digest() == manifest.sha256  # type: ignore[arg-type]
    except OSError:
        return False


def _written(target: Path, source: BinaryIO) -> None:
    part = target.with_name(target.name + ".part")
    with part.open("wb") as copy:
        shutil.copyfileobj(source, copy, _PIECE)
        copy.flush()
        os.fsync(copy.fileno())
    part.replace(target)
    _flushed(target.parent)


def write_small(target: Path, content: bytes) -> None:
    """Write a message, durably, by a rename. Raises OSError."""
    part = target.with_name(target.name + ".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)
    _flushed(target.parent)


def _flushed(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError:  # some file systems of sticks know no such thing
        return
    finally:
        os.close(descriptor)
