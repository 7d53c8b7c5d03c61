"""Which rows of a book a person asks for: by day, by what their lines say, by what their number is used for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from appliance.domain.zone import VIETNAM
from appliance.registers.rows import Standing
from appliance.store.books import Row
from appliance.store.folding import fold
from appliance.wording.books import STANDINGS as STANDING_NAMES

STANDINGS = (*(one.value for one in Standing), "corrected")


@dataclass(frozen=True)
class Filter:
    """Empty values filter nothing. ``words`` are looked for in all lines, also struck ones, folded; ``standing`` is one
    of ``STANDINGS``."""

    since: date | None = None
    until: date | None = None
    words: str = ""
    standing: str = ""

    @property
    def empty(self) -> bool:
        """Whether every row passes."""
        return self == Filter()

    def in_words(self) -> str:
        """For a printed extract; Vietnamese, as printed registers are."""
        parts = []
        if self.since:
            parts.append(f"từ ngày {self.since:%d/%m/%Y}")
        if self.until:
            parts.append(f"đến ngày {self.until:%d/%m/%Y}")
        if self.words:
            parts.append(f"có “{self.words}”")
        if self.standing:
            parts.append(STANDING_NAMES[self.standing].lower())
        return ", ".join(parts)

    def passes(self, row: Row) -> bool:
        """Whether a row is asked for."""
        day = row.taken.allocated_at.astimezone(VIETNAM).date()
        if (self.since and day < self.since) or (self.until and day > self.until):
            return False
        if self.standing and not self._stands(row):
            return False
        words = fold(self.words).split()
        if not words:
            return True
        said = fold(" ".join([*row.derived.values(), *(text for line in row.lines for text in line.cells.values())]))
        return all(word in said for word in words)

    def _stands(self, row: Row) -> bool:
        if self.standing == "corrected":
            return len(row.lines) > 1
        now = row.now.standing if row.now else Standing.ENTERED
        return now.value == self.standing


def chosen(rows: Iterable[Row], wanted: Filter) -> list[Row]:
    """The rows that pass, in their order."""
    return list(rows) if wanted.empty else [row for row in rows if wanted.passes(row)]
