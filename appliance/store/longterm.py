"""Rows of long-term proof: where each signed paper stands, the file that has it, and which step it waits for by when.

A fact beside the paper's state, never a state: proof goes on after delivery, for years. Before a paper is queued, a new
stamp gives the paper itself another file (and the manifest a row); afterwards the paper stays what was sent, and the
file with more proof, which begins with those very bytes, is kept beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from appliance.domain.documents import Document
from appliance.domain.states import State
from appliance.store import documents, events

SIGNED_STATES = (State.SIGNED, State.QUEUED, State.DELIVERED, State.REFUSED)
"""States of papers with all their signatures that are not ended."""
EVENT = "level-raised"


@dataclass(frozen=True)
class Proof:
    """One row. `level`: "B-B", "B-T", "B-LT" or "B-LTA"; `step`: "stamp" or "evidence"; times are aware UTC.

    `not_before`, `deadline`, `lost_after`: from when the step may be made, by when it should be, when it is too late
    for ever. `given_up`: it never can be made, `last_error` says why.
    """

    document_id: str
    level: str
    sha256: str
    size: int
    signed_at: datetime
    signers_end: datetime
    step: str
    not_before: datetime
    deadline: datetime
    lost_after: datetime
    list_until: datetime | None = None
    proven_at: datetime | None = None
    stamped_at: datetime | None = None
    stamp_ends: datetime | None = None
    attempts: int = 0
    next_attempt_at: datetime | None = None
    last_error: str = ""
    given_up: bool = False


_COLUMNS = tuple(Proof.__dataclass_fields__)
_TIMES = frozenset(name for name in _COLUMNS if "datetime" in str(Proof.__dataclass_fields__[name].type))
_STATES = ", ".join(f"'{state.value}'" for state in SIGNED_STATES)


def begin(db: Any, proof: Proof) -> None:
    """Note where a paper stands that has just got all its signatures; a row of an earlier signing is replaced."""
    values = _values(proof)
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    db.execute(f"INSERT OR REPLACE INTO longterm ({names}) VALUES ({marks})", list(values.values()))


def find(db: Any, document_id: str) -> Proof | None:
    """The row of a paper, or None."""
    rows = db.execute(f"SELECT {', '.join(_COLUMNS)} FROM longterm WHERE document_id = ?", [document_id]).fetchall()
    return _proof(rows[0]) if rows else None


def waiting(db: Any, now: datetime, limit: int = 1) -> list[Proof]:
    """Papers whose next step may be made now, the earliest deadline first."""
    return _listed(
        db,
        """AND given_up = 0 AND not_before <= ? AND (next_attempt_at IS NULL OR next_attempt_at <= ?)
           ORDER BY +deadline, document_id LIMIT ?""",
        [_plain(now), _plain(now), limit],
    )


def standing(db: Any, level: str = "") -> list[Proof]:
    """Every paper's row, or those of one level, the earliest deadline first."""
    where, values = ("AND level = ?", [level]) if level else ("", [])
    return _listed(db, f"{where} ORDER BY given_up DESC, deadline, document_id", values)


def unknown(db: Any, limit: int = 100) -> list[Document]:
    """Signed papers without a row: signed before there were any."""
    rows = db.execute(
        f"""SELECT id FROM documents WHERE state IN ({_STATES}) AND current_sha256 != ''
            AND json_array_length(facts, '$.signatures') > 0
            AND id NOT IN (SELECT document_id FROM longterm) ORDER BY received_at LIMIT ?""",
        [limit],
    )
    return [documents.load(db, row[0]) for row in rows.fetchall()]


def raise_level(db: Any, before: Proof, after: Proof, by: str, now: datetime) -> bool:
    """Put a better file in a paper's row, with its event; False when the row has moved on meanwhile.

    While the paper is not queued, it becomes the paper's own file.
    """
    values = _values(replace(after, attempts=0, next_attempt_at=None, last_error="", given_up=False))
    assignments = ", ".join(f"{name} = ?" for name in values)
    cursor = db.execute(
        f"UPDATE longterm SET {assignments} WHERE document_id = ? AND sha256 = ? AND level = ?",
        [*values.values(), before.document_id, before.sha256, before.level],
    )
    if cursor.rowcount != 1:
        return False
    detail = {"level": after.level, "sha256": after.sha256, "size": after.size}
    if after.stamped_at:
        detail["stamped_at"] = after.stamped_at.isoformat()
    paper = documents.load(db, before.document_id)
    if paper.state is State.SIGNED and paper.current_sha256 == before.sha256:
        changed = replace(
            paper,
            current_sha256=after.sha256,
            current_size=after.size,
            version=paper.version + 1,
            updated_at=now,
            attempts=0,
            next_attempt_at=None,
            last_error="",
        )
        documents.save(db, paper, changed, by, EVENT, detail)
    else:
        events.append(db, before.document_id, now, by, EVENT, detail)
    return True


def note_failure(db: Any, proof: Proof, error: str, again_at: datetime | None) -> None:
    """Note that a step did not work out; without ``again_at`` it never can."""
    db.execute(
        """UPDATE longterm SET attempts = attempts + 1, next_attempt_at = ?, last_error = ?, given_up = ?
           WHERE document_id = ? AND sha256 = ?""",
        [_plain(again_at), error[:500], again_at is None, proof.document_id, proof.sha256],
    )


def _listed(db: Any, more: str, values: list[Any]) -> list[Proof]:
    rows = db.execute(
        f"""SELECT {", ".join(_COLUMNS)} FROM longterm
            WHERE document_id IN (SELECT id FROM documents WHERE state IN ({_STATES})) {more}""",
        values,
    )
    return [_proof(row) for row in rows.fetchall()]


def _values(proof: Proof) -> dict[str, Any]:
    values = {name: getattr(proof, name) for name in _COLUMNS}
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()  # compared as text in SQL: one zone only
    return int(value) if isinstance(value, bool) else value


def _proof(row: Any) -> Proof:
    found = dict(zip(_COLUMNS, row, strict=True))
    for name in _TIMES:
        found[name] = datetime.fromisoformat(found[name]) if found[name] else None
    found["given_up"] = bool(found["given_up"])
    return Proof(**found)
