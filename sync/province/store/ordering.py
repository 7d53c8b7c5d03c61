"""Rows of orders to boxes and what came of them. Owns one table.

Invariant: the counter of a box only grows, also when the province's store was put back from a backup: it is never below
the clock's seconds, so an order made after the backup cannot repeat a counter the box has obeyed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sync.protocol.orders import Order, Outcome
from sync.province.store import ProvinceStore


@dataclass(frozen=True)
class Ordered:
    """One order and its outcome; `result` is "", "done" or "refused"."""

    box: str
    counter: int
    verb: str
    params: Mapping[str, Any]
    issued_at: int
    expires_at: int
    result: str
    code: str
    report: str
    answered_at: float | None

    def order(self) -> Order:
        """The same as it travels; equal rows make equal bytes."""
        return Order(self.box, self.counter, self.verb, self.params, self.issued_at, self.expires_at)


class Orders:
    """Reads and writes orders."""

    def __init__(self, store: ProvinceStore) -> None:
        self._rows = store.connection

    def issue(self, box: str, verb: str, params: Mapping[str, Any], now: int, expires: int = 0) -> Ordered:
        """Write an order; durable on return. The running sending end brings it to the box."""
        told = json.dumps(dict(params), ensure_ascii=False, sort_keys=True)
        with self._rows.writing("orders") as raw:
            row = raw.execute("SELECT COALESCE(MAX(counter), 0) AS last FROM orders WHERE box = ?", (box,)).fetchone()
            counter = max(int(row["last"]) + 1, now)
            raw.execute(
                "INSERT INTO orders (box, counter, verb, params, issued_at, expires_at) VALUES (?,?,?,?,?,?)",
                (box, counter, verb, told, now, expires),
            )
        return Ordered(box, counter, verb, dict(params), now, expires, "", "", "", None)

    def open(self) -> list[Ordered]:
        """The lowest unanswered order of every box: a box is given them one after another."""
        return self._orders(
            "WHERE result = '' AND counter = (SELECT MIN(counter) FROM orders AS o"
            " WHERE o.box = orders.box AND o.result = '') ORDER BY box",
            (),
        )

    def answered(self, outcome: Outcome, envelope: bytes, now: float) -> bool:
        """Keep a box's verified outcome; False when it is about no open order of that box."""
        rows = self._orders("WHERE box = ? AND counter = ? AND result = ''", (outcome.box, outcome.counter))
        if not rows or rows[0].order().digest != outcome.order:
            return False
        with self._rows.writing() as raw:
            done = raw.execute(
                "UPDATE orders SET result = ?, code = ?, report = ?, outcome = ?, answered_at = ?"
                " WHERE box = ? AND counter = ? AND result = ''",
                (
                    outcome.result, outcome.code, outcome.report, envelope, now, outcome.box, outcome.counter,
                ),
            )  # fmt: skip
            return bool(done.rowcount == 1)

    def listed(self, box: str = "", limit: int = 100) -> list[Ordered]:
        """Orders, newest first."""
        return self._orders(
            "WHERE (? = '' OR box = ?) ORDER BY issued_at DESC, box, counter DESC LIMIT ?", (box, box, limit)
        )

    def _orders(self, where: str, values: tuple[Any, ...]) -> list[Ordered]:
        found = self._rows.rows(
            "SELECT box, counter, verb, params, issued_at, expires_at, result, code, report, answered_at"
            f" FROM orders {where}",
            values,
        )
        return [Ordered(**{**dict(row), "params": json.loads(row["params"])}) for row in found]
