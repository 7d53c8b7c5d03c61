"""Long-term proof of what arrived: the same steps that a box makes, on the province's own copies.

Owns the command that makes one step and the thread that runs it, the earliest deadline first. Never touches what was
received and receipted: a better file begins with those bytes, is checked to do so, and lies in a folder of its own.
Custody order as everywhere: bytes durable, then the row. A service that is away costs time, never a document.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sync.province.command import CommandFailed, answer_of, find_program
from sync.province.store import Proof, ProvinceStore, Wanting, digest_of

FIRST_PAUSE, LONGEST_PAUSE = 300.0, 6 * 3600.0
IDLE_SECONDS = 5.0
RESERVE_BYTES = 500_000_000
LEVELS = ("B-T", "B-LT", "B-LTA")
_FINAL = frozenset({"evidence-revoked", "upgrade-not-sound"})
"""Codes of the command after which no later attempt can succeed."""
_SERVICE = "tsa-"
"""Codes that begin so are the time-stamp services' fault: everything waits, and no document is blamed."""
_PIECE = 1 << 20
log = logging.getLogger("commune-province.longterm")


class ExtensionFailed(Exception):
    """The step was not made; `code` is the command's own, one of `command.CommandFailed`, or `not-its-beginning`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code


class Extension(Protocol):
    """Makes the next step on a copy of one file."""

    def extend(self, source: Path, target: Path) -> Proof:
        """Write a better file to `target`. Raises ExtensionFailed, and nothing else for whatever the command does."""
        ...


class CommandExtension:
    """Runs the configured command in a child with bounded time and memory."""

    def __init__(self, command: Sequence[str], trust: Path, seconds: float, memory: int) -> None:
        self._command = (find_program(command[0]), *command[1:])
        self._trust, self._seconds, self._memory = trust, seconds, memory

    def extend(self, source: Path, target: Path) -> Proof:
        """One step; the file is flushed and begins with the bytes of `source`."""
        places = {"{file}": str(source), "{target}": str(target), "{trust}": str(self._trust)}
        words = [places.get(word, word) for word in self._command]
        try:
            answer = answer_of(words, seconds=self._seconds, memory=self._memory)
        except CommandFailed as broken:
            raise ExtensionFailed(broken.code, broken.detail) from broken
        error = answer.get("error")
        if isinstance(error, dict):
            raise ExtensionFailed(str(error.get("code", "failed")), str(error.get("message", ""))[:200])
        if not target.is_file() or not begins_with(target, source):
            raise ExtensionFailed("not-its-beginning")
        try:
            level = str(answer["level"])
            due_at, deadline, lost = (_seconds(answer[key]) for key in ("not_before", "deadline", "lost_after"))
        except (KeyError, ValueError, TypeError) as broken:
            raise ExtensionFailed("no-answer", str(broken)) from broken
        if level not in LEVELS:
            raise ExtensionFailed("no-answer", level[:40])
        flush(target)
        sha256, size = digest_of(target)
        return Proof(level, sha256, size, due_at, deadline, lost)


class Prover:
    """The thread's work: one step at a time, `pause` seconds apart."""

    def __init__(self, store: ProvinceStore, extension: Extension, pause: float) -> None:
        self._store, self._extension, self._pause = store, extension, pause
        self._work = store.root / "proofs-work"

    def run(self, stop: threading.Event) -> None:
        """Work until `stop`; whatever goes wrong with one document does not end it."""
        shutil.rmtree(self._work, ignore_errors=True)  # what a kill left: passing files
        while not stop.is_set():
            try:
                wait = self.once(time.time())
            except Exception:
                log.exception("long-term proof")
                wait = FIRST_PAUSE
            stop.wait(wait)

    def once(self, now: float) -> float:
        """Make the step with the earliest deadline; seconds to wait before the next."""
        if self._store.free_bytes() < RESERVE_BYTES:
            return FIRST_PAUSE
        wanting = self._store.proofs.wanting(now)
        if wanting is None:
            return IDLE_SECONDS
        self._work.mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=self._work))
        try:
            self._step(wanting, folder / "better.pdf")
        except ExtensionFailed as failure:
            return self._failed(wanting, failure, now)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return self._pause

    def _step(self, wanting: Wanting, target: Path) -> None:
        blobs = self._store.better if wanting.better else self._store.blobs
        proof = self._extension.extend(blobs.path(wanting.sha256), target)
        self._store.better.adopt(target, proof.sha256)
        self._store.proofs.raised(wanting, proof)
        log.info("raised box=%s document=%s level=%s", wanting.box, wanting.document_id, proof.level)

    def _failed(self, wanting: Wanting, failure: ExtensionFailed, now: float) -> float:
        log.warning("not raised box=%s document=%s: %s", wanting.box, wanting.document_id, failure)
        if failure.code.startswith(_SERVICE) or failure.code == "command-missing":
            return max(self._pause, FIRST_PAUSE)
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(wanting.attempts, 10))
        again = None if failure.code in _FINAL else now + pause
        self._store.proofs.failed(wanting, str(failure), again, now)
        return 0.0


def begins_with(longer: Path, beginning: Path) -> bool:
    """Whether the bytes of `beginning` are the first bytes of `longer`, which has more."""
    if longer.stat().st_size <= beginning.stat().st_size:
        return False
    with longer.open("rb") as new, beginning.open("rb") as old:
        while piece := old.read(_PIECE):
            if new.read(len(piece)) != piece:
                return False
    return True


def flush(path: Path) -> None:
    """Make a file's bytes survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
