"""How much may be under way and how large a chunk is, from what the link has shown.

Owns the estimate of rate and round trip, how long connections live, the chunk size C and the window. Refuses to guess
a link it has not seen: until the first acknowledgement a window is 8 KiB of 4 KiB chunks, or a little more where the
connection before was faster. C = sqrt(50 B x rate x life): there the headers cost as much as what a cut loses (60 B
beside each chunk, some 2.5 chunks lost with each cut); at most 0.16 s of line (7 KiB where that is less), so that
hỏa tốc need not wait long; in whole KiB, 2 to 64. Window = rate x round trip + 2 C, at least 3 C; one C less where that
is enough to keep the line busy, and on a slow line that is cut often: a tenth more time, a third less lost with each
cut; on faster lines twice that and more; at most 16 messages (all measured on emulated lines).
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from sync.protocol.chunk import ALIGNMENT, HEADER_SIZE

MAX_UNACKED = 16
"""Messages; below the 20 that mosquitto grants by default, so it always fits."""
_EXPRESS_RESERVE = 2
"""Of the 16, places only hỏa tốc may take."""
_SMALLEST, _FIRST, _LARGEST = 2 * ALIGNMENT, 4 * ALIGNMENT, 64 * ALIGNMENT
_FIRST_WINDOW = 8 * ALIGNMENT
_RATE_SECONDS = 10.0
_CHUNK_SECONDS = 0.16
_CHUNK_LEAST_MOST = 7 * ALIGNMENT
"""A slow line may take so long chunks, though they last longer: of smaller ones the headers cost 4 %."""
_HEADERS = 50.0
"""2 x 60 B (chunk header, MQTT, TLS record) over the 2.5 chunks of a window that a cut loses."""
_LIFE_SHARE = 0.02
"""Of what a connection carries before it is cut, the most that a third chunk under way may be: each cut loses it."""
_LONG_CHUNK = 1.25
"""Times what a round trip drains: while one such chunk is under way the answer to the one before comes in time."""
_FIRST_LIFE = 120.0
"""Seconds a connection is expected to live before one has ended or lived longer."""
_REMEMBERED_WINDOW, _REMEMBERED_CHUNK = 24 * ALIGNMENT, 8 * ALIGNMENT
"""Most that the connection before may suggest: another, slower line may have taken its place."""
_ROUND_TRIP_MOST = 5.0
_FAST_RATE = 16 * 1024.0
"""Bytes a second from which on a window may be twice what drains in a round trip: a lost packet holds up the answers of
all behind it for another one. On a slower line that would only stand in the modem's queue."""
PACKET_OVERHEAD = 256
"""Room kept in a packet for topic, MQTT header and properties."""


@dataclass(slots=True)
class _Unacked:
    length: int
    sent_at: float
    delivered: int
    """Bytes acknowledged in all when it went out ..."""
    delivered_at: float
    """... and when the last of them were; when it went out, if nothing else was under way."""


