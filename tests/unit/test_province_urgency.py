"""Which commune is called first: the rule of the wall, clause by clause."""

from __future__ import annotations

import random

import pytest

from sync.province import fleet
from sync.province.fleet import Finding, Gravity
from sync.province.urgency import CALLS, Tier, urgency

ALARM, WARNING, NOTE = Gravity.ALARM, Gravity.WARNING, Gravity.NOTE
PROVINCES_OWN = {"unchecked", "missing-numbers"}


def one(code: str, gravity: Gravity = ALARM, **params: float) -> tuple[Finding, ...]:
    return (Finding(code, gravity, dict(params)),)


# what is called first, and what comes after it; each pair shows one clause alone
PAIRS: dict[str, tuple[dict, dict]] = {
    "loud before acknowledged": (
        {"findings": one("refused", WARNING)},
        {"findings": one("silent"), "quiet": frozenset({"silent"}), "waiting": 900},
    ),
    "alarm before warning": ({"findings": one("disk-low")}, {"findings": one("silent", WARNING), "waiting": 900}),
    "warning before note": ({"findings": one("refused", WARNING)}, {"findings": one("offline", NOTE), "waiting": 900}),
    "note before nothing": ({"findings": one("offline", NOTE)}, {"findings": ()}),
    "nothing before revoked": ({"findings": ()}, {"findings": one("revoked", NOTE)}),
    "a call before our own work": ({"findings": one("clock-skew")}, {"findings": one("unchecked"), "waiting": 9}),
    "an intruder before a silent box": ({"findings": one("foreign-box")}, {"findings": one("silent"), "waiting": 900}),
    "a silent box before a full disk": ({"findings": one("silent")}, {"findings": one("disk-low"), "waiting": 900}),
    "more stuck": ({"findings": one("silent"), "waiting": 10}, {"findings": one("silent", seconds=9e9), "waiting": 9}),
    "longer": ({"findings": one("silent", seconds=7200)}, {"findings": one("silent", seconds=7199)}),
}  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS.keys())
def test_each_clause(pair: tuple[dict, dict]) -> None:
    first, second = ({"waiting": 0, **given} for given in pair)
    assert urgency("commune-99999", **first).place < urgency("commune-00001", **second).place


def test_a_row_moves_by_hours_and_powers_of_ten_only() -> None:
    here = urgency("a", one("silent", seconds=7200), 20).place
    assert here == urgency("a", one("silent", seconds=10_799), 99).place
    assert here != urgency("a", one("silent", seconds=10_800), 99).place
    assert here != urgency("a", one("silent", seconds=7200), 100).place


def test_equal_boxes_stand_by_name_and_the_order_is_total() -> None:
    places = [urgency(f"commune-{n:05}", one("silent"), 3).place for n in range(50)]
    mixed = places.copy()
    random.Random(4).shuffle(mixed)
    assert sorted(mixed) == places
    assert len(set(places)) == 50


def test_the_first_finding_is_the_loud_and_pressing_one() -> None:
    both = (*one("unchecked"), *one("silent"), *one("refused", WARNING))
    found = urgency("a", both, 0)
    assert (found.first, found.call, found.tier) == (both[1], True, Tier.ALARM)
    found = urgency("a", both, 0, frozenset({"silent", "unchecked"}))
    assert (found.first, found.tier) == (both[2], Tier.WARNING)
    found = urgency("a", both, 0, frozenset({"silent", "unchecked", "refused"}))
    assert (found.first, found.call, found.tier) == (None, False, Tier.NOTED)


def test_every_finding_that_can_warn_has_a_place() -> None:
    notes = {"offline", "scanner-quiet", "old-software", "revoked"}
    assert set(fleet.CODES) - notes == set(CALLS) | PROVINCES_OWN
