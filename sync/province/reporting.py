"""The roll-up over communes: shares, targets, ranks, and what a reminder says.

Owns the arithmetic. Pure. Source: knowledge base, operations §9 (RC1: two decimals half up; target per unit; a ranking
whose 11th and 12th place are stable on ties). Invariants: ranks compare exact shares; targets compare a share as it is
written, so that no letter says "reached 94.12, target 94.12" and calls it missed; equal figures have equal ranks, and
a list of the best N has everybody who is equal to the Nth; whoever sent nothing has no share and no rank.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Line:
    """What one commune did in a range. `took_*`: from a document's first offer to its receipt, where it is known."""

    box: str
    commune: str
    stored: int = 0
    refused: int = 0
    duplicates: int = 0
    took_count: int = 0
    took_seconds: float = 0.0
    took_most: float = 0.0
    within_hour: int = 0
    within_day: int = 0
    waiting: int = 0
    """Documents that wait on the box now, whatever the range."""

    @property
    def answered(self) -> int:
        """Documents with a verdict."""
        return self.stored + self.refused

    @property
    def accepted(self) -> Fraction | None:
        """Share of what was sent that was taken; None where nothing was sent."""
        return Fraction(self.stored, self.answered) if self.answered else None

    @property
    def fast(self) -> Fraction | None:
        """Share of what was taken that had its receipt within an hour of the first offer."""
        return Fraction(self.within_hour, self.took_count) if self.took_count else None

    @property
    def took_mean(self) -> float | None:
        """Seconds, on average."""
        return self.took_seconds / self.took_count if self.took_count else None


@dataclass(frozen=True)
class Targets:
    """What is asked of each commune; shares in hundredths of a percent, so that 99.50 % is exact."""

    accepted: int = 9_800
    fast: int = 9_500
    least: int = 1
    """Documents in the range."""


@dataclass(frozen=True)
class Ranked:
    """One line in its place; `rank` None: it has no share. `misses`: `accepted`, `fast`, `least`."""

    rank: int | None
    line: Line
    misses: tuple[str, ...]


def percent(part: int, whole: int) -> str:
    """A share in percent with two decimals, half up; a dash where there is no whole."""
    return written(Fraction(part, whole) if whole else None)


def written(share: Fraction | None) -> str:
    """The same of an exact share."""
    if share is None:
        return "–"
    whole, rest = divmod(_hundredths(share), 100)
    return f"{whole}.{rest:02}"


def _hundredths(share: Fraction) -> int:
    """A share in hundredths of a percent, half up: what `written` says, as a whole number."""
    return int(share * 10_000 + Fraction(1, 2))


def misses(line: Line, targets: Targets) -> tuple[str, ...]:
    """Which targets a commune did not reach."""
    missed = []
    if line.accepted is not None and _hundredths(line.accepted) < targets.accepted:
        missed.append("accepted")
    if line.fast is not None and _hundredths(line.fast) < targets.fast:
        missed.append("fast")
    if line.stored < targets.least:
        missed.append("least")
    return tuple(missed)


def ranking(lines: Iterable[Line], targets: Targets) -> list[Ranked]:
    """Everybody in order: more taken of what was sent, then faster; equals stand by name and share a rank (1, 2, 2, 4).

    More documents make no better place: a small commune must be able to win.
    """
    known: list[Line] = []
    none: list[Line] = []
    for line in lines:
        (known if line.accepted is not None else none).append(line)
    known.sort(key=lambda line: (*_worth(line), line.commune, line.box))
    none.sort(key=lambda line: (line.commune, line.box))
    ranked: list[Ranked] = []
    for place, line in enumerate(known, 1):
        same = bool(ranked) and _worth(ranked[-1].line) == _worth(line)
        ranked.append(Ranked(ranked[-1].rank if same else place, line, misses(line, targets)))
    return ranked + [Ranked(None, line, misses(line, targets)) for line in none]


def _worth(line: Line) -> tuple[Fraction, Fraction]:
    """What ranks compare; smaller is better."""
    return -(line.accepted or Fraction(0)), -(line.fast if line.fast is not None else Fraction(-1))


def best(ranked: Sequence[Ranked], count: int) -> list[Ranked]:
    """The first `count`, and whoever is equal to the last of them."""
    placed = [one for one in ranked if one.rank is not None]
    if len(placed) <= count:
        return placed
    last = placed[count - 1].rank
    return [one for one in placed if one.rank is not None and last is not None and one.rank <= last]


def total(lines: Iterable[Line]) -> Line:
    """The province as one line."""
    every = list(lines)
    return Line(
        "", "", sum(one.stored for one in every), sum(one.refused for one in every),
        sum(one.duplicates for one in every), sum(one.took_count for one in every),
        sum(one.took_seconds for one in every), max((one.took_most for one in every), default=0.0),
        sum(one.within_hour for one in every), sum(one.within_day for one in every),
        sum(one.waiting for one in every),
    )  # fmt: skip
