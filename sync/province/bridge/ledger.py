"""What the bridge remembers: which packet went out, what came in, what was said about it.

Owns one SQLite file in the bridge's folder. Invariants: a document is there at most once, bytes are read in at most
once (their digest is the key), and every step is durable before the effect that follows it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TABLES = """
CREATE TABLE IF NOT EXISTS outgoing (
    key TEXT PRIMARY KEY,
    rid INTEGER NOT NULL,
    box TEXT NOT NULL,
    document_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('edoc', 'status')),
    content BLOB,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'made', 'gone', 'failed', 'person')),
    identifier TEXT NOT NULL DEFAULT '',
    sha256 TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at REAL NOT NULL DEFAULT 0,
    code TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '',
    remote_id TEXT NOT NULL DEFAULT '',
    updated_at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS outgoing_by_state ON outgoing (state, next_at, rid);
CREATE INDEX IF NOT EXISTS outgoing_by_identifier ON outgoing (identifier);
CREATE TABLE IF NOT EXISTS arrivals (
    sha256 TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('edoc', 'status', 'refused')),
    sender TEXT NOT NULL,
    box TEXT NOT NULL,
    identifier TEXT NOT NULL,
    about TEXT NOT NULL,
    code TEXT NOT NULL,
    text TEXT NOT NULL,
    oddities INTEGER NOT NULL,
    read_at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS arrivals_by_about ON arrivals (about);
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
"""


@dataclass(frozen=True)
class Outgoing:
    """A packet to be sent. `content` is there for statuses only; a document's packet is made from the rows."""

    key: str
    rid: int
    box: str
    document_id: str
    kind: str
    content: bytes | None
    state: str
    identifier: str
    sha256: str
    attempts: int
    next_at: float
    code: str
    detail: str
    remote_id: str
    updated_at: float


@dataclass(frozen=True)
class Arrived:
    """Something that came in. `kind` `refused`: it was no packet. `about`: key of the document that a status means."""

    sha256: str
    name: str
    kind: str
    sender: str
    box: str
    identifier: str
    about: str
    code: str
    text: str
    oddities: int
    read_at: float


