"""Rows of the province's orders: each obeyed once, with what became of it. Owns the SQL of one table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Obeyed:
    """One order and its outcome; ``digest``: hexadecimal SHA-256 of the encoded order."""

    counter: int
    digest: str
    verb: str
    params: dict[str, Any]
    result: str
    code: str
    report: str
    issued_at: datetime
    obeyed_at: datetime


def last(db: Any) -> int:
    """The greatest counter obeyed."""
    (counter,) = db.execute("SELECT max(counter) FROM orders_obeyed").fetchone()
    return int(counter or 0)


def keep(db: Any, order: Obeyed) -> None:
    """Note an order and its outcome (inside the transaction that carries it out)."""
    db.execute(
        "INSERT INTO orders_obeyed VALUES (?,?,?,?,?,?,?,?,?)",
        [
            order.counter, order.digest, order.verb, json.dumps(order.params, ensure_ascii=False, sort_keys=True),
            order.result, order.code, order.report, order.issued_at.isoformat(), order.obeyed_at.isoformat(),
        ],
    )  # fmt: skip


def find(db: Any, counter: int) -> Obeyed | None:
    """The order with this counter, or None."""
    return next(iter(_orders(db, "WHERE counter = ?", [counter])), None)


def listed(db: Any, limit: int = 100) -> list[Obeyed]:
    """Orders, newest first."""
    return _orders(db, "ORDER BY counter DESC LIMIT ?", [limit])


def newest_done(db: Any, verb: str) -> Obeyed | None:
    """The newest order of a kind that was carried out, or None: what holds now."""
    return next(iter(_orders(db, "WHERE verb = ? AND result = 'done' ORDER BY counter DESC LIMIT 1", [verb])), None)


def newest_events(db: Any, limit: int) -> list[tuple[int, str, str, str]]:
    """The end of the history, oldest first: sequence, moment, event, document id; nothing of what papers say."""
    rows = db.execute("SELECT sequence, at, event, document_id FROM events ORDER BY sequence DESC LIMIT ?", [limit])
    return [(int(row[0]), str(row[1]), str(row[2]), str(row[3])) for row in reversed(rows.fetchall())]


def _orders(db: Any, where: str, values: list[Any]) -> list[Obeyed]:
    rows = db.execute(
        f"SELECT counter, digest, verb, params, result, code, report, issued_at, obeyed_at FROM orders_obeyed {where}",
        values,
    )
    return [
        Obeyed(
            row[0], row[1], row[2], json.loads(row[3]), row[4], row[5], row[6], datetime.fromisoformat(row[7]),
            datetime.fromisoformat(row[8]),
        )
        for row in rows.fetchall()
    ]  # fmt: skip
