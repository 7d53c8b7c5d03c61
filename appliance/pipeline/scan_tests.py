"""Reading the test page of a drop folder: how the scanner is set, and whether the box can read what comes.

As with any paper the file is hostile and goes to limited children. A suspected secret is no test page: it becomes the
paper that it would have been, so that quarantine holds it. Owns what is told of a page; a failure is told, too.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from appliance import scan_testing
from appliance.commands import CommandRefused
from appliance.store import BlobMissing, Store, scan_tests
from appliance.store.scan_tests import ScanTest
from scanner_intake.digitize import Digitized, Limits, digitize
from scanner_intake.glance import Glance, glance

LEAST_DPI, MOST_DPI = 200, 400
"""Below, small print is not read surely; above, files grow and nothing is gained (digitizing wants 300)."""
LEAST_WORDS = 10
BEGINNING = 160
"""Letters of what was read, so that somebody sees whether it is their test page."""


class ReadsTestPages:
    """One turn at a time; ``work`` is a folder for passing files."""

    def __init__(
        self,
        store: Store,
        work: Path,
        limits: Limits,
        language: str,
        engine: Callable[..., Digitized] = digitize,
        look: Callable[..., Glance] = glance,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._clock = clock
        self._store, self._work, self._limits, self._language = store, work, limits, language
        self._engine, self._look = engine, look

    def turn(self) -> bool:
        """Read the oldest page that waits; False when there is none.

        Raises:
            StoreFull, OSError: the box's own disk; the page waits on.
        """
        test = self._store.read(scan_tests.unread)
        if test is None:
            return False
        facts = self._facts(test)
        if facts["verdict"] == "suspected-secret":
            self._give_to_quarantine(test)
        else:
            self._store.write(lambda db: scan_tests.keep_facts(db, test.id, facts))
        return True

    def _give_to_quarantine(self, test: ScanTest) -> None:
        try:
            scan_testing.take_in(self._store, test.id, "worker", self._clock())
        except CommandRefused as refused:  # somebody answered first; or the box has this very paper, and its gate
            if refused.code == "scan-test-twin":
                scan_testing.throw_away(self._store, test.id, "worker", self._clock())

    def _facts(self, test: ScanTest) -> dict[str, Any]:
        try:
            source = self._store.blobs.existing(test.sha256)
        except BlobMissing:  # a copy of the box that was made without it
            return {"good": False, "verdict": "unreadable", "code": "blob-missing"}
        self._work.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="scan-test.", dir=self._work))
        try:
            seen = self._look(source, folder, self._limits)
            return facts_of(seen, self._engine(source, folder, self._limits, self._language))
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def facts_of(seen: Glance, read: Digitized) -> dict[str, Any]:
    """What is told of the page: verdict and its code, pages, words, resolution, colours, sizes, advice, a beginning."""
    words = " ".join(read.text).split()
    readable = read.verdict in ("ok", "signed-kept")
    return {
        "verdict": read.verdict,
        "code": read.code or seen.code,
        "pages": read.pages or seen.pages,
        "words": len(words),
        "dpi": list(seen.dpi),
        "colours": list(seen.colours),
        "sizes_mm": [list(size) for size in seen.sizes_mm],
        "good": readable and len(words) >= LEAST_WORDS,
        "advice": advice(seen, len(words)) if readable else [],
        "beginning": " ".join(words)[:BEGINNING] if readable else "",
        "seconds": round(read.cost.seconds),
    }


def advice(seen: Glance, words: int) -> list[str]:
    """What should be set otherwise at the scanner, as codes."""
    scanned = [dpi for dpi in seen.dpi if dpi]
    found = {
        "scan-few-words": words < LEAST_WORDS,
        "scan-coarse": bool(scanned) and min(scanned) < LEAST_DPI,
        "scan-fine": bool(scanned) and max(scanned) > MOST_DPI,
        # Stamps of secrecy and urgency are red: without colour they are found by their words alone.
        "scan-no-colour": bool(set(seen.colours) & {"gray", "black-and-white"}),
    }
    return [code for code, holds in found.items() if holds]
