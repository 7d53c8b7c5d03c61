"""What a clerk may do in the registers: reserve a number, use it, fill in and correct a row, void a number.

Each function is one decision in one transaction: number, row and event together, or nothing. ``now`` comes from the
caller. A paper's own row is written where its number is taken (``appliance.commands``, ``pipeline.handling``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from appliance.commands import CommandRefused
from appliance.domain.documents import Document
from appliance.domain.kinds import REGISTERS
from appliance.domain.zone import VIETNAM
from appliance.registers.columns import BOOKS, PAPER_ONLY, CellRefused, cleaned
from appliance.registers.rows import Act, RowRefused, Standing, amended
from appliance.store import Store, books, cases, documents, events, registers
from appliance.store.registers import Taken
from appliance.store.standing import may_take_number, number_is_free

T = TypeVar("T")


def _decide(store: Store, decision: Callable[[Any], T]) -> T:
    try:
        return store.write(decision)
    except RowRefused as refused:
        raise CommandRefused(refused.code) from None
    except CellRefused as refused:
        raise CommandRefused(refused.code, column=refused.column) from None


def _needs(reason: str) -> str:
    if not reason.strip():
        raise CommandRefused("reason-needed")
    return reason.strip()


def _tell(db: Any, taken: Taken, event: str, by: str, now: datetime, **detail: object) -> None:
    owner = taken.document_id or taken.electronic_id or f"register:{taken.register}/{taken.year}/{taken.number}"
    place = {"register": taken.register, "year": taken.year, "number": taken.number}
    events.append(db, owner, now, by, event, place | detail)


def _found(db: Any, register: str, year: int, number: int) -> Taken:
    taken = registers.find(db, register, year, number)
    if taken is None:
        raise CommandRefused("number-not-given", number=number, year=year)
    return taken


def start_year(store: Store, register: str, year: int, first: int, reason: str, by: str, now: datetime) -> None:
    """Let the box go on with ``first`` where a book of paper stopped; only before it has given a number of that year.

    Raises:
        CommandRefused: reason-needed, register-begun, number-not-positive.
    """
    why = _needs(reason)

    def decision(db: Any) -> None:
        if first < 1:
            raise CommandRefused("number-not-positive")
        if registers.of_year(db, register, year) or registers.first_number(db, register, year) != 1:
            raise CommandRefused("register-begun", year=year)
        registers.start(db, register, year, first, why, by, now)
        detail = {"register": register, "year": year, "number": first, "reason": why}
        events.append(db, f"register:{register}/{year}", now, by, "register-started", detail)

    _decide(store, decision)


def reserve(store: Store, register: str, reason: str, by: str, now: datetime) -> Taken:
    """Take the next number of this year for a paper that is not there yet (giữ số).

    Raises:
        CommandRefused: reason-needed.
    """
    why = _needs(reason)

    def decision(db: Any) -> Taken:
        year = now.astimezone(VIETNAM).year
        taken = _found(db, register, year, registers.allocate_free(db, register, year, now))
        digest = books.append(db, taken, books.version(register, taken, Act.RESERVED, {}, why, by, now))
        _tell(db, taken, "number-reserved", by, now, reason=why, row=digest)
        return taken

    return _decide(store, decision)


def use(store: Store, taken: Taken, document_id: str, by: str, now: datetime) -> Document:
    """Give a reserved number to a paper that has none; it holds from its approval on, and its row is written then.

    Raises:
        CommandRefused: number-not-given, number-not-reserved, no-such-document, not-in-this-state, wrong-register.
    """

    def decision(db: Any) -> Document:
        found = _found(db, taken.register, taken.year, taken.number)
        line = books.current(db, found.register, found)
        if found.document_id or line is None or line.standing is not Standing.RESERVED:
            raise CommandRefused("number-not-reserved", number=found.number)
        try:
            document = documents.load(db, document_id)
        except documents.NoSuchDocument:
            raise CommandRefused("no-such-document", document_id=document_id) from None
        if REGISTERS[document.kind] != found.register:
            raise CommandRefused("wrong-register")
        if not may_take_number(document) or registers.held_for(db, document_id):
            raise CommandRefused("not-in-this-state", state=document.state.value)
        registers.bind(db, found, document_id)
        _tell(db, _found(db, found.register, found.year, found.number), "number-used", by, now)
        return document

    return _decide(store, decision)


def void(store: Store, register: str, year: int, number: int, reason: str, by: str, now: datetime) -> None:
    """Make a number void (hủy số): a reserved one, or one whose paper has ended. It stays in the book, with the reason.

    Raises:
        CommandRefused: reason-needed, number-not-given, number-void, number-in-use (its paper lives).
    """
    why = _needs(reason)

    def decision(db: Any) -> None:
        taken = _found(db, register, year, number)
        line = books.current(db, register, taken)
        if line is not None and line.standing is Standing.VOID:
            raise CommandRefused("number-void")
        paper = documents.load(db, taken.document_id) if taken.document_id else None
        if taken.electronic_id or not number_is_free(paper) or cases.holds(db, register, year, number):
            raise CommandRefused("number-in-use", number=number)
        cells = line.cells if line else {}
        digest = books.append(db, taken, books.version(register, taken, Act.VOIDED, cells, why, by, now))
        _tell(db, taken, "number-voided", by, now, reason=why, row=digest)

    _decide(store, decision)


def amend(
    store: Store,
    book: str,
    year: int,
    number: int,
    typed: dict[str, str],
    reason: str,
    by: str,
    now: datetime,
    seen: int | None = None,
) -> Act | None:
    """Write into a row: empty cells are filled in; what takes the place of something strikes the line through and
    needs a reason. ``seen``: how many acts the row had when the person read it. Returns what it was, or None when
    nothing changed.

    Raises:
        CommandRefused: number-not-given, number-void, reason-needed, cell-unknown, cell-not-a-day, cell-too-long,
            cells-wiped (a suspected secret's row), changed-meanwhile, paper-reason-needed (an outgoing number without a
            file in the box does not say why).
    """

    def decision(db: Any) -> Act | None:
        row = books.row(db, book, year, number)
        if row is None:
            raise CommandRefused("number-not-given", number=number, year=year)
        taken = row.taken
        if seen is not None and seen != row.count:
            raise CommandRefused("changed-meanwhile")
        if taken.document_id and documents.load(db, taken.document_id).secret:
            raise CommandRefused("cells-wiped")
        change = amended(row.now, cleaned(BOOKS[book], typed))
        if change is None:
            return None
        act, cells = change
        if book == "di" and not taken.document_id and not cells.get(PAPER_ONLY.name):
            raise CommandRefused("paper-reason-needed")
        why = _needs(reason) if act is Act.CORRECTED else reason.strip()
        digest = books.append(db, taken, books.version(book, taken, act, cells, why, by, now))
        before = row.now.cells if row.now else {}
        names = sorted(name for name in cells.keys() | before.keys() if cells.get(name) != before.get(name))
        _tell(db, taken, f"row-{act.value}", by, now, reason=why, row=digest, book=book, changed=names)
        return act

    return _decide(store, decision)
