"""When a finding becomes an alert, when it ends, and when nobody wants to hear it.

Owns the rules of time: how long a finding must stand before it is an alert (`HOLD`), what an acknowledgement and a
silence cover. Pure. Source: knowledge base, operations §6.2 (boxes come and go: a short cut is no alert).
Invariants: a box has one open alert of a code; one that never stood long enough leaves no trace; an acknowledgement is
of one alert at one gravity - when the alert gets graver, or ends and comes again, it speaks again; every silence ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sync.province.fleet import Finding, Gravity, Parameters

HOLD: Mapping[str, float] = {
    "silent": 300.0,
    "waiting-long": 600.0,
    "disk-low": 1_800.0,
    "clock-skew": 600.0,
    "unchecked": 600.0,
    "documents-lost": 600.0,
    "missing-numbers": 600.0,
    "profile-drift": 3_600.0,
}
"""Seconds for which a finding must stand before it is an alert; every other one is at once."""
LONGEST_QUIET = 30 * 86_400.0
"""Nothing is acknowledged or silenced for longer."""
LONGEST_WHY = 500


@dataclass(frozen=True)
class Alert:
    """A finding that stands, or stood. Times in seconds since 1970; `number` is 0 until it has a row."""

    box: str
    code: str
    gravity: Gravity
    since: float
    """When it was first found."""
    params: Parameters = field(default_factory=dict)
    ended_at: float | None = None
    number: int = 0

    def fires(self, now: float) -> bool:
        """It has stood long enough."""
        return now - self.since >= HOLD.get(self.code, 0.0)


@dataclass(frozen=True)
class Acknowledgement:
    """Somebody has taken an alert upon himself until a moment, and said why."""

    alert: int
    gravity: Gravity
    """How grave the alert was then."""
    person: str
    why: str
    at: float
    until: float


@dataclass(frozen=True)
class Silence:
    """Nobody wants to hear of a box (`box`, "" for all) or a kind of finding (`code`, "" for all) for a while."""

    box: str
    code: str
    person: str
    why: str
    begins_at: float
    until: float
    number: int = 0

    def covers(self, box: str, code: str, now: float) -> bool:
        """Whether it holds for this finding now."""
        return self.begins_at <= now < self.until and self.box in ("", box) and self.code in ("", code)


@dataclass(frozen=True)
class Turn:
    """What an evaluation came to: rows to add, to change and to end, and those that never were an alert."""

    begun: tuple[Alert, ...]
    changed: tuple[Alert, ...]
    ended: tuple[Alert, ...]
    dropped: tuple[Alert, ...]


def evaluate(findings: Mapping[str, Sequence[Finding]], standing: Iterable[Alert], now: float) -> Turn:
    """Compare what is found at `now` (by box) with the alerts that stand."""
    found = {
        (box, finding.code): finding
        for box, several in findings.items()
        for finding in several
        if finding.gravity >= Gravity.WARNING
    }
    changed: list[Alert] = []
    ended: list[Alert] = []
    dropped: list[Alert] = []
    known: set[tuple[str, str]] = set()
    for alert in standing:
        key = (alert.box, alert.code)
        known.add(key)
        finding = found.get(key)
        if finding is None:
            (ended if alert.fires(now) else dropped).append(_again(alert, alert.gravity, alert.params, now))
        elif finding.gravity is not alert.gravity:
            changed.append(_again(alert, finding.gravity, finding.params, None))
    begun = [
        Alert(box, code, finding.gravity, now, finding.params)
        for (box, code), finding in sorted(found.items())
        if (box, code) not in known
    ]
    return Turn(tuple(begun), tuple(changed), tuple(ended), tuple(dropped))


def _again(alert: Alert, gravity: Gravity, params: Parameters, ended_at: float | None) -> Alert:
    return Alert(alert.box, alert.code, gravity, alert.since, params, ended_at, alert.number)


def answered(alert: Alert, given: Iterable[Acknowledgement], now: float) -> Acknowledgement | None:
    """The acknowledgement that covers an alert now: the one that lasts longest."""
    good = [one for one in given if one.alert == alert.number and now < one.until and alert.gravity <= one.gravity]
    return max(good, key=lambda one: one.until, default=None)


def quiet(
    standing: Iterable[Alert], given: Sequence[Acknowledgement], silences: Sequence[Silence], codes: Iterable[str],
    boxes: Iterable[str], now: float,
) -> dict[str, frozenset[str]]:  # fmt: skip
    """By box, the codes that are acknowledged or silenced now; boxes of which nothing is are left out."""
    hushed: dict[str, set[str]] = {}
    by_alert: dict[int, list[Acknowledgement]] = {}
    for one in given:
        by_alert.setdefault(one.alert, []).append(one)
    for alert in standing:
        if answered(alert, by_alert.get(alert.number, ()), now):
            hushed.setdefault(alert.box, set()).add(alert.code)
    live = [one for one in silences if one.begins_at <= now < one.until]
    if live:
        every_code = tuple(codes)
        for box in boxes:
            covered = {code for code in every_code for one in live if one.covers(box, code, now)}
            if covered:
                hushed.setdefault(box, set()).update(covered)
    return {box: frozenset(several) for box, several in hushed.items()}


def fault_of(why: str, hours: float) -> str:
    """Why an acknowledgement or a silence is refused: `needs-reason`, `needs-end`, or ""."""
    if not why.strip():
        return "needs-reason"
    return "" if 0 < hours * 3600 <= LONGEST_QUIET else "needs-end"
