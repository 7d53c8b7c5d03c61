"""Looks at the fleet again and again: evaluates the alerts, keeps what was followed.

Owns the rhythm and the step from the survey to rows. Judges nothing itself (`fleet`, `alerting`).
"""

from __future__ import annotations

from sync.province.alerting import evaluate, quiet
from sync.province.fleet import CODES
from sync.province.fleet_views import Fleet
from sync.province.overview import Memory, Quiet, survey
from sync.province.store import ProvinceStore
from sync.province.store.alert_rows import AlertRows

EVERY_SECONDS = 20.0


def quiet_now(store: ProvinceStore, now: float) -> Quiet:
    """What is acknowledged or silenced at `now`. Raises RowsAway."""
    rows = AlertRows(store.connection)
    silences = rows.silences(now)
    boxes = [box.box for box in store.fleet.boxes()] if silences else []
    return Quiet(quiet(rows.standing(), rows.acknowledgements(), silences, CODES, boxes, now))


def look(store: ProvinceStore, now: float, memory: Memory | None = None) -> Fleet:
    """A survey that knows what is quiet. Raises RowsAway."""
    return survey(store, now, memory, quiet_now(store, now))


def watch(store: ProvinceStore, fleet: Fleet, now: float) -> None:
    """Let alerts begin and end by what a survey of `now` found. Raises RowsAway."""
    rows = AlertRows(store.connection)
    rows.keep(evaluate({view.box.box: view.findings for view in fleet.boxes}, rows.standing(), now), now)
