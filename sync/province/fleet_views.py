"""The fleet as pages, commands and metrics see it, as values: one box, all of them, and the province in a few numbers.

Owns what follows from a view alone. Asks no rows and judges nothing: `overview` makes views.
"""

from __future__ import annotations

from dataclasses import dataclass

from sync.province.fleet import Finding, Gravity
from sync.province.store import Box, Presence
from sync.province.urgency import Urgency


@dataclass(frozen=True, slots=True)
class BoxView:
    """One box with what is known and what is wrong; times in seconds since 1970, sizes in bytes."""

    box: Box
    presence: Presence | None
    findings: tuple[Finding, ...]
    urgency: Urgency
    documents: int
    today: int
    """Documents taken since midnight in Vietnam."""
    bytes: int
    refused: int
    transfers: int
    last_receipt_at: float | None
    last_rid: int | None
    quiet: frozenset[str] = frozenset()
    """Codes of findings that somebody has acknowledged or silenced."""

    @property
    def gravity(self) -> Gravity | None:
        """The gravest finding, None where nothing is wrong."""
        return self.findings[0].gravity if self.findings else None

    @property
    def online(self) -> bool:
        """The box's link is up as far as the broker knows."""
        return bool(self.presence and self.presence.online)

    @property
    def waiting(self) -> int:
        """Documents the box says it still has to deliver."""
        return self.presence.waiting if self.presence else 0

    @property
    def oldest_waiting_at(self) -> float | None:
        """Since when the oldest of them waits."""
        return self.presence.oldest_waiting_at if self.presence and self.presence.waiting else None

    @property
    def last_seen(self) -> float | None:
        """When the box was last heard."""
        return self.presence.last_seen if self.presence else None

    def said(self, name: str) -> int | None:
        """A figure of the box's last sign of life (`keeping.VITALS`), None where it does not know it."""
        value = self.presence.said.get(name) if self.presence else None
        return value if isinstance(value, int) and value > 0 else None


@dataclass(frozen=True, slots=True)
class Figures:
    """The whole province in a few numbers."""

    boxes: int
    online: int
    waiting: int
    """Documents that still wait on boxes."""
    received_today: int
    troubled: int
    """Boxes with a warning or an alarm that nobody has taken upon himself."""
    oldest_waiting_at: float | None
    strangers: tuple[str, ...]
    """Names under which somebody sent messages and that nobody enrolled."""


@dataclass(frozen=True)
class Fleet:
    """All boxes, the one that is called first at the head."""

    boxes: tuple[BoxView, ...]
    strangers: tuple[str, ...]

    def figures(self) -> Figures:
        """The sums over all boxes."""
        return Figures(
            boxes=len(self.boxes),
            online=sum(view.online for view in self.boxes),
            waiting=sum(view.waiting for view in self.boxes),
            received_today=sum(view.today for view in self.boxes),
            troubled=sum(view.urgency.first is not None for view in self.boxes),
            oldest_waiting_at=min(
                (view.oldest_waiting_at for view in self.boxes if view.oldest_waiting_at), default=None
            ),
            strangers=self.strangers,
        )
