"""What people (and policies) may do to a document. Pages and commands call these and nothing else.

Each function is one decision in one transaction: read, decide in ``appliance.domain``, save with its event. ``now``
comes from the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from appliance.domain.authority import Delegation, DelegationRefused, authority_for, forms_of
from appliance.domain.documents import (
    FARTHEST_NUDGE,
    POLICY,
    SUSPECTED,
    ConsentMissing,
    Document,
    FieldValue,
    OutOfOrder,
    advance,
    give_consent,
    hand_in_again,
    replaced_by,
    without_content,
)
from appliance.domain.documents import hand_back as handed_back
from appliance.domain.documents import nudge as moved
from appliance.domain.kinds import REGISTERS, Kind, Slot
from appliance.domain.numbering import left_open, numbered
from appliance.domain.states import TRANSITIONS, Event, IllegalTransition, State
from appliance.ids import new_id
from appliance.store import (
    ChangedMeanwhile,
    NoSuchDocument,
    Store,
    arrivals,
    batches,
    books,
    cases,
    documents,
    manifest,
    outbox,
    registers,
    texts,
)

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


class CommandRefused(Exception):
    """The command is not possible; ``code`` and ``params`` become a sentence in ``appliance.wording``."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def _decide(store: Store, document_id: str, decision: Callable[[Any, Document], Document]) -> Document:
    try:
        return store.write(lambda db: decision(db, documents.load(db, document_id)))
    except NoSuchDocument:
        raise CommandRefused("no-such-document", document_id=document_id) from None
    except IllegalTransition as error:
        raise CommandRefused("not-in-this-state", state=error.state.value) from None
    except (OutOfOrder, ConsentMissing):
        raise CommandRefused("not-in-this-state", state="approved") from None
    except ChangedMeanwhile:
        raise CommandRefused("changed-meanwhile") from None


def approve(
    store: Store,
    document_id: str,
    by: str,
    now: datetime,
    fields: dict[str, str] | None = None,
    delegations: Iterable[Delegation] = (),
) -> Document:
    """Confirm the fields (with the clerk's ``fields`` taking the place of what was read), take the register's number,
    and consent to the first signature slot: the clerk's for a scan, the leader's for an outgoing paper. A policy
    consents to the agency's slot only: an outgoing paper it approves waits for the leader. A number once taken stays
    with the document, also when it is approved anew in another year. Whoever signs KT., TL. or TUQ. needs one of the
    office's ``delegations`` that holds today; it goes into the history with the consent.

    Raises:
        CommandRefused: no-such-document, not-in-this-state, changed-meanwhile, delegation-missing, delegation-ended,
            delegation-not-yet.
    """

    def decision(db: Any, before: Document) -> Document:
        confirmed = _confirmed(before, fields)
        register, year = REGISTERS[before.kind], now.astimezone(VIETNAM).year
        if before.register_number:
            register, year = before.register, before.register_year
        elif reserved := registers.held_for(db, before.id):
            register, year = reserved.register, reserved.year
        elif shared := cases.number_of(db, before.dossier) if before.kind is Kind.CASE_FILE else None:
            year = shared[0]
        after = advance(before, Event.APPROVED, now, fields=confirmed, register=register, register_year=year)
        number = _number(db, before, register, year, now)
        slot = after.open_slot
        after = replace(after, register_number=number)
        if by == POLICY and slot is Slot.LEADER:
            slot = None
        held: dict[str, object] = {}
        if slot:
            consented, held = _consented(after, slot, by, now, delegations)
            after = replace(consented, version=after.version)
        changed = sorted(name for name in confirmed if confirmed[name].value != before.value(name))
        row = books.enter(db, after, by, now)
        detail = {"register": register, "year": year, "number": number, "changed": changed, "row": row}
        documents.save(db, before, after, by, Event.APPROVED, detail | {"slot": slot} | held)
        return after

    return _decide(store, document_id, decision)


def _number(db: Any, document: Document, register: str, year: int, now: datetime) -> int:
    """The document's number; papers of an accepted case dossier have the dossier's and take none of their own."""
    own = document.kind is not Kind.CASE_FILE or registers.held_for(db, document.id) is not None
    if not own and (shared := cases.number_of(db, document.dossier)):
        return shared[1]
    return registers.allocate(db, register, year, document.id, now)


