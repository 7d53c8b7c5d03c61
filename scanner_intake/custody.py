"""What the intake asks of the outside: somebody who takes papers into custody, and a clock.

Owns the port `Custodian` and the values that cross it. It refuses to know a store, a database or a wording.

Custody order (architecture rules 3): `accept` returns only when the paper is durable elsewhere; only then the spool
file is unlinked.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Protocol

from scanner_intake.settle import Place


@dataclass(frozen=True)
class Meaning:
    """What the papers of a folder are: document kind, who approves, and the urgency they come with ("" = not said)."""

    kind: str
    policy: str
    urgency: str = ""


@dataclass(frozen=True)
class DropFolder:
    """One folder a scanner writes into, what its papers are, and how patient to be with unfinished files (seconds).

    `watch` is "events" (inotify and rescan) or "poll" (rescan only: SMB, NFS). `subfolders` gives a meaning to folders
    directly inside; with `recursive` every other one is read as well, with the meaning of what it lies in.
    """

    path: Path
    name: str
    kind: str = "incoming-scan"
    policy: str = "person"
    quiet_seconds: float = 3.0
    patience_seconds: float = 600.0
    watch: str = "events"
    recursive: bool = False
    subfolders: dict[str, Meaning] = field(default_factory=dict)

    def within(self, path: Path) -> tuple[str, ...]:
        """The folders between this one and `path`, without the places for what was not taken."""
        parts = path.relative_to(self.path).parts[:-1]
        return parts[1:] if parts and parts[0] in set(Place) else parts

    def meaning(self, path: Path) -> Meaning:
        """What a paper at `path` is: the first folder on the way decides, when it is configured."""
        on_the_way = self.within(path)
        named = self._named(on_the_way[0]) if on_the_way else None
        return named or Meaning(self.kind, self.policy)

    def reads(self, subfolder: Path) -> bool:
        """Whether papers in `subfolder` are taken."""
        on_the_way = self.within(subfolder / "x")
        return self.recursive or (len(on_the_way) == 1 and self._named(on_the_way[0]) is not None)

    def _named(self, name: str) -> Meaning | None:
        return next((meaning for known, meaning in self.subfolders.items() if _same(known, name)), None)


def _same(one: str, other: str) -> bool:
    """File servers change the case and the composition of names."""
    return unicodedata.normalize("NFC", one).casefold() == unicodedata.normalize("NFC", other).casefold()


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
    urgency: str = ""


class Answer(Enum):
    """What custody says to a claim: TAKEN = unlink it; LATER = keep it in the spool and ask again."""

    TAKEN = "taken"
    LATER = "later"


@dataclass(frozen=True)
class Duplicate:
    """Custody has exactly these bytes already; the file goes back to the people, with a note made from `params`."""

    params: dict[str, str | int] = field(default_factory=dict)
    code: str = "duplicate"


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

    def accept(self, claim: Claim) -> Answer | Duplicate:
        """Take over the file's bytes. The same `claim.id` may come again after a crash and must then change nothing
        and be answered the same.
        """

    def hold(self, file: HeldFile) -> None:
        """Remember that a file was set aside, so that a person sees it."""

    def unhold(self, path: Path) -> None:
        """Forget a file that was set aside and is gone or whole now."""

    def held_only(self, folder: str, present: Collection[Path]) -> None:
        """Forget every file of this drop folder that is not among those still set aside (a person took it away while
        nobody watched).
        """


class Clock(Protocol):
    """Time as the intake needs it."""

    def now(self) -> datetime:
        """The time of day, with a time zone."""

    def monotonic(self) -> float:
        """Seconds that never go back."""
