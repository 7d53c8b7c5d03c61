"""Whose turn it is: strict by class with a floor, inside a class the shortest first, with ageing (PROTOCOL.md §5.1).

Owns the debt to the lower classes. A class that has something to send always goes before the classes below it, but a
tenth of the bytes is theirs: a flood of urgent papers must not hold an ordinary one back for days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FLOOR = 0.1
_FLOOR_TURN = 16 * 1024
"""Bytes of debt before a lower class gets a turn; so hỏa tốc of usual size is never made to wait for it."""
_UNKNOWN_RATE = 5_000.0
"""Bytes a second while the line has not shown its own: a poor 2G line."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One transfer with something to send now."""

    priority: int
    missing: int
    """Bytes that the province does not hold yet."""
    since: float
    """When this run first knew of it, monotonic seconds."""


class Turns:
    """Chooses among candidates; told of every byte sent."""

    def __init__(self) -> None:
        self._owed = 0.0

    def order(self, candidates: Sequence[Candidate], now: float, rate: float | None) -> list[int]:
        """The candidates' indexes, the one to send first at the front.

        Inside a class by slack: seconds of line it still needs, less the seconds it has waited.
        """
        if not candidates:
            return []
        top = max(candidate.priority for candidate in candidates)
        lower_first = self._owed >= _FLOOR_TURN and any(candidate.priority < top for candidate in candidates)

        def rank(index: int) -> tuple[bool, int, float, int]:
            candidate = candidates[index]
            slack = candidate.missing / (rate or _UNKNOWN_RATE) - (now - candidate.since)
            return (lower_first and candidate.priority == top, -candidate.priority, slack, index)

        return sorted(range(len(candidates)), key=rank)

    def sent(self, priority: int, length: int, waiting: Sequence[Candidate]) -> None:
        """Note a chunk of a class while others waited: the debt grows while lower ones wait, and is paid by them."""
        top = max((candidate.priority for candidate in waiting), default=priority)
        if priority < top:
            self._owed = max(0.0, self._owed - length)
        elif any(candidate.priority < priority for candidate in waiting):
            self._owed += length * FLOOR
        else:
            self._owed = 0.0
