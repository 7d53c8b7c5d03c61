"""PIN tries that may be spent: a small durable file, so that a restart never spends another try with the same
credential.

A mark is written before every C_Login and taken away after a good one. It holds token serial numbers only, never a
PIN and never a hash of one (a PIN is short: any hash of it could be searched). People may always type again; an
automatic login from a credential is refused while the mark stands (signing.md 9.3, F10).
"""

from __future__ import annotations

import json
import os
from pathlib import Path


class PinMarks:
    """The set of token serial numbers whose last login did not end well, kept in one file (mode 0600)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def marked(self, serial: str) -> bool:
        """Whether a login with this token may have spent a try since the last good one."""
        return serial in self._read()

    def mark(self, serial: str) -> None:
        """Note a try durably, before it is made. Raises: OSError (then the try must not be made)."""
        self._write(self._read() | {serial})

    def clear(self, serial: str) -> None:
        """Take the note away after a good login. Raises: OSError (the note stays, which is the safe side)."""
        serials = self._read()
        if serial in serials:
            self._write(serials - {serial})

    def _read(self) -> set[str]:
        try:
            return {str(serial) for serial in json.loads(self._path.read_text(encoding="utf-8"))["tried"]}
        except FileNotFoundError:
            return set()
        except (ValueError, KeyError, TypeError):
            # Unreadable means unknown, and unknown must not spend a try: nothing is lost by asking a person.
            return _Everything()

    def _write(self, serials: set[str]) -> None:
        fresh = self._path.with_name(self._path.name + ".new")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, json.dumps({"tried": sorted(serials)}).encode())
            os.fsync(handle)
        finally:
            os.close(handle)
        fresh.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class _Everything(set[str]):
    """Contains every serial number, and forgets that when the file is written anew."""

    def __contains__(self, serial: object) -> bool:
        return True
