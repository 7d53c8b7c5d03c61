"""Window and chunk size follow the link."""

from __future__ import annotations

import pytest

from sync.protocol.pacing import MAX_UNACKED, Pacing


def drive(rate: float, round_trip: float, seconds: float, max_packet: int | None = None) -> tuple[int, float, int]:
    """A model link: returns (chunk length at the end, share of the line used in the last quarter, most unacked)."""
    pacing = Pacing()
    pacing.reset(max_packet)
    now, token, free_at, delivered, most = 0.0, 0, 0.0, 0, 0
    pending: list[tuple[float, int, int]] = []
    step = 0.01
    while now < seconds:
        for due, number, length in [entry for entry in pending if entry[0] <= now]:
            pending.remove((due, number, length))
            pacing.acknowledged(number, now)
            if now > seconds * 0.75:
                delivered += length
        while pacing.admits(False, now):
            token += 1
            length = pacing.chunk_length(now)
            pacing.sent(token, length, now)
            free_at = max(free_at, now) + length / rate
            pending.append((free_at + round_trip, token, length))
        most = max(most, len(pending))
        now += step
    return pacing.chunk_length(now), delivered / (rate * seconds * 0.25), most


@pytest.mark.parametrize(
    ("rate", "round_trip", "smallest", "largest"),
    [
        (5_000, 0.6, 5120, 5120),
        (64_000, 0.06, 8_000, 11_000),
        (125_000, 0.15, 15_000, 21_000),
        (10**8, 0.01, 64512, 64512),
    ],
    ids=["2g", "adsl", "3g", "lan"],
)
def test_chunk_follows_the_rate_of_the_line(rate: float, round_trip: float, smallest: int, largest: int) -> None:
    length, used, most = drive(rate, round_trip, 400_000 / rate if rate < 10**7 else 1.0)
    assert smallest <= length <= largest
    assert length % 1024 == 0
    assert most <= MAX_UNACKED
    if rate < 10**7:
        assert used > 0.85


def test_packet_limit_bounds_the_chunk() -> None:
    length, _, _ = drive(10**6, 0.01, 3.0, max_packet=8192)
    assert length == 7 * 1024


def test_before_the_first_answer_only_8_kib_are_under_way() -> None:
    pacing = Pacing()
    pacing.reset(None)
    sent = 0
    while pacing.admits(False, 0.0):
        sent += 1
        pacing.sent(sent, pacing.chunk_length(0.0), 0.0)
    assert sent == 2


def test_express_has_places_of_its_own() -> None:
    pacing = Pacing()
    pacing.reset(None)
    token = 0
    while pacing.admits(False, 0.0):
        token += 1
        pacing.sent(token, 512, 0.0)
    assert token == MAX_UNACKED - 2 or pacing.admits(True, 0.0)
    while pacing.admits(True, 0.0):
        token += 1
        pacing.sent(token, 512, 0.0)
    assert token == MAX_UNACKED


def rated(rate: float, at: float, pacing: Pacing) -> None:
    """One chunk went and was acknowledged at such a rate at `at`."""
    pacing.sent(-1, 1024, at - 1024 / rate)
    pacing.acknowledged(-1, at)


def test_chunks_of_a_slow_line_follow_the_life_of_its_connections() -> None:
    """sqrt(50 B x rate x life): as small as can be while the line is cut every 20 s, 7 KiB once it holds."""
    pacing, now = Pacing(), 0.0
    pacing.reset(None, now)
    rated(5_200, now + 10, pacing)
    assert pacing.chunk_length(now + 10) == 5 * 1024, "a line is thought to hold for minutes until it does not"
    for _ in range(5):
        now += 20.0
        pacing.lost(now)
        pacing.reset(None, now)
        rated(5_200, now + 10, pacing)
        assert pacing.chunk_length(now + 10) == 2 * 1024
    rated(5_200, now + 80, pacing)
    assert pacing.chunk_length(now + 80) == 4 * 1024
    for age in (300, 8_000):
        rated(5_200, now + age, pacing)
        assert pacing.chunk_length(now + age) == 7 * 1024, "hỏa tốc need not wait longer than that"


def test_a_third_chunk_is_under_way_only_where_it_keeps_the_line_busy_and_a_cut_costs_little() -> None:
    """On a line that lives 15 s each cut would lose it, 3 % of what the connection carried."""

    def under_way(life: float) -> int:
        pacing = Pacing()
        for start in (0.0, life):
            pacing.reset(None, start)
            for token in range(5):  # 5 KiB in a second, four of it in the air
                pacing.sent(token, 1024, start)
            for token in range(5):
                pacing.acknowledged(token, start + 1.0)
            if not start:
                pacing.lost(life)
        count = 0
        while pacing.admits(False, life + 1) and count < 9:
            count += 1
            pacing.sent(count, pacing.chunk_length(life + 1), life + 1)
        return count * pacing.chunk_length(life + 1) // 1024

    assert [under_way(life) for life in (15, 100, 300)] == [3 * 2, 3 * 4, 2 * 7], "not 4 * 2, nor 3 * 7"


def test_a_reconnect_begins_where_the_line_was_but_never_with_much() -> None:
    """Another, slower line may have taken the place of the one before."""
    for rate, window in ((5_000.0, 8), (64_000.0, 24), (10**7, 24)):
        pacing = Pacing()
        pacing.reset(None, 0.0)
        rated(rate, 5.0, pacing)
        pacing.lost(20.0)
        pacing.reset(None, 22.0)
        under_way, token = 0, 0
        while pacing.admits(False, 22.0):
            token += 1
            length = pacing.chunk_length(22.0)
            assert 2 * 1024 <= length <= 8 * 1024
            pacing.sent(token, length, 22.0)
            under_way += length
        assert window * 512 < under_way <= window * 1024


def test_answers_in_bunches_do_not_make_a_line_look_fast() -> None:
    """Two answers held up on the way back come at once, after a third chunk went out: the line drained all that since
    the answer before, not since the third chunk."""
    pacing, size, line = Pacing(), 10_240, 64_000
    pacing.reset(None, 0.0)
    drained = [(number + 1) * size / line + 0.06 for number in range(3)]  # when each answer is due
    pacing.sent(1, size, 0.0)
    pacing.sent(2, size, 0.0)
    pacing.sent(3, size, drained[1] + 0.10)  # only then the kernel took it; the line was idle meanwhile
    for token in (1, 2):
        pacing.acknowledged(token, drained[1] + 0.12)
    pacing.acknowledged(3, drained[1] + 0.10 + size / line + 0.06)
    rate = pacing.rate(1.0)
    assert rate is not None and 0.5 * line < rate <= line
