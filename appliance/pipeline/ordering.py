"""What the province may order a box to do, and nothing else: its history, hours of sending, an update on offer.

Owns the meaning of the three verbs. Refuses every other, and every parameter that is not exactly what it must be. An
order changes rows only: no file of the configuration, no program, no paper. What is reported holds no content of any
paper: sequence, moment, event and document id of the history.

- ``log`` {lines: 1..500}: the newest entries of the history.
- ``configure`` {hours: [[begin, until, kbit], ...]}: hours and caps of sending, as ``[[sync.hours]]``; they hold from
  the next start of the delivery service on, where the configuration file names none. An empty list takes them back.
- ``offer-update`` {version, sha256}: shown to the technician; nothing is fetched or installed by it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from appliance.store import Store, events, orders
from sync.protocol.orders import DONE, MAX_REPORT, REFUSED, UNKNOWN, Order, Outcome

_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_VERSION = re.compile(r"[0-9A-Za-z.+~-]{1,40}")
_MOST_HOURS = 24
BAD_PARAMS = "bad-params"


class StoreOrders:
    """The box's ``sync.orders.OrderBook``."""

    def __init__(self, store: Store, box: str, clock: Callable[[], datetime]) -> None:
        self._store, self._box, self._clock = store, box, clock

    def last(self) -> int:
        """The greatest counter obeyed."""
        return self._store.read(orders.last)

    def outcome(self, order: Order) -> Outcome | None:
        """What became of exactly this order."""
        known = self._store.read(lambda db: orders.find(db, order.counter))
        if known is None or known.digest != order.digest.hex():
            return None
        return self._outcome(order, known)

    def obey(self, order: Order) -> Outcome:
        """Carry an order out, or refuse what it asks; noted with its outcome and told in the history."""

        def change(db: Any) -> orders.Obeyed:
            if (known := orders.find(db, order.counter)) is not None:
                return known
            now = self._clock()
            code, report = carried_out(db, order)
            obeyed = orders.Obeyed(
                order.counter, order.digest.hex(), order.verb, _plain(order.params), REFUSED if code else DONE, code,
                report, datetime.fromtimestamp(min(order.issued, 253402300799), UTC), now,
            )  # fmt: skip
            orders.keep(db, obeyed)
            detail = {"counter": order.counter, "verb": order.verb, "result": obeyed.result, "code": code}
            events.append(db, "", now, "province", "ordered", detail)
            return obeyed

        return self._outcome(order, self._store.write(change))

    def _outcome(self, order: Order, obeyed: orders.Obeyed) -> Outcome:
        return Outcome(
            self._box, order.counter, bytes.fromhex(obeyed.digest), obeyed.result, obeyed.code, obeyed.report,
            max(0, int(obeyed.obeyed_at.timestamp())), self.last(),
        )  # fmt: skip


def carried_out(db: Any, order: Order) -> tuple[str, str]:
    """(code of the refusal or "", report) of one order, inside the caller's transaction."""
    match order.verb:
        case "log":
            lines = order.params.get("lines")
            if set(order.params) != {"lines"} or type(lines) is not int or not 1 <= lines <= 500:
                return BAD_PARAMS, ""
            return "", _history(db, lines)
        case "configure":
            return ("", "") if _are_hours(order.params) else (BAD_PARAMS, "")
        case "offer-update":
            return ("", "") if _is_offer(order.params) else (BAD_PARAMS, "")
        case _:
            return UNKNOWN, ""


def ordered_hours(db: Any) -> list[tuple[str, str, int]]:
    """The hours of sending that the province ordered last: (begin, until, kbit a second)."""
    newest = orders.newest_done(db, "configure")
    hours = newest.params.get("hours", []) if newest else []
    return [(str(begin), str(until), int(kbit)) for begin, until, kbit in hours]


def _history(db: Any, lines: int) -> str:
    told = [f"{sequence} {at} {event} {paper or '-'}" for sequence, at, event, paper in orders.newest_events(db, lines)]
    while told and sum(len(line.encode()) + 1 for line in told) > MAX_REPORT:
        told.pop(0)
    return "\n".join(told)


def _are_hours(params: Mapping[str, object]) -> bool:
    hours = params.get("hours")
    if set(params) != {"hours"} or not isinstance(hours, list) or len(hours) > _MOST_HOURS:
        return False
    return all(
        isinstance(one, list)
        and len(one) == 3
        and all(isinstance(clock, str) and _CLOCK.fullmatch(clock) for clock in one[:2])
        and type(one[2]) is int
        and 0 <= one[2] <= 1_000_000
        for one in hours
    )


def _is_offer(params: Mapping[str, object]) -> bool:
    version, sha256 = params.get("version"), params.get("sha256")
    return (
        set(params) == {"version", "sha256"}
        and isinstance(version, str)
        and _VERSION.fullmatch(version) is not None
        and isinstance(sha256, str)
        and _DIGEST.fullmatch(sha256) is not None
    )


def _plain(params: Mapping[str, object]) -> dict[str, Any]:
    return {key: value.hex() if isinstance(value, bytes) else value for key, value in params.items()}
