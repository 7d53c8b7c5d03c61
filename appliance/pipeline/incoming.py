"""Electronic documents from the province: the box's end of ``sync.downlink``. Implements its ``Inbox`` port.

Order, never varied: the blob durable, then the row, its receipt and the history in one transaction; only then does the
receipt go out. The file is kept byte for byte. Every method but ``examine`` is called by the delivery thread.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from appliance.pipeline.examining import Found, Look, refusal
from appliance.store import Store, StoreFull, events, incoming, notices
from appliance.store.parts import Parts
from sync.downlink import AnsweredMeanwhile, NoRoom
from sync.protocol.messages import Base, Manifest
from sync.protocol.notices import ARRIVED, DECLINED
from sync.protocol.reasons import REASONS, secrecy_marked
from sync.protocol.receipt import Result
from sync.protocol.records import CheckOutcome, OpenRecord
from sync.protocol.step import Change, CommitReceipt, MakeDurable, OpenTransfer, ResetPart, WriteChunk
from sync.protocol.topics import Direction

_RESULTS = {Result.STORED: "stored", Result.DUPLICATE: "duplicate", Result.REFUSED: "refused"}


class StoreInbox:
    """The box's store as the protocol sees it; ``parts``: a folder of its own on the store's disk."""

    def __init__(self, store: Store, parts: Path, examination: Look, clock: Callable[[], datetime]) -> None:
        self._store, self._clock = store, clock
        self._parts = Parts(parts)
        self._examination = examination
        self._found: dict[str, Found] = {}
        self._tidy()

    # -- what the protocol may ask --------------------------------------------------------------------------------

    def open_transfer(self, box: str, tid: bytes) -> OpenRecord | None:
        """The open transfer as the last durable change left it, or None."""
        found = self._store.read(lambda db: incoming.transfer(db, tid.hex()))
        return OpenRecord(Manifest.decode(found.manifest), found.ranges, found.resets) if found else None

    def open_alike(self, box: str, begin: bytes) -> list[bytes]:
        """The open transfers that begin so."""
        found = self._store.read(lambda db: [one.tid for one in incoming.transfers(db)])
        return [bytes.fromhex(tid) for tid in found if tid.startswith(begin.hex())]

    def answer(self, box: str, tid: bytes, manifest_hash: bytes) -> bytes | None:
        """The answer given to exactly this manifest, or None."""
        return self._store.read(lambda db: incoming.answer(db, tid.hex(), manifest_hash))

    def stored(self, box: str, tid: bytes) -> bool:
        """These bytes of this document were taken."""
        return self._store.read(lambda db: incoming.stored(db, tid.hex()))

    def holds_base(self, box: str, base: Base) -> bool:
        """A box keeps no earlier versions of what it is sent."""
        return False

    def last_receipt(self, box: str) -> bytes | None:
        """The newest answer, or None."""
        return self._store.read(incoming.last_answer)[1]

    def last_number(self) -> int:
        """The number of the newest answer."""
        return self._store.read(incoming.last_answer)[0]

    def door(self, manifest: Manifest) -> CheckOutcome | None:
        """See ``door_rule``."""
        return door_rule(self._store, manifest)

    def complete(self) -> list[Manifest]:
        """Transfers with every byte and without an answer."""
        found = [(one, Manifest.decode(one.manifest)) for one in self._store.read(incoming.transfers)]
        return [manifest for one, manifest in found if one.ranges == ((0, manifest.size),)]

    def examine(self, manifest: Manifest) -> CheckOutcome:
        """Judge the whole file; what was found is kept until the answer. Raises CannotExamine."""
        tid = manifest.tid.hex()
        outcome, found = self._examination.judge(self._parts.path(tid), manifest)
        if found is not None:
            self._found[tid] = found
        return outcome

    # -- changes --------------------------------------------------------------------------------------------------

    def carry_out(self, change: Change) -> None:
        """Do one change. Raises NoRoom, AnsweredMeanwhile."""
        try:
            self._do(change)
        except StoreFull as error:
            raise NoRoom(str(error)) from error
        except incoming.AnsweredBefore as error:
            tid = getattr(change, "tid", b"").hex()
            self._parts.remove(tid)
            raise AnsweredMeanwhile(str(error)) from error

    def _do(self, change: Change) -> None:
        match change:
            case OpenTransfer(_, tid, manifest, envelope):
                opened = incoming.OpenTransfer(tid.hex(), manifest.encode(), envelope, (), 0)
                self._store.write(lambda db: incoming.open_transfer(db, opened, self._clock()))
            case WriteChunk(_, tid, offset, content):
                self._parts.write(tid.hex(), offset, content)
            case MakeDurable(_, tid, ranges):
                self._parts.flush(tid.hex())
                self._store.write(lambda db: incoming.set_ranges(db, tid.hex(), ranges))
            case ResetPart(_, tid, resets):
                # The row first: after a kill in between nothing is promised, and old bytes are written over.
                self._store.write(lambda db: incoming.restart(db, tid.hex(), resets))
                self._parts.remove(tid.hex())
            case CommitReceipt():
                self._commit(change)
            case _:
                raise ValueError(f"{type(change).__name__} does not happen to what comes down")

    def _commit(self, change: CommitReceipt) -> None:
        tid, now = change.tid.hex(), self._clock()
        said = change.receipt
        given = incoming.Answer(
            said.number, tid, said.manifest_hash, said.document_id, _RESULTS[said.result], said.code, said.previous,
            change.envelope, now,
        )  # fmt: skip
        found = self._found.pop(tid, None)
        taken = said.result is Result.STORED
        if taken:
            self._parts.flush(tid)
            blob = self._store.blobs.put(self._parts.path(tid))
            if blob.sha256 != change.manifest.sha256.hex():
                raise OSError(f"the part of {tid} changed on the disk after it was examined")

        def write(db: Any) -> None:
            document = None
            if taken:
                self._store.blobs.existing(change.manifest.sha256.hex())
                opened = incoming.transfer(db, tid)
                document = electronic(change.manifest, opened.envelope if opened else b"", found, said.number, now)
            incoming.commit(db, given, document)
            tell(db, given, change.manifest, now)

        self._store.write(write)
        self._parts.remove(tid)

    def _tidy(self) -> None:
        """Parts without a row are waste of a kill; a row whose part is gone begins anew."""
        known = {one.tid: one for one in self._store.read(incoming.transfers)}
        for tid in list(self._parts.every()):
            if tid not in known:
                self._parts.remove(tid)
        for tid, one in known.items():
            if one.ranges and not self._parts.path(tid).is_file():
                self._store.write(partial(_restarted, tid, one.resets))


def _restarted(tid: str, resets: int, db: Any) -> None:
    incoming.restart(db, tid, resets)


def door_rule(store: Store, manifest: Manifest) -> CheckOutcome | None:
    """Why an offer is refused by its words alone, or None.

    Secret papers never travel here; an id stands for one content; only PDF files are documents.
    """
    code = ""
    if secrecy_marked(manifest.meta):
        code = "secret"
    elif manifest.content_type != "application/pdf":
        code = "unknown-kind"
    elif store.read(lambda db: incoming.is_used(db, manifest.document_id)):
        code = "duplicate"
    elif store.read(lambda db: notices.recall_asked(db, manifest.document_id)):
        code = "recalled"
    return refusal(code) if code else None


def electronic(
    manifest: Manifest, envelope: bytes, found: Found | None, number: int, now: datetime
) -> incoming.Electronic:
    """The row of a document that was just taken."""
    seen = found or Found()
    return incoming.Electronic(
        document_id=manifest.document_id,
        tid=manifest.tid.hex(),
        sha256=manifest.sha256.hex(),
        size=manifest.size,
        priority=manifest.priority,
        media_type=manifest.content_type,
        meta=dict(manifest.meta),
        signatures=seen.signatures,
        fields=seen.fields,
        pages=seen.pages,
        envelope=envelope,
        answer=number,
        received_at=now,
        stage=ARRIVED,
        stage_at=now,
    )


def tell(db: Any, given: incoming.Answer, manifest: Manifest, now: datetime) -> None:
    """Add the answer to the chain of events; of a refusal nothing but identity and reason."""
    detail: dict[str, Any] = {"number": given.number, "answer": given.cose.hex(), "code": given.code}
    if given.result != "refused":
        detail |= {"sha256": manifest.sha256.hex(), "size": manifest.size}
    events.append(db, manifest.document_id, now, "province", f"electronic-{given.result}", detail)
    if given.result == "stored":
        notices.say(db, Direction.DOWN, given.tid, manifest.document_id, ARRIVED, "", "", now)
    elif given.result == "refused":
        reason = REASONS.get(given.code, given.code)
        notices.say(db, Direction.DOWN, given.tid, manifest.document_id, DECLINED, reason, "", now)
