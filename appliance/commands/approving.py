"""Approval and consent: what a person answers for before a token signs, and the ways back from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from appliance.commands.attaching import follow_main, withdraw_with_main
from appliance.commands.deciding import CommandRefused, decide
from appliance.domain.attaching import refuse_alone
from appliance.domain.authority import Delegation, DelegationRefused, authority_for, forms_of
from appliance.domain.documents import (
    FARTHEST_NUDGE,
    POLICY,
    Document,
    FieldValue,
    advance,
    give_consent,
    hand_in_again,
)
from appliance.domain.documents import hand_back as handed_back
from appliance.domain.documents import nudge as moved
from appliance.domain.kinds import REGISTERS, Kind, Slot
from appliance.domain.numbering import left_open, numbered
from appliance.domain.states import Event, State
from appliance.domain.zone import VIETNAM
from appliance.registers.desk_row import NO_PAPER, row_of
from appliance.store import Store, batches, books, cases, documents, events, registers


def approve(
    store: Store,
    document_id: str,
    by: str,
    now: datetime,
    fields: dict[str, str] | None = None,
    delegations: Iterable[Delegation] = (),
    row: Mapping[str, str] | None = None,
) -> Document:
    """Confirm the fields (with the clerk's ``fields`` taking the place of what was read), take the register's number,
    and consent to the first signature slot: the clerk's for a scan, the leader's for an outgoing paper. A policy
    consents to the agency's slot only: an outgoing paper it approves waits for the leader. A number once taken stays
    with the document, also when it is approved anew in another year. Whoever signs KT., TL. or TUQ. needs one of the
    office's ``delegations`` that holds today; it goes into the history with the consent. ``row``: what the clerk says
    of the register's other columns (``appliance.registers.desk_row``), cleaned; it stands in the books with the number.

    Raises:
        CommandRefused: no-such-document, not-in-this-state, changed-meanwhile, delegation-missing, delegation-ended,
            delegation-not-yet, attached-to-main, appendix-needs-code, join-asked.
    """

    def decision(db: Any, before: Document) -> Document:
        refuse_alone(before)
        if before.joins or batches.asked_to_join(db, before.id):
            raise CommandRefused("join-asked")
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
        entered = books.enter(db, after, by, now, row_of(register, row))
        detail = {"register": register, "year": year, "number": number, "changed": changed, "row": entered}
        documents.save(db, before, after, by, Event.APPROVED, detail | {"slot": slot} | held)
        if register == "den":
            _follow_handling(db, after, row_of("giai-quyet", row), by, now)
        if slot is Slot.AGENCY:
            follow_main(db, after, by, now)
        return after

    return decide(store, document_id, decision)


def _follow_handling(db: Any, document: Document, cells: Mapping[str, str], by: str, now: datetime) -> None:
    """Write who handles an incoming paper, and until when, into the book that follows its handling."""
    taken = registers.held_for(db, document.id)
    written = books.write(db, "giai-quyet", taken, cells, by, now) if taken and cells else None
    if taken and written:
        place = {"register": taken.register, "year": taken.year, "number": taken.number, "book": written.book}
        detail = place | {"row": written.digest, "changed": sorted(cells)}
        events.append(db, document.id, now, by, f"row-{written.act.value}", detail)


def _number(db: Any, document: Document, register: str, year: int, now: datetime) -> int:
    """The document's number; papers of an accepted case dossier have the dossier's and take none of their own."""
    own = document.kind is not Kind.CASE_FILE or registers.held_for(db, document.id) is not None
    if not own and (shared := cases.number_of(db, document.dossier)):
        return shared[1]
    return registers.allocate(db, register, year, document.id, now)


def consent(
    store: Store,
    document_id: str,
    slot: Slot,
    by: str,
    now: datetime,
    delegations: Iterable[Delegation] = (),
    row: Mapping[str, str] | None = None,
) -> Document:
    """Consent to the next signature slot: the clerk issues an outgoing paper that the leader has signed, and gives it
    its number and day when the draft leaves them open. ``row``: what the clerk says of the register's other columns
    while issuing it, and whether no copy of paper is sent (``appliance.registers.desk_row``).

    Raises:
        CommandRefused: not-in-this-state when the slot is not the next open one; delegations as in ``approve``.
    """

    def decision(db: Any, before: Document) -> Document:
        after, held = _consented(before, slot, by, now, delegations)
        if after is not before:
            if slot is Slot.AGENCY and left_open(before):
                after = numbered(after, now)
                held |= {"numbered": after.value("code"), "date": after.value("issued_date")}
            if slot is Slot.AGENCY and (row or left_open(before)):
                after = replace(after, no_paper=bool(row and row.get(NO_PAPER)))
                held |= {"no_paper": True} if after.no_paper else {}
                held |= {"row": books.enter(db, after, by, now, row_of(after.register, row))}
            documents.save(db, before, after, by, "consented", {"slot": slot} | held)
            if slot is Slot.AGENCY:
                follow_main(db, after, by, now)
        return after

    return decide(store, document_id, decision)


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

    return decide(store, document_id, decision)


def hand_back(store: Store, document_id: str, by: str, now: datetime, words: str) -> Document:
    """The leader gives a draft back to the clerk, with words.

    Raises:
        CommandRefused: reason-needed, not-in-this-state, no-such-document, changed-meanwhile.
    """
    if not words.strip():
        raise CommandRefused("reason-needed")

    def decision(db: Any, before: Document) -> Document:
        refuse_alone(before)
        after = handed_back(before, words, now)
        documents.save(db, before, after, by, "handed-back", {"reason": after.returned})
        return after

    return decide(store, document_id, decision)


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

    return decide(store, document_id, decision)


def _confirmed(before: Document, fields: dict[str, str] | None) -> dict[str, FieldValue]:
    """The paper's fields with a person's ``fields`` in the place of what was read."""
    confirmed = dict(before.fields)
    for name, value in (fields or {}).items():
        confirmed[name] = replace(before.fields.get(name, FieldValue("")), value=value.strip(), confidence=1.0)
    return confirmed


def withdraw(store: Store, document_id: str, by: str, now: datetime) -> Document:
    """Take back an approval while no slot is filled, and that of its appendices; the register number stays with the
    document.

    Raises:
        CommandRefused: slot-filled, not-in-this-state, attached-to-main, appendix-signed.
    """

    def decision(db: Any, before: Document) -> Document:
        refuse_alone(before)
        if before.state is State.APPROVED and before.signatures:
            raise CommandRefused("slot-filled")
        after = advance(before, Event.APPROVAL_WITHDRAWN, now, policy="person")
        documents.save(db, before, after, by, Event.APPROVAL_WITHDRAWN, {})
        withdraw_with_main(db, after, by, now)
        return after

    return decide(store, document_id, decision)
