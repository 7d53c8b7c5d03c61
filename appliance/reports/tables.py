"""From facts to tables of counts and shares; every share is of the table's total, half up.

Keys become words in ``appliance.wording.reports``; a line with a ``label`` brings its own (a reason, a document type).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import median

from appliance.registers.deadlines import finished_late
from appliance.registers.workdays import WorkingDays
from appliance.reports.facts import Certificate, Facts, Handled, Issued
from appliance.reports.periods import Period
from appliance.reports.shares import COMMUNE_BASE, percent, points

SOON_DAYS = 60
ACTIVE_DAYS = 10
"""Whoever signs in on so many days of a month uses the box regularly, where the office says nothing else."""


@dataclass(frozen=True)
class Line:
    """One line. ``share`` of the table's total in per cent, rounded; ``unit``: "minutes", or "" for a plain count."""

    key: str
    count: int
    share: Decimal | None = None
    label: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Table:
    """One table; ``key`` names its title."""

    key: str
    lines: tuple[Line, ...]

    def count(self, key: str) -> int:
        """The count of a line."""
        return next(line.count for line in self.lines if line.key == key)

    def share(self, key: str) -> Decimal | None:
        """The share of a line."""
        return next(line.share for line in self.lines if line.key == key)


@dataclass(frozen=True)
class Report:
    """The tables of a period, documents that lack a signature, and counts by day or month for a chart."""

    period: Period
    tables: tuple[Table, ...]
    unsigned: tuple[Issued, ...]
    series: tuple[tuple[date, int, int], ...]
    points: Decimal | None

    def table(self, key: str) -> Table:
        """One table by its key."""
        return next(table for table in self.tables if table.key == key)


def report(
    facts: Facts,
    period: Period,
    calendar: WorkingDays,
    today: date,
    base: int = COMMUNE_BASE,
    active_days: int = ACTIVE_DAYS,
) -> Report:
    """The whole report; ``today`` decides what is overdue and which certificates still hold; ``active_days`` a month
    make somebody a regular user.
    """
    outgoing = _outgoing(facts.issued)
    tables = (
        _incoming(facts, calendar),
        outgoing,
        _terms(facts.handled, min(today, period.last), calendar),
        _exceptions(facts),
        _transit(facts.transit),
        _certificates(facts.certificates, today),
        Table("procedures", (Line("procedures", facts.procedures), Line("components", facts.components))),
        _types("cases", (one.procedure for one in facts.cases)),
        _case_ways(facts),
        _people(facts.presence, regular_days(period, today, active_days)),
        _types("types-in", (one.type_name for one in facts.arrived)),
        _types("types-out", (one.type_name for one in facts.issued)),
    )
    unsigned = tuple(one for one in facts.issued if not one.both)
    return Report(period, tables, unsigned, _series(facts, period), points(outgoing.share("both-online"), base))


def _lines(total: int, counts: Iterable[tuple[str, int]], digits: int = 2) -> tuple[Line, ...]:
    return tuple(Line(key, count, percent(count, total, digits)) for key, count in counts)


def _incoming(facts: Facts, calendar: WorkingDays) -> Table:
    found = facts.arrived
    electronic = sum(one.electronic for one in found)
    delays = Counter(_delay(one.arrived, one.registered, calendar) for one in found)
    return Table(
        "incoming",
        (
            Line("total", len(found)),
            # Whole per cents, as the reference reports split electronic and paper.
            *_lines(len(found), (("electronic", electronic), ("paper", len(found) - electronic)), 0),
            *_lines(len(found), (("by-hand", sum(not (one.electronic or one.scanned) for one in found)),)),
            *_lines(len(found), ((key, delays[key]) for key in ("same-day", "next-working-day", "later"))),
        ),
    )


def _delay(arrived: date, registered: date, calendar: WorkingDays) -> str:
    """NĐ 30/2020 Điều 4.2c: registered the same day, at the latest on the next working day."""
    if registered <= arrived:
        return "same-day"
    return "next-working-day" if registered <= calendar.after(arrived, 1) else "later"


def _outgoing(issued: tuple[Issued, ...]) -> Table:
    total = len(issued)
    counts = (
        ("leader", sum("leader" in one.signed for one in issued)),
        ("agency", sum("agency" in one.signed for one in issued)),
        ("both", sum(one.both for one in issued)),
        ("online", sum(one.online for one in issued)),
        ("both-online", sum(one.both and one.online for one in issued)),
        ("not-signed", sum(not one.both for one in issued)),
    )
    in_box = sum(one.in_box for one in issued)
    split = _lines(total, (("electronic", in_box), ("paper", total - in_box)), 0)
    reasons = Counter(one.paper_reason for one in issued if not one.in_box and one.paper_reason)
    return Table("outgoing", (Line("total", total), *split, *_reasons(reasons), *_lines(total, counts)))