class Pacing:
    """The window of one connection after another; `reset` at every connect, `lost` at every end."""

    def __init__(self) -> None:
        self._life = 0.0
        """Mean seconds that connections lived."""
        self._before: tuple[float, float] | None = None
        """Rate and round trip of the connection before."""
        self._since: float | None = None
        self.reset(None)

    def reset(self, max_packet: int | None, now: float = 0.0) -> None:
        """A new connection; `max_packet` is the broker's packet limit in bytes, None if it named none."""
        self._since = now
        self._unacked: dict[int, _Unacked] = {}
        self._delivered = 0
        self._acknowledged_at = now
        self._samples: deque[tuple[float, float]] = deque()
        """(time, bytes a second), falling: the greatest of the last 10 s stands first."""
        self._round_trip: float | None = None
        """Seconds the fastest answer took, and the length of what it answered."""
        self._round_trip_length = 0
        self._max_content = _LARGEST - ALIGNMENT  # header and content together stay in 64 KiB
        if max_packet is not None:
            room = max_packet - PACKET_OVERHEAD - HEADER_SIZE
            self._max_content = max(ALIGNMENT, min(self._max_content, room // ALIGNMENT * ALIGNMENT))

    def lost(self, now: float) -> None:
        """The connection ended: remember what it was like."""
        if self._since is None:
            return
        lived = max(0.0, now - self._since)
        self._life = (self._life + lived) / 2 if self._life else lived
        rate = self.rate(now)
        if rate is not None and self._round_trip is not None:
            self._before = (rate, self._round_trip)
        self._since = None

    def sent(self, token: int, length: int, now: float) -> None:
        """Note a chunk handed to the transport."""
        delivered_at = self._acknowledged_at if self._unacked else now
        self._unacked[token] = _Unacked(length, now, self._delivered, delivered_at)

    def shrunk(self, token: int, length: int) -> None:
        """Note that a chunk travels in fewer bytes than it holds."""
        if (chunk := self._unacked.get(token)) is not None:
            chunk.length = length

    def acknowledged(self, token: int, now: float) -> None:
        """Note that the broker took (or lost) a chunk; unknown tokens do not matter."""
        chunk = self._unacked.pop(token, None)
        if chunk is None:
            return
        took = max(now - chunk.sent_at, 0.0005)
        if self._round_trip is None or took < self._round_trip:
            self._round_trip, self._round_trip_length = took, chunk.length
        self._delivered += chunk.length
        self._acknowledged_at = now
        self._sample(now, (self._delivered - chunk.delivered) / max(now - chunk.delivered_at, 0.0005))

    def rate(self, now: float) -> float | None:
        """Return bytes per second: the greatest delivery rate of the last 10 s, and after a silence the last one known.

        Measured as BBR does: what was acknowledged since the last acknowledgement before a chunk went out, until its
        own. So a line with little to send does not look slow, nor one whose answers come in bunches fast. None before
        the first acknowledgement.
        """
        while len(self._samples) > 1 and self._samples[0][0] < now - _RATE_SECONDS:
            self._samples.popleft()
        return self._samples[0][1] if self._samples else None

    def chunk_length(self, now: float) -> int:
        """Return the length in bytes of the next bulk chunk, a multiple of 1 KiB."""
        rate = self.rate(now)
        if rate is None and self._before is not None:
            most = min(self._wanted(self._before[0], now), _REMEMBERED_CHUNK)
        else:
            most = _FIRST if rate is None else self._wanted(rate, now)
        return min(max(most, _SMALLEST), self._max_content)

    def _wanted(self, rate: float, now: float) -> int:
        least_cost = math.sqrt(_HEADERS * rate * self._expected_life(now))
        return int(min(least_cost, max(rate * _CHUNK_SECONDS, _CHUNK_LEAST_MOST))) // ALIGNMENT * ALIGNMENT

    def _expected_life(self, now: float) -> float:
        """Seconds this connection lives: as those before, or as long as it has lived."""
        age = now - self._since if self._since is not None else 0.0
        return max(age, self._life or _FIRST_LIFE)

    def admits(self, express: bool, now: float) -> bool:
        """Say whether one more chunk may go out now; express chunks mind the message count only."""
        if express:
            return len(self._unacked) < MAX_UNACKED
        if len(self._unacked) >= MAX_UNACKED - _EXPRESS_RESERVE:
            return False
        length = self.chunk_length(now)
        under_way = sum(chunk.length for chunk in self._unacked.values())
        return not self._unacked or under_way + length <= self._window(length, now)

    def _window(self, length: int, now: float) -> float:
        rate = self.rate(now)
        if rate is None or self._round_trip is None:
            if self._before is None:
                return _FIRST_WINDOW
            known = self._before[0] * min(self._before[1], _ROUND_TRIP_MOST) + 2 * length
            return min(max(_FIRST_WINDOW, known), _REMEMBERED_WINDOW)
        drained = rate * min(self._round_trip, _ROUND_TRIP_MOST)
        if rate >= _FAST_RATE:
            return 2 * drained + 3 * length
        in_the_air = max(0.0, drained - self._round_trip_length)  # its own length drained within it
        often_cut = length > _LIFE_SHARE * rate * self._expected_life(now)
        spare = 1 if often_cut or length > _LONG_CHUNK * in_the_air else 2
        return max((1 + spare) * length, in_the_air + spare * length)

    def _sample(self, now: float, rate: float) -> None:
        while self._samples and self._samples[-1][1] <= rate:
            self._samples.pop()
        self._samples.append((now, rate))
