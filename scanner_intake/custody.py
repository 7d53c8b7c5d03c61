"""What the intake asks of the outside: somebody who takes papers into custody, and a clock.

Owns the port `Custodian` and the values that cross it. It refuses to know a store, a database or a wording.

Custody order (architecture rules 3): `accept` returns only when the paper is durable elsewhere; only then the spool
file is unlinked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class DropFolder:
    """One folder a scanner writes into, what its papers are, and how patient to be with unfinished files (seconds)."""

    path: Path
    name: str
    kind: str = "incoming-scan"
    policy: str = "person"
    quiet_seconds: float = 3.0
    patience_seconds: float = 600.0


@dataclass(frozen=True)
class Claim:
    """A file taken out of the drop folder; `path` is in the spool and will be unlinked after `accept` returned."""

    id: str
    path: Path
    original_name: str
    folder: str
    kind: str
    policy: str
    size: int
    claimed_at: datetime


@dataclass(frozen=True)
class HeldFile:
    """A file set aside in the drop folder's quarantine; `code` says why (truncated, damaged, empty, unsupported-
    type).
    """

    path: Path
    folder: str
    name: str
    code: str
    since: datetime
    params: dict[str, str | int] = field(default_factory=dict)


class Custodian(Protocol):
    """Takes custody. Every method is idempotent and returns only when its effect is durable."""

    def accept(self, claim: Claim) -> None:
        """Take over the file's bytes. The same `claim.id` may come again after a crash and must then change nothing."""

    def hold(self, file: HeldFile) -> None:
        """Remember that a file was set aside, so that a person sees it."""

    def unhold(self, path: Path) -> None:
        """Forget a file that was set aside and is gone or whole now."""


class Clock(Protocol):
    """Time as the intake needs it."""

    def now(self) -> datetime:
        """The time of day, with a time zone."""

    def monotonic(self) -> float:
        """Seconds that never go back."""
