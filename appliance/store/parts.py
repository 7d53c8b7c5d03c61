"""Files that come down piece by piece: written anywhere, durable after ``flush``, gone when they became a blob.

Owns one folder beside the blobs. Refuses names that are no transfer id. A part is never the only copy of anything: the
sender keeps its file until it holds this box's receipt.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from appliance.store.blobs import make_folder

_TID = re.compile(r"[0-9a-f]{16}")


class Parts:
    """The parts of one box; used by one thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._dirty: set[str] = set()
        make_folder(folder)

    def path(self, tid: str) -> Path:
        """The file of one transfer. Raises ValueError."""
        if not _TID.fullmatch(tid):
            raise ValueError("not a transfer id")
        return self._folder / f"{tid}.part"

    def write(self, tid: str, offset: int, content: bytes) -> None:
        """Put bytes at their place; not durable before the next ``flush``. Raises OSError (a full disk)."""
        path = self.path(tid)
        fresh = not path.exists()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            view, at = memoryview(content), offset
            while view:
                written = os.pwrite(descriptor, view, at)
                view, at = view[written:], at + written
        finally:
            os.close(descriptor)
        if fresh:
            self._sync_folder()
        self._dirty.add(tid)

    def flush(self, tid: str) -> None:
        """Make what was written to a part survive a power cut. Raises OSError."""
        if tid not in self._dirty:
            return
        descriptor = os.open(self.path(tid), os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
        self._dirty.discard(tid)

    def remove(self, tid: str) -> None:
        """Forget the bytes of a transfer."""
        self._dirty.discard(tid)
        self.path(tid).unlink(missing_ok=True)

    def every(self) -> Iterator[str]:
        """Transfers that left a part on the disk."""
        for path in self._folder.glob("*.part"):
            if _TID.fullmatch(path.stem):
                yield path.stem

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
