"""The roll-up from the province's rows: one line a commune, in a fixed number of questions.

Owns the step from rows to `reporting.Line`, and what a reminder lists. Writes nothing.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sync.province import days
from sync.province.reporting import Line, Ranked, Targets, ranking
from sync.province.store import ProvinceStore, Refusal
from sync.province.store.tallies import Tally

MOST_LISTED = 200
"""Refused documents that a reminder lists one by one; their count is exact all the same."""


@dataclass(frozen=True)
class Missed:
    """What a reminder is about."""

    place: Ranked
    refusals: tuple[Refusal, ...]


def roll_up(store: ProvinceStore, first: dt.date, last: dt.date, targets: Targets) -> list[Ranked]:
    """Every commune that is not revoked, ranked; both days are included. Raises RowsAway."""
    sums = store.tallies.sums(days.number(first), days.number(last))
    presences, lines = store.fleet.presences(), []
    for box in store.fleet.boxes():
        if box.revoked_at is None or box.box in sums:
            tally, presence = sums.get(box.box, Tally()), presences.get(box.box)
            lines.append(
                Line(
                    box.box, box.commune, tally.stored, tally.refused, tally.duplicates, tally.took_count,
                    tally.took_seconds, tally.took_most, tally.within_hour, tally.within_day,
                    presence.waiting if presence else 0,
                )
            )  # fmt: skip
    return ranking(lines, targets)


def missed(store: ProvinceStore, box: str, first: dt.date, last: dt.date, targets: Targets) -> Missed | None:
    """What one commune missed; None when nobody enrolled it. Raises RowsAway."""
    place = next((one for one in roll_up(store, first, last, targets) if one.line.box == box), None)
    if place is None:
        return None
    since, until = days.begins(first), days.begins(last + dt.timedelta(days=1))
    return Missed(place, tuple(store.reading.refusals_between(box, since, until, MOST_LISTED)))
