"""Rows of people, sessions, wrong passwords and deeds. Decides nothing: `entering` does.

Invariant: every change of a person ends that person's sessions in the same transaction.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sync.province.people.rules import FORGOTTEN_AFTER, LONGEST_LOCK, LONGEST_SECONDS, Role
from sync.province.store.port import Row, Rows

MOST_DEED = 1000
_WRONG = """
INSERT INTO wrong_passwords VALUES (?,?,?,?) ON CONFLICT (name) DO UPDATE SET
    failures = excluded.failures, last_at = excluded.last_at, locked_until = excluded.locked_until
"""


@dataclass(frozen=True)
class Person:
    """Somebody who may sign in. `password` is a PHC string."""

    name: str
    shown: str
    role: Role
    password: str
    blocked: bool
    made_at: float
    changed_at: float


@dataclass(frozen=True)
class Session:
    """A person who is in."""

    digest: str
    person: Person
    begun_at: float
    seen_at: float


@dataclass(frozen=True)
class Deed:
    """What somebody did, to what, and how he put it; never changed."""

    number: int
    at: float
    person: str
    deed: str
    about: str
    detail: str


def digest_of(secret: str) -> str:
    """Under which name a session's secret is kept."""
    return hashlib.sha256(secret.encode()).hexdigest()


class People:
    """Reads and writes."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def every(self) -> list[Person]:
        """Everybody, by name."""
        return [_person(row) for row in self._rows.rows("SELECT * FROM people ORDER BY name")]

    def find(self, name: str) -> Person | None:
        """One person, or None."""
        row = self._rows.row("SELECT * FROM people WHERE name = ?", (name,))
        return _person(row) if row else None

    def add(self, name: str, shown: str, role: Role, password: str, now: float) -> bool:
        """Add a person; False when the name is taken."""
        with self._rows.writing() as raw:
            done = raw.execute(
                "INSERT INTO people VALUES (?,?,?,?,0,?,?) ON CONFLICT (name) DO NOTHING",
                (name, shown, role.value, password, now, now),
            )
            return bool(done.rowcount == 1)

    def set_password(self, name: str, password: str, now: float) -> bool:
        """Give another password; whoever is in under the old one is out. False when there is nobody."""
        with self._rows.writing("people") as raw:
            done = raw.execute("UPDATE people SET password = ?, changed_at = ? WHERE name = ?", (password, now, name))
            raw.execute("DELETE FROM sessions WHERE person = ?", (name,))
            raw.execute("DELETE FROM wrong_passwords WHERE name = ?", (name,))
            return bool(done.rowcount == 1)

    def set_blocked(self, name: str, blocked: bool, now: float) -> bool:
        """Let nobody in under this name any more, or again. False when there is nobody."""
        with self._rows.writing("people") as raw:
            done = raw.execute(
                "UPDATE people SET blocked = ?, changed_at = ? WHERE name = ?", (int(blocked), now, name)
            )
            raw.execute("DELETE FROM sessions WHERE person = ?", (name,))
            return bool(done.rowcount == 1)

    def begin(self, secret: str, name: str, now: float, kept: str = "") -> bool:
        """Open a session, forget wrong passwords, and clear away sessions that nobody can use any more.

        `kept`: the password that was found to fit; False when it was changed or its owner blocked meanwhile.
        """
        with self._rows.writing("people") as raw:
            raw.execute("DELETE FROM sessions WHERE begun_at < ?", (now - LONGEST_SECONDS,))
            done = raw.execute(
                "INSERT INTO sessions SELECT ?, name, ?, ? FROM people"
                " WHERE name = ? AND blocked = 0 AND (? = '' OR password = ?)",
                (digest_of(secret), now, now, name, kept, kept),
            )
            if done.rowcount == 1:
                raw.execute("DELETE FROM wrong_passwords WHERE name = ?", (name,))
            return bool(done.rowcount == 1)

    def session(self, secret: str) -> Session | None:
        """The session of a secret, alive or not."""
        row = self._rows.row(
            "SELECT p.*, s.digest, s.begun_at, s.seen_at FROM sessions s JOIN people p ON p.name = s.person"
            " WHERE s.digest = ?",
            (digest_of(secret),),
        )
        return Session(row["digest"], _person(row), row["begun_at"], row["seen_at"]) if row else None

    def seen(self, digest: str, now: float) -> None:
        """The session was used."""
        with self._rows.writing() as raw:
            raw.execute("UPDATE sessions SET seen_at = ? WHERE digest = ? AND seen_at < ?", (now, digest, now))

    def end(self, secret: str) -> None:
        """Close a session."""
        with self._rows.writing() as raw:
            raw.execute("DELETE FROM sessions WHERE digest = ?", (digest_of(secret),))

    def wrong(self, name: str) -> tuple[int, float]:
        """(wrong passwords in a row, until when nothing is tried)."""
        row = self._rows.row("SELECT failures, locked_until FROM wrong_passwords WHERE name = ?", (name,))
        return (row["failures"], row["locked_until"]) if row else (0, 0.0)

    def note_wrong(self, name: str, failures: int, locked_until: float, now: float) -> None:
        """Keep one more wrong password, of a name that somebody has or nobody."""
        with self._rows.writing() as raw:
            raw.execute("DELETE FROM wrong_passwords WHERE last_at < ?", (now - FORGOTTEN_AFTER,))
            raw.execute(  # names that nobody has are forgotten sooner: who invents them must not fill the table
                "DELETE FROM wrong_passwords WHERE last_at < ? AND name NOT IN (SELECT name FROM people)",
                (now - LONGEST_LOCK,),
            )
            raw.execute(_WRONG, (name, failures, now, locked_until))

    def note_deed(self, person: str, deed: str, about: str, detail: str, now: float) -> None:
        """Keep who did what."""
        with self._rows.writing("deeds") as raw:
            raw.execute(
                "INSERT INTO deeds (at, person, deed, about, detail) VALUES (?,?,?,?,?)",
                (now, person, deed, about, detail[:MOST_DEED]),
            )

    def deeds(self, about: str = "", limit: int = 200) -> list[Deed]:
        """What was done, newest first; `about` one thing only."""
        found = self._rows.rows(
            "SELECT * FROM deeds WHERE (? = '' OR about = ?) ORDER BY number DESC LIMIT ?", (about, about, limit)
        )
        return [Deed(**dict(row)) for row in found]


def _person(row: Row) -> Person:
    return Person(
        row["name"], row["shown"], Role(row["role"]), row["password"], bool(row["blocked"]), row["made_at"],
        row["changed_at"],
    )  # fmt: skip
