"""The event rows: appended in the transaction of the change they tell of, hash-chained per box."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from appliance.domain.chain import GENESIS, Entry, entry_hash, first_break
from appliance.domain.states import IllegalTransition, state_after


def append(db: Any, document_id: str, at: datetime, by: str, event: str, detail: dict[str, Any]) -> None:
    """Add one entry to the chain (inside the caller's transaction)."""
    last = db.execute("SELECT sequence, hash FROM events ORDER BY sequence DESC LIMIT 1").fetchone()
    sequence, previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
    moment = at.isoformat()
    db.execute(
        "INSERT INTO events (sequence, document_id, at, by, event, detail, previous, hash) VALUES (?,?,?,?,?,?,?,?)",
        [
            sequence,
            document_id,
            moment,
            by,
            event,
            json.dumps(detail, ensure_ascii=False, sort_keys=True),
            previous,
            entry_hash(sequence, document_id, moment, by, event, detail, previous),
        ],
    )


def entries(db: Any, document_id: str | None = None) -> Iterator[Entry]:
    """Entries in order, of one document or of the whole box."""
    where, values = ("WHERE document_id = ?", [document_id]) if document_id else ("", [])
    rows = db.execute(
        f"SELECT sequence, document_id, at, by, event, detail, previous, hash FROM events {where} ORDER BY sequence",
        values,
    )
    for row in rows:
        yield Entry(row[0], row[1], row[2], row[3], row[4], detail_of(row[5]), row[6], row[7])


def latest_at(db: Any) -> datetime | None:
    """When the last entry was written; None in an empty chain."""
    row = db.execute("SELECT at FROM events ORDER BY sequence DESC LIMIT 1").fetchone()
    return datetime.fromisoformat(row[0]) if row else None


def broken_at(db: Any) -> int | None:
    """Sequence number of the first entry that does not fit the chain, or None."""
    return first_break(entries(db))


def unexplained(db: Any) -> list[str]:
    """Ids of documents whose history does not lead to their state: a row was changed by hand, or the end cut off."""
    told: dict[str, list[str]] = {}
    for document_id, event in db.execute("SELECT document_id, event FROM events ORDER BY sequence").fetchall():
        told.setdefault(document_id, []).append(event)
    present = dict(db.execute("SELECT id, state FROM documents").fetchall())
    return sorted(one for one in told.keys() | present.keys() if _leads_to(told.get(one, [])) != present.get(one))


def _leads_to(history: list[str]) -> str | None:
    try:
        state = state_after(history)
    except IllegalTransition:
        return "impossible"
    return state.value if state else None


def detail_of(text: str) -> dict[str, Any]:
    """The detail of an entry as its row has it; a row that somebody damaged gives what cannot fit its hash."""
    try:
        read = json.loads(text)
    except ValueError:
        read = None
    return read if isinstance(read, dict) else {"unreadable": text}
