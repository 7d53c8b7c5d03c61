"""Numbers from the yearly registers: one sequence per register and year, without gaps (NĐ 30/2020 Điều 15, 22).

A number belongs to a paper, to an electronic document, or to nobody yet (reserved; void). All functions run in the
caller's immediate transaction, so two clerks cannot get one number and a crash leaves no gap; triggers of the table
refuse a gap, a removal and another paper for a number whatever calls them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Taken:
    """One number that was given; both ids empty: to nobody (yet)."""

    register: str
    year: int
    number: int
    document_id: str
    electronic_id: str
    allocated_at: datetime


def allocate(db: Any, register: str, year: int, document_id: str, now: datetime) -> int:
    """The document's number in this register, taken once; asking again gives the same number."""
    taken = held_for(db, document_id)
    return taken.number if taken else _next(db, register, year, "document_id", document_id, now)


def allocate_electronic(db: Any, register: str, year: int, electronic_id: str, now: datetime) -> int:
    """As ``allocate``, for a document that came electronically: paper and electronic share one sequence."""
    taken = held_for(db, electronic_id)
    return taken.number if taken else _next(db, register, year, "electronic_id", electronic_id, now)


def allocate_free(db: Any, register: str, year: int, now: datetime) -> int:
    """The next number, for nobody yet."""
    return _next(db, register, year, "document_id", None, now)


def _next(db: Any, register: str, year: int, column: str, owner: str | None, now: datetime) -> int:
    (last,) = db.execute(
        """SELECT coalesce((SELECT max(number) FROM register_numbers WHERE register = ?1 AND year = ?2),
               (SELECT first_number - 1 FROM register_starts WHERE register = ?1 AND year = ?2), 0)""",
        [register, year],
    ).fetchone()
    db.execute(
        f"INSERT INTO register_numbers (register, year, number, {column}, allocated_at) VALUES (?,?,?,?,?)",
        [register, year, last + 1, owner, now.isoformat()],
    )
    return int(last) + 1


def held_for(db: Any, owner: str) -> Taken | None:
    """The number of a paper or an electronic document, or None."""
    return next(iter(_taken(db, "WHERE document_id = ?1 OR electronic_id = ?1", [owner])), None)


def find(db: Any, register: str, year: int, number: int) -> Taken | None:
    """One number, or None when it was not given yet."""
    found = _taken(db, "WHERE register = ? AND year = ? AND number = ?", [register, year, number])
    return found[0] if found else None


def of_year(db: Any, register: str, year: int) -> list[Taken]:
    """Every number of a register's year, in order."""
    return _taken(db, "WHERE register = ? AND year = ? ORDER BY number", [register, year])


def years(db: Any, register: str) -> list[int]:
    """Years in which numbers were given, newest first."""
    rows = db.execute("SELECT DISTINCT year FROM register_numbers WHERE register = ? ORDER BY year DESC", [register])
    return [int(year) for (year,) in rows.fetchall()]


def bind(db: Any, taken: Taken, document_id: str) -> None:
    """Give a number that nobody has to a paper that has none."""
    db.execute(
        "UPDATE register_numbers SET document_id = ? WHERE register = ? AND year = ? AND number = ?",
        [document_id, taken.register, taken.year, taken.number],
    )


def start(db: Any, register: str, year: int, first: int, reason: str, by: str, now: datetime) -> None:
    """The box gives numbers of this year from ``first`` on: the year began in a book of paper."""
    db.execute("INSERT INTO register_starts VALUES (?,?,?,?,?,?)", [register, year, first, reason, by, now.isoformat()])


def first_number(db: Any, register: str, year: int) -> int:
    """The number with which the box begins this year."""
    row = db.execute(
        "SELECT first_number FROM register_starts WHERE register = ? AND year = ?", [register, year]
    ).fetchone()
    return int(row[0]) if row else 1


def _taken(db: Any, where: str, values: list[Any]) -> list[Taken]:
    rows = db.execute(
        f"""SELECT register, year, number, coalesce(document_id, ''), coalesce(electronic_id, ''), allocated_at
            FROM register_numbers {where}""",
        values,
    )
    return [
        Taken(register, year, number, paper, electronic, datetime.fromisoformat(at))
        for register, year, number, paper, electronic, at in rows.fetchall()
    ]
