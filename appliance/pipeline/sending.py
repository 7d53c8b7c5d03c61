"""SIGNED → QUEUED, and the outbox that the uplink sees."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from appliance.domain.attaching import waits_for_main
from appliance.domain.documents import Document, advance
from appliance.domain.states import Event, State
from appliance.pipeline.runner import StepFailed, StepParked
from appliance.store import BlobMissing, ChangedMeanwhile, Store, attachments, documents, manifest, outbox
from sync.protocol.choosing import Parcel

_SENT_FIELDS = (
    "code", "code_number", "code_notation", "issued_date", "place", "issuer", "parent_issuer", "type_name", "subject",
    "urgency", "secrecy", "signer_position", "signer_name",
)  # fmt: skip


def package_meta(
    document: Document, main: Document | None = None, appendices: tuple[Document, ...] = ()
) -> dict[str, Any]:
    """What travels beside the bytes: kind, register number, fields, signature slots, the dossier's code where a
    separator sheet gave one; of an appendix the ``main`` paper's id and the digest with which it was sent, of a paper
    with appendices their ids; whether no copy of paper is sent. Plain JSON values.
    """
    beside: dict[str, Any] = {"dossier": document.dossier} if document.dossier else {}
    beside |= {"main": {"id": main.id, "sha256": main.current_sha256}} if main else {}
    beside |= {"no_paper": True} if document.no_paper else {}
    beside |= {"appendices": [one.id for one in appendices]} if appendices else {}
    return beside | {
        "kind": document.kind.value,
        "pages": document.pages,
        "received_at": document.received_at.isoformat(),
        "register": [document.register, document.register_year, document.register_number],
        "original_sha256": document.original_sha256,
        "slots": [slot.value for slot in document.filled],
        "fields": {name: document.value(name) for name in _SENT_FIELDS if document.value(name)},
    }


MAIN_LOOKED_AT = timedelta(minutes=1)
"""A signed appendix looks this often whether its main paper was sent; being sent wakes it."""
Hold = Callable[[Document, datetime], timedelta | None]


class Enqueueing:
    """The step: package and outbox row in one transaction with the state."""

    def __init__(self, store: Store, hold: Hold = lambda document, now: None) -> None:
        """``hold`` says how long a paper still waits for something better than it is (a time stamp), or None."""
        self._store = store
        self._hold = hold

    def __call__(self, document: Document, now: datetime) -> None:
        """Queue one leased document.

        Raises:
            StepParked: it is held for its time stamp, or is an appendix whose main paper was not sent yet.
            StepFailed: its file is not the one that the manifest tells; it is not sent before somebody mended that.
        """
        if (wait := self._hold(document, now)) is not None:
            raise StepParked("awaiting-timestamp", wait)
        main, appendices = self._store.read(
            lambda db: (attachments.main_of(db, document), attachments.of_main(db, document.id))
        )
        if main and waits_for_main(main):
            raise StepParked("awaiting-main", MAIN_LOOKED_AT)
        after = advance(document, Event.ENQUEUED, now)
        trouble = self._store.read(lambda db: manifest.trouble(db, document)) or self._damage(document)
        if trouble:
            raise StepFailed(trouble, timedelta(hours=1))

        base = self._base(document)

        def change(db: Any) -> None:
            if documents.load(db, document.id).version != document.version:
                raise ChangedMeanwhile(document.id)
            sequence = outbox.enqueue(
                db, document.id, document.current_sha256, document.current_size, document.priority,
                package_meta(document, main, appendices), now, base,
            )  # fmt: skip
            detail = {"sequence": sequence, "sha256": document.current_sha256, "size": document.current_size}
            documents.save(db, document, after, "worker", Event.ENQUEUED, detail)
            attachments.wake(db, document.id)

        self._store.write(change)

    def _damage(self, document: Document) -> str:
        """A revision that was cut off leaves a file that is shorter than its name says, and good by itself."""
        return "" if self._store.blobs.intact(document.current_sha256) else manifest.CUT

    def _base(self, document: Document) -> tuple[str, int] | None:
        """The newest answered file that the present one begins with: then only what was appended has to travel."""
        answered = self._store.read(lambda db: outbox.answered_files(db, document.id))
        shorter = [(sha256, size) for sha256, size in answered if 0 < size < document.current_size]
        for sha256, size in shorter:
            with self._store.blobs.open(document.current_sha256) as file:
                if _digest_of_beginning(file, size) == sha256:
                    return sha256, size
        return None


def _digest_of_beginning(file: BinaryIO, size: int) -> str:
    total = hashlib.sha256()
    while size and (piece := file.read(min(size, 1 << 20))):
        total.update(piece)
        size -= len(piece)
    return total.hexdigest()


class StoreOutbox:
    """The uplink's ``Outbox`` port on the box's store. Every method is durable on return and harmless when repeated."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def pending(self, limit: int) -> list[Parcel]:
        """Unanswered deliveries, most urgent first, then oldest."""
        return [
            Parcel(row.document_id, row.sequence, row.sha256, row.size, row.priority, row.meta, row.base)
            for row in self._store.read(lambda db: outbox.waiting(db, limit))
        ]

    def open(self, parcel: Parcel) -> BinaryIO:
        """The parcel's bytes.

        Raises:
            BlobMissing: the file is not there, or a part of it was cut off since it was queued.
        """
        stream = self._store.blobs.open(parcel.sha256)
        if os.fstat(stream.fileno()).st_size != parcel.size:
            stream.close()
            raise BlobMissing(parcel.sha256)
        return stream

    def accepted(self, document_id: str, receipt: bytes) -> None:
        """Keep the province's verified receipt: QUEUED → DELIVERED."""
        self._answer(document_id, Event.ACCEPTED, "accepted", receipt, "", "")

    def refused(self, document_id: str, code: str, text: str, refusal: bytes) -> None:
        """Keep the province's verified refusal and its reason: QUEUED → REFUSED."""
        self._answer(document_id, Event.REFUSED, "refused", refusal, code, text)

    def _answer(self, document_id: str, event: Event, answer: str, signed: bytes, code: str, text: str) -> None:
        def change(db: Any) -> None:
            now = self._clock()
            if not outbox.answered(db, document_id, answer, signed, now):
                return
            before = documents.load(db, document_id)
            if before.state is not State.QUEUED:
                return
            after = advance(before, event, now, reason_code=code, reason_text=text)
            documents.save(db, before, after, "province", event, {"answer": signed.hex(), "code": code})

        self._store.write(change)
