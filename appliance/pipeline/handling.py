"""Handling of electronic documents: what a person decides about them, and what the province says about any document.

Owns one transaction for each decision: row, history and the notice to the province together. Source: Decision
28/2018/QĐ-TTg, article 9 - status is returned, a refusal carries its reason, and on recall the document is removed and
the sender told. Refuses a stage that cannot follow, and a recall nobody asked for (``CommandRefused``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from appliance.commands import CommandRefused
from appliance.domain.states import State
from appliance.domain.zone import VIETNAM
from appliance.store import Store, books, documents, events, incoming, notices, outbox, registers
from appliance.store.incoming import Electronic
from sync.protocol.messages import transfer_id
from sync.protocol.notices import AGREED, DECLINED, FINISHED, KEPT, NEEDS_REASON, RECALL, Notice, may_follow
from sync.protocol.topics import Direction


class StoreNotices:
    """The box's ``sync.notices.NoticeBook``."""

    def __init__(self, store: Store, box: str, clock: Callable[[], datetime]) -> None:
        self._store, self._box, self._clock = store, box, clock

    def unheard(self, limit: int) -> list[Notice]:
        """What was said and not heard."""
        return self._store.read(lambda db: notices.unheard(db, self._box, limit))

    def heard(self, stream: bytes, number: int) -> None:
        """Note how far this box's stream was heard."""
        self._store.write(lambda db: notices.heard(db, stream, number))

    def last(self, stream: bytes) -> int:
        """Up to which number the province's stream was taken."""
        return self._store.read(lambda db: notices.last(db, stream))

    def take(self, notice: Notice, envelope: bytes) -> None:
        """Keep a notice and tell it in the history of its document, once."""

        def change(db: Any) -> None:
            now = self._clock()
            if notices.take(db, notice, envelope, now):
                detail = {"reason": notice.reason, "by": notice.by, "said": notice.wall, "number": notice.number}
                events.append(db, notice.document_id, now, "province", f"handling-{notice.code}", detail)

        self._store.write(change)


def set_stage(store: Store, document_id: str, code: str, by: str, now: datetime, reason: str = "") -> Electronic:
    """Note that handling of an electronic document reached a stage (02-06), and tell the province.

    Raises:
        NoSuchDocument: nothing electronic has this id.
        CommandRefused: the stage cannot follow, a reason is missing, or the document was taken back.
    """

    def change(db: Any) -> Electronic:
        before = _load(db, document_id)
        if before.recalled_at is not None or not may_follow(before.stage, code):
            raise CommandRefused("stage-cannot-follow", before=before.stage, after=code)
        _needs_reason(code, reason)
        incoming.set_stage(db, document_id, code, now)
        _say(db, before, code, reason, by, now)
        if code != DECLINED:
            _number(db, before, by, now)
        if code == FINISHED:
            _finish(db, before, by, now)
        return _load(db, document_id)

    return store.write(change)


def answer_recall(store: Store, document_id: str, agreed: bool, by: str, now: datetime, reason: str = "") -> Electronic:
    """Agree that the sender takes a document back - its bytes are removed here - or refuse, with a reason.

    Raises:
        NoSuchDocument: nothing electronic has this id.
        CommandRefused: nobody asked for it, or a reason is missing.
    """

    def change(db: Any) -> Electronic:
        before = _load(db, document_id)
        if before.recalled_at is not None or not notices.recall_asked(db, document_id):
            raise CommandRefused("no-recall-asked", document_id=document_id)
        code = AGREED if agreed else KEPT
        _needs_reason(code, reason)
        if agreed:
            incoming.recall(db, document_id, now)
        _say(db, before, code, reason, by, now)
        return _load(db, document_id)

    def wipe(db: Any) -> None:
        # A transaction of its own, after the commit: a crash before it leaves waste, which the sweep removes.
        if after.sha256 not in documents.referenced_digests(db):
            store.blobs.remove(after.sha256)

    after = store.write(change)
    if agreed:
        store.write(wipe)
    return after


def ask_back(store: Store, box: str, document_id: str, by: str, now: datetime, reason: str) -> int:
    """Ask the province to give up a document that it has taken from this box; returns the notice's number.

    Raises:
        NoSuchDocument: nothing has this id.
        CommandRefused: the province has not taken it, or a reason is missing.
    """

    def change(db: Any) -> int:
        document = documents.load(db, document_id)
        delivery = outbox.latest(db, document_id)
        if document.state is not State.DELIVERED or delivery is None:
            raise CommandRefused("not-in-this-state", state=document.state.value)
        _needs_reason(RECALL, reason)
        tid = transfer_id(box, document_id, bytes.fromhex(delivery.sha256)).hex()
        number = notices.say(db, Direction.UP, tid, document_id, RECALL, reason, by, now)
        events.append(db, document_id, now, by, f"handling-{RECALL}", {"reason": reason, "number": number})
        return number

    return store.write(change)


def _say(db: Any, document: Electronic, code: str, reason: str, by: str, now: datetime) -> None:
    number = notices.say(db, Direction.DOWN, document.tid, document.document_id, code, reason, by, now)
    detail = {"reason": reason, "number": number}
    events.append(db, document.document_id, now, by, f"handling-{code}", detail)


def _number(db: Any, document: Electronic, by: str, now: datetime) -> None:
    """Enter what was taken up into the register of incoming documents, once; paper and electronic share its sequence
    (NĐ 30/2020 Điều 22)."""
    if registers.held_for(db, document.document_id) is None:
        year = now.astimezone(VIETNAM).year
        number = registers.allocate_electronic(db, "den", year, document.document_id, now)
        detail = {"register": "den", "year": year, "number": number}
        detail["row"] = books.enter_electronic(db, document, by, now)
        events.append(db, document.document_id, now, by, "number-taken", detail)


def _finish(db: Any, document: Electronic, by: str, now: datetime) -> None:
    """Note the day in the book of handling, where it is not noted yet."""
    taken = registers.held_for(db, document.document_id)
    digest = books.finish(db, taken, by, now) if taken else ""
    if taken and digest:
        detail = {"register": taken.register, "year": taken.year, "number": taken.number, "row": digest}
        events.append(db, document.document_id, now, by, "row-filled", detail)


def _load(db: Any, document_id: str) -> Electronic:
    found = incoming.find(db, document_id)
    if found is None:
        raise documents.NoSuchDocument(document_id)
    return found


def _needs_reason(code: str, reason: str) -> None:
    if code in NEEDS_REASON and not reason.strip():
        raise CommandRefused("reason-needed")
