"""Appendices: papers that go with another one, each a file of its own. Values in, values out.

Source: NĐ 30/2020, Phụ lục I mục II: where appendices are separate files the agency alone signs each of them, with the
number of the document it belongs to. So an appendix that is attached waits for no decision of its own: it is approved,
and its agency's slot consented to, with the main paper, under the main paper's number. Invariants: a paper belongs to
at most one other, never to itself, and an appendix has no appendices; nothing is attached to or taken from a paper that
somebody has decided about; a suspected secret is never attached and keeps nothing attached.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from appliance.domain.documents import Document, FieldValue, advance, consent_of, give_consent
from appliance.domain.kinds import Kind, Slot
from appliance.domain.states import Event, State

MAIN_KINDS = frozenset({Kind.INCOMING_SCAN, Kind.OUTGOING})
_UNDECIDED = frozenset({State.DIGITIZED, State.APPROVED})
_CODE_FIELDS = ("code", "code_number", "code_notation")


class CannotAttach(Exception):
    """Codes: ``attach-to-itself``, ``attached-already``, ``attach-held``, ``attach-decided``, ``attach-kind``,
    ``main-is-appendix``, ``main-decided``, ``not-attached``, ``attached-to-main``, ``has-appendices``,
    ``appendix-needs-code``, ``appendix-signed``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def trouble_attaching(appendix: Document, main: Document) -> str:
    """Why ``appendix`` cannot become one of ``main``, as a code; empty when it can. That it has none of its own is the
    store's to say.
    """
    if appendix.id == main.id:
        return "attach-to-itself"
    if appendix.secret or main.secret:
        return "attach-held"
    if appendix.attached_to:
        return "attached-already"
    if appendix.state is not State.DIGITIZED or appendix.register_number:
        return "attach-decided"
    if main.attached_to:
        return "main-is-appendix"
    if main.state is not State.DIGITIZED:
        return "main-decided"
    return "" if main.kind in MAIN_KINDS and appendix.kind is not Kind.CASE_FILE else "attach-kind"


def attach(appendix: Document, main: Document, now: datetime) -> Document:
    """``appendix`` as one of ``main``; from here on a person decides, whatever its folder's policy says.

    Raises:
        CannotAttach: see ``trouble_attaching``.
    """
    if code := trouble_attaching(appendix, main):
        raise CannotAttach(code)
    return replace(
        appendix,
        kind=Kind.APPENDIX,
        kind_before=appendix.kind.value,
        attached_to=main.id,
        policy="person",
        nudges={},
        returned="",
        version=appendix.version + 1,
        updated_at=now,
    )


def detach(appendix: Document, main: Document, now: datetime) -> Document:
    """``appendix`` as a paper of its own again, of the kind it was.

    Raises:
        CannotAttach: not-attached, attach-decided, or main-decided: the leader has said yes to both together.
    """
    if not appendix.attached_to:
        raise CannotAttach("not-attached")
    if appendix.state is not State.DIGITIZED:
        raise CannotAttach("attach-decided")
    if main.state is State.APPROVED and not consent_of(main, Slot.AGENCY):
        raise CannotAttach("main-decided")
    return let_go(appendix, now)


def let_go(appendix: Document, now: datetime) -> Document:
    """``appendix`` without its main paper, whatever becomes of either."""
    return replace(
        appendix,
        kind=Kind(appendix.kind_before or Kind.APPENDIX),
        kind_before="",
        attached_to="",
        nudges={},
        version=appendix.version + 1,
        updated_at=now,
    )


def refuse_alone(document: Document) -> None:
    """An attached paper goes the way of its main paper; nobody decides about it by itself.

    Raises:
        CannotAttach: attached-to-main.
    """
    if document.attached_to and document.state in _UNDECIDED:
        raise CannotAttach("attached-to-main")


def follow(appendix: Document, main: Document, by: str, now: datetime) -> Document:
    """``appendix`` approved with ``main``, under its number and notation, the agency's slot consented to.

    Raises:
        CannotAttach: appendix-needs-code: the signature on an appendix names the main paper's number.
        IllegalTransition: the appendix does not wait for approval.
    """
    if not main.value("code").strip():
        raise CannotAttach("appendix-needs-code")
    code = {name: FieldValue(main.value(name)) for name in _CODE_FIELDS if main.value(name)}
    approved = advance(
        appendix,
        Event.APPROVED,
        now,
        fields=appendix.fields | code,
        register=main.register,
        register_year=main.register_year,
        register_number=main.register_number,
    )
    consented = give_consent(approved, Slot.AGENCY, by, now)
    return replace(consented, version=approved.version)


def withdraw(appendix: Document, now: datetime) -> Document:
    """``appendix`` back from its approval, with its main paper; the number was never its own.

    Raises:
        CannotAttach: appendix-signed.
    """
    if appendix.signatures:
        raise CannotAttach("appendix-signed")
    return advance(
        appendix, Event.APPROVAL_WITHDRAWN, now, policy="person", register="", register_year=0, register_number=0
    )


def waits_for_main(main: Document) -> bool:
    """Whether appendices must not be sent yet: the main paper is neither sent nor at its end."""
    return main.state not in (State.QUEUED, State.DELIVERED, State.REFUSED, State.DISCARDED)
