"""The signing journal: one JSON line per signature, durable before the token is asked.

Append-only and never rewritten here. A line says which digest was to be signed under which certificate for which
document; a line without a published document means the signature came to nothing, the other way round cannot happen.
"""

from __future__ import annotations

import json
import os
from pathlib import Path


class SigningJournal:
    """Appends lines to one file (mode 0600), fsynced line by line."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        size = os.fstat(self._file).st_size
        # A power cut may have torn the last line; the next one must not be glued to it.
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, b"\n")
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def append(self, entry: dict[str, object]) -> None:
        """Write one line and return only when it is durable. Raises: OSError (then nothing may be signed)."""
        line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        written = os.write(self._file, line)
        if written != len(line):
            raise OSError(f"journal line cut at {written} of {len(line)} bytes")
        os.fsync(self._file)

    def close(self) -> None:
        """Close the file; appending afterwards is an error."""
        os.close(self._file)
