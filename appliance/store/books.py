"""Rows of the registers: appended in versions, read as the lines that stand in the book.

Owns ``register_rows``, which only grows (triggers refuse the rest). Every version's digest is in the chain of events,
so that a row changed by hand in the file is noticed (``unexplained``). Decisions are ``appliance.bookkeeping``'s.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from appliance.domain.documents import Document
from appliance.domain.kinds import REGISTERS
from appliance.domain.zone import VIETNAM
from appliance.registers.cells import cells_of, document_cell
from appliance.registers.columns import BOOKS, Book
from appliance.registers.rows import Act, Line, Standing, Version, amended, lines_of
from appliance.store import cases, documents, registers
from appliance.store.incoming import Electronic
from appliance.store.registers import Taken
from appliance.store.standing import may_take_number

ANEW = "confirmed-anew"
"""The reason of a correction that follows from a paper that was approved again or got its number and day at issue."""


@dataclass(frozen=True)
class Row:
    """One number of a book with its lines; ``derived``: cells that follow from the number and are kept nowhere;
    ``count``: how many acts made the lines, by which a form knows that it is not stale."""

    book: Book
    taken: Taken
    lines: tuple[Line, ...]
    derived: Mapping[str, str]
    count: int = 0

    @property
    def now(self) -> Line | None:
        """The line that holds, or None while nothing was written."""
        return self.lines[-1] if self.lines else None

    @property
    def void(self) -> bool:
        """Whether the number is void."""
        return self.now is not None and self.now.standing is Standing.VOID

    def cell(self, name: str, line: Line | None = None) -> str:
        """What stands in a column, on ``line`` or on the one that holds."""
        shown = line or self.now
        return self.derived.get(name) or (shown.cells.get(name, "") if shown else "")


def append(db: Any, taken: Taken, fresh: Version) -> str:
    """Add one version; returns its digest, which the caller puts into an event of the same transaction."""
    db.execute(
        """INSERT INTO register_rows (book, register, year, number, act, cells, reason, by, at, digest)
           VALUES (?,?,?,?,?,?,?,?,?,?)""",
        [
            fresh.book, taken.register, taken.year, taken.number, fresh.act.value, _json(fresh.cells), fresh.reason,
            fresh.by, fresh.at.isoformat(), fresh.digest,
        ],
    )  # fmt: skip
    return fresh.digest


def enter(db: Any, document: Document, by: str, now: datetime, said: Mapping[str, str] | None = None) -> str:
    """Write what the box knows of a paper into its row, and what a person ``said`` of other cells; returns the digest,
    or "" when nothing changed.
    """
    taken = registers.held_for(db, document.id)
    if taken is None:
        return ""
    known = cells_of(taken.register, document.value, document.received_at, document.dossier)
    return _enter(db, taken, known | dict(said or {}), by, now)


def enter_electronic(db: Any, document: Electronic, by: str, now: datetime) -> str:
    """As ``enter``, for an electronic document."""
    taken = registers.held_for(db, document.document_id)
    if taken is None:
        return ""
    return _enter(db, taken, cells_of(taken.register, document.said, document.received_at), by, now)


def _enter(db: Any, taken: Taken, cells: dict[str, str], by: str, now: datetime) -> str:
    line = current(db, taken.register, taken)
    if line is None or line.standing is Standing.RESERVED or not line.cells:
        filled = {name: value for name, value in cells.items() if value}
        return append(db, taken, version(taken.register, taken, Act.ENTERED, filled, "", by, now))
    change = amended(line, cells) if line.standing is not Standing.VOID else None
    if change is None:
        return ""
    act, after = change
    return append(db, taken, version(taken.register, taken, act, after, ANEW if act is Act.CORRECTED else "", by, now))


def end(db: Any, document: Document, reason: str, by: str, now: datetime) -> str:
    """Void the number of a paper that has ended; returns the digest, or "" when it has none or is void already."""
    taken = registers.held_for(db, document.id)
    line = current(db, taken.register, taken) if taken else None
    if taken is None or (line is not None and line.standing is Standing.VOID):
        return ""
    cells = line.cells if line else {}
    return append(db, taken, version(taken.register, taken, Act.VOIDED, cells, reason, by, now))


def finish(db: Any, taken: Taken, by: str, now: datetime) -> str:
    """Note in the book of handling that today ended it; returns the digest, or "" when a day stands there already."""
    line = current(db, "giai-quyet", taken)
    if line is not None and line.cells.get("finished_on"):
        return ""
    written = write(db, "giai-quyet", taken, {"finished_on": now.astimezone(VIETNAM).date().isoformat()}, by, now)
    return written.digest if written else ""


def write(db: Any, name: str, taken: Taken, cells: Mapping[str, str], by: str, now: datetime) -> Version | None:
    """Write ``cells`` into the row that a number has in the book ``name``, as what follows from a decision about its
    paper; returns the new version, whose digest belongs into an event, or None when nothing changed or it is void.
    """
    line = current(db, name, taken)
    under = current(db, taken.register, taken)
    if any(one is not None and one.standing is Standing.VOID for one in (line, under)):
        return None
    change = amended(line, cells)
    if change is None:
        return None
    act, after = change
    fresh = version(name, taken, act, after, ANEW if act is Act.CORRECTED else "", by, now)
    append(db, taken, fresh)
    return fresh


def wipe(db: Any, document_id: str) -> None:
    """Empty every version of a suspected secret's rows: nothing of its content stays, the number and its acts do."""
    db.execute(
        """UPDATE register_rows SET cells = '{}' WHERE cells != '{}' AND (register, year, number) IN
               (SELECT register, year, number FROM register_numbers WHERE document_id = ?)""",
        [document_id],
    )


