"""What offices tell of their books, judged: sums over communes, shares, and the five questions of an inspection.

Owns the arithmetic and the limits. Pure. Sources: knowledge base, operations §9 - RC1 (shares of signed documents over
communes, half up to two decimals; the reduction of handling time), RC2 (are the books there, gaps, overdue, unsigned),
RC4 (95 % fully electronic, more than 90 % of the people use the system). Names of figures: PROTOCOL.md 4.9.
Invariants: a figure that no office tells has no share and fails nobody; medians are never added up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

Figures = Mapping[str, int]
REGISTERS = ("den", "di", "ho-so")
MEDIANS = frozenset({"case.took", "case.term"})


@dataclass(frozen=True)
class Limits:
    """What is asked of an office; shares in hundredths of a percent."""

    overdue: int = 500
    same_day: int = 9_500
    electronic: int = 9_500
    """RC4: 95 % of what an office issues is signed by both and sent online."""
    active: int = 9_000
    """RC4: more than 90 % of the people use the system regularly."""


@dataclass(frozen=True)
class Check:
    """The answer to one question; `good` None where the office tells nothing of it; `part` of `whole` where counted."""

    code: str
    good: bool | None
    part: int = 0
    whole: int = 0
    missing: tuple[str, ...] = ()
    """Registers that were not opened."""


def share(part: int, whole: int) -> Fraction | None:
    """A share, or None where there is no whole."""
    return Fraction(part, whole) if whole else None


def hundredths(exact: Fraction) -> int:
    """A share in hundredths of a percent, half up, as it is written."""
    return int(exact * 10_000 + Fraction(1, 2))


def reduction(before: int, after: int) -> str:
    """By how much something became shorter, in percent with one decimal, half up; negative where it became longer; a
    dash where there was nothing before."""
    if before <= 0:
        return "–"
    tenths = Fraction((before - after) * 1000, before)
    rounded = int(abs(tenths) + Fraction(1, 2))
    return f"{'-' if tenths < 0 and rounded else ''}{rounded // 10}.{rounded % 10}"


def total(every: Iterable[Figures]) -> dict[str, int]:
    """The sum over offices; without medians."""
    summed: dict[str, int] = {}
    for figures in every:
        for name, count in figures.items():
            if name not in MEDIANS:
                summed[name] = summed.get(name, 0) + count
    return summed


def unsigned(figures: Figures) -> int:
    """Documents that were issued without both signatures."""
    return figures.get("out.total", 0) - figures.get("out.both", 0)


def lost(figures: Figures, receipts: int) -> int:
    """Deliveries of which there is neither an answer here nor a word that they wait: must always be 0 (RC3).

    `receipts`: every answer this province ever gave the box, at the time of the figures or later.
    """
    return max(0, figures.get("sent.total", 0) - figures.get("sent.waiting", 0) - receipts)


def checks(figures: Figures, limits: Limits) -> tuple[Check, ...]:
    """An inspection's questions in their order: books, gaps, overdue, unsigned, registered in time; then RC4's two."""
    return (
        _books(figures),
        _gaps(figures),
        _share("overdue", figures, ("due.late", "due.overdue"), "due.total", most=limits.overdue),
        _unsigned(figures),
        _share("same-day", figures, ("in.same-day",), "in.total", least=limits.same_day),
        _share("electronic", figures, ("out.both-online",), "out.total", least=limits.electronic),
        _share("active", figures, ("people.active",), "people.all", least=limits.active + 1),
    )


def _books(figures: Figures) -> Check:
    known = [name for name in REGISTERS if f"{name}.numbers" in figures]
    missing = tuple(name for name in known if not figures[f"{name}.numbers"])
    return Check("books", not missing if known else None, len(known) - len(missing), len(known), missing)


def _gaps(figures: Figures) -> Check:
    known = [name for name in REGISTERS if f"{name}.gaps" in figures]
    count = sum(figures[f"{name}.gaps"] for name in known)
    return Check("gaps", not count if known else None, count, sum(figures.get(f"{name}.numbers", 0) for name in known))


def _unsigned(figures: Figures) -> Check:
    whole = figures.get("out.total", 0)
    return Check("unsigned", not unsigned(figures) if whole else None, unsigned(figures), whole)


def _share(
    code: str, figures: Figures, parts: tuple[str, ...], of: str, *, least: int = 0, most: int = 10_000
) -> Check:
    part, whole = sum(figures.get(name, 0) for name in parts), figures.get(of, 0)
    exact = share(part, whole)
    return Check(code, least <= hundredths(exact) <= most if exact is not None else None, part, whole)
