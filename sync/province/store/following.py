"""Follows the answers as they come, and keeps which numbers of each box are missing.

Owns `number_gaps` and `followed`. Reads each answer once, from its number on; where several receivers write, numbers
may become visible out of turn, so a stretch is read again: `Gaps` does not mind. `look` needs no write and is enough
for pages and commands; `keep` makes it durable now and then, so that a start need not read everything again.
"""

from __future__ import annotations

import json

from sync.province.sequences import Gaps
from sync.province.store.port import Rows

STEP = 20_000
OVERLAP = 2_000
"""Receipt numbers that may still become visible below the greatest seen, where several receivers write."""
_KEEP = """
INSERT INTO number_gaps VALUES (?,?,?) ON CONFLICT (box) DO UPDATE SET
    highest = excluded.highest, missing = excluded.missing
"""
_UP_TO = "INSERT INTO followed VALUES ('numbers', ?) ON CONFLICT (what) DO UPDATE SET rid = excluded.rid"


class Followed:
    """The gaps of every box, as far as answers were read. One thread at a time."""

    def __init__(self, connection: Rows) -> None:
        self._connection = connection
        self._gaps: dict[str, Gaps] = {}
        self._rid = -1
        self._changed: set[str] = set()

    def look(self) -> dict[str, Gaps]:
        """Read what came since the last look; the gaps by box."""
        if self._rid < 0:
            self._load()
        again = OVERLAP if self._connection.shared else 0
        position = max(0, self._rid - again)
        while True:
            found = self._connection.rows(
                "SELECT rid, box, sequence FROM receipts WHERE rid > ? ORDER BY rid LIMIT ?", (position, STEP)
            )
            for row in found:
                if self._gaps.setdefault(row["box"], Gaps()).take(row["sequence"]):
                    self._changed.add(row["box"])
            if found:
                position = int(found[-1]["rid"])
                self._rid = max(self._rid, position)
            if len(found) < STEP:
                return self._gaps

    def keep(self) -> None:
        """Make what was read durable; nothing to do when nothing came."""
        if not self._changed:
            return
        with self._connection.writing("followed") as raw:
            for box in sorted(self._changed):
                gaps = self._gaps[box]
                raw.execute(_KEEP, (box, gaps.highest, json.dumps(sorted(gaps.missing))))
            raw.execute(_UP_TO, (self._rid,))
        self._changed.clear()

    def _load(self) -> None:
        for row in self._connection.rows("SELECT * FROM number_gaps"):
            self._gaps[row["box"]] = Gaps(row["highest"], set(json.loads(row["missing"])))
        found = self._connection.row("SELECT rid FROM followed WHERE what = 'numbers'")
        self._rid = int(found["rid"]) if found else 0