def current(db: Any, book: str, taken: Taken) -> Line | None:
    """The line that holds, or None."""
    lines = lines_of(versions(db, book, taken.year, taken.number))
    return lines[-1] if lines else None


def versions(db: Any, book: str, year: int, number: int | None = None) -> list[Version]:
    """All versions of a book's year, or of one number, in the order in which they were written."""
    one = "AND number = ?" if number is not None else ""
    rows = db.execute(
        f"""SELECT book, year, number, act, cells, reason, by, at FROM register_rows
            WHERE book = ? AND year = ? {one} ORDER BY number, sequence""",
        [book, year, *([number] if number is not None else [])],
    )
    return [_read(row) for row in rows.fetchall()]


def of_year(db: Any, name: str, year: int) -> list[Row]:
    """A book's year as it stands: every number that was given has its row, in order."""
    book = BOOKS[name]
    if book.extract:
        return _handed_on(db, book, year)
    written, under = _by_number(versions(db, name, year)), {}
    if name != book.register:
        under = {number: lines_of(found) for number, found in _by_number(versions(db, book.register, year)).items()}
    return [
        _row(book, taken, written.get(taken.number, []), under.get(taken.number, ()))
        for taken in registers.of_year(db, book.register, year)
    ]


def row(db: Any, name: str, year: int, number: int) -> Row | None:
    """One row, or None when the number was not given (an extract: or has no row there)."""
    book = BOOKS[name]
    if book.extract:
        return next((one for one in _handed_on(db, book, year) if one.taken.number == number), None)
    taken = registers.find(db, book.register, year, number)
    if taken is None:
        return None
    under = lines_of(versions(db, book.register, year, number)) if name != book.register else ()
    return _row(book, taken, versions(db, name, year, number), under)


def _handed_on(db: Any, book: Book, year: int) -> list[Row]:
    """Rows of dossiers that another office handed on, in the order of their numbers, counted from 1: since no number
    and no dossier ever goes, the count has no gaps and does not change.
    """
    offices = cases.handed_on(db, year)
    found = (one for one in of_year(db, book.register, year) if one.taken.number in offices)
    return [
        replace(
            one,
            book=book,
            derived={
                "number": str(place),
                "register_number": str(one.taken.number),
                "handed_on_by": offices[one.taken.number],
            },
        )
        for place, one in enumerate(found, 1)
    ]


