"""Content-addressed files: named by their SHA-256, never changed, durable before they have a name.

Order of ``put``, never varied (architecture.md, section 3): write .part, fsync, rename, fsync the folder. Only after
that may a row mention the digest.
"""

from __future__ import annotations

import errno
import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from appliance.store.database import StoreFull

_PIECE = 1 << 20


class BlobMissing(FileNotFoundError):
    """A digest that a row mentions has no file: the store is damaged and must be restored from a backup.

    An OSError, so that whoever opens a blob as a file (the uplink) needs to know nothing of this store.
    """


@dataclass(frozen=True)
class Blob:
    """A stored file: hexadecimal SHA-256 and size in bytes."""

    sha256: str
    size: int


class BlobStore:
    """A folder of blobs, two levels deep. ``fsync`` and ``rename`` can be replaced by tests that break them."""

    def __init__(
        self,
        folder: Path,
        fsync: Callable[[int], None] = os.fsync,
        rename: Callable[[Path, Path], None] = os.replace,
    ) -> None:
        self.folder = folder
        self._fsync = fsync
        self._rename = rename
        make_folder(folder)

    def put(self, source: Path) -> Blob:
        """Copy ``source`` in and return its digest; durable on return, harmless when repeated.

        Raises:
            StoreFull: no space; nothing is left behind.
        """
        part = self.folder / f"{uuid.uuid4().hex}.part"
        try:
            blob = self._copy(source, part)
            target = self.path(blob.sha256)
            target.parent.mkdir(parents=True, exist_ok=True)
            self._rename(part, target)
            sync_folder(target.parent, self._fsync)
            sync_folder(self.folder, self._fsync)
        except OSError as error:
            part.unlink(missing_ok=True)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StoreFull(str(error)) from error
            raise
        return blob

    def path(self, sha256: str) -> Path:
        """Where the blob lies or would lie."""
        return self.folder / sha256[:2] / sha256

    def existing(self, sha256: str) -> Path:
        """Path of a blob that must be there.

        Raises:
            BlobMissing: it is not.
        """
        path = self.path(sha256)
        if not path.is_file():
            raise BlobMissing(sha256)
        return path

    def open(self, sha256: str) -> BinaryIO:
        """The blob opened for reading.

        Raises:
            BlobMissing: it is not there.
        """
        return self.existing(sha256).open("rb")

    def intact(self, sha256: str) -> bool:
        """Whether the bytes still hash to their name."""
        path = self.path(sha256)
        return path.is_file() and digest_of(path) == sha256

    def digests(self) -> Iterator[str]:
        """Every stored digest."""
        for folder in sorted(self.folder.iterdir()):
            if folder.is_dir():
                yield from (path.name for path in sorted(folder.iterdir()) if not path.name.endswith(".part"))

    def remove(self, sha256: str) -> None:
        """Forget a blob that no row mentions any more."""
        self.path(sha256).unlink(missing_ok=True)

    def sweep(self, referenced: set[str], older_than: float) -> list[str]:
        """Remove parts and blobs that no row mentions and that were last written before ``older_than`` (epoch seconds).

        A crash between blob and commit leaves such files; they are never the only copy of an accepted paper.
        """
        removed = []
        for part in self.folder.glob("*.part"):
            if _written_before(part, older_than):
                part.unlink(missing_ok=True)
        for sha256 in list(self.digests()):
            if sha256 not in referenced and _written_before(self.path(sha256), older_than):
                self.remove(sha256)
                removed.append(sha256)
        return removed

    def _copy(self, source: Path, part: Path) -> Blob:
        digest, size = hashlib.sha256(), 0
        with source.open("rb") as reading, part.open("xb") as writing:
            while piece := reading.read(_PIECE):
                digest.update(piece)
                size += len(piece)
                writing.write(piece)
            writing.flush()
            self._fsync(writing.fileno())
            part.chmod(0o440)
        return Blob(digest.hexdigest(), size)


def sync_folder(folder: Path, fsync: Callable[[int], None] = os.fsync) -> None:
    """Make the names in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make ``folder`` and what is missing above it, so that a power cut cannot take it back."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def _written_before(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime < moment
    except FileNotFoundError:  # removed by somebody else meanwhile
        return False


def digest_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as reading:
        return hashlib.file_digest(reading, "sha256").hexdigest()
