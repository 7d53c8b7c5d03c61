"""The weekly digest of each commune: what went up and down from Monday to Sunday, told on the Monday after at 07:00.

Owns which week is due and what a digest counts (knowledge base, operations §9, RC0: giao ban tuần). Every figure is a
sum of rows; a fixture week proves them against plain SQL. A digest once made is kept as it was told. Notices
(PROTOCOL.md 4.7) speak of documents alone: a digest is shown on the pages and written as PDF, not said on the wire.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from sync.province import days
from sync.province.store import ProvinceStore
from sync.province.store.digest_rows import DigestRows, Down
from sync.province.store.tallies import Tally

TOLD_AT = dt.time(7)
_NOTHING, _NONE_DOWN = Tally(), Down()


@dataclass(frozen=True)
class Week:
    """Monday to Sunday in Vietnam."""

    monday: dt.date

    @property
    def sunday(self) -> dt.date:
        """The last day."""
        return self.monday + dt.timedelta(days=6)

    @property
    def number(self) -> int:
        """The number of its Monday, as `store.tallies` counts days."""
        return days.number(self.monday)

    @property
    def name(self) -> str:
        """ISO 8601: 2026-W46."""
        year, week, _day = self.monday.isocalendar()
        return f"{year}-W{week:02}"

    @property
    def before(self) -> Week:
        """The week before."""
        return Week(self.monday - dt.timedelta(days=7))

    @property
    def span(self) -> tuple[float, float]:
        """From its first moment to the first one after it."""
        return days.begins(self.monday), days.begins(self.monday + dt.timedelta(days=7))

    @classmethod
    def of(cls, number: int) -> Week:
        """From the number of its Monday."""
        return cls(days.EPOCH + dt.timedelta(days=number))


def typed_week(name: str) -> Week | None:
    """A week written 2026-W46, or None."""
    year, mark, week = name.partition("-W")
    if not (mark and year.isascii() and year.isdecimal() and week.isascii() and week.isdecimal()):
        return None
    try:
        return Week(dt.date.fromisocalendar(int(year), int(week), 1)) if 2000 <= int(year) <= 2200 else None
    except ValueError:
        return None


def due_week(now: float) -> Week:
    """The last whole week whose digest is due at a moment."""
    today = days.today(now)
    monday = today - dt.timedelta(days=today.weekday())
    told = days.begins(monday) + TOLD_AT.hour * 3600
    return Week(monday).before if now >= told else Week(monday).before.before


@dataclass(frozen=True)
class Digest:
    """One commune's week. `sent_down`: documents of the province for it; `by_reason`: code -> refusals."""

    box: str
    commune: str
    stored: int = 0
    refused: int = 0
    duplicates: int = 0
    took_count: int = 0
    within_hour: int = 0
    stored_before: int = 0
    sent_down: int = 0
    accepted_down: int = 0
    refused_down: int = 0
    alerts: int = 0
    waiting: int = 0
    """Documents that waited on the box when the digest was made."""
    by_reason: dict[str, int] = field(default_factory=dict)

    @property
    def figures(self) -> dict[str, Any]:
        """What is kept: everything but who."""
        said = asdict(self)
        return {name: said[name] for name in said if name not in ("box", "commune")}


def gather(store: ProvinceStore, week: Week) -> list[Digest]:
    """Count a week for every box that was enrolled in it, by name. Raises RowsAway."""
    return sorted(_each(store, week), key=lambda one: (one.commune, one.box))


def _each(store: ProvinceStore, week: Week) -> Iterator[Digest]:
    """Asks a fixed number of questions, now; the digests come one after another, so that the pages' process never holds
    thousands of them."""
    rows, (since, until) = DigestRows(store.connection), week.span
    sums = store.tallies.sums(week.number, week.number + 6)
    before = store.tallies.sums(week.number - 7, week.number - 1)
    refused, down, alerts = rows.refused(since, until), rows.down(since, until), rows.alerts(since, until)
    waiting, boxes = store.fleet.waiting(), store.fleet.boxes()

    def digest(name: str, commune: str) -> Digest:
        tally, sent = sums.get(name, _NOTHING), down.get(name, _NONE_DOWN)
        return Digest(
            name, commune, tally.stored, tally.refused, tally.duplicates, tally.took_count, tally.within_hour,
            before.get(name, _NOTHING).stored, sent.sent, sent.accepted, sent.refused, alerts.get(name, 0),
            waiting.get(name, 0), refused.get(name, {}),
        )  # fmt: skip

    return (
        digest(box.box, box.commune)
        for box in boxes
        if box.box in sums or (box.enrolled_at < until and box.revoked_at is None)
    )


def tell(store: ProvinceStore, now: float) -> Week | None:
    """Make the digests that are due and were not made; the week, or None where nothing was to do. Raises RowsAway."""
    week, rows = due_week(now), DigestRows(store.connection)
    if rows.made(week.number):
        return None
    made = ((one.box, one.figures) for one in _each(store, week))
    return week if rows.keep(week.number, now, made) else None


def kept(store: ProvinceStore, week: Week, box: str = "") -> list[Digest]:
    """The digests of a week as they were told, by name. Raises RowsAway."""
    communes = {one.box: one.commune for one in store.fleet.boxes()}
    found = DigestRows(store.connection).of_week(week.number, box)
    made = [Digest(name, communes.get(name, name), **figures) for name, figures in found.items()]
    return sorted(made, key=lambda one: (one.commune, one.box))
