"""When a line is taken for dead, and how much may wait unsent in front of an urgent message."""

from __future__ import annotations

import socket
import struct

import pytest

from sync.line import LOWAT, Line


class SocketOf:
    """A socket whose kernel has so many bytes unsent."""

    def __init__(self, unsent: int, info: int = 232) -> None:
        self._info = (bytes(144) + struct.pack("=I", unsent) + bytes(84))[:info]
        self.marks: list[int] = []

    def getsockopt(self, level: int, option: int, size: int) -> bytes:
        assert (level, option, size) == (socket.IPPROTO_TCP, socket.TCP_INFO, 232)
        return self._info

    def setsockopt(self, _level: int, _option: int, mark: int) -> None:
        self.marks.append(mark)


def flowing(rate: float, chunk: int, round_trip: float, seconds: float, window: int = 4) -> tuple[Line, float]:
    """A line on which messages flow; returns it with `window` messages under way, and the time of the last answer."""
    line, now, token = Line(4.0), 0.0, 0
    line.reset(0.0)
    under_way: list[tuple[int, float]] = []
    free_at = 0.0
    while now < seconds:
        while len(under_way) < window:
            token += 1
            line.sent(token, chunk, now)
            free_at = max(free_at, now) + chunk / rate
            under_way.append((token, free_at + round_trip))
        answered, now = under_way.pop(0)
        line.acknowledged(answered, now)
        assert not line.stalled(now)
        token += 1
        line.sent(token, chunk, now)
        free_at = max(free_at, now) + chunk / rate
        under_way.append((token, free_at + round_trip))
    return line, now


@pytest.mark.parametrize(
    ("rate", "chunk", "round_trip", "within"),
    [(5_000, 3_072, 0.6, 6.0), (64_000, 12_288, 0.06, 4.1), (125_000, 17_408, 0.15, 4.1)],
    ids=["2g", "adsl", "3g"],
)
def test_a_dead_line_is_noticed_soon_after_its_last_answer(
    rate: float, chunk: int, round_trip: float, within: float
) -> None:
    line, last = flowing(rate, chunk, round_trip, 20.0)
    assert not line.stalled(last + 3.9), "the floor"
    assert line.stalled(last + within)


def test_before_the_first_answer_all_that_is_under_way_may_have_to_drain() -> None:
    line = Line(4.0)
    line.reset(0.0)
    line.sent(1, 4_096, 0.0)
    line.sent(2, 4_096, 0.0)
    assert not line.stalled(9.9) and line.stalled(10.1), "8 KiB at 2 KiB a second, 2.5 times"


def test_an_answer_puts_the_clock_back_and_nothing_under_way_is_no_stall() -> None:
    line = Line(4.0)
    line.reset(0.0)
    assert not line.stalled(1e6)
    line.sent(1, 100, 100.0)
    assert not line.stalled(103.9) and line.stalled(104.1)
    line.sent(2, 100, 103.9)
    line.acknowledged(1, 104.0)
    assert not line.stalled(107.9)
    line.acknowledged(2, 108.0)
    assert not line.stalled(1e6)


@pytest.mark.parametrize(("rate", "mark"), [(5_000, 2048), (64_000, 3072), (10**7, LOWAT)], ids=["2g", "adsl", "lan"])
def test_the_unsent_tail_is_a_twentieth_of_a_second(rate: float, mark: int) -> None:
    line, _ = flowing(rate, 2_048 if rate < 10**6 else 60_000, 0.05, 10.0 if rate < 10**6 else 0.5)
    sock = SocketOf(mark)
    assert line.drained(sock)  # type: ignore[arg-type]
    assert mark == LOWAT or sock.marks == [mark], "the kernel wakes us at the same mark"
    assert not line.drained(SocketOf(mark + 1))  # type: ignore[arg-type]


def test_where_the_kernel_cannot_tell_the_tail_counts_as_short() -> None:
    line = Line(4.0)
    line.reset(0.0)
    assert line.drained(SocketOf(10**6, info=104))  # type: ignore[arg-type]
