"""Rows of weekly digests, and the counts that one is made of. Owns `digests`; judges nothing.

Invariant: a digest that was made stays as it was told, whatever is learnt later; who makes it second changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sync.province.store.port import Rows

KEPT_DAYS = 400
_REFUSED = """
SELECT box, code, COUNT(*) AS n FROM refusals WHERE refused_at >= ? AND refused_at < ? GROUP BY box, code
ORDER BY box, n DESC, code
"""
_DOWN = """
SELECT box, SUM(CASE WHEN queued_at >= ? AND queued_at < ? THEN 1 ELSE 0 END) AS sent,
    SUM(CASE WHEN answer = 'accepted' AND answered_at >= ? AND answered_at < ? THEN 1 ELSE 0 END) AS accepted,
    SUM(CASE WHEN answer = 'refused' AND answered_at >= ? AND answered_at < ? THEN 1 ELSE 0 END) AS refused
FROM outgoing WHERE queued_at < ? AND (answered_at IS NULL OR answered_at >= ?) GROUP BY box
"""
_ALERTS = "SELECT box, COUNT(*) AS n FROM alerts WHERE since >= ? AND since < ? GROUP BY box"


@dataclass(frozen=True, slots=True)
class Down:
    """Documents that went to a box: queued in the week, and those it answered in the week, whenever queued."""

    sent: int = 0
    accepted: int = 0
    refused: int = 0


class DigestRows:
    """Reads and writes."""

    def __init__(self, connection: Rows) -> None:
        self._connection = connection

    def keep(self, week: int, made_at: float, figures: Iterable[tuple[str, Mapping[str, Any]]]) -> int:
        """Keep a digest for each (box, figures) that has none of this week; forget those too old. Returns how many."""
        with self._connection.writing("digests") as raw:
            new = 0
            for box, said in figures:
                done = raw.execute(
                    "INSERT INTO digests VALUES (?,?,?,?) ON CONFLICT (box, week) DO NOTHING",
                    (box, week, made_at, json.dumps(dict(said), ensure_ascii=False, sort_keys=True)),
                )
                new += done.rowcount
            raw.execute("DELETE FROM digests WHERE week < ?", (week - KEPT_DAYS,))
            return new

    def made(self, week: int) -> bool:
        """Whether any digest of this week was made."""
        return self._connection.row("SELECT 1 AS one FROM digests WHERE week = ? LIMIT 1", (week,)) is not None

    def of_week(self, week: int, box: str = "") -> dict[str, dict[str, Any]]:
        """Box -> figures of the digests of a week."""
        found = self._connection.rows(
            "SELECT box, figures FROM digests WHERE week = ? AND (? = '' OR box = ?)", (week, box, box)
        )
        return {row["box"]: json.loads(row["figures"]) for row in found}

    def weeks(self, limit: int = 60) -> list[int]:
        """The weeks of which there are digests, the last first."""
        found = self._connection.rows("SELECT DISTINCT week FROM digests ORDER BY week DESC LIMIT ?", (limit,))
        return [int(row["week"]) for row in found]

    def refused(self, since: float, until: float) -> dict[str, dict[str, int]]:
        """Box -> code -> refusals in a stretch of time (half-open), most first."""
        counts: dict[str, dict[str, int]] = {}
        for row in self._connection.rows(_REFUSED, (since, until)):
            counts.setdefault(row["box"], {})[row["code"]] = int(row["n"])
        return counts

    def down(self, since: float, until: float) -> dict[str, Down]:
        """Box -> what went to it."""
        found = self._connection.rows(_DOWN, (since, until) * 3 + (until, since))
        return {row["box"]: Down(int(row["sent"]), int(row["accepted"]), int(row["refused"])) for row in found}

    def alerts(self, since: float, until: float) -> dict[str, int]:
        """Box -> alerts that began in a stretch of time."""
        return {row["box"]: int(row["n"]) for row in self._connection.rows(_ALERTS, (since, until))}
