"""Trying out a drop folder: the next file that comes through it is read and shown, and becomes no document.

A real paper may come at just that moment; so nothing is ever thrown away by itself. Somebody looks at what was read and
says that it is the test page, or that it is a paper, which then goes its usual way under the very claim it came with.
One decision in one transaction each; ``now`` and ``by`` come from the caller.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from appliance.commands import CommandRefused
from appliance.ids import new_id
from appliance.pipeline.receiving import received
from appliance.store import Store, documents, events, scan_tests
from appliance.store.blobs import Blob
from appliance.store.scan_tests import OPEN, ScanTest
from scanner_intake.custody import Claim

T = TypeVar("T")
WAITS = timedelta(minutes=10)
"""For so long the next file counts as the test page; after that every file is a paper again."""
_TOLD_AFTERWARDS = ("good", "pages", "words", "dpi", "colours", "sizes_mm", "verdict", "code")
"""Of a page that is over nothing of its text is kept here."""


def ask(store: Store, folder: str, by: str, now: datetime) -> ScanTest:
    """Expect a test page in ``folder``; what nobody brought before is over.

    Raises:
        CommandRefused: scan-test-open: a page of an earlier try still waits for an answer.
    """
    fresh = ScanTest(new_id(), folder, "waiting", by, now, now + WAITS)

    def change(db: Any) -> None:
        before = scan_tests.opened(db, folder)
        if before is not None and before.state != "waiting":
            raise CommandRefused("scan-test-open")
        if before is not None:
            scan_tests.end(db, before.id, "given-up", {}, by, now)
        scan_tests.insert(db, fresh)
        _tell(db, fresh, "scan-test-asked", by, now)

    store.write(change)
    return fresh


def give_up(store: Store, test_id: str, by: str, now: datetime) -> None:
    """No page comes after all. Raises: CommandRefused (no-such-scan-test, scan-test-arrived)."""

    def decision(db: Any, before: ScanTest) -> None:
        if before.state != "waiting":
            raise CommandRefused("scan-test-arrived")
        scan_tests.end(db, before.id, "given-up", {}, by, now)
        _tell(db, before, "scan-test-given-up", by, now)

    _decide(store, test_id, decision)


def throw_away(store: Store, test_id: str, by: str, now: datetime) -> None:
    """It was the test page: its bytes go, and with them all that was read but figures.

    Raises:
        CommandRefused: no-such-scan-test, scan-test-not-there.
    """

    def decision(db: Any, before: ScanTest) -> str:
        _only_with_page(before)
        scan_tests.end(db, before.id, "thrown-away", _figures(before), by, now)
        _tell(db, before, "scan-test-thrown-away", by, now, sha256=before.sha256)
        return before.sha256

    sha256 = _decide(store, test_id, decision)

    def wipe(db: Any) -> None:  # in a write transaction: the same bytes are not accepted in between
        if sha256 not in documents.referenced_digests(db):  # the same file may be a paper of the box
            store.blobs.remove(sha256)

    store.write(wipe)


def take_in(store: Store, test_id: str, by: str, now: datetime) -> str:
    """It was a real paper: it becomes the document that it would have been; returns its id.

    Raises:
        CommandRefused: no-such-scan-test, scan-test-not-there, scan-test-twin: the box has this very file.
        BlobMissing: its file is gone.
    """

    def decision(db: Any, before: ScanTest) -> str:
        _only_with_page(before)
        path = store.blobs.existing(before.sha256)
        if documents.first_with_original(db, before.sha256) is not None:
            raise CommandRefused("scan-test-twin")
        fresh = received(claim_of(before, path), Blob(before.sha256, before.size), now)
        detail = {"sha256": before.sha256, "size": before.size, "name": fresh.original_name, "folder": before.folder}
        documents.insert(db, fresh, by, detail | {"scan_test": before.id})
        scan_tests.end(db, before.id, "taken-in", _figures(before), by, now)
        _tell(db, before, "scan-test-taken-in", by, now, document=fresh.id)
        return fresh.id

    return _decide(store, test_id, decision)


def claim_of(test: ScanTest, path: Path) -> Claim:
    """The claim with which the page came."""
    said = test.claim
    return Claim(
        said["id"],
        path,
        said["name"],
        test.folder,
        said["kind"],
        said["policy"],
        test.size,
        test.arrived_at or test.asked_at,
        said["urgency"],
    )


def _figures(test: ScanTest) -> dict[str, Any]:
    return {name: test.facts[name] for name in _TOLD_AFTERWARDS if name in test.facts}


def _only_with_page(test: ScanTest) -> None:
    if test.state not in OPEN or test.state == "waiting":
        raise CommandRefused("scan-test-not-there")


def _decide(store: Store, test_id: str, decision: Callable[[Any, ScanTest], T]) -> T:
    def change(db: Any) -> T:
        before = scan_tests.find(db, test_id)
        if before is None:
            raise CommandRefused("no-such-scan-test")
        return decision(db, before)

    return store.write(change)


def _tell(db: Any, test: ScanTest, event: str, by: str, now: datetime, **detail: object) -> None:
    events.append(db, f"scan-test:{test.id}", now, by, event, {"folder": test.folder} | detail)
