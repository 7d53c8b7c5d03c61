"""A document as the box knows it, and the decisions about it.

``Document`` holds durable facts only. Each function returns a changed copy or raises; saving it is the store's matter
(compare-and-set on id, state and version).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from appliance.domain.kinds import SLOTS, Kind, Slot, next_slot
from appliance.domain.states import Event, IllegalTransition, State, next_state

URGENCIES = ("", "khan", "thuong-khan", "hoa-toc")
"""Index = priority of edXML (QCVN 102:2016): 0 thường, 1 khẩn, 2 thượng khẩn, 3 hỏa tốc."""


SUSPECTED = "secrecy:suspected"
"""The one marking that a suspected secret keeps."""
REPLACED_REASONS = frozenset({"split", "joined", "collated"})
"""Why a document was replaced: a batch by its parts, parts by what they are joined to, two stacks of sides by one."""
SECRET_REASONS = frozenset({"suspected-secret", "marking-unreadable", "secret"})


@dataclass(frozen=True)
class FieldValue:
    """One field of the paper: its value, how sure (0..1) and where it was read (page 1-based, box in points)."""

    value: str
    confidence: float = 1.0
    page: int = 0
    box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Consent:
    """Somebody who may, said that this slot shall be filled; ``authority``: in whose place, and ``until`` which day."""

    slot: Slot
    by: str
    at: datetime
    authority: str = ""
    until: date | None = None


@dataclass(frozen=True)
class Signature:
    """A signature that was applied and verified: the whole file's digest after it, and the certificate used.

    ``notes``: what must be told of its place (``hsm.placement``); ``blanks``: what the draft leaves to the clerk at
    issue, with the ``notation`` behind the number.
    """

    slot: Slot
    sha256: str
    size: int
    signed_at: datetime
    certificate_sha256: str
    signer: str = ""
    page: int = 0
    box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    revocation: str = ""
    revocation_known_at: str = ""
    notes: tuple[str, ...] = ()
    blanks: tuple[str, ...] = ()
    notation: str = ""


@dataclass(frozen=True)
class Document:
    """One paper. Digests are hexadecimal SHA-256 of blobs in the box's store; times are timezone-aware UTC.

    A paper cut out of a batch names the batch's document (``part_of``), its place there (``part_number``, from 1) and
    its pages in the batch's file (``part_pages``, as ``2-4, 7``). Two stacks of sides name what they became.
    ``dossier``: the code that its separator sheet gave. ``nudges``: by slot, how far a person moved the appearance from
    where the layout puts it, in millimetres to the right and down. ``returned``: the leader's words with which a draft
    went back to the clerk; empty when it is not there. ``hidden``: blank pages of the file (1-based) that the archive
    copy leaves out. ``attached_to``: the paper that this one is an appendix of, and ``kind_before`` what it was before
    (``domain.attaching``). ``joins``: the paper whose pages the box is asked to put behind this one's;
    ``joined_of`` and ``joined_pages``: the two papers that this one was made of, and how many pages each file had.
    ``no_paper``: a letter of which no copy of paper is sent.
    """

    id: str
    kind: Kind
    state: State
    version: int
    original_sha256: str
    original_name: str
    media_type: str
    folder: str
    policy: str
    received_at: datetime
    updated_at: datetime
    pages: int = 0
    archive_sha256: str = ""
    current_sha256: str = ""
    current_size: int = 0
    fields: dict[str, FieldValue] = field(default_factory=dict)
    markings: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    consents: tuple[Consent, ...] = ()
    signatures: tuple[Signature, ...] = ()
    nudges: dict[str, tuple[float, float]] = field(default_factory=dict)
    register: str = ""
    register_year: int = 0
    register_number: int = 0
    supersedes: str = ""
    part_of: str = ""
    part_number: int = 0
    part_pages: str = ""
    dossier: str = ""
    reason_code: str = ""
    reason_text: str = ""
    returned: str = ""
    hidden: tuple[int, ...] = ()
    attached_to: str = ""
    kind_before: str = ""
    joins: str = ""
    joined_of: tuple[str, ...] = ()
    joined_pages: tuple[int, ...] = ()
    no_paper: bool = False
    attempts: int = 0
    next_attempt_at: datetime | None = None
    last_error: str = ""

    @property
    def filled(self) -> tuple[Slot, ...]:
        """Slots that carry a verified signature, in order of signing."""
        return tuple(signature.slot for signature in self.signatures)

    @property
    def open_slot(self) -> Slot | None:
        """The slot that must be filled next, or None."""
        return next_slot(self.kind, self.filled)

    @property
    def secret(self) -> bool:
        """Whether this is, or was ended as, a suspected state secret."""
        return self.reason_code in SECRET_REASONS or SUSPECTED in self.markings

    @property
    def replaced(self) -> bool:
        """Whether other documents hold this paper now."""
        return self.state is State.DISCARDED and self.reason_code in REPLACED_REASONS

    @property
    def digests(self) -> frozenset[str]:
        """Digests of every blob that holds this paper."""
        signed = (signature.sha256 for signature in self.signatures)
        return frozenset({self.original_sha256, self.archive_sha256, self.current_sha256, *signed} - {""})

    @property
    def priority(self) -> int:
        """0 thường … 3 hỏa tốc (edXML Priority)."""
        urgency = self.fields.get("urgency")
        return URGENCIES.index(urgency.value) if urgency and urgency.value in URGENCIES else 0

    def value(self, name: str) -> str:
        """The value of a field, or an empty text."""
        found = self.fields.get(name)
        return found.value if found else ""


class ConsentMissing(Exception):
    """A slot was to be signed although nobody who may has said so."""


class OutOfOrder(Exception):
    """A slot was to be signed before the one in front of it, or twice."""


POLICY = "policy"
"""The name under which a folder's policy approves; it never consents in the place of a leader."""
_BEGINS_ANEW = frozenset({Event.RELEASED, Event.APPROVAL_WITHDRAWN})


