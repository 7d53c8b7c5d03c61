"""Which automatic step a document waits for, if any. The worker leases documents by this word and nothing else."""

from __future__ import annotations

from enum import StrEnum

from appliance.domain.documents import Document, slot_to_sign
from appliance.domain.states import State


class Step(StrEnum):
    """A step that the box does by itself."""

    JOIN = "join"
    DIGITIZE = "digitize"
    APPROVE = "approve"
    SIGN = "sign"
    ENQUEUE = "enqueue"


def next_step(document: Document) -> Step | None:
    """The automatic step for ``document``; None while a person, the link or nobody has the next word."""
    if document.state is State.RECEIVED:
        return Step.DIGITIZE
    if document.state is State.DIGITIZED and document.joins:
        return Step.JOIN
    if document.state is State.DIGITIZED and document.policy == "policy":
        return Step.APPROVE
    if document.state is State.APPROVED and slot_to_sign(document):
        return Step.SIGN
    if document.state is State.SIGNED:
        return Step.ENQUEUE
    return None
