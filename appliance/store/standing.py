"""How a paper stands for the people at the pages: where it is, who has the next word, what may be done and seen.

Pure functions over a document; the answer to "what is possible here" comes from the transition table and from nowhere
else. Invariant: nothing of a suspected secret's content passes ``shown`` and ``renditions``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from appliance.domain.attaching import MAIN_KINDS
from appliance.domain.documents import Document, consent_of
from appliance.domain.kinds import SLOTS, Kind, Slot
from appliance.domain.pages import trouble_cutting
from appliance.domain.states import TRANSITIONS, Event, State
from appliance.domain.steps import Step, next_step


class Situation(StrEnum):
    """Where a paper is, in the words that pages use; finer than its state where a person must do something else."""

    RECEIVED = "received"
    TO_APPROVE = "to-approve"
    RETURNED = "returned"
    ATTACHED = "attached"
    JOINING = "joining"
    TO_SIGN = "to-sign"
    TO_ISSUE = "to-issue"
    SIGNED = "signed"
    TO_SEND = "to-send"
    DELIVERED = "delivered"
    REFUSED = "refused"
    QUARANTINED = "quarantined"
    SUSPECTED_SECRET = "suspected-secret"
    DISCARDED = "discarded"
    REPLACED = "replaced"


class Role(StrEnum):
    """What a person of the office may do at the pages; each account has one."""

    CLERK = "van_thu"
    LEADER = "lanh_dao"
    SCANNER = "quet"
    ADMINISTRATOR = "quan_tri"
    VIEWER = "xem"


class Turn(StrEnum):
    """Who has the next word about a paper."""

    CLERK = "van_thu"
    LEADER = "lanh_dao"
    BOX = "box"
    LINK = "link"
    NOBODY = "nobody"


class Reason(StrEnum):
    """Whether an action asks for a written reason."""

    NONE = "none"
    OPTIONAL = "optional"
    NEEDED = "needed"


@dataclass(frozen=True)
class Action:
    """One thing a person may do now. ``role`` None: clerk or leader; ``edits``: the fields travel with it.

    ``main``: what the paper waits for; ``ends``: the paper's way ends here.
    """

    name: str
    role: Role | None = None
    reason: Reason = Reason.NONE
    edits: bool = False
    main: bool = False
    ends: bool = False


@dataclass(frozen=True)
class Rendition:
    """One form of a paper that can be fetched: "signed", "archive" or "original"."""

    name: str
    sha256: str
    media_type: str


def conceals(document: Document) -> bool:
    """Whether nothing of the paper's content may be shown (a suspected or a confirmed state secret)."""
    return document.secret


def shown(document: Document) -> Document:
    """``document`` as pages may see it: without fields and markings where it is concealed."""
    return dataclasses.replace(document, fields={}, markings=(), warnings=()) if conceals(document) else document


def situation_of(document: Document) -> Situation:
    """Where the paper is, in the words of the pages."""
    return _SITUATIONS[document.state](document)


def _undecided(document: Document) -> Situation:
    if document.attached_to:
        return Situation.ATTACHED
    if document.joins:
        return Situation.JOINING
    return Situation.RETURNED if document.returned else Situation.TO_APPROVE


def _approved(document: Document) -> Situation:
    return Situation.TO_ISSUE if _unconsented(document) is Slot.AGENCY else Situation.TO_SIGN


_SITUATIONS: dict[State, Callable[[Document], Situation]] = {
    State.RECEIVED: lambda document: Situation.RECEIVED,
    State.DIGITIZED: lambda document: _undecided(document),
    State.APPROVED: _approved,
    State.SIGNED: lambda document: Situation.SIGNED,
    State.QUEUED: lambda document: Situation.TO_SEND,
    State.DELIVERED: lambda document: Situation.DELIVERED,
    State.REFUSED: lambda document: Situation.REFUSED,
    State.QUARANTINED: lambda document: Situation.SUSPECTED_SECRET if conceals(document) else Situation.QUARANTINED,
    State.DISCARDED: lambda document: Situation.REPLACED if document.replaced else Situation.DISCARDED,
}


def approver_of(kind: Kind) -> Role:
    """Who approves: the one whose signature comes first (NĐ 30/2020, Điều 25 and 32)."""
    return Role.LEADER if SLOTS[kind][0] is Slot.LEADER else Role.CLERK


def _knows(document: Document, event: Event) -> bool:
    return (document.state, event) in TRANSITIONS


def _unconsented(document: Document) -> Slot | None:
    """The slot that waits for somebody's word: the agency's after the leader signed, or the leader's after a policy."""
    slot = slot_to_fill(document)
    return slot if slot and consent_of(document, slot) is None else None


_CONSENTS = {
    Slot.LEADER: Action("sign", Role.LEADER, main=True),
    Slot.AGENCY: Action("issue", Role.CLERK, main=True),
}


