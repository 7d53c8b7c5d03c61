"""Judges the health of every box from facts.

Owns the list of findings and their order. Pure: reads no clock, no file, no row; the caller brings facts and `now`.
Refuses to phrase anything: a finding is a stable code with parameters, the pages turn it into a sentence.
Invariants: the same facts give the same findings; the gravest finding comes first; a box that was enrolled and
never spoke is told apart from one that fell silent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

Parameters = dict[str, int | float | str]


class Gravity(IntEnum):
    """How soon somebody should act."""

    NOTE = 1
    WARNING = 2
    ALARM = 3


@dataclass(frozen=True)
class Limits:
    """Where a fact becomes a finding; seconds unless said. Source: fleet alerts, silent 30 min, backlog 24 h."""

    offline_grace: float = 90.0
    """A last will younger than this is a short cut, not an absence (MQTT 3.1.1 has no will delay)."""
    silent_warning: float = 1_800.0
    silent_alarm: float = 86_400.0
    waiting_warning: float = 4 * 3_600.0
    waiting_alarm: float = 86_400.0
    clock_warning: float = 60.0
    clock_alarm: float = 3_600.0
    unchecked_alarm_attempts: int = 5
    disk_warning_bytes: int = 2_000_000_000
    disk_alarm_bytes: int = 500_000_000
    ending_warning: float = 30 * 86_400.0
    """A certificate that ends: the issuer needs days, the box's own people are told from 60 days on."""
    ending_alarm: float = 7 * 86_400.0
    scanner_quiet: float = 7 * 86_400.0


@dataclass(frozen=True)
class BoxFacts:
    """What the province knows about one box at one moment; times in seconds since 1970."""

    box: str
    enrolled_at: float
    revoked: bool = False
    online: bool = False
    last_seen: float | None = None
    changed_at: float | None = None
    waiting: int = 0
    oldest_waiting_at: float | None = None
    refused_recently: int = 0
    last_refusal_code: str = ""
    missing_numbers: int = 0
    unchecked: int = 0
    lost: int = 0
    """Deliveries that the box speaks of, that do not wait, and that this province never answered."""
    clock_skew: float | None = None
    disk_free: int | None = None
    token_ends: float | None = None
    """When the first of the signers' certificates runs out."""
    link_ends: float | None = None
    """When the box's own certificate runs out."""
    scanned_at: float | None = None
    """When the box last took paper in."""
    profile: str = ""
    """Digest of the configuration that the box was given, where it names one."""
    expected_profile: str = ""
    """What it should be, where that can be told (`profiles`)."""
    newer_software: str = ""
    """A later release that another box runs, where there is one."""
    observed: Mapping[str, int] = field(default_factory=dict)
    """How often the receiver noticed something lately: unverifiable, foreign-box, malformed, key-unknown…"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a box."""

    code: str
    gravity: Gravity
    params: Parameters


Rule = Callable[[BoxFacts, float, Limits], tuple[Gravity, Parameters] | None]


def _revoked(facts: BoxFacts, now: float, limits: Limits) -> tuple[Gravity, Parameters] | None:
    return (Gravity.NOTE, {}) if facts.revoked else None


def _never_seen(facts: BoxFacts, now: float, limits: Limits) -> tuple[Gravity, Parameters] | None:
    if facts.last_seen is not None or facts.revoked:
        return None
    age = now - facts.enrolled_at
    return (Gravity.WARNING if age > limits.silent_alarm else Gravity.NOTE, {"seconds": age})


def _silent(facts: BoxFacts, now: float, limits: Limits) -> tuple[Gravity, Parameters] | None:
    if facts.last_seen is None or facts.revoked:
        return None
    age = now - facts.last_seen
    if age <= limits.silent_warning:
        return None
    return (Gravity.ALARM if age > limits.silent_alarm else Gravity.WARNING, {"seconds": age})


def _offline(facts: BoxFacts, now: float, limits: Limits) -> tuple[Gravity, Parameters] | None:
    if facts.online or facts.last_seen is None or facts.revoked or facts.changed_at is None:
        return None
    away = now - facts.changed_at
    if away <= limits.offline_grace or now - facts.last_seen > limits.silent_warning:
        return None  # too short to mean anything, or `silent` says it already
    return Gravity.NOTE, {"seconds": away}


def _waiting(facts: BoxFacts, now: float, limits: Limits) -> tuple[Gravity, Parameters] | None:
    if facts.oldest_waiting_at is None or facts.waiting == 0:
        return None
    age = now - facts.oldest_waiting_at
    if age <= limits.waiting_warning:
        return None
    gravity = Gravity.ALARM if age > limits.waiting_alarm else Gravity.WARNING
    return gravity, {"seconds": age, "count": facts.waiting}


def _refused(facts: BoxFacts, now: float, limits: Limits) -> tuple[Gravity, Parameters] | None:
    if not facts.refused_recently:
        return None
    return Gravity.WARNING, {"count": facts.refused_recently, "reason": facts.last_refusal_code}


