"""What happened to one box, in the order in which it happened.

Owns the merging of what several tables remember into one list. Writes nothing. A happening is a code with parameters;
the pages have the words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sync.province.people.rows import People
from sync.province.store import ProvinceStore
from sync.province.store.alert_rows import AlertRows
from sync.province.store.ordering import Orders

REMEMBERED = 7 * 86_400.0


@dataclass(frozen=True)
class Happening:
    """One thing; `kind` names it, `gravity` is 0 where nothing is wrong. Times in seconds since 1970."""

    at: float
    kind: str
    gravity: int = 0
    params: dict[str, Any] = field(default_factory=dict)


def timeline(store: ProvinceStore, box: str, now: float, limit: int = 60) -> list[Happening]:
    """The last happenings of a box within a week, newest first. Raises RowsAway."""
    since = now - REMEMBERED
    found = [
        *_link(store, box, since),
        *_alerts(store, box, since),
        *_answers(store, box, since, limit),
        *_orders(store, box, since),
        *(
            Happening(deed.at, "deed", 0, {"deed": deed.deed, "person": deed.person, "detail": deed.detail})
            for deed in People(store.connection).deeds(box, limit)
            if deed.at >= since
        ),
    ]
    enrolled = store.fleet.box(box)
    if enrolled is not None and enrolled.enrolled_at >= since:
        found.append(Happening(enrolled.enrolled_at, "enrolled"))
    if enrolled is not None and enrolled.revoked_at is not None and enrolled.revoked_at >= since:
        found.append(Happening(enrolled.revoked_at, "revoked", 2))
    return sorted(found, key=lambda one: -one.at)[:limit]


def _link(store: ProvinceStore, box: str, since: float) -> list[Happening]:
    turns = store.fleet.changes_of_link(box, since)
    return [Happening(at, "came" if online else "went", 0 if online else 1) for at, online in turns[1:]]


def _alerts(store: ProvinceStore, box: str, since: float) -> list[Happening]:
    rows, found = AlertRows(store.connection), []
    for alert in rows.of_box(box, since):
        params = {"code": alert.code, **alert.params}
        if alert.since >= since:
            found.append(Happening(alert.since, "alert", int(alert.gravity), params))
        if alert.ended_at is not None:
            found.append(Happening(alert.ended_at, "alert-ended", 0, params))
    return found


def _answers(store: ProvinceStore, box: str, since: float, limit: int) -> list[Happening]:
    """Refusals one by one; documents taken, by the hour: a busy box takes hundreds a day."""
    found = [
        Happening(refusal.refused_at, "refused", 2, {"code": refusal.code, "document": refusal.document_id})
        for refusal in store.reading.refusals(box, limit)
        if refusal.refused_at >= since
    ]
    hours: dict[int, tuple[float, int]] = {}
    for receipt in store.reading.receipts(box, 500):
        if receipt.result == "stored" and receipt.issued_at >= since:
            hour = int(receipt.issued_at // 3600)
            last, count = hours.get(hour, (receipt.issued_at, 0))
            hours[hour] = (max(last, receipt.issued_at), count + 1)
    return found + [Happening(last, "received", 0, {"count": count}) for last, count in hours.values()]


def _orders(store: ProvinceStore, box: str, since: float) -> list[Happening]:
    found = []
    for one in Orders(store).listed(box, 20):
        if one.issued_at >= since:
            found.append(Happening(one.issued_at, "ordered", 0, {"verb": one.verb}))
        if one.answered_at is not None and one.answered_at >= since:
            refused = int(one.result == "refused")
            found.append(Happening(one.answered_at, "obeyed", refused, {"verb": one.verb, "result": one.result}))
    return found
