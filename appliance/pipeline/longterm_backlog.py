"""What waits for more proof, by its deadline: the figures that a health check and a page need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.store.longterm import Proof

NEARLY = timedelta(days=30)
"""A step that will be too late within this time needs a person now."""


@dataclass(frozen=True)
class Backlog:
    """`waiting`: papers whose next step is due; `overdue`: past our own deadline; `nearly_lost`: soon too late for
    ever; `lost`: it is. `deadline`, `lost_after`: the earliest of those.
    """

    waiting: int
    overdue: int
    nearly_lost: int
    lost: int
    deadline: datetime | None
    lost_after: datetime | None
    reason: str = ""


def backlog_of(found: Sequence[Proof], now: datetime) -> Backlog:
    """The figures of all rows at a moment."""
    lost = [one for one in found if one.given_up or one.lost_after <= now]
    due = [one for one in found if one not in lost and one.not_before <= now]
    nearly = [one for one in due if one.lost_after - now <= NEARLY]
    return Backlog(
        waiting=len(due),
        overdue=sum(one.deadline < now for one in due),
        nearly_lost=len(nearly),
        lost=len(lost),
        deadline=min((one.deadline for one in due), default=None),
        lost_after=min((one.lost_after for one in nearly), default=None),
        reason=next((one.last_error.partition(":")[0] for one in lost if one.last_error), ""),
    )
