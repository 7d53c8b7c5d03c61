"""The fleet as pages, commands and metrics see it.

Owns the step from rows to facts and from facts to findings. Writes nothing. What would be slow to count anew each time
(totals of days gone by, missing numbers) a caller that looks often keeps in a `Memory`.
Invariant: a survey asks a fixed number of questions, however many boxes there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sync.province.fleet import BoxFacts, assess
from sync.province.fleet_views import BoxView, Fleet
from sync.province.profiles import expected
from sync.province.sequences import Gaps
from sync.province.store import Box, Presence, ProvinceStore
from sync.province.store.account_rows import AccountRows
from sync.province.store.expected import PROFILE, Expected
from sync.province.store.following import Followed
from sync.province.store.tallies import EVER, Tally, day_of
from sync.province.urgency import urgency

RECENT_SECONDS = 86_400.0
SLACK_SECONDS = 60.0
"""By how much another host's clock may be behind, whose receiver writes when a box was heard."""


class Memory:
    """What one who surveys often need not ask again. One thread at a time."""

    def __init__(self, store: ProvinceStore) -> None:
        self.followed = Followed(store.connection)
        self.views: dict[str, tuple[int, BoxView]] = {}
        """Box -> a hash of what its view was made of, and the view: taken again while the rows say the same."""
        self._boxes: tuple[object, list[Box]] = None, []
        self._presences: dict[str, Presence] | None = None
        self._heard = 0.0
        self._sent: dict[str, tuple[int, int]] | None = None
        self._day: int | None = None
        self._before: dict[str, Tally] = {}

    def forget_views(self) -> None:
        """Make every view anew at the next survey: ages grow in them. Whoever surveys often calls this now and then."""
        self.views.clear()
        self._presences = self._sent = None

    def boxes(self, store: ProvinceStore) -> list[Box]:
        """Every box; the rows are read again when one was enrolled or revoked."""
        mark = store.fleet.boxes_mark()
        if self._boxes[0] != mark:
            self._boxes = mark, store.fleet.boxes()
        return self._boxes[1]

    def presences(self, store: ProvinceStore, now: float) -> dict[str, Presence]:
        """The last presence of every box: all of them once, then those that were heard since, or went."""
        if self._presences is None:
            self._presences = store.fleet.presences()
        else:
            for box, said in store.fleet.presences(self._heard - SLACK_SECONDS).items():
                if self._presences.get(box) != said:  # what says the same stays the same value: views go by that
                    self._presences[box] = said
        self._heard = now
        return self._presences

    def sent(self, store: ProvinceStore) -> dict[str, tuple[int, int]]:
        """Deliveries that boxes told of; asked again with the views."""
        if self._sent is None:
            self._sent = AccountRows(store.connection).sent()
        return self._sent

    def totals(self, store: ProvinceStore, today: int) -> dict[str, Tally]:
        """Sums of all days before today; asked once a day."""
        if self._day != today:
            self._before, self._day = store.tallies.sums(EVER[0], today - 1), today
        return self._before


@dataclass(frozen=True)
class _Facts:
    """Rows of all boxes, by box."""

    presences: Mapping[str, Presence]
    counts: Mapping[str, Mapping[str, Any]]
    today: Mapping[str, Tally]
    before: Mapping[str, Tally]
    gaps: Mapping[str, Gaps]
    observed: Mapping[str, Mapping[str, int]]
    quiet: Mapping[str, frozenset[str]]
    newest: str
    profile: str
    sent: Mapping[str, tuple[int, int]]

    def mark(self, box: Box) -> int:
        """Another one when anything but the presence of this box is other than before."""
        name, counts, gaps = box.box, self.counts.get(box.box, _NO_COUNTS), self.gaps.get(box.box)
        told = (box.commune, box.revoked_at, box.enrolled_at, self.newest, self.profile, self.sent.get(name))
        known = (*counts.values(), self.today.get(name), self.before.get(name), len(gaps.missing) if gaps else 0)
        return hash((told, known, self.quiet.get(name), frozenset(self.observed.get(name, _NOTHING).items())))


_NOTHING: Mapping[str, int] = {}
_NO_TALLY = Tally()
_NO_COUNTS: Mapping[str, Any] = {"refused": 0, "code": "", "transfers": 0, "unchecked": 0, "last_rid": None}


@dataclass(frozen=True)
class Quiet:
    """Which findings are acknowledged or silenced now, by box; see `alerting`."""

    codes: Mapping[str, frozenset[str]] = field(default_factory=dict)


