"""How much of the office's line documents may take, by the hour (PROTOCOL.md §5.1 rule 5).

Owns the caps of the configuration and the tokens they give. Refuses to hold back hỏa tốc: callers ask only for the
rest. The clock of the day is the wall clock at +07:00, which Vietnam keeps all year; a wrong clock only shifts the
hours.
Invariant, for callers that send pieces of at most `largest` when `open_at` says so: within hours of one cap, the bytes
of any window of t seconds are at most cap x t + the burst (2 s of the cap, at least 1 KiB).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sync.protocol.chunk import ALIGNMENT
from sync.protocol.step import Now

_VIETNAM_SECONDS = 7 * 3600
_DAY_MINUTES = 24 * 60
_BURST_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Hours:
    """From minute `start` of the day to before minute `stop`, over midnight when `stop` is not greater."""

    start: int
    stop: int
    rate: float
    """Bytes a second; 0: only hỏa tốc travels."""

    def holds(self, minute: int) -> bool:
        """Whether a minute of the day lies in it."""
        if self.start < self.stop:
            return self.start <= minute < self.stop
        return minute >= self.start or minute < self.stop


class Budget:
    """A token bucket whose rate depends on the hour; the first hours that hold count, outside all there is no cap."""

    def __init__(self, hours: Sequence[Hours] = ()) -> None:
        """Raises: ValueError on minutes outside a day or a negative rate."""
        for each in hours:
            if not (0 <= each.start < _DAY_MINUTES and 0 <= each.stop <= _DAY_MINUTES and each.rate >= 0):
                raise ValueError(f"not hours of a day: {each}")
        self._hours = tuple(hours)
        self._tokens = 0.0
        self._filled_at: float | None = None
        self._rate: float | None = None

    def largest(self, now: Now) -> int | None:
        """Most bytes that may go out in one piece, a multiple of 1 KiB; None while no cap holds.

        Half the burst: a piece of all of it would wait for a full bucket, and tokens of a full bucket are lost.
        """
        if not self._hours:
            return None
        self._fill(now)
        if self._rate is None:
            return None
        return max(ALIGNMENT, int(self._burst() / 2) // ALIGNMENT * ALIGNMENT)

    def open_at(self, length: int, now: Now) -> float:
        """When so many bytes may go out, on the monotonic clock: `now.mono` at once, later, or at the next hours.

        More than `largest` is looked at every minute and never opens: the cap would be broken by one piece.
        """
        if not self._hours:
            return now.mono
        self._fill(now)
        if self._rate is None:
            return now.mono
        change = now.mono + self._seconds_to_next_minute(now)  # the hours are looked at again every minute
        if self._rate == 0:
            return change
        lacking = length - self._tokens
        return now.mono if lacking <= 0 else min(change, now.mono + lacking / self._rate)

    def spent(self, length: int, now: Now) -> None:
        """Note bytes that went out, hỏa tốc too: what follows pays for it, down to one burst of debt.

        Only hỏa tốc can owe: the rest went out against tokens that were there.
        """
        if self._hours:
            self._fill(now)
            self._tokens = max(-self._burst(), self._tokens - length)

    def _fill(self, now: Now) -> None:
        minute = (now.wall + _VIETNAM_SECONDS) // 60 % _DAY_MINUTES
        rate = next((each.rate for each in self._hours if each.holds(minute)), None)
        if rate != self._rate or self._filled_at is None:
            self._rate, self._tokens = rate, 0.0
        elif rate is not None:
            self._tokens = min(self._burst(), self._tokens + max(0.0, now.mono - self._filled_at) * rate)
        self._filled_at = now.mono

    def _burst(self) -> float:
        return max(self._rate * _BURST_SECONDS, ALIGNMENT) if self._rate else 0.0

    @staticmethod
    def _seconds_to_next_minute(now: Now) -> float:
        return 60.0 - now.wall % 60
