"""What was answered, counted by box and day in the very transaction of each answer.

Owns the table `tallies`. A day is a day in Vietnam, numbered from 1970-01-01 there. `took` is the time from the first
offer of a document to its receipt; it is known only of documents whose transfer was open here.
Invariant: for every box, the sum over all days equals the receipts there are (tests/integration/test_province_engines).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sync.province.store.port import Rows, Writer
from sync.province.store.records import Receipt

VIETNAM_SECONDS = 7 * 3600
HOUR, DAY = 3600.0, 86_400.0
_ADD = """
INSERT INTO tallies VALUES (:box, :day, :stored, :duplicates, :refused, :bytes, :took_count, :took_seconds,
    :took_seconds, :within_hour, :within_day, :last_at)
ON CONFLICT (box, day) DO UPDATE SET
    stored = tallies.stored + excluded.stored, duplicates = tallies.duplicates + excluded.duplicates,
    refused = tallies.refused + excluded.refused, bytes = tallies.bytes + excluded.bytes,
    took_count = tallies.took_count + excluded.took_count, took_seconds = tallies.took_seconds + excluded.took_seconds,
    took_most = CASE WHEN tallies.took_most > excluded.took_most THEN tallies.took_most ELSE excluded.took_most END,
    within_hour = tallies.within_hour + excluded.within_hour, within_day = tallies.within_day + excluded.within_day,
    last_at = CASE WHEN tallies.last_at > excluded.last_at THEN tallies.last_at ELSE excluded.last_at END
"""
_SUM = """
SELECT box, SUM(stored) AS stored, SUM(duplicates) AS duplicates, SUM(refused) AS refused, SUM(bytes) AS bytes,
    SUM(took_count) AS took_count, SUM(took_seconds) AS took_seconds, MAX(took_most) AS took_most,
    SUM(within_hour) AS within_hour, SUM(within_day) AS within_day, MAX(last_at) AS last_at
FROM tallies WHERE day >= ? AND day <= ? AND (? = '' OR box = ?) GROUP BY box
"""
EVER = (-(10**6), 10**6)
"""Every day there can be."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over some days; `took_seconds` over the `took_count` documents of which it is known."""

    stored: int = 0
    duplicates: int = 0
    refused: int = 0
    bytes: int = 0
    took_count: int = 0
    took_seconds: float = 0.0
    took_most: float = 0.0
    within_hour: int = 0
    within_day: int = 0
    last_at: float | None = None


def day_of(at: float) -> int:
    """The number of the Vietnamese day of a moment."""
    return (int(at) + VIETNAM_SECONDS) // 86_400


def count(raw: Writer, receipt: Receipt, opened_at: float | None) -> None:
    """Add one answer inside its own transaction; `opened_at`: when its transfer was opened, if it was."""
    stored = receipt.result == "stored"
    took = max(0.0, receipt.issued_at - opened_at) if stored and opened_at is not None else None
    values: dict[str, Any] = {
        "box": receipt.box,
        "day": day_of(receipt.issued_at),
        "stored": int(stored),
        "duplicates": int(receipt.result == "duplicate"),
        "refused": int(receipt.result == "refused"),
        "bytes": receipt.size if stored else 0,
        "took_count": int(took is not None),
        "took_seconds": took or 0.0,
        "within_hour": int(took is not None and took <= HOUR),
        "within_day": int(took is not None and took <= DAY),
        "last_at": receipt.issued_at,
    }
    raw.execute(_ADD, values)


class Tallies:
    """Reads sums."""

    def __init__(self, connection: Rows) -> None:
        self._connection = connection

    def sums(self, first: int = EVER[0], last: int = EVER[1], box: str = "") -> dict[str, Tally]:
        """By box, what was answered on the days `first` to `last`, both included; boxes without any are left out."""
        found = self._connection.rows(_SUM, (first, last, box, box))
        return {row["box"]: Tally(**{k: v for k, v in dict(row).items() if k != "box"}) for row in found}