def advance(document: Document, event: Event, now: datetime, **changes: object) -> Document:
    """``document`` after ``event``: new state, next version, attempts and lease forgotten, ``changes`` applied.

    A released paper is digitized into a new file, so the consents and signatures of the old one end with it.

    Raises:
        IllegalTransition: the state does not know the event.
        OutOfOrder: an approval is withdrawn although a slot is filled, or all are said to be filled and one is not.
    """
    fresh: dict[str, object] = {
        "state": next_state(document.state, event),
        "version": document.version + 1,
        "updated_at": now,
        "attempts": 0,
        "next_attempt_at": None,
        "last_error": "",
        "returned": "",
        "joins": "",
    }
    if event is Event.APPROVAL_WITHDRAWN and document.signatures:
        raise OutOfOrder(document.signatures[-1].slot)
    if event in _BEGINS_ANEW:
        fresh |= {"consents": (), "signatures": ()}
    if event is Event.RELEASED:
        fresh |= {"nudges": {}}
    after = replace(document, **(fresh | changes))  # type: ignore[arg-type]
    if event is Event.SIGNATURES_COMPLETE and after.open_slot:
        raise OutOfOrder(after.open_slot)
    return after


def consent_of(document: Document, slot: Slot) -> Consent | None:
    """Who said that ``slot`` shall be signed, or None."""
    return next((consent for consent in document.consents if consent.slot == slot), None)


def give_consent(
    document: Document, slot: Slot, by: str, now: datetime, authority: str = "", until: date | None = None
) -> Document:
    """``document`` with the consent of ``by`` to ``slot``; a fact beside the state, given once. ``authority`` and
    ``until`` say in whose place and how long, when it is a delegation's.

    Raises:
        IllegalTransition: the document does not wait for signatures.
        OutOfOrder: the slot is not the kind's next open slot.
        ConsentMissing: a policy cannot speak for the leader.
    """
    if document.state is not State.APPROVED:
        raise IllegalTransition(document.state, Event.SIGNATURE_APPLIED)
    if document.open_slot != slot:
        raise OutOfOrder(slot)
    if by == POLICY and slot is Slot.LEADER:
        raise ConsentMissing(slot)
    if consent_of(document, slot):
        return document
    return replace(
        document,
        consents=(*document.consents, Consent(slot, by, now, authority, until)),
        version=document.version + 1,
        updated_at=now,
        attempts=0,
        next_attempt_at=None,
        last_error="",
    )


FARTHEST_NUDGE = 60.0
"""Millimetres; what is farther is another place and no correction."""


