"""Which commune is called first.

Owns the order of the wall. Pure: the same findings give the same place. The rule, in this order: (1) what is loud goes
before what somebody has acknowledged or silenced; (2) an alarm before a warning, a warning before a note; (3) what only
a call to the commune can mend before what the province mends itself; (4) the kind of trouble, in the order of `CALLS`;
(5) more papers stuck before fewer, by powers of ten; (6) the longer it lasts, by hours; (7) the box's name, so that
equal boxes never change places. Ages count in whole hours: a row moves when something happened, not with every second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from sync.province.fleet import Finding, Gravity

CALLS: tuple[str, ...] = (
    "foreign-box",
    "unverifiable",
    "silent",
    "documents-lost",
    "waiting-long",
    "disk-low",
    "token-ending",
    "clock-skew",
    "refused",
    "link-ending",
    "malformed",
    "digest-mismatch",
    "profile-drift",
    "never-seen",
)
"""Findings that somebody at the commune must do something about; the most pressing kind first."""


class Tier(IntEnum):
    """How the wall colours a box; greater is sooner."""

    REVOKED = 0
    WELL = 1
    NOTED = 2
    WARNING = 3
    ALARM = 4


@dataclass(frozen=True, slots=True)
class Urgency:
    """Where a box stands; `place` sorts ascending, the first is called first."""

    tier: Tier
    call: bool
    """The first finding needs somebody at the commune."""
    first: Finding | None
    """The loud finding that gave the box its place."""
    place: tuple[int, int, int, int, int, str]


def urgency(box: str, findings: Sequence[Finding], waiting: int, quiet: frozenset[str] = frozenset()) -> Urgency:
    """The place of one box; `waiting` papers are stuck on it, `quiet` are codes acknowledged or silenced now."""
    loud = [finding for finding in findings if finding.code not in quiet and finding.gravity >= Gravity.WARNING]
    loud.sort(key=lambda finding: (-finding.gravity, _kind(finding.code), finding.code))
    first = loud[0] if loud else None
    tier = _tier(findings, first)
    call = first is not None and first.code in CALLS
    kind = _kind(first.code) if first else len(CALLS) + 1
    hours = int(float(first.params.get("seconds", 0)) // 3600) if first else 0
    return Urgency(
        tier, call, first, (-tier, 0 if call else 1, kind, -len(str(waiting)) if waiting else 0, -hours, box)
    )


def _tier(findings: Sequence[Finding], first: Finding | None) -> Tier:
    if first is not None:
        return Tier.ALARM if first.gravity is Gravity.ALARM else Tier.WARNING
    if any(finding.code == "revoked" for finding in findings):
        return Tier.REVOKED
    return Tier.NOTED if findings else Tier.WELL


def _kind(code: str) -> int:
    return CALLS.index(code) if code in CALLS else len(CALLS)
