"""What the province knows about each box: enrolment, presence, turns of its link, observations.

Owns `boxes`, `presence`, `heartbeats` and `observations`; signs of life go to `samples` as well.
Judges nothing: `sync.province.fleet` does.
Invariants: "last seen" only moves forward in time; `heartbeats` has a row where a link came or went, not for each sign
of life (older releases wrote each: rows that say the same are read as one).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from sys import intern

from sync.province.store import samples
from sync.province.store.port import Row, Rows
from sync.province.store.records import Box, Observation, Presence

TURNS_KEPT_SECONDS = 7 * 86_400


_PRESENCE = """
INSERT INTO presence VALUES (:box, :online, :last_seen, :changed_at, :waiting, :waiting_bytes, :oldest_waiting_at,
    :clock_skew, :disk_free, :software, :said)
ON CONFLICT (box) DO UPDATE SET
    changed_at = CASE WHEN presence.online = excluded.online THEN presence.changed_at ELSE excluded.changed_at END,
    online = excluded.online,
    last_seen = CASE WHEN presence.last_seen > excluded.last_seen THEN presence.last_seen ELSE excluded.last_seen END,
    waiting = excluded.waiting, waiting_bytes = excluded.waiting_bytes, oldest_waiting_at = excluded.oldest_waiting_at,
    clock_skew = COALESCE(excluded.clock_skew, presence.clock_skew),
    disk_free = COALESCE(excluded.disk_free, presence.disk_free),
    software = excluded.software, said = excluded.said
"""
_TURN = """
INSERT INTO heartbeats SELECT ?, ?, ?, ?, ?
WHERE NOT EXISTS (SELECT 1 FROM presence WHERE box = ? AND online = ?) OR NOT EXISTS (
    SELECT 1 FROM heartbeats WHERE box = ?)
ON CONFLICT (box, at) DO UPDATE SET
    online = excluded.online, waiting = excluded.waiting, waiting_bytes = excluded.waiting_bytes
"""
_FORGET = """
DELETE FROM heartbeats WHERE box = ? AND at < (SELECT MAX(at) FROM heartbeats WHERE box = ? AND at < ?)
"""
_TOUCH = """
INSERT INTO presence (box, online, last_seen, changed_at) VALUES (?,1,?,?) ON CONFLICT (box) DO UPDATE SET
    last_seen = CASE WHEN presence.last_seen > excluded.last_seen THEN presence.last_seen ELSE excluded.last_seen END
"""
_OBSERVE = """
INSERT INTO observations VALUES (?,?,?,?,?,1) ON CONFLICT (box, code) DO UPDATE SET
    detail = excluded.detail, last_at = excluded.last_at, count = observations.count + 1
