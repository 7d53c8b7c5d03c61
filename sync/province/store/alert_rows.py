"""Rows of alerts, acknowledgements and silences. Owns three tables; judges nothing: `alerting` does.

Invariant: several processes may evaluate at once; the tables let one alert of a code stand per box, and the second one
to begin it changes nothing.
"""

from __future__ import annotations

import json

from sync.province.alerting import Acknowledgement, Alert, Silence, Turn
from sync.province.fleet import Gravity
from sync.province.store.port import Row, Rows

KEPT_SECONDS = 400 * 86_400.0


class AlertRows:
    """Reads and writes."""

    def __init__(self, connection: Rows) -> None:
        self._connection = connection

    def standing(self) -> list[Alert]:
        """Every alert that has not ended, the oldest first."""
        return self._alerts("WHERE ended_at IS NULL ORDER BY since, number", ())

    def ended(self, since: float, limit: int = 200) -> list[Alert]:
        """Alerts that ended after a moment, the last first."""
        return self._alerts("WHERE ended_at >= ? ORDER BY ended_at DESC, number DESC LIMIT ?", (since, limit))

    def of_box(self, box: str, since: float, limit: int = 200) -> list[Alert]:
        """Alerts of one box that began after a moment or stand, the newest first."""
        where = "WHERE box = ? AND (since >= ? OR ended_at IS NULL) ORDER BY since DESC, number DESC LIMIT ?"
        return self._alerts(where, (box, since, limit))

    def find(self, number: int) -> Alert | None:
        """One alert, or None."""
        return next(iter(self._alerts("WHERE number = ?", (number,))), None)

    def keep(self, turn: Turn, now: float) -> None:
        """Write what an evaluation came to; nothing is written when nothing changed."""
        if not (turn.begun or turn.changed or turn.ended or turn.dropped):
            return
        with self._connection.writing("alerts") as raw:
            for alert in turn.dropped:
                raw.execute("DELETE FROM acknowledgements WHERE alert = ?", (alert.number,))
                raw.execute("DELETE FROM alerts WHERE number = ?", (alert.number,))
            for alert in (*turn.ended, *turn.changed):
                raw.execute(
                    "UPDATE alerts SET gravity = ?, params = ?, ended_at = ? WHERE number = ? AND ended_at IS NULL",
                    (int(alert.gravity), json.dumps(alert.params), alert.ended_at, alert.number),
                )
            for alert in turn.begun:
                raw.execute(
                    "INSERT INTO alerts (box, code, gravity, since, params) VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING",
                    (alert.box, alert.code, int(alert.gravity), alert.since, json.dumps(alert.params)),
                )
            if turn.ended:
                old = now - KEPT_SECONDS
                raw.execute(
                    "DELETE FROM acknowledgements WHERE alert IN (SELECT number FROM alerts WHERE ended_at < ?)", (old,)
                )
                raw.execute("DELETE FROM alerts WHERE ended_at < ?", (old,))

    def acknowledge(self, given: Acknowledgement) -> None:
        """Keep an acknowledgement; earlier ones stay as what they were."""
        with self._connection.writing("alerts") as raw:
            raw.execute(
                "INSERT INTO acknowledgements (alert, gravity, person, why, at, until) VALUES (?,?,?,?,?,?)",
                (given.alert, int(given.gravity), given.person, given.why, given.at, given.until),
            )

    def acknowledgements(self) -> list[Acknowledgement]:
        """Those of alerts that stand."""
        found = self._connection.rows(
            "SELECT k.* FROM acknowledgements k JOIN alerts a ON a.number = k.alert WHERE a.ended_at IS NULL"
            " ORDER BY k.number"
        )
        return [_acknowledgement(row) for row in found]

    def acknowledgements_of_box(self, box: str, since: float) -> list[tuple[str, Acknowledgement]]:
        """(code, acknowledgement) of one box's alerts since a moment."""
        found = self._connection.rows(
            "SELECT k.*, a.code AS code FROM acknowledgements k JOIN alerts a ON a.number = k.alert"
            " WHERE a.box = ? AND k.at >= ? ORDER BY k.number",
            (box, since),
        )
        return [(row["code"], _acknowledgement(row)) for row in found]

    def silence(self, silence: Silence) -> None:
        """Keep a silence."""
        with self._connection.writing("alerts") as raw:
            raw.execute(
                "INSERT INTO silences (box, code, person, why, begins_at, until) VALUES (?,?,?,?,?,?)",
                (silence.box, silence.code, silence.person, silence.why, silence.begins_at, silence.until),
            )

    def end_silence(self, number: int, now: float) -> bool:
        """Let a silence end now; False when there is none that still holds."""
        with self._connection.writing("alerts") as raw:
            done = raw.execute("UPDATE silences SET until = ? WHERE number = ? AND until > ?", (now, number, now))
            return bool(done.rowcount == 1)

    def silences(self, now: float) -> list[Silence]:
        """Those that hold or will."""
        found = self._connection.rows("SELECT * FROM silences WHERE until > ? ORDER BY until, number", (now,))
        return [Silence(**dict(row)) for row in found]

    def _alerts(self, where: str, values: tuple[object, ...]) -> list[Alert]:
        found = self._connection.rows(f"SELECT * FROM alerts {where}", values)
        return [
            Alert(
                row["box"], row["code"], Gravity(row["gravity"]), row["since"], json.loads(row["params"]),
                row["ended_at"], row["number"],
            )
            for row in found
        ]  # fmt: skip


def _acknowledgement(row: Row) -> Acknowledgement:
    return Acknowledgement(row["alert"], Gravity(row["gravity"]), row["person"], row["why"], row["at"], row["until"])
