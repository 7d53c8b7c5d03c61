"""What stops a paper: a secret that a person saw, a paper sent back; and letting a held one go on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from appliance.commands.attaching import leave_main, let_all_go
from appliance.commands.deciding import CommandRefused, decide
from appliance.domain.attaching import refuse_alone
from appliance.domain.documents import SUSPECTED, Document, advance, without_content
from appliance.domain.states import Event
from appliance.store import Store, arrivals, batches, books, documents, texts


def mark_secret(store: Store, document_id: str, by: str, now: datetime) -> Document:
    """A person saw a secrecy marking that the box missed: the paper stops here and nothing of its content is kept.
    What it was attached to, and what was attached to it, stands alone again.

    Raises:
        CommandRefused: no-such-document, not-in-this-state, changed-meanwhile.
    """

    def decision(db: Any, before: Document) -> Document:
        after = advance(
            without_content(leave_main(db, before, by, now)),
            Event.SUSPECTED_SECRET,
            now,
            reason_code="suspected-secret",
            markings=(SUSPECTED,),
        )
        texts.forget(db, before.id)
        arrivals.forget(db, before.id)
        books.wipe(db, before.id)
        documents.save(db, before, after, by, Event.SUSPECTED_SECRET, {"code": "suspected-secret"})
        let_all_go(db, after, by, now)
        return after

    return decide(store, document_id, decision)


def send_back(store: Store, document_id: str, by: str, now: datetime, reason: str) -> Document:
    """End a document: rescan it, or it does not belong here. The blob of a suspected secret is wiped. Its appendices
    stand alone again.

    Raises:
        CommandRefused: reason-needed, not-in-this-state, attached-to-main.
    """
    if not reason.strip():
        raise CommandRefused("reason-needed")
    wiped: set[str] = set()

    def decision(db: Any, before: Document) -> Document:
        refuse_alone(before)
        secret = before.secret
        changes = {"reason_code": "secret" if secret else "sent-back", "reason_text": reason.strip()}
        after = advance(before, Event.SENT_BACK, now, **changes)
        if secret:
            texts.forget(db, before.id)
            arrivals.forget(db, before.id)
            books.wipe(db, before.id)
            after = without_content(after)
            wiped.update(before.digests, *(one.digests for one in documents.replaced_beside(db, before)))
            wiped.update(batches.pictures(db, before.part_of))
        row = books.end(db, before, reason.strip(), by, now)
        documents.save(
            db, before, after, by, Event.SENT_BACK, {"reason": reason.strip()} | ({"row": row} if row else {})
        )
        let_all_go(db, after, by, now)
        return after

    ended = decide(store, document_id, decision)
    if wiped:
        _wipe(store, wiped)
    return ended


def _wipe(store: Store, digests: set[str]) -> None:
    """Remove those of ``digests`` that no row mentions any more; after a crash before this the sweep does it.

    Inside a write transaction, so that the same bytes cannot be accepted anew in between (``pipeline.receiving``).
    """

    def change(db: Any) -> None:
        for sha256 in digests - documents.referenced_digests(db):
            store.blobs.remove(sha256)

    store.write(change)


def release(store: Store, document_id: str, by: str, now: datetime, reason: str) -> Document:
    """Let a quarantined document be digitized again.

    A suspected secret needs a written reason: a person answers for saying that it is none.

    Raises:
        CommandRefused: reason-needed, not-in-this-state.
    """

    def decision(db: Any, before: Document) -> Document:
        secret = before.secret
        released = tuple(sorted({*before.warnings, "released-as-not-secret"})) if secret else before.warnings
        after = advance(before, Event.RELEASED, now, reason_code="", reason_text="", warnings=released, markings=())
        if secret and not reason.strip():
            raise CommandRefused("reason-needed")
        documents.save(db, before, after, by, Event.RELEASED, {"reason": reason.strip(), "was": before.reason_code})
        return after

    return decide(store, document_id, decision)
