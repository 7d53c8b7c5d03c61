"""Whose turn it is, and how much of the line documents may take."""

from __future__ import annotations

import random

import pytest

from sync.protocol.budget import Budget, Hours
from sync.protocol.step import Now
from sync.protocol.turns import Candidate, Turns
from sync.wire_identity import SigningKey
from tests.fakes.sync_pair import SyncPair, delivered

DEVICE, RECEIPT = SigningKey.generate(), SigningKey.generate()
MORNING = 1_790_000_000 - 1_790_000_000 % 86_400 + 1 * 3600  # 08:00 at +07:00


def at(minutes: float, mono: float = 1000.0) -> Now:
    """A moment so many minutes after 08:00 in Vietnam."""
    return Now(mono + minutes * 60, MORNING + int(minutes * 60))


def test_a_higher_class_goes_first_and_a_tenth_is_for_the_others() -> None:
    turns, sent = Turns(), {3: 0, 0: 0}
    both = [Candidate(0, 10**9, 0.0), Candidate(3, 10**9, 0.0)]
    for number in range(2000):
        chosen = both[turns.order(both, float(number), 10_000.0)[0]].priority
        turns.sent(chosen, 1024, both)
        sent[chosen] += 1
    assert 0.07 < sent[0] / 2000 < 0.1


def test_urgent_papers_of_usual_size_never_wait_for_the_floor() -> None:
    turns, bulk = Turns(), Candidate(0, 10**9, 0.0)
    for number in range(50):  # one small urgent paper after another, bulk in between
        urgent = Candidate(3, 3_000, float(number))
        assert turns.order([bulk, urgent], float(number), 10_000.0)[0] == 1
        turns.sent(3, 3_000, [bulk, urgent])
        turns.sent(0, 4_096, [bulk])
    assert turns._owed == 0.0


def test_inside_a_class_the_shortest_first_until_the_long_one_has_waited() -> None:
    turns = Turns()
    long, short = Candidate(1, 600_000, 0.0), Candidate(1, 6_000, 100.0)
    assert turns.order([long, short], 101.0, 5_000.0) == [1, 0]
    assert turns.order([long, Candidate(1, 6_000, 500.0)], 501.0, 5_000.0) == [0, 1]
    assert turns.order([], 0.0, None) == []


def test_no_hours_is_no_cap() -> None:
    budget = Budget()
    assert budget.open_at(10**9, at(0)) == at(0).mono
    outside = Budget([Hours(22 * 60, 6 * 60, 0.0)])
    assert outside.open_at(10**9, at(0)) == at(0).mono


@pytest.mark.parametrize("clock", [8 * 60, 23 * 60, 2 * 60])
def test_closed_hours_let_nothing_through_and_are_looked_at_every_minute(clock: int) -> None:
    closed = Budget([Hours(22 * 60, 6 * 60, 0.0), Hours(7 * 60, 9 * 60, 0.0)])
    now = at(clock - 8 * 60 + 0.5)
    assert now.mono < closed.open_at(1024, now) <= now.mono + 60


def test_a_cap_is_kept_to_over_an_hour() -> None:
    budget, now, sent = Budget([Hours(8 * 60, 9 * 60, 2_000.0)]), at(0), 0
    while now.wall < MORNING + 3599:
        piece = budget.largest(now) or 0
        opens = budget.open_at(piece, now)
        if opens <= now.mono:
            budget.spent(piece, now)
            sent += piece
        else:
            now = Now(opens, MORNING + int(opens - 1000.0))
    assert 0.97 < sent / (3599 * 2_000) <= 1.01
    open_again = at(60)
    assert budget.open_at(10**6, open_again) == open_again.mono


def test_what_hoa_toc_took_is_paid_back_but_never_more_than_a_burst() -> None:
    budget = Budget([Hours(8 * 60, 9 * 60, 1_000.0)])
    budget.spent(10**6, at(0))
    assert 0 < budget.open_at(1_000, at(0)) - at(0).mono <= 4


def test_a_wrong_clock_shifts_the_hours_and_breaks_nothing() -> None:
    budget = Budget([Hours(8 * 60, 9 * 60, 1_000.0)])
    for wall in (0, -5, 2**40, MORNING):
        assert budget.open_at(1024, Now(5.0, wall)) >= 5.0
    budget.spent(100, Now(1.0, MORNING))  # a clock that stepped back
    with pytest.raises(ValueError, match="not hours"):
        Budget([Hours(-1, 5, 1.0)])


def test_in_closed_hours_only_hoa_toc_travels_and_the_rest_follows_later() -> None:
    wire = SyncPair(DEVICE, RECEIPT)
    minute = (wire.now.wall + 7 * 3600) // 60 % 1440
    wire.box._chooser._budget = Budget([Hours(minute, (minute + 10) % 1440, 0.0)])
    wire.add("bulk", random.Random(1).randbytes(40_000))
    wire.add("urgent", random.Random(2).randbytes(2_000), 3)
    wire.connect()
    for _ in range(100):
        wire.send_chunk()
        wire.province_hears()
        wire.check()
        wire.box_hears()
    assert delivered(wire, ["urgent"]) and not delivered(wire, ["bulk"])
    assert wire.store.bytes_written == 2_000
    deadline = wire.box.on_tick(wire.now).deadline
    assert deadline is not None and deadline <= wire.mono + 60, "it wakes by itself when hours change"
    wire.pass_time(601)
    wire.settle()
    assert delivered(wire, ["bulk"])