def _row(book: Book, taken: Taken, written: list[Version], under: tuple[Line, ...]) -> Row:
    number = str(taken.number)
    derived = {"arrival_number": number, "number": number}
    lines = lines_of(written)
    if under:
        derived["document"] = document_cell(under[-1].cells)
        if under[-1].standing is Standing.VOID:
            lines = (*lines[:-1], under[-1])
    return Row(book, taken, lines, derived, len(written))


def _by_number(found: Iterable[Version]) -> dict[int, list[Version]]:
    sorted_out: dict[int, list[Version]] = {}
    for one in found:
        sorted_out.setdefault(one.number, []).append(one)
    return sorted_out


def unexplained(db: Any) -> list[str]:
    """Rows, as "book/year/number", that are not what the chain of events tells: changed, added or exchanged by hand.

    Rows made from papers of an older version have no digest, and a suspected secret's have no content to compare.
    """
    rows = db.execute(
        """SELECT book, year, number, act, cells, reason, by, at, digest FROM register_rows
           WHERE NOT (by = 'migration' AND digest = '') ORDER BY sequence"""
    ).fetchall()
    told = {
        str(digest)
        for (digest,) in db.execute(
            "SELECT json_extract(detail, '$.row') FROM events WHERE json_valid(detail) AND detail LIKE '%\"row\"%'"
        ).fetchall()
    }
    wrong = [one for one in rows if one[8] not in told or (one[4] != "{}" and _read(one[:8]).digest != one[8])]
    return sorted({f"{book}/{year}/{number}" for book, year, number, *_rest in wrong})


def version(name: str, taken: Taken, act: Act, cells: Mapping[str, str], reason: str, by: str, at: datetime) -> Version:
    """A new version of a row of the book ``name``."""
    return Version(name, taken.year, taken.number, act, dict(cells), reason, by, at)


def _read(row: Any) -> Version:
    book, year, number, act, cells, reason, by, at = row
    return Version(book, year, number, Act(act), json.loads(cells), reason, by, datetime.fromisoformat(at))


def _json(cells: Mapping[str, str]) -> str:
    return json.dumps(dict(cells), ensure_ascii=False, sort_keys=True)


def figures_of(db: Any, book: Book, year: int) -> tuple[int, int, int, int]:
    """As ``figures``, for a book; of an extract only how many rows it has."""
    if book.extract:
        rows = len(cases.handed_on(db, year))
        return rows, rows, 0, 0
    return figures(db, book.register, year)


def figures(db: Any, register: str, year: int) -> tuple[int, int, int, int]:
    """Of a register's year: how many numbers were given, the last one, how many are reserved, how many void."""
    given, last = db.execute(
        "SELECT count(*), coalesce(max(number), 0) FROM register_numbers WHERE register = ? AND year = ?",
        [register, year],
    ).fetchone()
    acts = dict(
        db.execute(
            """SELECT act, count(*) FROM register_rows AS last WHERE book = ?1 AND year = ?2
               AND act IN ('reserved', 'voided') AND sequence = (SELECT max(sequence) FROM register_rows AS other
                   WHERE other.book = ?1 AND other.year = ?2 AND other.number = last.number) GROUP BY act""",
            [register, year],
        ).fetchall()
    )
    return int(given), int(last), int(acts.get("reserved", 0)), int(acts.get("voided", 0))


def receivers(db: Any, limit: int = 12) -> list[str]:
    """To whom papers were handed lately, the most frequent first."""
    rows = db.execute(
        """SELECT receiver FROM (SELECT json_extract(cells, '$.receiver') AS receiver FROM register_rows
               WHERE book IN ('den', 'giai-quyet') ORDER BY sequence DESC LIMIT 1000)
           WHERE coalesce(receiver, '') != '' GROUP BY receiver ORDER BY count(*) DESC, receiver LIMIT ?""",
        [limit],
    )
    return [str(receiver) for (receiver,) in rows.fetchall()]


def waiting_for_number(db: Any, register: str) -> list[Document]:
    """Papers that a reserved number of this register may be given to, newest first."""
    kinds = [kind for kind, name in REGISTERS.items() if name == register]
    return [
        one
        for one in documents.listed(db, limit=300)
        if one.kind in kinds and may_take_number(one) and not one.secret and registers.held_for(db, one.id) is None
    ]
