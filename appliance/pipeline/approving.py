"""DIGITIZED → APPROVED for folders with the policy "approve without a person".

An event with by="policy", never a shorter path: the leader's slot of an outgoing paper still waits for the leader.
"""

from __future__ import annotations

from datetime import datetime

from appliance import commands
from appliance.domain.documents import POLICY, Document
from appliance.store import ChangedMeanwhile, Store


class PolicyApproval:
    """The step: the same command that a clerk gives, in the policy's name."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, document: Document, now: datetime) -> None:
        """Approve one leased document.

        Raises:
            ChangedMeanwhile: a person was quicker.
        """
        try:
            commands.approve(self._store, document.id, POLICY, now)
        except commands.CommandRefused as refused:
            raise ChangedMeanwhile(document.id) from refused
