"""The bridge's folders, and files that appear whole or not at all.

    work/made/     packets made, not yet handed over          outbox/    for the other system to take
    inbox/         what the other system brings               received/  what was read, a folder for each packet
    failed/        packets that cannot be sent or read, each with a note

Owns durable writing: bytes flushed, then renamed, then the folder flushed. `work` lies beside `outbox` on one disk, so
that a rename between them is one step that either happened or did not.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from sync.province.bridge.packing import safe_name
from sync.province.store.blobs import flush_folder

SETTLE_SECONDS = 2.0
_PASSING = (".part", ".tmp", ".crdownload", ".filepart")
MOST_BYTES = 600 << 20
"""Of one packet in the inbox: files grow by a third in base64."""


class Places:
    """Paths below one root, made when they are missing."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.made, self.outbox, self.inbox = root / "work" / "made", root / "outbox", root / "inbox"
        self.received, self.failed = root / "received", root / "failed"
        for folder in (self.made, self.outbox, self.inbox, self.received, self.failed):
            folder.mkdir(parents=True, exist_ok=True)
        self._looks: dict[Path, tuple[int, int]] = {}

    def clear_passing(self) -> None:
        """Remove what a kill left half written; only the bridge's own, and only its one process calls it."""
        for leftover in (*self.made.glob(".*"), *self.failed.glob(".*")):
            leftover.unlink(missing_ok=True)
        for folder in self.received.glob(".*"):
            shutil.rmtree(folder, ignore_errors=True)

    def make(self, name: str, content: bytes) -> Path:
        """Write a packet durably into the folder of made ones."""
        return write_whole(self.made / name, content)

    def hand_over(self, name: str) -> None:
        """Move a made packet to the outbox: one rename. Raises FileNotFoundError when it is not there any more."""
        (self.made / name).replace(self.outbox / name)
        flush_folder(self.outbox)
        flush_folder(self.made)

    def settled(self, now: float) -> Iterator[Path]:
        """Files of the inbox that nobody writes to any more: old enough, or the same in two looks."""
        looks: dict[Path, tuple[int, int]] = {}
        for path in sorted(self.inbox.iterdir()):
            if path.name.startswith(".") or path.suffix.lower() in _PASSING or not path.is_file() or path.is_symlink():
                continue
            found = path.stat()
            looks[path] = (found.st_size, found.st_mtime_ns)
            if now - found.st_mtime > SETTLE_SECONDS or self._looks.get(path) == looks[path]:
                yield path
        self._looks = looks

    def keep_received(self, sha256: str, files: Mapping[str, bytes]) -> Path:
        """A folder with what a packet held, whole or not there; doing it again changes nothing."""
        target = self.received / sha256[:32]
        if target.exists():
            return target
        passing = Path(tempfile.mkdtemp(prefix=".", dir=self.received))
        passing.chmod(0o750)
        for name, content in files.items():
            _write(passing / name, content)
        flush_folder(passing)
        passing.replace(target)
        flush_folder(self.received)
        return target

    def set_aside(self, name: str, content: bytes | None, note: str) -> None:
        """A packet that goes nowhere, and why, where people look."""
        if content is not None:
            write_whole(self.failed / name, content)
        write_whole(self.failed / f"{name}.txt", note.encode() + b"\n")

    def forget_failed(self, name: str) -> None:
        """It is tried again: what was said about it is over."""
        for each in (name, f"{name}.txt"):
            (self.failed / each).unlink(missing_ok=True)


def write_whole(target: Path, content: bytes) -> Path:
    """Bytes durable under a passing name, then renamed, then the folder flushed. Raises OSError."""
    passing = target.with_name(f".{target.name}.part")
    _write(passing, content)
    passing.replace(target)
    flush_folder(target.parent)
    return target


def attachment_names(names: list[str]) -> list[str]:
    """Names for files of strangers: no path, none twice."""
    given: list[str] = []
    for name in names:
        plain = Path(safe_name(Path(name.replace("\\", "/")).name))
        stem, suffix = plain.stem, plain.suffix
        wanted, number = f"{stem}{suffix}", 1
        while wanted.lower() in {each.lower() for each in [*given, "packet.edxml", "facts.json"]}:
            number += 1
            wanted = f"{stem}-{number}{suffix}"
        given.append(wanted)
    return given


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
