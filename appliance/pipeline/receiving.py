"""Custody: from a claimed file to a RECEIVED document. Implements the intake's ``Custodian`` port.

Order, never varied: blob durable, rows committed; only then does the intake unlink its spool file.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from appliance.domain.documents import Document
from appliance.domain.kinds import Kind
from appliance.domain.states import State
from appliance.store import BlobMissing, Store, documents, events, held
from appliance.store.blobs import Blob
from scanner_intake.custody import Claim, HeldFile


class BoxCustodian:
    """Accepts claims into the store; idempotent by claim id."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def accept(self, claim: Claim) -> None:
        """Take custody; durable on return.

        A file with exactly the bytes of a document that the box already holds is linked to it and told, never failed
        and never taken twice.

        Raises:
            StoreFull: no space; the file stays in the spool.
        """
        while True:
            blob = self._store.blobs.put(claim.path)
            try:
                self._store.write(partial(self._receive, claim, blob, self._clock()))
            except BlobMissing:  # the same bytes were wiped as a secret since they were put: put them again
                continue
            return

    def _receive(self, claim: Claim, blob: Blob, now: datetime, db: Any) -> None:
        if db.execute("SELECT 1 FROM documents WHERE id = ?", [claim.id]).fetchone():
            return
        self._store.blobs.existing(blob.sha256)
        twin = documents.first_with_original(db, blob.sha256)
        detail = {"sha256": blob.sha256, "size": blob.size, "name": _text(claim.original_name), "folder": claim.folder}
        if twin:
            seen = db.execute(
                "SELECT 1 FROM events WHERE document_id = ? AND event = 'duplicate-arrived' AND detail LIKE ?",
                [twin.id, f'%"{claim.id}"%'],
            ).fetchone()
            if not seen:
                events.append(db, twin.id, now, "intake", "duplicate-arrived", detail | {"claim": claim.id})
            return
        documents.insert(db, _received(claim, blob, now), "intake", detail)

    def hold(self, file: HeldFile) -> None:
        """Remember a file that was set aside because it never became whole."""
        kept = held.Held(_text(file.path), file.folder, _text(file.name), file.code, dict(file.params), file.since)
        self._store.write(lambda db: held.hold(db, kept))

    def unhold(self, path: object) -> None:
        """Forget a set-aside file that was taken after all, or that somebody removed."""
        self._store.write(lambda db: held.unhold(db, _text(path)))


def _text(name: object) -> str:
    """A file name as text that can be stored: bytes that are no UTF-8 (an old scanner's code page) are written out."""
    return str(name).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _received(claim: Claim, blob: Blob, now: datetime) -> Document:
    return Document(
        id=claim.id,
        kind=Kind(claim.kind),
        state=State.RECEIVED,
        version=1,
        original_sha256=blob.sha256,
        original_name=_text(claim.original_name),
        media_type="",
        folder=claim.folder,
        policy=claim.policy,
        received_at=now,
        updated_at=now,
        current_size=blob.size,
    )
