"""Custody: from a claimed file to a RECEIVED document. Implements the intake's ``Custodian`` port.

Order, never varied: blob durable, rows committed; only then does the intake unlink its spool file.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from appliance.domain.documents import Document, FieldValue
from appliance.domain.kinds import Kind
from appliance.domain.states import State
from appliance.domain.zone import VIETNAM
from appliance.store import BlobMissing, Store, corrections, documents, events, held, scan_tests
from appliance.store.blobs import Blob
from scanner_intake.custody import Answer, Claim, Duplicate, HeldFile

CORRECTED_WITHIN = timedelta(days=7)
"""For so long a file of the same name in the same folder counts as the corrected one of a paper that was not taken."""


class BoxCustodian:
    """Accepts claims into the store; idempotent by claim id."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._twins: dict[str, str] = {}  # claim → document, of duplicates that wait in the spool

    def accept(self, claim: Claim) -> Answer | Duplicate:
        """Take custody; durable on return.

        A file with exactly the bytes of a document that the box already holds is linked to it and told, never failed
        and never taken twice. It goes back to the people only when that document is known not to be a suspected
        secret: until then the file waits in the spool, and with a secret it ends.

        Raises:
            StoreFull: no space; the file stays in the spool.
        """
        twin_id = self._twins.get(claim.id) or self._take(claim)  # one that waits need not be read again
        if not twin_id:
            return Answer.TAKEN
        answer = self._store.read(partial(_answer_about, twin_id))
        if answer is Answer.LATER:
            self._twins[claim.id] = twin_id
        else:
            self._twins.pop(claim.id, None)
        return answer

    def _take(self, claim: Claim) -> str:
        """Makes a new document and returns "", or returns the id of the one that these bytes are already."""
        while True:
            blob = self._store.blobs.put(claim.path)
            try:
                return self._store.write(partial(self._receive, claim, blob, self._clock()))
            except BlobMissing:  # the same bytes were wiped as a secret since they were put: put them again
                continue

    def _receive(self, claim: Claim, blob: Blob, now: datetime, db: Any) -> str:
        if db.execute("SELECT 1 FROM documents WHERE id = ?", [claim.id]).fetchone():
            return ""
        self._store.blobs.existing(blob.sha256)
        name = _text(claim.original_name)
        if self._as_test_page(claim, name, blob, now, db):
            return ""
        twin = documents.first_with_original(db, blob.sha256)
        detail = {"sha256": blob.sha256, "size": blob.size, "name": name, "folder": claim.folder}
        if twin:
            seen = db.execute(
                "SELECT 1 FROM events WHERE document_id = ? AND event = 'duplicate-arrived' AND detail LIKE ?",
                [twin.id, f'%"{claim.id}"%'],
            ).fetchone()
            if not seen:
                events.append(db, twin.id, now, "intake", "duplicate-arrived", detail | {"claim": claim.id})
            return twin.id
        earlier = corrections.to_supersede(db, claim.folder, name, now - CORRECTED_WITHIN)
        if earlier:
            detail |= {"supersedes": earlier}
            events.append(db, earlier, now, "intake", "superseded", {"by": claim.id, "name": name})
        documents.insert(db, replace(received(claim, blob, now), supersedes=earlier), "intake", detail)
        return ""

    def _as_test_page(self, claim: Claim, name: str, blob: Blob, now: datetime, db: Any) -> bool:
        """Whether somebody tries this folder out just now: then the file is kept, and is no document by itself."""
        if scan_tests.with_claim(db, claim.id):
            return True
        test = scan_tests.expecting(db, claim.folder, now)
        if test is None:
            return False
        said = {"id": claim.id, "name": name, "kind": claim.kind, "policy": claim.policy, "urgency": claim.urgency}
        scan_tests.arrive(db, test.id, said, blob.sha256, blob.size, now)
        detail = {"sha256": blob.sha256, "size": blob.size, "name": name, "folder": claim.folder}
        events.append(db, f"scan-test:{test.id}", now, "intake", "scan-test-arrived", detail)
        return True

    def hold(self, file: HeldFile) -> None:
        """Remember a file that was set aside because it never became whole."""
        kept = held.Held(_text(file.path), file.folder, _text(file.name), file.code, dict(file.params), file.since)
        self._store.write(lambda db: held.hold(db, kept))

    def unhold(self, path: object) -> None:
        """Forget a set-aside file that was taken after all, or that somebody removed."""
        self._store.write(lambda db: held.unhold(db, _text(path)))

    def held_only(self, folder: str, present: Collection[Path]) -> None:
        """Forget the set-aside files of ``folder`` that are not ``present`` any more."""
        still = {_text(path) for path in present}

        def change(db: Any) -> None:
            for file in held.listed(db):
                if file.folder == folder and file.path not in still:
                    held.unhold(db, file.path)

        self._store.write(change)


def _answer_about(twin_id: str, db: Any) -> Answer | Duplicate:
    """What becomes of a file with the bytes of this document, or of the batch whose parts hold it now."""
    twin = documents.load(db, twin_id)
    holding = [twin, *corrections.parts_of(db, twin_id)]
    if any(one.secret for one in holding):
        return Answer.TAKEN
    if any(one.state is State.RECEIVED for one in holding):  # the gate for secrets has not seen all of it yet
        return Answer.LATER
    arrived = twin.received_at.astimezone(VIETNAM).strftime("%H:%M %d/%m/%Y")
    facts: dict[str, str | int] = {"document_id": twin.id, "arrived": arrived, "first": twin.original_name}
    number, day = twin.value("code"), twin.value("issued_date")
    if number and day:
        shown = "/".join(reversed(day.split("-")))
        return Duplicate(facts | {"number": number, "day": shown}, "duplicate-numbered")
    return Duplicate(facts)


def _text(name: object) -> str:
    """A file name as text that can be stored: bytes that are no UTF-8 (an old scanner's code page) are written out."""
    return str(name).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def received(claim: Claim, blob: Blob, now: datetime) -> Document:
    """The document that a claimed file becomes."""
    return Document(
        id=claim.id,
        kind=Kind(claim.kind),
        state=State.RECEIVED,
        version=1,
        original_sha256=blob.sha256,
        original_name=_text(claim.original_name),
        fields={"urgency": FieldValue(claim.urgency)} if claim.urgency else {},
        media_type="",
        folder=claim.folder,
        policy=claim.policy,
        received_at=now,
        updated_at=now,
        current_size=blob.size,
    )
