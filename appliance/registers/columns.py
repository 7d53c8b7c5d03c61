"""The books and their columns, in the order and with the number of columns of the official forms.

Sources: NĐ 30/2020/NĐ-CP, Phụ lục IV - the registers of incoming and of outgoing documents have ten columns, the book
that follows the handling of incoming documents seven; the book of case dossiers is form 06 of TT 01/2018/TT-VPCP, and
the book of dossiers that other offices handed on (liên thông) shows those of its rows once more.
Titles are words and stand in ``appliance.wording.books``; here are names, and widths for A4 landscape.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Column:
    """One column. ``width``: millimetres of 267 on a landscape A4 page; ``given``: follows from the number and is never
    written by a person; ``day``: holds a date, kept as YYYY-MM-DD; ``longest``: letters that fit.
    """

    name: str
    width: int
    given: bool = False
    day: bool = False
    longest: int = 200


@dataclass(frozen=True)
class Book:
    """One book. ``register``: whose numbers its rows have; ``beside``: cells kept with a row that have no column;
    ``extract``: it shows some rows of its register's book, counted by themselves, and nothing is written in it.
    """

    name: str
    register: str
    columns: tuple[Column, ...]
    beside: tuple[Column, ...] = ()
    extract: bool = False

    def column(self, name: str) -> Column | None:
        """The column or cell of this name, or None."""
        return next((one for one in (*self.columns, *self.beside) if one.name == name), None)

    @property
    def writable(self) -> tuple[Column, ...]:
        """What a person may write."""
        return () if self.extract else tuple(one for one in (*self.columns, *self.beside) if not one.given)


FINISHED = Column("finished_on", 0, day=True)
"""The day on which handling ended: printed in the column of progress."""
PAPER_ONLY = Column("paper_only", 0)
"""Why a letter has no electronic copy: asked of an outgoing number that no file in the box belongs to."""

BOOKS: dict[str, Book] = {
    book.name: book
    for book in (
        Book(
            "den",
            "den",
            (
                Column("arrival_date", 20, day=True),
                Column("arrival_number", 14, given=True),
                Column("issuer", 38),
                Column("code", 30, longest=60),
                Column("issued_date", 20, day=True),
                Column("subject", 65, longest=500),
                Column("receiver", 26),
                Column("moved_on", 18, day=True),
                Column("received_by", 16),
                Column("note", 20),
            ),
        ),
        Book(
            "di",
            "di",
            (
                Column("code", 28, longest=60),
                Column("issued_date", 20, day=True),
                Column("subject", 66, longest=500),
                Column("signer", 27),
                Column("recipients", 38, longest=1000),
                Column("copy_kept_by", 22),
                Column("copies", 13, longest=5),
                Column("moved_on", 19, day=True),
                Column("received_by", 15),
                Column("note", 19),
            ),
            (PAPER_ONLY,),
        ),
        Book(
            "giai-quyet",
            "den",
            (
                Column("arrival_number", 15, given=True),
                Column("document", 100, given=True, longest=800),
                Column("receiver", 36),
                Column("due", 24, day=True),
                Column("progress", 37),
                Column("reply", 31, longest=60),
                Column("note", 24),
            ),
            (FINISHED,),
        ),
        Book(
            "ho-so",
            "ho-so",
            (
                Column("number", 10, given=True),
                Column("dossier", 27, longest=64),
                Column("procedure", 46, longest=500),
                Column("sets", 12, longest=5),
                Column("applicant", 28),
                Column("contact", 30),
                Column("handler", 24),
                Column("received_on", 18, day=True),
                Column("due", 18, day=True),
                Column("returned_on", 18, day=True),
                Column("returned_how", 14),
                Column("signed_by", 11),
                Column("note", 11),
            ),
        ),
        Book(
            "lien-thong",
            "ho-so",
            (
                Column("number", 10, given=True),
                Column("register_number", 16),
                Column("dossier", 30),
                Column("handed_on_by", 40),
                Column("procedure", 56),
                Column("applicant", 33),
                Column("received_on", 20, day=True),
                Column("due", 20, day=True),
                Column("returned_on", 20, day=True),
                Column("returned_how", 22),
            ),
            extract=True,
        ),
    )
}
FINISHES = {"giai-quyet": "finished_on", "ho-so": "returned_on"}
"""In books with a due date: the cell that says when it was done."""


class CellRefused(Exception):
    """A cell cannot hold this; ``code`` and ``column`` become a sentence."""

    def __init__(self, code: str, column: str) -> None:
        super().__init__(f"{code}: {column}")
        self.code = code
        self.column = column


def cleaned(book: Book, typed: dict[str, str]) -> dict[str, str]:
    """``typed`` as cells: one line each, days as YYYY-MM-DD (also typed as D/M/YYYY).

    Raises:
        CellRefused: cell-unknown, cell-not-a-day, cell-too-long.
    """
    cells = {}
    for name, text in typed.items():
        column = book.column(name)
        if column is None or column.given or book.extract:
            raise CellRefused("cell-unknown", name)
        value = " ".join(text.split())
        if len(value) > column.longest:
            raise CellRefused("cell-too-long", name)
        cells[name] = _day(value, name) if column.day and value else value
    return cells


def _day(text: str, name: str) -> str:
    parts = text.split("/") if "/" in text else text.split("-")[::-1]
    try:
        day, month, year = (int(part) for part in parts)
        if not 1900 <= year <= 2200:
            raise ValueError
        return date(year, month, day).isoformat()
    except ValueError:
        raise CellRefused("cell-not-a-day", name) from None
