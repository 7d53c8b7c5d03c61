"""Signs of life thinned to spans of time: fine for a week, coarse for a year and more.

Owns the table `samples` and how long it remembers. Every sign of life falls into one span of each width; a span keeps
the worst of it (most waiting, least room), so that thinning never hides trouble. What is older than a width is kept for
is removed box by box, with the box's next sign of life: no clean-up ever holds all boxes up.
"""

from __future__ import annotations

from dataclasses import dataclass

from sync.province.store.port import Rows, Writer
from sync.province.store.records import Presence

FINE, COARSE = 900, 6 * 3600
KEPT = {FINE: 7 * 86_400, COARSE: 400 * 86_400}
"""Width of a span -> for how long spans of this width are kept; both in seconds. Per box at most 672 + 1,600 rows."""

_WORST = """
INSERT INTO samples VALUES (:box, :width, :slot, :waiting, :oldest, :disk_free, :clock_skew, :scanned, 1)
ON CONFLICT (box, width, slot) DO UPDATE SET
    waiting = CASE WHEN samples.waiting > excluded.waiting THEN samples.waiting ELSE excluded.waiting END,
    oldest_seconds = CASE WHEN samples.oldest_seconds > excluded.oldest_seconds THEN samples.oldest_seconds
        ELSE excluded.oldest_seconds END,
    disk_free = CASE WHEN samples.disk_free < excluded.disk_free THEN samples.disk_free
        ELSE COALESCE(excluded.disk_free, samples.disk_free) END,
    clock_skew = COALESCE(excluded.clock_skew, samples.clock_skew),
    scanned = COALESCE(excluded.scanned, samples.scanned), heard = samples.heard + 1
"""


@dataclass(frozen=True)
class Sample:
    """One span: begins at `at` (seconds since 1970), lasts `width` seconds, `heard` signs of life fell into it."""

    at: float
    width: int
    waiting: int
    oldest_seconds: int
    disk_free: int | None
    clock_skew: float | None
    scanned: int | None
    heard: int


def note(raw: Writer, presence: Presence) -> None:
    """Put one sign of life into its spans, inside the transaction that keeps it."""
    oldest = presence.last_seen - presence.oldest_waiting_at if presence.oldest_waiting_at and presence.waiting else 0.0
    scanned = presence.said.get("scanned")
    for width, kept in KEPT.items():
        slot = int(presence.last_seen // width)
        raw.execute(
            _WORST,
            {
                "box": presence.box,
                "width": width,
                "slot": slot,
                "waiting": presence.waiting,
                "oldest": int(oldest),
                "disk_free": presence.disk_free,
                "clock_skew": presence.clock_skew,
                "scanned": int(scanned) if isinstance(scanned, int) else None,
            },
        )
        raw.execute(
            "DELETE FROM samples WHERE box = ? AND width = ? AND slot < ?", (presence.box, width, slot - kept // width)
        )


class Samples:
    """Reads spans."""

    def __init__(self, connection: Rows) -> None:
        self._connection = connection

    def of_box(self, box: str, since: float, width: int = FINE) -> list[Sample]:
        """The spans of one width that end after `since`, oldest first."""
        found = self._connection.rows(
            "SELECT slot, waiting, oldest_seconds, disk_free, clock_skew, scanned, heard FROM samples"
            " WHERE box = ? AND width = ? AND slot >= ? ORDER BY slot",
            (box, width, int(since // width)),
        )
        return [
            Sample(row["slot"] * width, width, **{k: v for k, v in dict(row).items() if k != "slot"}) for row in found
        ]
