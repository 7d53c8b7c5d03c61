"""How much of the office's line documents may take, by the hour (PROTOCOL.md §5.1 rule 5).

Owns the caps of the configuration and the tokens they give. Refuses to hold back hỏa tốc: callers ask only for the
rest. The clock of the day is the wall clock at +07:00, which Vietnam keeps all year; a wrong clock only shifts the
hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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

    def open_at(self, length: int, now: Now) -> float:
        """When so many bytes may go out, on the monotonic clock: `now.mono` at once, later, or at the next hours."""
        if not self._hours:
            return now.mono
        self._fill(now)
        if self._rate is None:
            return now.mono
        change = now.mono + self._seconds_to_next_minute(now)  # the hours are looked at again every minute
        if self._rate == 0:
            return change
        lacking = min(length, self._burst()) - self._tokens
        return now.mono if lacking <= 0 else min(change, now.mono + lacking / self._rate)

    def spent(self, length: int, now: Now) -> None:
        """Note bytes that went out, hỏa tốc too: what follows pays for it, down to one burst of debt."""
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
        return (self._rate or 0.0) * _BURST_SECONDS

    @staticmethod
    def _seconds_to_next_minute(now: Now) -> float:
        return 60.0 - now.wall % 60
