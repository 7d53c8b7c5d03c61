"""Rows of case dossiers: compare-and-set saves with their event. No event holds a citizen's name or address."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from appliance.domain.documents import Document
from appliance.registers.cases import Case, CaseState
from appliance.registers.catalogues import Component, Procedure
from appliance.store import documents, events
from appliance.store.documents import ChangedMeanwhile

_MOMENTS = ("opened_at", "accepted_at", "ended_at")


def insert(db: Any, case: Case, by: str) -> None:
    """Add a new dossier with its first event."""
    row = _row(case)
    db.execute(f"INSERT INTO cases ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
    events.append(db, event_name(case), case.opened_at, by, "case-opened", {"procedure": case.procedure.code})


def save(db: Any, before: Case, after: Case, by: str, event: str, detail: dict[str, Any], now: datetime) -> None:
    """Replace ``before`` by ``after`` and tell the chain.

    Raises:
        ChangedMeanwhile: the row is not at ``before``'s version any more.
    """
    row = _row(after)
    cursor = db.execute(
        f"UPDATE cases SET {', '.join(f'{name} = ?' for name in row)} WHERE code = ? AND version = ?",
        [*row.values(), before.code, before.version],
    )
    if cursor.rowcount != 1:
        raise ChangedMeanwhile(before.code)
    events.append(db, event_name(after), now, by, event, detail)


def event_name(case: Case) -> str:
    """Under which name the chain tells of a dossier; it leads to no document's state."""
    return f"case:{case.code}"


def find(db: Any, code: str) -> Case | None:
    """One dossier, or None."""
    return next(iter(_cases(db, "WHERE code = ?", [code])), None)


def listed(db: Any, state: str = "", limit: int = 300) -> list[Case]:
    """The newest dossiers, of all states or of one."""
    where, values = ("WHERE state = ?", [state]) if state else ("", [])
    return _cases(db, f"{where} ORDER BY opened_at DESC, code LIMIT ?", [*values, limit])


def counts(db: Any) -> dict[str, int]:
    """State → how many."""
    found = dict(db.execute("SELECT state, count(*) FROM cases GROUP BY state").fetchall())
    return {state.value: found.get(state.value, 0) for state in CaseState}


def papers(db: Any, code: str) -> list[Document]:
    """Scanned papers that name this dossier on their separator sheet, oldest first; none that is concealed."""
    rows = db.execute(
        "SELECT id FROM documents WHERE dossier = ? AND state != 'discarded' ORDER BY received_at, id LIMIT 200", [code]
    )
    found = [documents.load(db, document_id) for (document_id,) in rows.fetchall()]
    return [one for one in found if not one.secret]


def number_of(db: Any, dossier: str) -> tuple[int, int] | None:
    """Year and number of an accepted dossier, for the papers that are scanned into it; or None."""
    if not dossier:
        return None
    row = db.execute("SELECT year, number FROM cases WHERE code = ? AND number > 0", [dossier]).fetchone()
    return (int(row[0]), int(row[1])) if row else None


def holds(db: Any, register: str, year: int, number: int) -> bool:
    """Whether a dossier has this number."""
    found = db.execute("SELECT 1 FROM cases WHERE year = ? AND number = ?", [year, number]).fetchone()
    return register == "ho-so" and found is not None


def handed_on(db: Any, year: int) -> dict[int, str]:
    """Numbers of a year's dossiers that another office handed on, in order, and which office."""
    rows = db.execute(
        "SELECT number, handed_on_by FROM cases WHERE year = ? AND number > 0 AND handed_on_by != '' ORDER BY number",
        [year],
    )
    return {int(number): office for number, office in rows.fetchall()}


def _row(case: Case) -> dict[str, Any]:
    row = {
        name: getattr(case, name) for name in ("code", "applicant", "contact", "version", "follows", "year", "number")
    }
    row |= {name: moment.isoformat() if (moment := getattr(case, name)) else None for name in _MOMENTS}
    return row | {
        "procedure": json.dumps(asdict(case.procedure), ensure_ascii=False),
        "state": case.state.value,
        "received": json.dumps(sorted(case.received), ensure_ascii=False),
        "due": case.due.isoformat() if case.due else None,
        "reason": case.reason,
        "returned_how": case.returned_how,
        "handed_on_by": case.handed_on_by,
        "by_post": int(case.by_post),
        "tracking": case.tracking,
    }


def _cases(db: Any, rest: str, values: list[Any]) -> list[Case]:
    cursor = db.execute(f"SELECT * FROM cases {rest}", values)
    names = [column[0] for column in cursor.description]
    return [_case(dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def _case(row: dict[str, Any]) -> Case:
    told = json.loads(row["procedure"])
    told["components"] = tuple(Component(**one) for one in told["components"])
    moments = {name: datetime.fromisoformat(row[name]) if row[name] else None for name in _MOMENTS}
    return Case(
        **(
            row
            | moments
            | {
                "procedure": Procedure(**told),
                "state": CaseState(row["state"]),
                "received": frozenset(json.loads(row["received"])),
                "due": date.fromisoformat(row["due"]) if row["due"] else None,
                "by_post": bool(row["by_post"]),
            }
        )
    )
