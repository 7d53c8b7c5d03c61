"""What the province expects of every box, said by a person. Owns the table `expected`: one value a thing, the last one
said; who said it and when stands among the deeds."""

from __future__ import annotations

from sync.province.store.port import Rows

PROFILE = "profile"
"""The digest of the configuration that the province gives, in hexadecimal."""
_SAY = """
INSERT INTO expected VALUES (?,?,?,?) ON CONFLICT (what) DO UPDATE SET
    value = excluded.value, person = excluded.person, at = excluded.at
"""


class Expected:
    """Reads and writes."""

    def __init__(self, connection: Rows) -> None:
        self._connection = connection

    def value(self, what: str) -> str:
        """What is expected; "" where nobody said it, or took it back."""
        row = self._connection.row("SELECT value FROM expected WHERE what = ?", (what,))
        return str(row["value"]) if row else ""

    def say(self, what: str, value: str, person: str, now: float) -> None:
        """Expect this from now on; "" takes it back."""
        with self._connection.writing("expected") as raw:
            raw.execute(_SAY, (what, value, person, now))