def nudge(document: Document, slot: Slot, by_millimetres: tuple[float, float], now: datetime) -> Document:
    """``document`` with the appearance of ``slot`` moved by hand; both fields are made with the first signature, so
    only before it. No move takes a former one back.

    Raises:
        IllegalTransition: somebody has signed, or the paper does not wait for a decision or a signature.
        OutOfOrder: the kind has no such slot.
        ValueError: farther than ``FARTHEST_NUDGE``, or no number.
    """
    if document.state not in (State.DIGITIZED, State.APPROVED) or document.signatures:
        raise IllegalTransition(document.state, Event.SIGNATURE_APPLIED)
    if slot not in SLOTS[document.kind]:
        raise OutOfOrder(slot)
    if not all(abs(part) <= FARTHEST_NUDGE for part in by_millimetres):
        raise ValueError(f"{by_millimetres} mm")
    others = {name: value for name, value in document.nudges.items() if name != slot.value}
    moved = {slot.value: by_millimetres} if by_millimetres != (0.0, 0.0) else {}
    return replace(document, nudges=others | moved, version=document.version + 1, updated_at=now)


def hand_back(document: Document, words: str, now: datetime) -> Document:
    """A draft that waits for approval, given back to the clerk with the leader's words: a fact beside the state. From
    here on a person decides, whatever the folder's policy says.

    Raises:
        IllegalTransition: it does not wait for an approval, or is with the clerk already.
        ValueError: no words.
    """
    if document.state is not State.DIGITIZED or document.returned:
        raise IllegalTransition(document.state, Event.APPROVED)
    if not words.strip():
        raise ValueError("no words")
    return replace(document, returned=words.strip(), policy="person", version=document.version + 1, updated_at=now)


def hand_in_again(document: Document, now: datetime) -> Document:
    """A draft that was given back, before the leader again.

    Raises:
        IllegalTransition: nobody gave it back.
    """
    if document.state is not State.DIGITIZED or not document.returned:
        raise IllegalTransition(document.state, Event.APPROVED)
    return replace(document, returned="", version=document.version + 1, updated_at=now)


def slot_to_sign(document: Document) -> Slot | None:
    """The slot that may be signed now: the next open one, if somebody who may has consented to it."""
    slot = document.open_slot
    return slot if slot and consent_of(document, slot) else None


def add_signature(document: Document, signature: Signature, now: datetime) -> Document:
    """``document`` with one more verified signature.

    Raises:
        OutOfOrder: not the next open slot (the agency never before the leader).
        ConsentMissing: nobody has consented to this slot.
        IllegalTransition: the document does not wait for signatures.
    """
    if document.open_slot != signature.slot:
        raise OutOfOrder(signature.slot)
    if not consent_of(document, signature.slot):
        raise ConsentMissing(signature.slot)
    complete = len(document.signatures) + 1 == len(SLOTS[document.kind])
    event = Event.SIGNATURES_COMPLETE if complete else Event.SIGNATURE_APPLIED
    return advance(
        document,
        event,
        now,
        signatures=(*document.signatures, signature),
        current_sha256=signature.sha256,
        current_size=signature.size,
    )


def without_content(document: Document) -> Document:
    """``document`` with nothing left of what the paper says: all that is kept of a state secret."""
    return replace(
        document,
        fields={},
        archive_sha256="",
        current_sha256="",
        current_size=0,
        consents=(),
        signatures=(),
        last_error="",
    )


def replaced_by(document: Document, reason_code: str, now: datetime) -> Document:
    """``document`` after others took its place: nothing of what was read from it stays.

    Raises:
        IllegalTransition: somebody has decided about it, or it is set aside.
    """
    return advance(without_content(document), Event.REPLACED, now, reason_code=reason_code, markings=(), warnings=())


def retry_after(attempts: int, first: float = 2.0, longest: float = 300.0) -> timedelta:
    """Pause before attempt ``attempts + 1``: doubling from ``first`` seconds up to ``longest``."""
    return timedelta(seconds=min(longest, first * 2 ** min(attempts, 20)))


def parked(document: Document, reason: str, now: datetime, until: datetime) -> Document:
    """``document`` while something outside must happen first (a PIN, a token): no attempt of its own was made."""
    return replace(
        document,
        version=document.version + 1,
        next_attempt_at=until,
        last_error=reason[:500],
        updated_at=now,
    )


def failed_attempt(document: Document, error: str, now: datetime, wait: timedelta | None = None) -> Document:
    """``document`` after a step that did not work out through no fault of the paper: state unchanged, tried later."""
    return replace(
        document,
        version=document.version + 1,
        attempts=document.attempts + 1,
        next_attempt_at=now + (wait if wait is not None else retry_after(document.attempts)),
        last_error=error[:500],
        updated_at=now,
    )