def consent(
    store: Store, document_id: str, slot: Slot, by: str, now: datetime, delegations: Iterable[Delegation] = ()
) -> Document:
    """Consent to the next signature slot: the clerk issues an outgoing paper that the leader has signed, and gives it
    its number and day when the draft leaves them open.

    Raises:
        CommandRefused: not-in-this-state when the slot is not the next open one; delegations as in ``approve``.
    """

    def decision(db: Any, before: Document) -> Document:
        after, held = _consented(before, slot, by, now, delegations)
        if after is not before:
            if slot is Slot.AGENCY and left_open(before):
                after = numbered(after, now)
                held |= {"numbered": after.value("code"), "date": after.value("issued_date")}
                held |= {"row": books.enter(db, after, by, now)}
            documents.save(db, before, after, by, "consented", {"slot": slot} | held)
        return after

    return _decide(store, document_id, decision)


def _consented(
    document: Document, slot: Slot, by: str, now: datetime, delegations: Iterable[Delegation]
) -> tuple[Document, dict[str, object]]:
    """``document`` with the consent, and what the history says of the authority behind it."""
    if slot is not Slot.LEADER:
        return give_consent(document, slot, by, now), {}
    shown: dict[str, object] = {"authority": " ".join(forms_of(document))} if forms_of(document) else {}
    try:
        held = authority_for(document, by.rpartition(" (")[0] or by, now.astimezone(VIETNAM).date(), delegations)
    except DelegationRefused as error:
        raise CommandRefused(error.code, form=error.form, signer=error.signer) from None
    if held is None:
        return give_consent(document, slot, by, now), shown
    facts: dict[str, object] = {"authority": held.words, "until": held.ends.isoformat()}
    return give_consent(document, slot, by, now, held.words, held.ends), facts


def nudge(
    store: Store, document_id: str, slot: Slot, by_millimetres: tuple[float, float], by: str, now: datetime
) -> Document:
    """Move the appearance of a signature by hand, to the right and down; before anybody has signed. Whether it stays
    on the page is asked beforehand (``appliance.pipeline.placing``), and again when it is signed.

    Raises:
        CommandRefused: nudge-too-far, not-in-this-state, no-such-document, changed-meanwhile.
    """

    def decision(db: Any, before: Document) -> Document:
        try:
            after = moved(before, slot, by_millimetres, now)
        except ValueError:
            raise CommandRefused("nudge-too-far", most=f"{FARTHEST_NUDGE:g}") from None
        right, down = by_millimetres
        documents.save(db, before, after, by, "nudged", {"slot": slot, "right": right, "down": down})
        return after

    return _decide(store, document_id, decision)


def hand_back(store: Store, document_id: str, by: str, now: datetime, words: str) -> Document:
    """The leader gives a draft back to the clerk, with words.

    Raises:
        CommandRefused: reason-needed, not-in-this-state, no-such-document, changed-meanwhile.
    """
    if not words.strip():
        raise CommandRefused("reason-needed")

    def decision(db: Any, before: Document) -> Document:
        after = handed_back(before, words, now)
        documents.save(db, before, after, by, "handed-back", {"reason": after.returned})
        return after

    return _decide(store, document_id, decision)


def resubmit(store: Store, document_id: str, by: str, now: datetime, fields: dict[str, str] | None = None) -> Document:
    """The clerk lays a draft that was given back before the leader again, with the fields as they are now.

    Raises:
        CommandRefused: not-in-this-state, no-such-document, changed-meanwhile.
    """

    def decision(db: Any, before: Document) -> Document:
        confirmed = _confirmed(before, fields)
        after = replace(hand_in_again(before, now), fields=confirmed)
        changed = sorted(name for name in confirmed if confirmed[name].value != before.value(name))
        documents.save(db, before, after, by, "resubmitted", {"changed": changed})
        return after

    return _decide(store, document_id, decision)


def _confirmed(before: Document, fields: dict[str, str] | None) -> dict[str, FieldValue]:
    """The paper's fields with a person's ``fields`` in the place of what was read."""
    confirmed = dict(before.fields)
    for name, value in (fields or {}).items():
        confirmed[name] = replace(before.fields.get(name, FieldValue("")), value=value.strip(), confidence=1.0)
    return confirmed


