"""Rows of a register as a printed book: which lines, struck or not, with which remarks, and the counts at its end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from appliance.domain.zone import VIETNAM
from appliance.printing.sheets import Counted, PrintedColumn, PrintedLine, Sheet
from appliance.registers.columns import Book
from appliance.registers.rows import Line, Standing
from appliance.store.books import Row
from appliance.wording.books import BOOKS, COLUMNS, REASONS


def sheet_of(
    book: Book, rows: Sequence[Row], year: int, office: str, now: datetime, parent: str = "", volume: str = "1",
    filters: str = "",
) -> Sheet:  # fmt: skip
    """The book of ``year`` with these rows; ``filters`` says in words what was left out, when it is an extract."""
    counted, lines = Counted(), []
    for row in rows:
        lines += _lines(book, row, counted)
    days = [row.taken.allocated_at for row in rows]
    return Sheet(
        title=BOOKS[book.name],
        office=office,
        parent=parent,
        year=year,
        since=day_of(min(days)) if days else "",
        until=day_of(max(days)) if days else "",
        first=rows[0].taken.number if rows else 0,
        last=rows[-1].taken.number if rows else 0,
        volume=volume,
        columns=tuple(PrintedColumn(COLUMNS[f"{book.name}.{one.name}"], one.width) for one in book.columns),
        lines=tuple(lines),
        printed=now.astimezone(VIETNAM).strftime("%H:%M %d/%m/%Y"),
        registered=counted.registered,
        reserved=tuple(counted.reserved),
        void=tuple(counted.void),
        corrected=counted.corrected,
        filters=filters,
    )


def day_of(moment: datetime) -> str:
    """A moment's day in Vietnam, as it is printed."""
    return moment.astimezone(VIETNAM).strftime("%d/%m/%Y")


def shown_day(text: str) -> str:
    """``2026-11-05`` as ``05/11/2026``."""
    return "/".join(reversed(text.split("-"))) if text.count("-") == 2 else text


def cell_text(book: Book, row: Row, name: str, line: Line | None = None) -> str:
    """What is shown in one cell: days as people write them, progress with the day on which it ended, a note with why a
    letter is on paper alone.
    """
    column, text = book.column(name), row.cell(name, line)
    if name == "progress" and (finished := row.cell("finished_on", line)):
        return "; ".join(part for part in (text, f"xong ngày {shown_day(finished)}") if part)
    if book.name == "di" and name == "note" and (reason := row.cell("paper_only", line)):
        return "; ".join(part for part in (text, f"chỉ có bản giấy: {reason}") if part)
    if book.name == "di" and name == "code" and not text:
        return f"{row.taken.number:02d}"
    return shown_day(text) if column and column.day else text


def remark(row: Row, line: Line, first: bool) -> str:
    """What is written under a line: why it is void or reserved, or why it took the place of the one above."""
    why = f"{REASONS.get(line.reason, line.reason)} ({line.by}, {day_of(line.at)})"
    if line.standing is Standing.VOID:
        return f"Số {row.taken.number} hủy: {why}"
    if line.standing is Standing.RESERVED:
        return f"Số {row.taken.number} giữ: {why}"
    return "" if first or line.struck else f"Sửa dòng trên: {why}"


def _lines(book: Book, row: Row, counted: Counted) -> list[PrintedLine]:
    lines = row.lines or (None,)
    made = []
    for index, line in enumerate(lines):
        cells = tuple(cell_text(book, row, column.name, line) for column in book.columns)
        void = line is not None and line.standing is Standing.VOID
        struck = void or (line is not None and line.struck)
        made.append(PrintedLine(cells, struck, remark(row, line, index == 0) if line else ""))
    counted.corrected += len(lines) - 1
    if row.void:
        counted.void.append(row.taken.number)
    elif row.now is not None and row.now.standing is Standing.RESERVED:
        counted.reserved.append(row.taken.number)
    else:
        counted.registered += 1
    return made
