"""What people do about alerts, from a page or a command alike: see what stands, take one on, silence, end a silence.

Owns the order of each step - the row, then who did it - and the list of what stands as both show it. The rules are
`alerting`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

from sync.province.alerting import LONGEST_WHY, Acknowledgement, Alert, Silence, answered
from sync.province.fleet import Finding
from sync.province.people.rows import People
from sync.province.store import ProvinceStore
from sync.province.store.alert_rows import AlertRows
from sync.province.urgency import urgency


@dataclass(frozen=True)
class Standing:
    """An alert that fires, and who has taken it on or silenced it, if anybody has."""

    alert: Alert
    finding: Finding
    taken: Acknowledgement | None
    silenced: Silence | None

    @property
    def loud(self) -> bool:
        """It is left to nobody."""
        return self.taken is None and self.silenced is None


def standing(store: ProvinceStore, now: float) -> list[Standing]:
    """The alerts that fire at `now`, in the order of the wall. Raises RowsAway."""
    rows = AlertRows(store.connection)
    silences, given = rows.silences(now), rows.acknowledgements()
    waiting = store.fleet.waiting()
    found = []
    for alert in rows.standing():
        if alert.fires(now):
            silenced = next((one for one in silences if one.covers(alert.box, alert.code, now)), None)
            finding = Finding(alert.code, alert.gravity, alert.params)
            one = Standing(alert, finding, answered(alert, given, now), silenced)
            hushed = frozenset() if one.loud else frozenset({alert.code})
            found.append((urgency(alert.box, [finding], waiting.get(alert.box, 0), hushed).place, alert.number, one))
    return [one for _place, _number, one in sorted(found, key=lambda entry: entry[:2])]


def take_on(store: ProvinceStore, number: int, person: str, why: str, hours: float, now: float) -> Alert | None:
    """Somebody takes a standing alert upon himself; None where there is none of this number. Raises RowsAway."""
    rows = AlertRows(store.connection)
    alert = rows.find(number)
    if alert is None or alert.ended_at is not None:
        return None
    why = why.strip()[:LONGEST_WHY]
    rows.acknowledge(Acknowledgement(number, alert.gravity, person, why, now, now + hours * 3600))
    People(store.connection).note_deed(person, "alert-acknowledged", alert.box, f"{alert.code}: {why}", now)
    return alert


def silence(
    store: ProvinceStore, box: str, code: str, person: str, why: str, hours: float, now: float
) -> Silence:  # fmt: skip
    """Nobody wants to hear of a box ("" for all) or a kind ("" for all) for a while. Raises RowsAway."""
    made = Silence(box, code, person, why.strip()[:LONGEST_WHY], now, now + hours * 3600)
    AlertRows(store.connection).silence(made)
    People(store.connection).note_deed(person, "silenced", box, f"{code or '*'}: {made.why}", now)
    return made


def end_silence(store: ProvinceStore, number: int, person: str, now: float) -> bool:
    """Let a silence end; False where none of this number holds. Raises RowsAway."""
    if not AlertRows(store.connection).end_silence(number, now):
        return False
    People(store.connection).note_deed(person, "silence-ended", "", str(number), now)
    return True
