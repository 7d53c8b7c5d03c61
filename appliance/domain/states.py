"""The one transition table of a document (architecture.md, section 3).

A state is a durable fact about a paper. Work under way is not a state: it is a lease, an attempt count or a finding.
Three rules hold for the whole table:

1. Every (state, event) pair is either listed here or raises ``IllegalTransition``; there is no third case.
2. REPLACED ends a document only in the transaction that puts others in its place: a batch by its parts, parts by the
   paper they are joined to. Nobody has decided about it yet, so it is never a way around a decision.
3. Only a suspect *document* reaches QUARANTINED. A locked token or a dead link is never the paper's fault.

The diagram in ``appliance/ARCHITECTURE.md`` is generated from ``TRANSITIONS``; the CHECK list of the SQL table is
compared with ``State`` by a test.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class State(StrEnum):
    """Where a paper durably is."""

    RECEIVED = "received"
    DIGITIZED = "digitized"
    APPROVED = "approved"
    SIGNED = "signed"
    QUEUED = "queued"
    DELIVERED = "delivered"
    REFUSED = "refused"
    QUARANTINED = "quarantined"
    DISCARDED = "discarded"


class Event(StrEnum):
    """What can happen to a paper."""

    DIGITIZED = "digitized"
    UNREADABLE = "unreadable"
    SUSPECTED_SECRET = "suspected-secret"
    GAVE_UP = "gave-up"
    APPROVED = "approved"
    SENT_BACK = "sent-back"
    SIGNATURE_APPLIED = "signature-applied"
    SIGNATURES_COMPLETE = "signatures-complete"
    APPROVAL_WITHDRAWN = "approval-withdrawn"
    SIGNATURE_BROKEN = "signature-broken"
    ENQUEUED = "enqueued"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    REQUEUED = "requeued"
    RELEASED = "released"
    REPLACED = "replaced"


S, E = State, Event
TRANSITIONS: dict[tuple[State, Event], State] = {
    (S.RECEIVED, E.DIGITIZED): S.DIGITIZED,
    (S.RECEIVED, E.UNREADABLE): S.QUARANTINED,
    (S.RECEIVED, E.SUSPECTED_SECRET): S.QUARANTINED,
    (S.RECEIVED, E.GAVE_UP): S.QUARANTINED,
    (S.RECEIVED, E.REPLACED): S.DISCARDED,
    (S.DIGITIZED, E.APPROVED): S.APPROVED,
    (S.DIGITIZED, E.SENT_BACK): S.DISCARDED,
    (S.DIGITIZED, E.SUSPECTED_SECRET): S.QUARANTINED,
    (S.DIGITIZED, E.REPLACED): S.DISCARDED,
    (S.APPROVED, E.SIGNATURE_APPLIED): S.APPROVED,
    (S.APPROVED, E.SIGNATURES_COMPLETE): S.SIGNED,
    (S.APPROVED, E.APPROVAL_WITHDRAWN): S.DIGITIZED,
    (S.APPROVED, E.SIGNATURE_BROKEN): S.QUARANTINED,
    (S.SIGNED, E.ENQUEUED): S.QUEUED,
    (S.QUEUED, E.ACCEPTED): S.DELIVERED,
    (S.QUEUED, E.REFUSED): S.REFUSED,
    (S.REFUSED, E.REQUEUED): S.QUEUED,
    (S.REFUSED, E.SENT_BACK): S.DISCARDED,
    (S.QUARANTINED, E.RELEASED): S.RECEIVED,
    (S.QUARANTINED, E.SENT_BACK): S.DISCARDED,
}
TERMINAL = frozenset({S.DELIVERED, S.DISCARDED})
_EVENT_NAMES = frozenset(event.value for event in Event)
IN_CUSTODY = frozenset(State) - TERMINAL
"""States of papers that the box still owes an answer for."""


class IllegalTransition(Exception):
    """The caller asked for an event that this state does not know: a stale page or a programming error."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(f"{event} is not possible in {state}")
        self.state = state
        self.event = event


def next_state(state: State, event: Event) -> State:
    """The state after ``event``.

    Raises:
        IllegalTransition: for every pair that is not in ``TRANSITIONS``.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(state, event) from None


def state_after(events: Iterable[str]) -> State | None:
    """The state that a document's ``events`` lead to, in order; None when they do not begin with its arrival.

    Facts beside the state (a consent, a second arrival of the same file) lead nowhere else.

    Raises:
        IllegalTransition: the events contradict the table.
    """
    state: State | None = None
    for event in events:
        if event == "received":
            state = State.RECEIVED
        elif state and event in _EVENT_NAMES:
            state = next_state(state, Event(event))
    return state


def diagram() -> str:
    """The table as a Mermaid state diagram, for the documents."""
    lines = ["stateDiagram-v2", "    [*] --> received"]
    lines += [f"    {source} --> {target}: {event}" for (source, event), target in TRANSITIONS.items()]
    lines += [f"    {state} --> [*]" for state in State if state in TERMINAL]
    return "\n".join(lines)
