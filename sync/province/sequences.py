"""Which numbers of a box no answer speaks of.

Owns the rule: a box numbers its documents without gaps, and each gets an answer; a number below the greatest one
answered, itself never answered, is missing (the box still has it, or lost it). Pure. Invariant: taking the same number
again changes nothing, so answers may be followed with an overlap. What a box skips at one go is remembered up to
`MOST`; beyond that only the count of those is kept true for the newest.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MOST = 1000


@dataclass(slots=True)
class Gaps:
    """The numbers of one box."""

    highest: int | None = None
    """The greatest number answered; None before the first."""
    missing: set[int] = field(default_factory=set)

    def take(self, sequence: int) -> bool:
        """Take an answered number; whether anything changed."""
        if self.highest is None:
            self.highest = sequence
            return True
        if sequence > self.highest:
            first = max(self.highest + 1, sequence - MOST)
            self.missing.update(range(first, sequence))
            if len(self.missing) > MOST:
                self.missing = set(sorted(self.missing)[-MOST:])
            self.highest = sequence
            return True
        if sequence in self.missing:
            self.missing.remove(sequence)
            return True
        return False
