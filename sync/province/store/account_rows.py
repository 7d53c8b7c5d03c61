"""Rows of what offices tell of their books. Owns `accounts` and `case_states`; judges nothing.

Invariant: of a period, and of a dossier, the newest word of the box stays (PROTOCOL.md 5.7); a time in the future
counts as the moment it was heard.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sync.protocol.account import Account, CaseState, Docket
from sync.province.store.port import Rows

_ACCOUNT = """
INSERT INTO accounts VALUES (?,?,?,?) ON CONFLICT (box, period) DO UPDATE SET
    said_at = excluded.said_at, figures = excluded.figures WHERE accounts.said_at < excluded.said_at
"""
_CASE = """
INSERT INTO case_states VALUES (?,?,?,?,?,?) ON CONFLICT (box, code) DO UPDATE SET
    state = excluded.state, day = excluded.day, due = excluded.due, said_at = excluded.said_at
WHERE case_states.said_at < excluded.said_at
"""


@dataclass(frozen=True)
class Told:
    """An office's figures of a period, and when it told them (seconds since 1970)."""

    period: str
    said_at: float
    figures: Mapping[str, int]

    def count(self, name: str) -> int:
        """A figure; 0 where the office tells none."""
        return self.figures.get(name, 0)


@dataclass(frozen=True)
class CaseAt:
    """How far one dossier is; days count from 1970-01-01, `due` 0 for none."""

    state: CaseState
    day: int
    due: int


class AccountRows:
    """Reads and writes."""

    def __init__(self, connection: Rows) -> None:
        self._connection = connection

    def note(self, box: str, said: Account | Docket, now: float) -> None:
        """Keep what a box told, where it is newer than what is kept. Durable on return."""
        at = min(float(said.wall), now)
        with self._connection.writing("accounts") as raw:
            if isinstance(said, Account):
                raw.execute(_ACCOUNT, (box, said.period, at, json.dumps(dict(said.figures), sort_keys=True)))
                return
            for one in said.cases:
                raw.execute(_CASE, (box, one.code.hex(), int(one.state), one.day, one.due, at))

    def of_period(self, period: str, box: str = "") -> dict[str, Told]:
        """Box -> what it told of a period."""
        found = self._connection.rows(
            "SELECT * FROM accounts WHERE period = ? AND (? = '' OR box = ?)", (period, box, box)
        )
        return {row["box"]: Told(row["period"], row["said_at"], json.loads(row["figures"])) for row in found}

    def sent(self) -> dict[str, tuple[int, int]]:
        """Box -> deliveries it ever queued and those that waited, in what it told of the latest year."""
        found = self._connection.rows(
            "SELECT a.box AS box, a.figures AS figures FROM accounts a JOIN (SELECT box, MAX(period) AS period"
            " FROM accounts WHERE length(period) = 4 GROUP BY box) l ON l.box = a.box AND l.period = a.period"
        )
        told = ((row["box"], json.loads(row["figures"])) for row in found)
        return {box: (figures.get("sent.total", 0), figures.get("sent.waiting", 0)) for box, figures in told}

    def periods(self, box: str) -> list[str]:
        """The periods of which a box told something, the latest first; a year before its months."""
        found = self._connection.rows("SELECT period FROM accounts WHERE box = ? ORDER BY period DESC", (box,))
        return [str(row["period"]) for row in found]

    def case(self, box: str, code: bytes) -> CaseAt | None:
        """A box's dossier under the digest of its code, or None."""
        row = self._connection.row(
            "SELECT state, day, due FROM case_states WHERE box = ? AND code = ?", (box, code.hex())
        )
        return CaseAt(CaseState(row["state"]), row["day"], row["due"]) if row else None