def possible_actions(document: Document) -> tuple[Action, ...]:
    """What a person may do with the paper now, the expected action first; derived from the transition table."""
    if waits_with_main(document):
        return (Action("detach", Role.CLERK), Action("mark-secret"))
    if next_step(document) is Step.JOIN:
        return (Action("unjoin", Role.CLERK), Action("mark-secret"))
    found: list[Action] = []
    if document.returned:
        found.append(Action("resubmit", Role.CLERK, edits=True, main=True))
    elif _knows(document, Event.APPROVED):
        found.append(Action("approve", approver_of(document.kind), edits=True, main=True))
        if approver_of(document.kind) is Role.LEADER:
            found.append(Action("hand-back", Role.LEADER, Reason.NEEDED))
    if slot := _unconsented(document):
        found.append(_CONSENTS[slot])
    if _knows(document, Event.REQUEUED):
        found.append(Action("requeue", Role.CLERK, main=True))
    if _knows(document, Event.RELEASED):
        found.append(Action("release", Role.CLERK, Reason.NEEDED if conceals(document) else Reason.OPTIONAL))
        found.append(Action("discard", Role.CLERK, Reason.NEEDED, ends=True))
    elif _knows(document, Event.SENT_BACK):
        found.append(Action("send-back", None, Reason.NEEDED, ends=True))
    if _knows(document, Event.SUSPECTED_SECRET) and not _knows(document, Event.DIGITIZED):
        found.append(Action("mark-secret"))
    if document.part_number > 1 and _knows(document, Event.REPLACED):
        found.append(Action("join", Role.CLERK))
    if document.joined_of and not document.register_number and _knows(document, Event.REPLACED):
        found.append(Action("unjoin", Role.CLERK))
    if _knows(document, Event.APPROVAL_WITHDRAWN) and not document.signatures and not document.attached_to:
        found.append(Action("withdraw", None))
    return tuple(found)


def waits_with_main(document: Document) -> bool:
    """Whether the paper is an appendix that waits for the decision about its main paper."""
    return bool(document.attached_to) and _knows(document, Event.APPROVED)


def may_have_appendices(document: Document) -> bool:
    """Whether other papers may be attached to this one now: nobody has decided about it, and it is no appendix."""
    waits = _knows(document, Event.APPROVED) and not document.attached_to
    return waits and not conceals(document) and document.kind in MAIN_KINDS


def may_be_recut(document: Document) -> bool:
    """Whether its pages may be parted or left out: nobody has decided about it, and its pages can be told apart."""
    open_still = _knows(document, Event.APPROVED) and _knows(document, Event.REPLACED) and not document.attached_to
    return open_still and not document.register_number and not conceals(document) and not trouble_cutting(document)


def waits_for_password(document: Document) -> bool:
    """Whether a person's typed password would let the paper go on."""
    return _knows(document, Event.RELEASED) and document.reason_code in ("needs-password", "password-wrong")


def slot_to_fill(document: Document) -> Slot | None:
    """The signature slot that the paper waits for now, whether or not somebody has consented to it yet."""
    return document.open_slot if _knows(document, Event.SIGNATURE_APPLIED) else None


def may_be_nudged(document: Document) -> bool:
    """Whether an appearance may still be moved by hand: it waits for a decision or a signature, and has none."""
    waits = _knows(document, Event.APPROVED) or _knows(document, Event.SIGNATURE_APPLIED)
    return waits and not document.signatures and not conceals(document)


_TOKEN_WAITS = ("pin-", "token-", "not-logged-in", "credential-", "device-", "signer-died", "module-hangs")
"""Beginnings of the codes of ``hsm`` that a person ends: a PIN to type, a token to plug in, after a fault both."""


def turn_of(document: Document) -> Turn:
    """Who has the next word about the paper; a token that waits for its owner is the owner's turn, not the box's."""
    if next_step(document):
        waits = document.last_error.startswith(_TOKEN_WAITS)
        owner = Turn.LEADER if document.open_slot is Slot.LEADER else Turn.CLERK
        return owner if waits else Turn.BOX
    if _knows(document, Event.ACCEPTED):
        return Turn.LINK
    expected = possible_actions(document)[:1]
    if not expected:
        return Turn.NOBODY
    return Turn(expected[0].role.value) if expected[0].role else Turn.CLERK


def renditions(document: Document) -> tuple[Rendition, ...]:
    """Which forms of the paper may be fetched; none of a concealed or an unchecked paper."""
    if conceals(document) or next_step(document) is Step.DIGITIZE or document.replaced:
        return ()
    found = []
    if document.signatures:
        found.append(Rendition("signed", document.current_sha256, "application/pdf"))
    if document.archive_sha256:
        found.append(Rendition("archive", document.archive_sha256, "application/pdf"))
    found.append(Rendition("original", document.original_sha256, document.media_type or "application/octet-stream"))
    return tuple(found)


def picture_source(document: Document) -> str:
    """Digest of the PDF whose pages may be shown as pictures, or an empty text."""
    drawable = [rendition for rendition in renditions(document) if rendition.name != "original"]
    return drawable[0].sha256 if drawable else ""


def may_take_number(document: Document) -> bool:
    """Whether a reserved number may be given to the paper: it waits for its approval and has none."""
    return _knows(document, Event.APPROVED) and not document.register_number and not document.attached_to


def number_is_free(document: Document | None) -> bool:
    """Whether the number of this paper may be made void: there is none, or it has ended without being delivered."""
    return document is None or document.state is State.DISCARDED