class Ledger:
    """The file, used by one process at a time for writing (the bridge's lock sees to it)."""

    def __init__(self, path: Path) -> None:
        self._raw = sqlite3.connect(path, timeout=15, isolation_level=None)
        self._raw.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self._raw.execute(f"PRAGMA {pragma}")
        self._raw.executescript(_TABLES)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self._raw.execute("BEGIN IMMEDIATE")
        try:
            yield self._raw
            self._raw.execute("COMMIT")
        except BaseException:
            self._raw.execute("ROLLBACK")
            raise

    def begin(self, documents: Sequence[tuple[str, int, str, str]], seen: int, now: float) -> None:
        """Note documents (key, rid, box, id) that are to go out, and up to which number rows were looked at."""
        with self._writing() as raw:
            raw.executemany(
                "INSERT OR IGNORE INTO outgoing (key, rid, box, document_id, kind, state, updated_at)"
                " VALUES (?, ?, ?, ?, 'edoc', 'waiting', ?)",
                [(*document, now) for document in documents],
            )
            raw.execute("INSERT OR REPLACE INTO marks VALUES ('seen', ?)", (seen,))

    def seen(self) -> int:
        """The receipt number up to which the province's rows were looked at; 0 at first."""
        return self._mark("seen")

    def due(self, now: float, most: int) -> list[Outgoing]:
        """What may be tried now: least tried first, so that one bad packet holds up no other; begun ones, by number."""
        return self._outgoing(
            "state IN ('waiting', 'made') AND next_at <= ? ORDER BY attempts, state, rid, key LIMIT ?", (now, most)
        )

    def outgoing(self, state: str = "", most: int = 1000) -> list[Outgoing]:
        """Packets in a state, or all, newest first."""
        return self._outgoing("(? = '' OR state = ?) ORDER BY rid DESC, key LIMIT ?", (state, state, most))

    def of_document(self, identifier: str) -> Outgoing | None:
        """The document that an identifier names."""
        found = self._outgoing("identifier = ? AND identifier <> '' AND kind = 'edoc' LIMIT 1", (identifier,))
        return found[0] if found else None

    def made(self, key: str, sha256: str, identifier: str, now: float) -> None:
        """Its bytes are durable in the folder of made packets."""
        self._set(key, now, state="made", sha256=sha256, identifier=identifier)

    def gone(self, key: str, remote_id: str, now: float) -> None:
        """It was taken: never sent again."""
        self._set(key, now, state="gone", remote_id=remote_id, code="", detail="")

    def again(self, key: str, at: float, code: str, detail: str, now: float, *, blamed: bool) -> None:
        """Try later; `blamed`: the packet's own attempt, not the line's."""
        with self._writing() as raw:
            raw.execute(
                "UPDATE outgoing SET next_at = ?, code = ?, detail = ?, attempts = attempts + ?, updated_at = ?"
                " WHERE key = ?",
                (at, code, detail[:500], int(blamed), now, key),
            )

    def stopped(self, key: str, state: str, code: str, detail: str, now: float) -> None:
        """`failed`: the packet itself is not acceptable. `person`: somebody must change something first."""
        self._set(key, now, state=state, code=code, detail=detail[:500])

    def retry(self, key: str, now: float) -> int:
        """Try what failed or waits for a person anew; "" means all of it. Returns how many."""
        with self._writing() as raw:
            changed = raw.execute(
                "UPDATE outgoing SET state = 'waiting', next_at = 0, attempts = 0, updated_at = ? WHERE"
                " (state IN ('failed', 'person') OR (state IN ('waiting', 'made') AND next_at > ?))"
                " AND (? = '' OR key = ?)",
                (now, now, key, key),
            ).rowcount
            raw.execute("INSERT OR IGNORE INTO marks VALUES ('retries', 0)")
            raw.execute("UPDATE marks SET value = value + 1 WHERE name = 'retries'")
        return int(changed)

    def retries(self) -> int:
        """How often a person asked to try anew."""
        return self._mark("retries")

    def holds(self, sha256: str) -> bool:
        """These bytes were read in before."""
        return self._raw.execute("SELECT 1 FROM arrivals WHERE sha256 = ?", (sha256,)).fetchone() is not None

    def arrived(self, arrival: Arrived, status: tuple[str, bytes] | None = None) -> None:
        """Note what came, and in the same transaction the status (key, bytes) that answers it."""
        with self._writing() as raw:
            values = tuple(vars(arrival).values())
            raw.execute(f"INSERT OR IGNORE INTO arrivals VALUES ({','.join('?' * len(values))})", values)
            if status is not None:
                _queue(raw, *status, arrival.read_at)

    def queue(self, key: str, content: bytes, now: float) -> bool:
        """A status packet to be sent; False when it was queued before."""
        with self._writing() as raw:
            return _queue(raw, key, content, now)

    def arrivals(self, most: int = 1000) -> list[Arrived]:
        """What came, newest first."""
        found = self._raw.execute("SELECT * FROM arrivals ORDER BY read_at DESC, sha256 LIMIT ?", (most,))
        return [Arrived(**dict(row)) for row in found]

    def counts(self) -> dict[str, int]:
        """How many packets are in each state."""
        return {row[0]: row[1] for row in self._raw.execute("SELECT state, count(*) FROM outgoing GROUP BY state")}

    def close(self) -> None:
        """Let go of the file."""
        self._raw.close()

    def _mark(self, name: str) -> int:
        row = self._raw.execute("SELECT value FROM marks WHERE name = ?", (name,)).fetchone()
        return int(row["value"]) if row else 0

    def _outgoing(self, where: str, values: Sequence[Any]) -> list[Outgoing]:
        return [Outgoing(**dict(row)) for row in self._raw.execute(f"SELECT * FROM outgoing WHERE {where}", values)]

    def _set(self, key: str, now: float, **columns: Any) -> None:
        names = ", ".join(f"{name} = ?" for name in columns)
        with self._writing() as raw:
            raw.execute(f"UPDATE outgoing SET {names}, updated_at = ? WHERE key = ?", (*columns.values(), now, key))


def _queue(raw: sqlite3.Connection, key: str, content: bytes, now: float) -> bool:
    return (
        raw.execute(
            "INSERT OR IGNORE INTO outgoing (key, rid, box, document_id, kind, content, state, updated_at)"
            " VALUES (?, 0, '', '', 'status', ?, 'waiting', ?)",
            (key, content, now),
        ).rowcount
        == 1
    )