def _missing_numbers(facts: BoxFacts, now: float, limits: Limits) -> tuple[Gravity, Parameters] | None:
    # Numbers still waiting on the box are not missing: they are in its queue.
    missing = facts.missing_numbers - facts.waiting
    return (Gravity.WARNING, {"count": missing}) if missing > 0 else None


def _unchecked(facts: BoxFacts, now: float, limits: Limits) -> tuple[Gravity, Parameters] | None:
    return (Gravity.ALARM, {"count": facts.unchecked}) if facts.unchecked else None


def _lost(facts: BoxFacts, now: float, limits: Limits) -> tuple[Gravity, Parameters] | None:
    return (Gravity.ALARM, {"count": facts.lost}) if facts.lost else None


def _clock(facts: BoxFacts, now: float, limits: Limits) -> tuple[Gravity, Parameters] | None:
    if facts.clock_skew is None or abs(facts.clock_skew) <= limits.clock_warning:
        return None
    gravity = Gravity.ALARM if abs(facts.clock_skew) > limits.clock_alarm else Gravity.WARNING
    return gravity, {"seconds": abs(facts.clock_skew), "direction": "ahead" if facts.clock_skew > 0 else "behind"}


def _disk(facts: BoxFacts, now: float, limits: Limits) -> tuple[Gravity, Parameters] | None:
    if facts.disk_free is None or facts.disk_free >= limits.disk_warning_bytes:
        return None
    gravity = Gravity.ALARM if facts.disk_free < limits.disk_alarm_bytes else Gravity.WARNING
    return gravity, {"bytes": facts.disk_free}


def _ending(ends: float | None, now: float, limits: Limits) -> tuple[Gravity, Parameters] | None:
    if ends is None or ends - now >= limits.ending_warning:
        return None
    days = int((ends - now) // 86_400)
    return (Gravity.ALARM if ends - now < limits.ending_alarm else Gravity.WARNING), {"days": max(0, days)}


def _token(facts: BoxFacts, now: float, limits: Limits) -> tuple[Gravity, Parameters] | None:
    return None if facts.revoked else _ending(facts.token_ends, now, limits)


def _link(facts: BoxFacts, now: float, limits: Limits) -> tuple[Gravity, Parameters] | None:
    return None if facts.revoked else _ending(facts.link_ends, now, limits)


def _scanner(facts: BoxFacts, now: float, limits: Limits) -> tuple[Gravity, Parameters] | None:
    if facts.scanned_at is None or facts.revoked or now - facts.scanned_at <= limits.scanner_quiet:
        return None
    return Gravity.NOTE, {"seconds": now - facts.scanned_at}


def _profile(facts: BoxFacts, now: float, limits: Limits) -> tuple[Gravity, Parameters] | None:
    if facts.revoked or not facts.profile or not facts.expected_profile or facts.profile == facts.expected_profile:
        return None
    return Gravity.WARNING, {"profile": facts.profile, "expected": facts.expected_profile}


def _software(facts: BoxFacts, now: float, limits: Limits) -> tuple[Gravity, Parameters] | None:
    return (Gravity.NOTE, {"version": facts.newer_software}) if facts.newer_software and not facts.revoked else None


def _observed(code: str, gravity: Gravity) -> Rule:
    def rule(facts: BoxFacts, now: float, limits: Limits) -> tuple[Gravity, Parameters] | None:
        count = facts.observed.get(code, 0)
        return (gravity, {"count": count}) if count else None

    return rule


RULES: tuple[tuple[str, Rule], ...] = (
    ("silent", _silent),
    ("waiting-long", _waiting),
    ("refused", _refused),
    ("missing-numbers", _missing_numbers),
    ("unchecked", _unchecked),
    ("documents-lost", _lost),
    ("unverifiable", _observed("unverifiable", Gravity.ALARM)),
    ("foreign-box", _observed("foreign-box", Gravity.ALARM)),
    ("malformed", _observed("malformed", Gravity.WARNING)),
    ("digest-mismatch", _observed("digest-mismatch", Gravity.WARNING)),
    ("clock-skew", _clock),
    ("disk-low", _disk),
    ("token-ending", _token),
    ("link-ending", _link),
    ("profile-drift", _profile),
    ("never-seen", _never_seen),
    ("offline", _offline),
    ("scanner-quiet", _scanner),
    ("old-software", _software),
    ("revoked", _revoked),
)
"""Every finding there is, in the order of equal gravity. The pages must have a sentence for each code."""

CODES: tuple[str, ...] = tuple(code for code, _ in RULES)


def assess(facts: BoxFacts, now: float, limits: Limits | None = None) -> tuple[Finding, ...]:
    """What is wrong with one box at `now` (seconds since 1970), gravest first."""
    chosen = limits or Limits()
    found = []
    for code, rule in RULES:
        if (verdict := rule(facts, now, chosen)) is not None:
            found.append(Finding(code, verdict[0], verdict[1]))
    return tuple(sorted(found, key=lambda finding: -finding.gravity))
