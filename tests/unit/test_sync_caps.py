"""A cap of the configuration bounds every window, whatever the chunks and the line (PROTOCOL.md §5.1 rule 5)."""

from __future__ import annotations

import random
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.protocol.budget import Budget, Hours
from sync.protocol.chunk import ALIGNMENT, Chunk
from sync.protocol.step import Now, Publish
from sync.wire_identity import SigningKey
from tests.fakes.sync_pair import SyncPair, delivered

DEVICE, RECEIPT = SigningKey.generate(), SigningKey.generate()
Sent = list[tuple[float, int]]


def chunk_of(wire: SyncPair, message: Publish) -> Chunk:
    """What a chunk holds, in whichever form it travels."""
    return Chunk.decode(message.payload, list(wire.box._transfers))


def all_day(rate: float) -> Budget:
    return Budget([Hours(0, 24 * 60, rate)])


def burst_of(rate: float) -> float:
    return max(2 * rate, ALIGNMENT)


def worst_excess(sent: Sent, rate: float) -> float:
    """Most bytes beyond cap x window over all windows that begin and end with a chunk."""
    totals = list(accumulate(length for _, length in sent))
    excess, best_start = 0.0, float("-inf")
    for (at, length), total in zip(sent, totals, strict=True):
        best_start = max(best_start, rate * at - (total - length))  # the window opens before this chunk
        excess = max(excess, total - rate * at + best_start)
    return excess


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    rate=st.integers(100, 400_000),
    wishes=st.lists(
        st.tuples(st.integers(1, 65_516), st.floats(0, 5.0), st.booleans()), min_size=1, max_size=60
    ),
)  # fmt: skip
def test_bytes_of_any_window_are_at_most_the_cap_and_a_burst(rate: int, wishes: list[tuple[int, float, bool]]) -> None:
    """Callers that never send more than `largest` keep the cap; hỏa tốc in between goes at once and is paid for."""
    budget, now = all_day(rate), Now(1000.0, 1_790_000_000)
    ordinary: Sent = []
    for wish, pause, express in wishes:
        now = Now(now.mono + pause, now.wall + int(pause))
        if express:
            budget.spent(wish, now)
            continue
        largest = budget.largest(now)
        assert largest is not None and ALIGNMENT <= largest <= burst_of(rate) and largest % ALIGNMENT == 0
        length = min(wish, largest)
        for _ in range(200):
            opens = budget.open_at(length, now)
            if opens <= now.mono:
                break
            now = Now(opens, now.wall)
        else:
            raise AssertionError("it never opened")
        budget.spent(length, now)
        ordinary.append((now.mono, length))
    assert worst_excess(ordinary, rate) <= burst_of(rate) + 1e-3


def test_a_piece_larger_than_the_bucket_never_goes() -> None:
    budget = all_day(1_000.0)
    for second in range(0, 600, 7):
        assert budget.open_at(64 * 1024, Now(float(second), 1_790_000_000 + second)) > second


def fast_line(rate: float, size: int, seconds: float, urgent_every: int = 0) -> tuple[Sent, Sent, SyncPair]:
    """The core on a line of 100 MB/s under a cap: chunks of ordinary papers and of hỏa tốc with their times."""
    wire = SyncPair(DEVICE, RECEIPT)
    wire.box._chooser._budget = all_day(rate)
    wire.add("bulk", random.Random(1).randbytes(size))
    wire.connect()
    ordinary: Sent = []
    express: Sent = []
    end = wire.mono + seconds
    turn = 0
    while wire.mono < end and wire.outbox.pending(1):
        turn += 1
        if urgent_every and turn % urgent_every == 0:
            wire.add(f"urgent-{turn}", random.Random(turn).randbytes(30_000), 3)
        while wire.send_chunk():
            _, message = wire.up[-1]
            kept = express if message.topic.endswith("/x") else ordinary
            kept.append((wire.mono, len(chunk_of(wire, message).content)))
            wire.mono += 0.0005
            wire.province_hears()
        while wire.up:
            wire.province_hears()
        while wire.store.checks:
            wire.check()
        while wire.down:
            wire.box_hears()
        due = wire.box.on_tick(wire.now).deadline
        wire.pass_time(max(0.0, min(1.0, due - wire.mono)) if due is not None else 0.5)
    return ordinary, express, wire


@pytest.mark.parametrize("cap", [600.0, 8_192.0, 20_000.0, 100_000.0])
def test_a_low_cap_on_a_fast_line_is_kept_and_used(cap: float) -> None:
    """The line is so fast that a chunk would be 63 KiB; the cap decides, and all of it is used."""
    seconds = 60.0
    ordinary, _, wire = fast_line(cap, int(cap * 500), seconds)
    assert worst_excess(ordinary, cap) <= burst_of(cap) + 1
    assert sum(length for _, length in ordinary) >= 0.93 * cap * seconds - burst_of(cap)
    assert not delivered(wire, ["bulk"])


def test_hoa_toc_goes_whatever_the_cap_says_and_the_rest_pays_for_it() -> None:
    cap = 8_192.0
    ordinary, express, wire = fast_line(cap, 4_000_000, 60.0, urgent_every=15)
    urgent = [name for name in wire.contents if name.startswith("urgent")]
    assert len(urgent) >= 2 and delivered(wire, urgent)
    assert worst_excess(express, cap) > burst_of(cap), "hỏa tốc is not held to the cap"
    assert worst_excess(ordinary, cap) <= burst_of(cap) + 1


def test_small_ordinary_papers_do_not_starve_an_urgent_one_under_a_cap() -> None:
    """What the cap gives belongs to the class whose turn it is, even where a smaller chunk would fit already."""
    wire = SyncPair(DEVICE, RECEIPT)
    wire.box._chooser._budget = all_day(4_096.0)
    wire.add("khan", random.Random(1).randbytes(60_000), 1)
    for number in range(31):
        wire.add(f"thuong-{number}", random.Random(number).randbytes(1_024), 0)
    wire.connect()
    urgent, sent = next(iter(wire.box._transfers)), {0: 0, 1: 0}
    for _ in range(400):
        if wire.send_chunk():
            _, message = wire.up[-1]
            chunk = chunk_of(wire, message)
            sent[1 if chunk.tid == urgent else 0] += len(chunk.content)
        while wire.up:
            wire.province_hears()
        while wire.down:
            wire.box_hears()
        wire.pass_time(0.02)
    assert sent[1] > 0 and sent[0] <= 0.15 * (sent[0] + sent[1]) + 16 * 1024 * 0.1
