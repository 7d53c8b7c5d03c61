"""Bytes of documents on this disk: parts while they arrive, blobs named by their SHA-256 once they are whole.

Owns `parts/` and `blobs/` under the province's folder. Refuses names that are not a digest or a transfer key.
Invariants: a blob appears by rename only, after its bytes were flushed; the folder is flushed after the rename;
a part counts as durable only after `flush()` returned.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from sync.province.store.port import BlobDamaged

OPEN_PARTS = 200
FLUSHES = 8
"""Files flushed at a time."""
READ_BYTES = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")
_KEY = re.compile(r"commune-[0-9]{5}\.[0-9a-f]{16}")

PartKey = tuple[str, str]
"""(box, tid in hex)"""


def flush_folder(folder: Path) -> None:
    """Make a rename or a removal inside `folder` survive a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def digest_of(path: Path) -> tuple[str, int]:
    """SHA-256 (hex) and size in bytes of a file, read in pieces of 1 MiB."""
    total, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while piece := stream.read(READ_BYTES):
            total.update(piece)
            size += len(piece)
    return total.hexdigest(), size


class Blobs:
    """The content-addressed folder; see `port.Blobs`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)
        self._listed: set[Path] = set()
        """Folders whose own name is durable."""
        self._later: set[Path] | None = None
        self._flushing = ThreadPoolExecutor(FLUSHES, thread_name_prefix="folders")

    @contextmanager
    def together(self) -> Iterator[Callable[[], None]]:
        """Let folders wait for the given function, which flushes each of them once: blobs adopted inside are durable
        after it, not before."""
        self._later = set()

        def settle() -> None:
            # At the same time, in any order: one write of the disk's journal serves them all, and none is told before.
            list(self._flushing.map(flush_folder, self._later or ()))
            self._listed.update(self._later or ())

        try:
            yield settle
        finally:
            self._later = None

    def path(self, sha256: str) -> Path:
        """Where the bytes of this digest live (they may not be there). Raises ValueError for anything else."""
        if not _DIGEST.fullmatch(sha256):
            raise ValueError("not a sha256 in hex")
        return self._root / sha256[:2] / sha256

    def fetch(self, sha256: str) -> Path:
        """The same, but there. Raises FileNotFoundError."""
        found = self.path(sha256)
        if not found.is_file():
            raise FileNotFoundError(sha256)
        return found

    def holds(self, sha256: str) -> bool:
        """The blob is there."""
        return self.path(sha256).is_file()

    def measured(self, sha256: str) -> tuple[str, int]:
        """SHA-256 and size of what is really kept, read to its end."""
        return digest_of(self.fetch(sha256))

    def secure(self, part: Path, sha256: str) -> None:
        """Nothing: here `adopt` is a rename."""

    def take(self, held: Path, sha256: str) -> None:
        """Copy a whole file in, leaving it where it is. Raises BlobDamaged when it has another digest."""
        if self.holds(sha256) and digest_of(self.path(sha256))[0] == sha256:
            return
        fresh = self._root / f"{sha256}.part"
        shutil.copyfile(held, fresh)
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        if digest_of(fresh)[0] != sha256:
            fresh.unlink()
            raise BlobDamaged(sha256)
        self.adopt(fresh, sha256)

    def adopt(self, part: Path, sha256: str) -> Path:
        """Turn a whole, flushed part into a blob; idempotent, and right again after a crash half way."""
        target = self.path(sha256)
        if target.parent not in self._listed:
            target.parent.mkdir(exist_ok=True)
            self._flush(self._root)
        if part.exists():
            part.chmod(0o440)
            part.replace(target)  # should a power cut bring the old name back, `recover` removes it
        elif not target.is_file():
            raise FileNotFoundError(sha256)
        self._flush(target.parent)
        return target

    def _flush(self, folder: Path) -> None:
        """Now, or with the others of the round."""
        if self._later is None:
            flush_folder(folder)
            self._listed.add(folder)
        else:
            self._later.add(folder)

    def every(self) -> Iterator[str]:
        """The digests of all blobs on disk."""
        for found in self._root.glob("??/*"):
            if _DIGEST.fullmatch(found.name):
                yield found.name

    def remove(self, sha256: str) -> None:
        """Remove a blob that no row speaks of."""
        target = self.path(sha256)
        target.unlink(missing_ok=True)
        flush_folder(target.parent)

    def close(self) -> None:
        """Let go of the threads that flush."""
        self._flushing.shutdown(wait=False)


class Parts:
    """Files being received. Writes go anywhere in the file; `flush()` makes all of them durable in one round."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)
        self._open: OrderedDict[PartKey, int] = OrderedDict()
        self._dirty: set[PartKey] = set()
        self._unlisted = False
        """Parts were made whose names are not durable yet."""
        self._flushing = ThreadPoolExecutor(FLUSHES, thread_name_prefix="flush")

    def path(self, key: PartKey) -> Path:
        """The file of one transfer."""
        name = f"{key[0]}.{key[1]}"
        if not _KEY.fullmatch(name):
            raise ValueError("not a transfer key")
        return self._root / f"{name}.part"

    def write(self, key: PartKey, offset: int, chunk: bytes) -> None:
        """Put bytes at their place; not durable before the next flush."""
        fd = self._descriptor(key)
        view, at = memoryview(chunk), offset
        while view:
            written = os.pwrite(fd, view, at)
            view, at = view[written:], at + written
        self._dirty.add(key)

    def seed(self, key: PartKey, source: Path, length: int) -> None:
        """Copy the first `length` bytes of a file to the part's beginning; not durable before the next flush.

        Raises OSError when the source is shorter.
        """
        target = self._descriptor(key)
        with source.open("rb") as held:
            at = 0
            while at < length:
                copied = os.copy_file_range(held.fileno(), target, length - at, at, at)
                if not copied:
                    raise OSError(errno.EIO, "the earlier version is shorter than said", str(source))
                at += copied
        self._dirty.add(key)

    def flush(self, keys: Iterable[PartKey]) -> None:
        """fdatasync these parts: a group commit, called once for all that was written in one round."""
        dirty = [key for key in keys if key in self._dirty]
        for start in range(0, len(dirty), OPEN_PARTS // 2):
            some = dirty[start : start + OPEN_PARTS // 2]
            # At the same time: the disk's journal then serves all of them with a few writes.
            list(self._flushing.map(os.fdatasync, [self._descriptor(key) for key in some]))
            self._dirty.difference_update(some)
        if self._unlisted:
            flush_folder(self._root)
            self._unlisted = False

    def close(self, key: PartKey) -> None:
        """Let go of a part's descriptor (before it becomes a blob or is removed)."""
        fd = self._open.pop(key, None)
        self._dirty.discard(key)
        if fd is not None:
            os.close(fd)

    def remove(self, key: PartKey) -> None:
        """Forget the bytes of a transfer."""
        self.close(key)
        try:
            self.path(key).unlink()
        except FileNotFoundError:
            return  # as for every fresh transfer: there is nothing to make durable
        flush_folder(self._root)

    def every(self) -> Iterator[PartKey]:
        """Transfers that left a part on disk."""
        for found in self._root.glob("*.part"):
            if _KEY.fullmatch(found.stem):
                box, tid = found.stem.split(".")
                yield box, tid

    def close_all(self) -> None:
        """Let go of everything."""
        for key in list(self._open):
            self.close(key)
        self._flushing.shutdown(wait=False)

    def _descriptor(self, key: PartKey) -> int:
        if (fd := self._open.get(key)) is not None:
            self._open.move_to_end(key)
            return fd
        target = self.path(key)
        fresh = not target.exists()
        fd = os.open(target, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        self._unlisted |= fresh
        self._open[key] = fd
        self._evict()
        return fd

    def _evict(self) -> None:
        """Keep the number of open files bounded; a dirty one is flushed before it is let go."""
        while len(self._open) > OPEN_PARTS:
            oldest, fd = next(iter(self._open.items()))
            if oldest in self._dirty:
                os.fdatasync(fd)
                self._dirty.discard(oldest)
            del self._open[oldest]
            os.close(fd)