def withdraw(store: Store, document_id: str, by: str, now: datetime) -> Document:
    """Take back an approval while no slot is filled; the register number stays with the document.

    Raises:
        CommandRefused: slot-filled, not-in-this-state.
    """

    def decision(db: Any, before: Document) -> Document:
        if before.state is State.APPROVED and before.signatures:
            raise CommandRefused("slot-filled")
        after = advance(before, Event.APPROVAL_WITHDRAWN, now, policy="person")
        documents.save(db, before, after, by, Event.APPROVAL_WITHDRAWN, {})
        return after

    return _decide(store, document_id, decision)


def mark_secret(store: Store, document_id: str, by: str, now: datetime) -> Document:
    """A person saw a secrecy marking that the box missed: the paper stops here and nothing of its content is kept.

    Raises:
        CommandRefused: no-such-document, not-in-this-state, changed-meanwhile.
    """

    def decision(db: Any, before: Document) -> Document:
        after = advance(
            without_content(before), Event.SUSPECTED_SECRET, now, reason_code="suspected-secret", markings=(SUSPECTED,)
        )
        texts.forget(db, before.id)
        arrivals.forget(db, before.id)
        books.wipe(db, before.id)
        documents.save(db, before, after, by, Event.SUSPECTED_SECRET, {"code": "suspected-secret"})
        return after

    return _decide(store, document_id, decision)


def send_back(store: Store, document_id: str, by: str, now: datetime, reason: str) -> Document:
    """End a document: rescan it, or it does not belong here. The blob of a suspected secret is wiped.

    Raises:
        CommandRefused: reason-needed, not-in-this-state.
    """
    if not reason.strip():
        raise CommandRefused("reason-needed")
    wiped: set[str] = set()

    def decision(db: Any, before: Document) -> Document:
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
        return after

    ended = _decide(store, document_id, decision)
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

    return _decide(store, document_id, decision)


def join_parts(store: Store, document_id: str, by: str, now: datetime) -> Document:
    """Undo the cut in front of a part: it and the part before it end, one paper with the pages of both takes their
    place and is digitized anew. Pages of the cut come along where no code proved that they were a sheet.

    Returns the new paper.

    Raises:
        CommandRefused: no-part-before, parts-decided (somebody has decided about one of them), batch-gone (the batch's
            file was wiped with a secret), not-in-this-state, changed-meanwhile.
    """

    def decision(db: Any, part: Document) -> Document:
        first = batches.neighbour_before(db, part)
        if first is None:
            raise CommandRefused("no-part-before")
        batch = documents.load(db, part.part_of)
        if not store.blobs.path(batch.original_sha256).is_file():
            raise CommandRefused("batch-gone")
        cut = batches.cut_before(db, part)
        between = [cut.pages] if cut and not cut.read else []
        joined = replace(
            _fresh_part(first, batch, now), part_pages=", ".join([first.part_pages, *between, part.part_pages])
        )
        for ended in (first, part):
            if (ended.state, Event.REPLACED) not in TRANSITIONS or ended.register_number:
                raise CommandRefused("parts-decided")
            texts.forget(db, ended.id)
            arrivals.forget(db, ended.id)
            documents.save(db, ended, replaced_by(ended, "joined", now), by, Event.REPLACED, {"count": 1})
        detail = {"sha256": joined.original_sha256, "name": joined.original_name, "folder": joined.folder}
        documents.insert(db, joined, by, detail | {"batch": batch.id, "pages": joined.part_pages})
        return joined

    return _decide(store, document_id, decision)


def _fresh_part(first: Document, batch: Document, now: datetime) -> Document:
    """A received paper in the place of ``first``, still with the whole batch's file: the worker cuts its pages out."""
    return Document(
        id=new_id(),
        kind=first.kind,
        state=State.RECEIVED,
        version=1,
        original_sha256=batch.original_sha256,
        original_name=first.original_name,
        media_type="",
        folder=first.folder,
        policy="person",
        received_at=first.received_at,
        updated_at=now,
        part_of=batch.id,
        part_number=first.part_number,
        dossier=first.dossier,
    )


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

    return _decide(store, document_id, decision)