def survey(store: ProvinceStore, now: float, memory: Memory | None = None, quiet: Quiet | None = None) -> Fleet:
    """Look at every box at `now`."""
    memory = memory or Memory(store)
    observed: dict[str, dict[str, int]] = {}
    for observation in store.fleet.observations(now - RECENT_SECONDS):
        observed.setdefault(observation.box, {})[observation.code] = observation.count
    boxes, today = memory.boxes(store), day_of(now)
    presences = memory.presences(store, now)
    facts = _Facts(
        presences=presences,
        counts=store.reading.counts(now - RECENT_SECONDS),
        today=store.tallies.sums(today, EVER[1]),
        before=memory.totals(store, today),
        gaps=memory.followed.look(),
        observed=observed,
        quiet=(quiet or Quiet()).codes,
        newest=newest({presence.software for presence in presences.values()}),
        profile=expected_profile(store, boxes, presences),
        sent=memory.sent(store),
    )
    views = sorted((_again(box, facts, memory, now) for box in boxes), key=lambda view: view.urgency.place)
    known = {box.box for box in boxes}
    return Fleet(tuple(views), tuple(sorted(set(observed) - known)))


def expected_profile(store: ProvinceStore, boxes: Iterable[Box], presences: Mapping[str, Presence]) -> str:
    """The profile that every box should have, "" where it cannot be told. Raises RowsAway."""
    heard = (presences.get(box.box) for box in boxes if box.revoked_at is None)
    return expected(Expected(store.connection).value(PROFILE), (profile_said(one) for one in heard))


def profile_said(presence: Presence | None) -> str:
    """The profile that a box names, "" for none."""
    return str(presence.said.get("profile", "")) if presence else ""


def newest(releases: set[str]) -> str:
    """The latest of the releases that boxes name, by the numbers in it; "" where none names any."""
    return max(releases, key=_release, default="")


@lru_cache(maxsize=64)
def _release(named: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d{1,9}", named))


def _again(box: Box, facts: _Facts, memory: Memory, now: float) -> BoxView:
    """The view there is where the rows say the same, else a new one."""
    kept, mark = memory.views.get(box.box), facts.mark(box)
    if kept is None or kept[0] != mark or kept[1].presence is not facts.presences.get(box.box):
        kept = memory.views[box.box] = mark, _view(box, facts, now)
    return kept[1]


def _view(box: Box, facts: _Facts, now: float) -> BoxView:
    name = box.box
    presence = facts.presences.get(name)
    counts = facts.counts.get(name, _NO_COUNTS)
    today, before = facts.today.get(name, _NO_TALLY), facts.before.get(name, _NO_TALLY)
    quiet, gaps, (sent, kept) = facts.quiet.get(name, frozenset()), facts.gaps.get(name), facts.sent.get(name, (0, 0))
    findings = assess(
        BoxFacts(
            box=name,
            enrolled_at=box.enrolled_at,
            revoked=box.revoked_at is not None,
            refused_recently=counts["refused"],
            last_refusal_code=counts["code"],
            missing_numbers=len(gaps.missing) if gaps else 0,
            unchecked=counts["unchecked"],
            observed=facts.observed.get(name, _NOTHING),
            expected_profile=facts.profile,
            lost=max(0, sent - kept - sum(each.stored + each.refused + each.duplicates for each in (before, today))),
            **_said(presence, facts.newest),
        ),
        now,
    )
    return BoxView(
        box=box,
        presence=presence,
        findings=findings,
        urgency=urgency(name, findings, presence.waiting if presence else 0, quiet),
        documents=before.stored + today.stored,
        today=today.stored,
        bytes=before.bytes + today.bytes,
        refused=counts["refused"],
        transfers=counts["transfers"],
        last_receipt_at=today.last_at or before.last_at,
        last_rid=counts["last_rid"],
        quiet=quiet,
    )


def _said(presence: Presence | None, newest_release: str) -> dict[str, Any]:
    """What a box said about itself, as facts."""
    if presence is None:
        return {}
    older = presence.software and _release(presence.software) < _release(newest_release)
    return {
        "online": presence.online,
        "last_seen": presence.last_seen,
        "changed_at": presence.changed_at,
        "waiting": presence.waiting,
        "oldest_waiting_at": presence.oldest_waiting_at,
        "clock_skew": presence.clock_skew,
        "disk_free": presence.disk_free,
        "newer_software": newest_release if older else "",
        "profile": profile_said(presence),
        **{name: presence.said.get(name) for name in ("token_ends", "link_ends", "scanned_at")},
    }


def as_facts(view: BoxView, now: float) -> dict[str, Any]:
    """One box as plain values for `--json`."""
    return {
        "box": view.box.box,
        "commune": view.box.commune,
        "online": view.online,
        "last_seen": view.last_seen,
        "waiting": view.waiting,
        "oldest_waiting_seconds": now - view.oldest_waiting_at if view.oldest_waiting_at else None,
        "documents": view.documents,
        "refused_recently": view.refused,
        "transfers": view.transfers,
        "last_receipt_at": view.last_receipt_at,
        "last_rid": view.last_rid,
        "findings": [
            {"code": finding.code, "gravity": finding.gravity.name.lower(), "params": finding.params}
            for finding in view.findings
        ],
    }
