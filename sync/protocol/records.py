"""What the province's core needs from its surroundings: the store's records, its bounds, the outcome of a check.

Owns the port `Records` (the receiver's store implements it) and the values around it. Refuses to write: everything
the core wants changed goes out as a change of a step. Invariant: every answer reflects all changes of earlier steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from sync.protocol.messages import Base, Manifest


@dataclass(frozen=True, slots=True)
class OpenRecord:
    """An open transfer as the store remembers it."""

    manifest: Manifest
    ranges: tuple[tuple[int, int], ...]
    """What the last `MakeDurable` recorded."""
    resets: int = 0


class Records(Protocol):
    """What the core may read of the store; every answer reflects all changes of earlier steps."""

    def open_transfer(self, box: str, tid: bytes) -> OpenRecord | None:
        """Return the open transfer, None if it was never opened or is closed."""

    def open_alike(self, box: str, begin: bytes) -> list[bytes]:
        """Return the tids of a box's open transfers that begin so."""

    def answer(self, box: str, tid: bytes, manifest_hash: bytes) -> bytes | None:
        """Return the receipt or refusal (COSE_Sign1) committed for exactly this manifest."""

    def stored(self, box: str, tid: bytes) -> bool:
        """Say whether these bytes of this document are in the store (a STORED receipt was committed for `tid`)."""

    def holds_base(self, box: str, base: Base) -> bool:
        """Say whether the bytes of a file that this very box sent before are at hand, whatever was answered."""

    def last_receipt(self, box: str) -> bytes | None:
        """Return the newest receipt or refusal (COSE_Sign1) committed for this box."""

    def last_number(self) -> int:
        """Return the greatest receipt number committed, 0 before the first."""


@dataclass(frozen=True, slots=True)
class ProvinceLimits:
    """Bounds a receiver sets; bytes and seconds."""

    max_document: int = 512 * 2**20
    credit: int = 4 * 2**20
    have_bytes: int = 256 * 1024
    have_seconds: float = 1.0
    pause_seconds: int = 60


class Verdict(Enum):
    """Outcome of `CheckPart`."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    DAMAGED = "damaged"
    """SHA-256 of the part differs from the manifest: ask for the bytes again, refuse the third time."""


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """What checking the part found; `code` and `text` (Vietnamese) only with REFUSE."""

    verdict: Verdict
    code: str = ""
    text: str = ""
