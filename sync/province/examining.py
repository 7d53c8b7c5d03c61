"""Examines whole documents beside the receiving thread.

Owns the worker threads and the retry times. Refuses to answer a box: it only reports outcomes. A check that could not
be carried out is tried again for ever (the province's fault), with growing pauses.
"""

from __future__ import annotations

import queue
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sync.protocol.messages import Manifest
from sync.protocol.records import CheckOutcome, Verdict
from sync.province.checking import REASONS, CheckUnavailable, DocumentCheck, Finding
from sync.province.keeping import kind_of
from sync.province.store import PartKey, digest_of

LONGEST_PAUSE = 300.0


@dataclass(frozen=True)
class Examined:
    """The end of one examination: an outcome, or why there is none yet."""

    key: PartKey
    manifest: Manifest
    outcome: CheckOutcome | None
    found: Finding | None = None
    unavailable: str = ""


@dataclass
class _Waiting:
    manifest: Manifest
    path: Callable[[], Path]
    attempts: int = 0
    due: float = 0.0
    running: bool = False


class Examiner:
    """Digest first, always our own; then the configured check."""

    def __init__(self, check: DocumentCheck, parallel: int, wake: Callable[[], None]) -> None:
        self._check = check
        self._wake = wake
        self._todo: queue.SimpleQueue[tuple[PartKey, Manifest, Path] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Examined] = queue.SimpleQueue()
        self._waiting: dict[PartKey, _Waiting] = {}
        self._threads = [
            threading.Thread(target=self._work, name=f"examine-{number}", daemon=True) for number in range(parallel)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, key: PartKey, manifest: Manifest, path: Callable[[], Path]) -> None:
        """Examine this document soon; asking twice for the same one changes nothing."""
        if key not in self._waiting:
            self._waiting[key] = _Waiting(manifest, path)

    def forget(self, key: PartKey) -> None:
        """The document was answered otherwise."""
        self._waiting.pop(key, None)

    def start_due(self, now: float) -> None:
        """Hand every due document to the workers; `now` in seconds of a clock that never jumps."""
        for key, waiting in self._waiting.items():
            if not waiting.running and waiting.due <= now:
                waiting.running = True
                self._todo.put((key, waiting.manifest, waiting.path()))

    def next_due(self) -> float | None:
        """When the next one is due, or None."""
        return min((waiting.due for waiting in self._waiting.values() if not waiting.running), default=None)

    def finished(self, now: float) -> list[Examined]:
        """What ended since the last call; those without an outcome stay here and come again."""
        ended: list[Examined] = []
        while True:
            try:
                examined = self._done.get_nowait()
            except queue.Empty:
                return ended
            waiting = self._waiting.get(examined.key)
            if waiting is None:
                continue
            if examined.outcome is not None:
                del self._waiting[examined.key]
            else:
                waiting.attempts += 1
                waiting.running = False
                # Full jitter above half: many papers must not all start their checks in the same second.
                waiting.due = now + min(LONGEST_PAUSE, 2.0**waiting.attempts) * random.uniform(0.5, 1.0)
            ended.append(examined)

    def pause_of(self, key: PartKey, now: float) -> float:
        """Seconds until this document is examined again."""
        waiting = self._waiting.get(key)
        return max(0.0, waiting.due - now) if waiting else 0.0

    def close(self) -> None:
        """Let the workers end; what they are at does not matter any more."""
        for _ in self._threads:
            self._todo.put(None)

    def _work(self) -> None:
        while (order := self._todo.get()) is not None:
            self._done.put(self._examine(*order))
            self._wake()

    def _examine(self, key: PartKey, manifest: Manifest, path: Path) -> Examined:
        try:
            sha256, size = digest_of(path)
            if (sha256, size) != (manifest.sha256.hex(), manifest.size):
                return Examined(key, manifest, CheckOutcome(Verdict.DAMAGED))
            found = self._check.check(path, kind_of(manifest))
        except CheckUnavailable as error:
            return Examined(key, manifest, None, unavailable=str(error))
        except Exception as error:  # a fault of ours, whatever it is, never costs the box its document
            return Examined(key, manifest, None, unavailable=f"{type(error).__name__}: {error}")
        if found.accepted:
            return Examined(key, manifest, CheckOutcome(Verdict.ACCEPT), found)
        return Examined(key, manifest, CheckOutcome(Verdict.REFUSE, found.code, REASONS[found.code]), found)
