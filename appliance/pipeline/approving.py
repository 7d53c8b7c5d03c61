"""DIGITIZED → APPROVED for folders with the policy "approve without a person": an event with by="policy", no shorter path."""

from __future__ import annotations

from datetime import datetime

from appliance import commands
from appliance.domain.documents import Document
from appliance.store import Store


class PolicyApproval:
    """The step: the same command that a clerk gives, in the policy's name."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, document: Document, now: datetime) -> None:
        """Approve one leased document."""
        commands.approve(self._store, document.id, "policy", now)