def _reasons(reasons: Mapping[str, int]) -> list[Line]:
    """Reasons with how often each was given, the most frequent first; shares are of what has a reason."""
    total = sum(reasons.values())
    ordered = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    return [Line("reason", count, percent(count, total), label=reason) for reason, count in ordered]


def _terms(handled: tuple[Handled, ...], as_of: date, calendar: WorkingDays) -> Table:
    counts: Counter[str] = Counter()
    for one in handled:
        if one.finished is not None and one.finished <= as_of:
            counts["late" if finished_late(one.due, one.finished, calendar) else "on-time"] += 1
        else:
            counts["overdue" if as_of > calendar.on_or_after(one.due) else "open"] += 1
    keys = ("on-time", "late", "overdue", "open")
    return Table("terms", (Line("total", len(handled)), *_lines(len(handled), ((key, counts[key]) for key in keys))))


def _exceptions(facts: Facts) -> Table:
    lines: list[Line] = []
    for key, reasons in (
        ("refused-by-province", facts.refused_by_province),
        ("refused-by-office", facts.refused_by_office),
    ):
        lines += [Line(key, sum(reasons.values())), *_reasons(reasons)]
    lines += [
        Line("recalled-by-office", facts.recalled_by_office),
        Line("recalled-by-sender", facts.recalled_by_sender),
    ]
    return Table("exceptions", tuple(lines))


def _transit(seconds: tuple[float, ...]) -> Table:
    ordered = sorted(seconds)

    def minutes(value: float) -> int:
        return int(value / 60 + 0.5)

    lines = [Line("receipted", len(ordered))]
    if ordered:
        lines += [
            Line("median", minutes(median(ordered)), unit="minutes"),
            Line("nine-of-ten", minutes(ordered[-(-9 * len(ordered) // 10) - 1]), unit="minutes"),
            Line("longest", minutes(ordered[-1]), unit="minutes"),
        ]
    return Table("transit", tuple(lines))


def _certificates(found: tuple[Certificate, ...], today: date) -> Table:
    total, held = len(found), [one for one in found if one.revoked is None and one.expires >= today]
    kinds = Counter(one.kind for one in found)
    soon = today + timedelta(days=SOON_DAYS)
    counts = (
        *((kind, kinds[kind]) for kind in ("personal", "agency", "device")),
        ("holding", len(held)),
        ("ending", sum(one.expires <= soon for one in held)),
        ("ended", sum(one.revoked is None and one.expires < today for one in found)),
        ("revoked", sum(one.revoked is not None for one in found)),
    )
    return Table("certificates", (Line("total", total), *_lines(total, counts)))


def _case_ways(facts: Facts) -> Table:
    found = facts.cases
    counts = (
        ("returned", sum(one.returned for one in found)),
        ("handed-on", sum(one.handed_on for one in found)),
        ("by-post", sum(one.by_post for one in found)),
        ("posted", sum(one.posted for one in found)),
    )
    return Table("case-ways", (Line("total", len(found)), *_lines(len(found), counts)))


def regular_days(period: Period, today: date, active_days: int) -> int:
    """On how many days of the period somebody must have signed in to count as a regular user: so many a month, and of
    a period that still runs so much less as is still to come; at least one.
    """
    begun, every = period.days_until(today)
    return max(1, active_days * period.months * begun // every)


def _people(presence: tuple[int, ...], needed: int) -> Table:
    total = len(presence)
    counts = (("active", sum(days >= needed for days in presence)), ("never", sum(not days for days in presence)))
    return Table("people", (Line("total", total), Line("needed", needed), *_lines(total, counts)))


def _types(key: str, names: Iterable[str]) -> Table:
    counts = Counter(names)
    total = sum(counts.values())
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    lines = tuple(Line("type" if name else "no-type", n, percent(n, total), label=name) for name, n in ordered)
    return Table(key, (Line("total", total), *lines))


def _series(facts: Facts, period: Period) -> tuple[tuple[date, int, int], ...]:
    """Incoming and outgoing by day, or by month where the period is longer than 45 days."""
    by_month = (period.last - period.first).days > 45

    def place(day: date) -> date:
        return day.replace(day=1) if by_month else day

    arrived = Counter(place(one.registered) for one in facts.arrived)
    issued = Counter(place(one.registered) for one in facts.issued)
    places = sorted({place(period.first + timedelta(days=n)) for n in range((period.last - period.first).days + 1)})
    return tuple((day, arrived[day], issued[day]) for day in places)
