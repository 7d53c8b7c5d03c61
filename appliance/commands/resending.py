"""Sending a refused paper again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from appliance.commands.deciding import CommandRefused, decide
from appliance.domain.documents import Document, advance
from appliance.domain.states import Event
from appliance.store import Store, documents, manifest, outbox


def requeue(store: Store, document_id: str, by: str, now: datetime) -> Document:
    """Send a refused document again, unchanged.

    Raises:
        CommandRefused: not-in-this-state; the codes of ``manifest.trouble`` for a file that is not as it was signed.
    """

    def decision(db: Any, before: Document) -> Document:
        if trouble := manifest.trouble(db, before):
            raise CommandRefused(trouble)
        after = advance(before, Event.REQUEUED, now, reason_code="", reason_text="")
        last = outbox.latest(db, before.id)
        meta = last.meta if last else {}
        sequence = outbox.enqueue(db, before.id, before.current_sha256, before.current_size, before.priority, meta, now)
        documents.save(db, before, after, by, Event.REQUEUED, {"sequence": sequence})
        return after

    return decide(store, document_id, decision)
