"""Files that came down are looked at by the worker, which has no line; the delivery process, which has one, asks it.

Owns both ends of that question. They meet in the store: a transfer whose bytes are all durable is the question, a row
of ``incoming_verdicts`` the answer. A worker that is away is never a reason of refusal (``CannotExamine``).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from appliance.pipeline.examining import Found, Look
from appliance.store import Store, incoming
from appliance.store.incoming import Judged
from sync.downlink import CannotExamine
from sync.protocol.messages import Manifest
from sync.protocol.records import CheckOutcome, Verdict

WAIT_SECONDS = 300.0
POLL_SECONDS = 0.3
LONGEST_PAUSE = 300.0


class AskedExamination:
    """A ``Look`` that waits for the worker's verdict."""

    def __init__(self, store: Store, seconds: float = WAIT_SECONDS) -> None:
        self._store, self._seconds = store, seconds

    def judge(self, path: Path, manifest: Manifest) -> tuple[CheckOutcome, Found | None]:
        """The worker's verdict on this very file. Raises CannotExamine when none comes in time."""
        until = time.monotonic() + self._seconds
        while time.monotonic() < until:
            judged = self._store.read(lambda db: incoming.verdict(db, manifest.tid.hex()))
            if judged is not None and judged.sha256 == manifest.sha256.hex():
                outcome = CheckOutcome(Verdict(judged.verdict), judged.code, judged.reason)
                accepted = outcome.verdict is Verdict.ACCEPT
                return outcome, Found(judged.signatures, judged.fields, judged.pages) if accepted else None
            time.sleep(POLL_SECONDS)
        raise CannotExamine("the worker gave no verdict")


class IncomingExaminer:
    """The worker's part; used by one thread. ``parts``: where the delivery process gathers what comes down."""

    def __init__(self, store: Store, parts: Path, look: Look, clock: Callable[[], datetime]) -> None:
        self._store, self._parts, self._look, self._clock = store, parts, look, clock
        self._again: dict[str, tuple[float, float]] = {}  # transfer -> (not before, the pause after that)

    def turn(self) -> int:
        """Judge every whole file that waits; returns how many verdicts were given."""
        given = 0
        for one in self._store.read(incoming.unjudged):
            manifest = Manifest.decode(one.manifest)
            not_before, pause = self._again.get(one.tid, (0.0, 2.0))
            if one.ranges != ((0, manifest.size),) or time.monotonic() < not_before:
                continue
            try:
                outcome, found = self._look.judge(self._parts / f"{one.tid}.part", manifest)
            except (CannotExamine, OSError):
                self._again[one.tid] = (time.monotonic() + pause, min(2 * pause, LONGEST_PAUSE))
                continue
            self._again.pop(one.tid, None)
            self._store.write(partial(_keep, _judged(one.tid, manifest, outcome, found or Found()), self._clock()))
            given += 1
        return given


def _keep(judged: Judged, now: datetime, db: Any) -> None:
    incoming.judge(db, judged, now)


def _judged(tid: str, manifest: Manifest, outcome: CheckOutcome, found: Found) -> Judged:
    return Judged(
        tid, manifest.sha256.hex(), outcome.verdict.value, outcome.code, outcome.text, found.signatures, found.fields,
        found.pages,
    )  # fmt: skip