"""


class FleetRows:
    """Reads and writes rows about boxes."""

    def __init__(self, connection: Rows) -> None:
        self._connection = connection

    def enrol(self, box: Box) -> None:
        """Register a box, or give a known one its new key and certificate."""
        with self._connection.writing() as raw:
            raw.execute(
                "INSERT INTO boxes VALUES (?,?,?,?,?,NULL) ON CONFLICT (box) DO UPDATE SET commune = excluded.commune,"
                " device_key = excluded.device_key, certificate_sha256 = excluded.certificate_sha256,"
                " enrolled_at = excluded.enrolled_at, revoked_at = NULL",
                (box.box, box.commune, box.device_key, box.certificate_sha256, box.enrolled_at),
            )

    def revoke(self, box: str, now: float) -> bool:
        """Take nothing from this box any more; False when it is unknown."""
        with self._connection.writing() as raw:
            return raw.execute("UPDATE boxes SET revoked_at = ? WHERE box = ?", (now, box)).rowcount == 1

    def boxes(self) -> list[Box]:
        """Every enrolled box, by id."""
        return [box_of(row) for row in self._connection.rows("SELECT * FROM boxes ORDER BY box")]

    def box(self, box: str) -> Box | None:
        """One enrolled box, or None."""
        row = self._connection.row("SELECT * FROM boxes WHERE box = ?", (box,))
        return box_of(row) if row else None

    def note_presence(self, presence: Presence) -> None:
        """Keep what the box last said, and in its history that its link came or went."""
        with self._connection.writing() as raw:
            said, online = json.dumps(dict(presence.said), ensure_ascii=False), int(presence.online)
            turn = (presence.box, presence.last_seen, online, presence.waiting, presence.waiting_bytes)
            raw.execute(_TURN, (*turn, presence.box, online, presence.box))
            # The last turn before the week stays: it says how the week began.
            raw.execute(_FORGET, (presence.box, presence.box, presence.last_seen - TURNS_KEPT_SECONDS))
            raw.execute(_PRESENCE, {**asdict(presence), "online": online, "said": said})
            samples.note(raw, presence)

    def note_gone(self, box: str, now: float) -> None:
        """The last will of a box came: its link is dead. What it said before stays."""
        with self._connection.writing() as raw:
            raw.execute(
                "INSERT INTO heartbeats SELECT box, ?, 0, waiting, waiting_bytes FROM presence"
                " WHERE box = ? AND online = 1 ON CONFLICT (box, at) DO NOTHING",
                (now, box),
            )
            raw.execute("UPDATE presence SET online = 0, changed_at = ? WHERE box = ? AND online = 1", (now, box))

    def touch(self, box: str, now: float) -> None:
        """A verified message came from the box: it was alive now."""
        with self._connection.writing() as raw:
            raw.execute(_TOUCH, (box, now, now))

    def presences(self, since: float = 0.0) -> dict[str, Presence]:
        """The last presence of every box that ever spoke, or that was heard or went since a moment."""
        found = self._connection.rows("SELECT * FROM presence WHERE last_seen >= ? OR changed_at >= ?", (since, since))
        return {row["box"]: presence_of(row) for row in found}

    def waiting(self) -> dict[str, int]:
        """Box -> documents that waited on it when it was last heard; boxes without any are left out."""
        found = self._connection.rows("SELECT box, waiting FROM presence WHERE waiting > 0")
        return {row["box"]: int(row["waiting"]) for row in found}

    def boxes_mark(self) -> tuple[object, ...]:
        """Changes when a box is enrolled, again too, or revoked."""
        row = self._connection.row(
            "SELECT COUNT(*) AS n, MAX(enrolled_at) AS enrolled, COUNT(revoked_at) AS revoked,"
            " MAX(revoked_at) AS last FROM boxes"
        )
        return (row["n"], row["enrolled"], row["revoked"], row["last"]) if row else ()

    def changes_of_link(self, box: str, since: float) -> list[tuple[float, bool]]:
        """(moment, online) each time that a box's link came or went since a moment, oldest first; the first is the last
        one before it, or the first ever heard, and tells how it was then."""
        found = self._connection.rows(
            "SELECT at, online FROM heartbeats WHERE box = ? AND at >= COALESCE("
            "(SELECT MAX(at) FROM heartbeats WHERE box = ? AND at < ?), ?) ORDER BY at",
            (box, box, since, since),
        )
        turns: list[tuple[float, bool]] = []
        for row in found:
            if not turns or turns[-1][1] != bool(row["online"]):
                turns.append((row["at"], bool(row["online"])))
        return turns

    def observe(self, box: str, code: str, detail: str, now: float) -> None:
        """Count something odd about a box (also about a name nobody enrolled)."""
        said = detail[:500].encode("utf-8", "replace").decode()  # a topic may hold half of a letter
        with self._connection.writing() as raw:
            raw.execute(_OBSERVE, (box, code, said, now, now))

    def observations(self, since: float = 0.0) -> list[Observation]:
        """What was noticed since a moment, newest first."""
        found = self._connection.rows("SELECT * FROM observations WHERE last_at >= ? ORDER BY last_at DESC", (since,))
        return [Observation(**dict(row)) for row in found]


def box_of(row: Row) -> Box:
    """A row of `boxes` as a value."""
    return Box(**{**dict(row), "box": intern(row["box"]), "device_key": bytes(row["device_key"])})


def presence_of(row: Row) -> Presence:
    """A row of `presence` as a value. Thousands of them are held at once, so words that they share are shared."""
    said = {intern(name): value for name, value in json.loads(row["said"]).items()}
    shared = {"box": intern(row["box"]), "software": intern(row["software"])}
    return Presence(**{**dict(row), **shared, "online": bool(row["online"]), "said": said})
