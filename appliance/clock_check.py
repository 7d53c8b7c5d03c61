"""How far the box's clock can be trusted: what sets it, and how it stands to the province's signed receipts.

Owns the measuring; changes nothing and sets no clock. A receipt carries the second at which the province wrote it, and
arrives later than that: the smallest difference of many receipts bounds how far ahead this clock is, and a negative one
proves that it is behind (as one-way time transfer does). So a box knows without any time server reached.
"""

from __future__ import annotations

import ctypes
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from appliance.store import events, outbox
from sync.protocol.codec import CodecError
from sync.protocol.cose import unseal
from sync.protocol.receipt import Receipt

TOLERANCE = timedelta(minutes=2)
"""More than this is told: TLS, one-time codes and the day of a register's row do not suffer from less."""
LOOK_BACK = timedelta(days=7)
MOST_RECEIPTS = 50
SYNCHRONIZED = Path("/run/systemd/timesync/synchronized")
"""Touched by systemd-timesyncd whenever it has set the clock."""
_UNSYNCHRONIZED = 0x40  # STA_UNSYNC of struct timex.status, adjtimex(2)


@dataclass(frozen=True)
class Clock:
    """``source``: "network" (a time service keeps it), "free" (nothing does) or "unknown"; ``set_at``: when last, if
    that is known. ``ahead``: this clock less the province's, None without receipts of the last days; ``behind``: the
    latest moment that the store proves to have been, where this clock has not reached it.
    """

    source: str
    set_at: datetime | None = None
    ahead: timedelta | None = None
    behind: datetime | None = None

    @property
    def off(self) -> bool:
        """Whether it differs from the province's by more than is tolerated."""
        return self.ahead is not None and abs(self.ahead) > TOLERANCE


def look(db: Any, now: datetime) -> Clock:
    """What is known of the clock that says ``now``."""
    source, set_at = kept_by()
    return Clock(source, set_at, ahead_of_province(db, now), behind_of(db, now))


def kept_by(mark: Path = SYNCHRONIZED) -> tuple[str, datetime | None]:
    """What sets this machine's clock, and when it last did: timesyncd's mark, else the kernel's word (chrony, ntpd).

    Inside the services' sandbox the kernel may not be asked: then, without a mark, it is not known.
    """
    try:
        return "network", datetime.fromtimestamp(mark.stat().st_mtime, UTC)
    except OSError:
        pass
    word = ctypes.create_string_buffer(512)  # struct timex is 208 bytes; modes = 0: ask only
    if ctypes.CDLL(None, use_errno=True).adjtimex(word) < 0:
        return "unknown", None
    (state,) = struct.unpack_from("i", word, 5 * struct.calcsize("l"))
    return ("free" if state & _UNSYNCHRONIZED else "network"), None


def ahead_of_province(db: Any, now: datetime) -> timedelta | None:
    """The smallest difference between when an answer of the last days came and when the province wrote it."""
    found = [
        came - written
        for answer, came in outbox.last_answers(db, MOST_RECEIPTS)
        if came > now - LOOK_BACK and (written := _written(answer)) is not None
    ]
    return min(found, default=None)


def behind_of(db: Any, now: datetime) -> datetime | None:
    """The time of the newest entry in the chain, where this clock has not even come to that."""
    last = events.latest_at(db)
    return last if last is not None and last - now > TOLERANCE else None


def _written(answer: bytes) -> datetime | None:
    try:
        return datetime.fromtimestamp(Receipt.decode(unseal(answer).payload).wall, UTC)
    except (CodecError, ValueError, OverflowError, OSError):  # of another form, or a second that no calendar has
        return None
