"""The box's half of the courier: what waits for the province onto a stick, what the province put there off it.

Owns which documents and answers go out and come in by hand. Refuses whatever is not signed by a pinned province key, is
not for this very box, or is not whole. What comes by the wire at the same time harms nothing: the rows accept one
answer for one manifest, whoever brings it first. Order as everywhere: blob durable, rows committed, then the answer
onto the stick; nothing leaves the box's outbox before a verified receipt.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from appliance.pipeline.examining import Examination, Found
from appliance.pipeline.handling import StoreNotices
from appliance.pipeline.incoming import door_rule, electronic, tell
from appliance.pipeline.ordering import StoreOrders
from appliance.pipeline.sending import StoreOutbox
from appliance.store import Store, incoming, outbox
from appliance.store.blobs import make_folder
from sync.courier import Carried, Fault, Stick, copy_checked
from sync.courier_words import BoxPost
from sync.downlink import CannotExamine
from sync.orders import OrderLine
from sync.protocol.codec import CodecError
from sync.protocol.cose import Sign, Verify, seal, unseal
from sync.protocol.messages import Manifest
from sync.protocol.notices import Voice
from sync.protocol.receipt import FIRST_IN_CHAIN, Receipt, Result, chain_hash, read_receipt
from sync.protocol.records import CheckOutcome, Verdict
from sync.protocol.topics import Direction
from sync.uplink import Parcel

_MOST = 1_000_000
_RESULTS = {Result.STORED: "stored", Result.DUPLICATE: "duplicate", Result.REFUSED: "refused"}


@dataclass
class Taken:
    """What came off a stick: deliveries answered (``accepted``, ``refused``), electronic documents taken or refused,
    those that could not be examined just now, and what was not taken."""

    accepted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    received: list[str] = field(default_factory=list)
    declined: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    notices: int = 0
    orders: int = 0
    faults: list[Fault] = field(default_factory=list)


@dataclass
class Written:
    """What was put on a stick; ``there``: lay there whole already."""

    documents: int = 0
    there: int = 0
    answers: int = 0
    words: int = 0
    """Notices, as messages."""


class BoxCourier:
    """One box's courier. ``work`` is a folder on the store's disk for files being examined."""

    def __init__(
        self,
        box: str,
        store: Store,
        sign: Sign,
        verify: Verify,
        examination: Examination,
        work: Path,
        clock: Callable[[], datetime],
    ) -> None:
        """``sign``: the device key. ``verify``: the pinned province keys."""
        self._box, self._store, self._sign, self._verify = box, store, sign, verify
        self._examination, self._work, self._clock = examination, work, clock
        self._outbox = StoreOutbox(store, clock)
        self._post = BoxPost(
            Voice(box, Direction.UP, box, sign, verify),
            StoreNotices(store, box, clock),
            OrderLine(box, sign, verify, StoreOrders(store, box, clock)),
        )

    def put(self, stick: Stick) -> Written:
        """Put what waits for the province on a stick, and this box's answers to what lies there. Raises NoSpace,
        OSError; what was written before stands, and doing it again goes on."""
        written = Written()
        for found in stick.documents(Direction.DOWN, self._box):
            if isinstance(found, Carried) and (answer := self._answer_to(found.manifest)) is not None:
                stick.put_answer(Direction.UP, found.manifest, answer)
                written.answers += 1
        for parcel in self._outbox.pending(_MOST):
            if self._put_parcel(stick, parcel):
                written.documents += 1
            else:
                written.there += 1
        written.words = self._post.put(stick)
        return written

    def take(self, stick: Stick) -> Taken:
        """Take what the province put on a stick, and put the answers there. Raises NoSpace, OSError."""
        taken = Taken()
        for answer in stick.answers(Direction.DOWN, self._box):
            self._take_answer(stick, answer, taken)
        for found in stick.documents(Direction.DOWN, self._box):
            if isinstance(found, Fault):
                taken.faults.append(found)
            else:
                self._take_document(stick, found, taken)
        told = self._post.take(stick)
        taken.notices, taken.orders = told.notices, told.orders
        taken.faults += told.faults
        return taken

    def _put_parcel(self, stick: Stick, parcel: Parcel) -> bool:
        manifest = parcel.manifest(self._box)
        envelope = seal(self._box, manifest.encode(), self._sign)
        return stick.put(Direction.UP, manifest, envelope, lambda: self._outbox.open(parcel))

    def _take_answer(self, stick: Stick, answer: bytes, taken: Taken) -> None:
        try:
            receipt = read_receipt(answer, self._verify)
        except CodecError:
            taken.faults.append(Fault("forged", self._box, "answers"))
            return
        row = self._store.read(lambda db: outbox.latest(db, receipt.document_id))
        if receipt.box != self._box or row is None:
            taken.faults.append(Fault("foreign", self._box, receipt.document_id))
            return
        parcel = Parcel(row.document_id, row.sequence, row.sha256, row.size, row.priority, row.meta, row.base)
        manifest = parcel.manifest(self._box)
        if not receipt.is_for(manifest):
            return  # about an earlier delivery of this paper: history, and no fault
        if row.answer is None and receipt.result is Result.REFUSED:
            self._outbox.refused(receipt.document_id, receipt.code, receipt.text, answer)
            taken.refused.append(receipt.document_id)
        elif row.answer is None:
            self._outbox.accepted(receipt.document_id, answer)
            taken.accepted.append(receipt.document_id)
        stick.remove(Direction.UP, manifest)
        stick.remove_answer(Direction.DOWN, manifest)

    def _take_document(self, stick: Stick, found: Carried, taken: Taken) -> None:
        manifest, name = found.manifest, found.manifest.tid.hex()
        sealed = unseal(found.envelope)
        if not sealed.verified_by(self._verify):
            taken.faults.append(Fault("forged", self._box, name))
            return
        answer = self._answer_to(manifest)
        if answer is None:
            make_folder(self._work)
            copy = self._work / f"{name}.{os.urandom(4).hex()}.pdf"
            try:
                answer = self._judged(found, copy, taken)
            finally:
                copy.unlink(missing_ok=True)
        if answer is not None:
            stick.put_answer(Direction.UP, manifest, answer)

    def _judged(self, found: Carried, copy: Path, taken: Taken) -> bytes | None:
        manifest = found.manifest
        outcome: CheckOutcome | None = door_rule(self._store, manifest)
        seen: Found | None = None
        if outcome is None:
            if code := copy_checked(found, copy):
                taken.faults.append(Fault(code, self._box, manifest.tid.hex()))
                return None
            try:
                outcome, seen = self._examination.judge(copy, manifest)
            except CannotExamine:
                taken.later.append(manifest.document_id)
                return None
        accepted = outcome.verdict is Verdict.ACCEPT
        answer = self._commit(found, outcome, seen, copy if accepted else None)
        (taken.received if accepted else taken.declined).append(manifest.document_id)
        return answer

    def _commit(self, found: Carried, outcome: CheckOutcome, seen: Found | None, file: Path | None) -> bytes:
        """Answer, in the transaction that keeps document, receipt and history; an answer given meanwhile stands."""
        manifest, now = found.manifest, self._clock()
        if file is not None:
            self._store.blobs.put(file)

        def write(db: Any) -> bytes:
            known = incoming.answer(db, manifest.tid.hex(), manifest.digest)
            if known is not None:
                return known
            number, last = incoming.last_answer(db)
            result = Result.REFUSED
            if file is not None:
                result = Result.DUPLICATE if incoming.stored(db, manifest.tid.hex()) else Result.STORED
            receipt = Receipt(
                number + 1, self._box, manifest.sequence, manifest.document_id, manifest.sha256, manifest.size,
                manifest.digest, result, max(0, int(now.timestamp())),
                chain_hash(last) if last is not None else FIRST_IN_CHAIN, outcome.code, outcome.text,
            )  # fmt: skip
            envelope = seal(self._box, receipt.encode(), self._sign)
            given = incoming.Answer(
                receipt.number, manifest.tid.hex(), manifest.digest, manifest.document_id, _RESULTS[result],
                receipt.code, receipt.previous, envelope, now,
            )  # fmt: skip
            document = None
            if result is Result.STORED:
                self._store.blobs.existing(manifest.sha256.hex())
                document = electronic(manifest, found.envelope, seen, receipt.number, now)
            incoming.commit(db, given, document)
            tell(db, given, manifest, now)
            return envelope

        return self._store.write(write)

    def _answer_to(self, manifest: Manifest) -> bytes | None:
        return self._store.read(lambda db: incoming.answer(db, manifest.tid.hex(), manifest.digest))
