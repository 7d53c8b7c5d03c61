"""Custody: from a claimed file to a RECEIVED document. Implements the intake's ``Custodian`` port.

Order, never varied: blob durable, rows committed; only then does the intake unlink its spool file.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from appliance.domain.documents import Document
from appliance.domain.kinds import Kind
from appliance.domain.states import State
from appliance.store import Store, documents, events, held
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
        blob = self._store.blobs.put(claim.path)
        now = self._clock()

        def receive(db: Any) -> None:
            if db.execute("SELECT 1 FROM documents WHERE id = ?", [claim.id]).fetchone():
                return
            twin = documents.first_with_original(db, blob.sha256)
            detail = {"sha256": blob.sha256, "size": blob.size, "name": claim.original_name, "folder": claim.folder}
            if twin:
                seen = db.execute(
                    "SELECT 1 FROM events WHERE document_id = ? AND event = 'duplicate-arrived' AND detail LIKE ?",
                    [twin.id, f'%"{claim.id}"%'],
                ).fetchone()
                if not seen:
                    events.append(db, twin.id, now, "intake", "duplicate-arrived", detail | {"claim": claim.id})
                return
            documents.insert(db, _received(claim, blob.sha256, blob.size, now), "intake", detail)

        self._store.write(receive)

    def hold(self, file: HeldFile) -> None:
        """Remember a file that was set aside because it never became whole."""
        kept = held.Held(str(file.path), file.folder, file.name, file.code, dict(file.params), file.since)
        self._store.write(lambda db: held.hold(db, kept))

    def unhold(self, path: object) -> None:
        """Forget a set-aside file that was taken after all, or that somebody removed."""
        self._store.write(lambda db: held.unhold(db, str(path)))


def _received(claim: Claim, sha256: str, size: int, now: datetime) -> Document:
    return Document(
        id=claim.id,
        kind=Kind(claim.kind),
        state=State.RECEIVED,
        version=1,
        original_sha256=sha256,
        original_name=claim.original_name,
        media_type="",
        folder=claim.folder,
        policy=claim.policy,
        received_at=now,
        updated_at=now,
        current_size=size,
    )
