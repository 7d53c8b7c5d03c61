"""Numbers from the yearly registers: one sequence per register and year, without gaps (NĐ 30/2020 Điều 15, 22)."""

from __future__ import annotations

from datetime import datetime
from typing import Any


def allocate(db: Any, register: str, year: int, document_id: str, now: datetime) -> int:
    """The document's number in this register, taken once; asking again gives the same number.

    Runs in the caller's immediate transaction, so two clerks cannot get one number and a crash leaves no gap.
    """
    taken = db.execute("SELECT number FROM register_numbers WHERE document_id = ?", [document_id]).fetchone()
    if taken:
        return int(taken[0])
    (last,) = db.execute(
        "SELECT coalesce(max(number), 0) FROM register_numbers WHERE register = ? AND year = ?", [register, year]
    ).fetchone()
    db.execute(
        "INSERT INTO register_numbers (register, year, number, document_id, allocated_at) VALUES (?,?,?,?,?)",
        [register, year, last + 1, document_id, now.isoformat()],
    )
    return int(last) + 1
