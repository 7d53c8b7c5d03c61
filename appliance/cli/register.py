"""``commune-box register``: the registers from the command line - look, reserve, void, write, print, begin a year."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

import click

from appliance import bookkeeping
from appliance.cli.context import Context
from appliance.cli.doc import opened
from appliance.cli.output import ExitCode, emit, fail, json_option
from appliance.domain.zone import VIETNAM
from appliance.printing.child import draw
from appliance.printing.register_sheet import cell_text, remark, sheet_of
from appliance.registers.columns import BOOKS
from appliance.registers.rows import Standing
from appliance.services.clock import utc_now
from appliance.store import books, registers, terms
from appliance.store.book_filters import STANDINGS, Filter, chosen
from appliance.store.books import Row
from appliance.wording import _, text_of

_book = click.argument("book", type=click.Choice(list(BOOKS)))
_register = click.argument("register", type=click.Choice(sorted({book.register for book in BOOKS.values()})))
_by = click.option("--by", default=lambda: f"cli:{getpass.getuser()}", show_default="người dùng hệ thống")
_year = click.option("--year", type=click.IntRange(2000, 2200), help="Mặc định: năm nay.")
_reason = click.option("--reason", required=True, help="Bắt buộc.")
_filters = (
    click.option("--from", "since", type=click.DateTime(["%Y-%m-%d"]), help="Từ ngày vào sổ."),
    click.option("--to", "until", type=click.DateTime(["%Y-%m-%d"]), help="Đến ngày vào sổ."),
    click.option("-q", "--words", default="", help="Có các chữ này, không dấu cũng được."),
    click.option("--standing", type=click.Choice(STANDINGS), default=None),
)


def _filtered(command: Any) -> Any:
    for option in reversed(_filters):
        command = option(command)
    return command


def _wanted(since: Any, until: Any, words: str, standing: str | None) -> Filter:
    return Filter(since and since.date(), until and until.date(), words, standing or "")


def _this_year() -> int:
    return utc_now().astimezone(VIETNAM).year


def facts_of(row: Row) -> dict[str, Any]:
    """A row as plain JSON values."""
    return {
        "number": row.taken.number,
        "year": row.taken.year,
        "document": row.taken.document_id or row.taken.electronic_id,
        "standing": row.now.standing.value if row.now else Standing.ENTERED.value,
        "lines": [
            {"cells": dict(line.cells), "struck": line.struck, "reason": line.reason, "by": line.by, "at": line.at}
            for line in row.lines
        ],
    }


@click.group("register")
def register_group() -> None:
    """Sổ đăng ký văn bản đến, đi, sổ theo dõi giải quyết, sổ theo dõi hồ sơ."""


@register_group.command("list")
@_book
@_year
@_filtered
@json_option
@click.pass_obj
def list_rows(
    context: Context,
    book: str,
    year: int | None,
    since: Any,
    until: Any,
    words: str,
    standing: str | None,
    as_json: bool,
) -> None:
    """Liệt kê các dòng của một sổ.

    Ví dụ: commune-box register list den --year 2026 -q "y tế"
    """
    with opened(context) as store:
        rows = store.read(lambda db: books.of_year(db, book, year or _this_year()))
    rows = chosen(rows, _wanted(since, until, words, standing))
    lines = []
    for row in rows:
        for index, line in enumerate(row.lines or (None,)):
            cells = " | ".join(cell_text(row.book, row, column.name, line) for column in row.book.columns)
            struck = "--- " if row.void or (line is not None and line.struck) else ""
            said = remark(row, line, index == 0) if line else ""
            lines.append(f"{row.taken.number:>6}  {struck}{cells}" + (f"  [{said}]" if said else ""))
    emit({"book": book, "rows": [facts_of(row) for row in rows]}, "\n".join(lines) or "(trống)", as_json)


@register_group.command()
@json_option
@click.pass_obj
def overdue(context: Context, as_json: bool) -> None:
    """Việc quá hạn và sắp đến hạn giải quyết.

    Ví dụ: commune-box register overdue --json
    """
    today, calendar = utc_now().astimezone(VIETNAM).date(), context.config.working_days()
    with opened(context) as store:
        found = store.read(lambda db: terms.unfinished(db, today, calendar))
    facts = [
        facts_of(one.row)
        | {"book": one.row.book.name, "ends": one.term.ends, "urgency": one.term.urgency.value, "late": one.term.late}
        for one in found
    ]
    lines = [
        f"{one.term.ends:%d/%m/%Y}  {one.term.urgency.value:<8} {one.row.book.name} {one.row.taken.number}/"
        f"{one.row.taken.year}  {one.row.cell('document') or one.row.cell('procedure')}"
        for one in found
    ]
    missing = calendar.missing(today.year)
    for year in missing:
        click.echo(text_of("holidays-missing", year=year), err=True)
    emit({"terms": facts, "holidays_missing": missing}, "\n".join(lines) or "(trống)", as_json)


@register_group.command()
@_register
@_reason
@_by
@json_option
@click.pass_obj
def reserve(context: Context, register: str, reason: str, by: str, as_json: bool) -> None:
    """Giữ số tiếp theo của năm nay.

    Ví dụ: commune-box register reserve di --reason "quyết định nhân sự chờ ký"
    """
    with opened(context) as store:
        taken = bookkeeping.reserve(store, register, reason, by, utc_now())
    facts = {"register": register, "year": taken.year, "number": taken.number}
    emit(facts, f"{taken.number}/{taken.year}", as_json)


@register_group.command()
@_register
@click.argument("number", type=click.IntRange(1))
@_year
@_reason
@_by
@json_option
@click.pass_obj
def void(context: Context, register: str, number: int, year: int | None, reason: str, by: str, as_json: bool) -> None:
    """Hủy một số: số đang giữ, hoặc số của văn bản đã hủy. Số hủy vẫn nằm trong sổ kèm lý do.

    Ví dụ: commune-box register void di 12 --reason "không ban hành"
    """
    with opened(context) as store:
        bookkeeping.void(store, register, year or _this_year(), number, reason, by, utc_now())
    emit(
        {"register": register, "year": year or _this_year(), "number": number, "void": True}, f"{number}: hủy", as_json
    )


@register_group.command()
@_book
@click.argument("number", type=click.IntRange(1))
@click.argument("cells", nargs=-1, required=True, metavar="CỘT=CHỮ...")
@_year
@click.option("--reason", default="", help="Bắt buộc khi thay chữ đã ghi.")
@_by
@json_option
@click.pass_obj
def write(
    context: Context,
    book: str,
    number: int,
    cells: tuple[str, ...],
    year: int | None,
    reason: str,
    by: str,
    as_json: bool,
) -> None:
    """Ghi vào một dòng. Ô trống được ghi thêm; chữ đã ghi thì gạch bỏ và ghi dòng mới.

    Ví dụ: commune-box register write giai-quyet 12 due=30/11/2026 "receiver=Tổ Văn hóa"
    """
    typed = dict(cell.partition("=")[::2] for cell in cells)
    with opened(context) as store:
        act = bookkeeping.amend(store, book, year or _this_year(), number, typed, reason, by, utc_now())
    emit({"book": book, "number": number, "act": act.value if act else None}, act.value if act else "-", as_json)


@register_group.command()
@_register
@click.argument("first", type=click.IntRange(1))
@_year
@_reason
@_by
@json_option
@click.pass_obj
def start(context: Context, register: str, first: int, year: int | None, reason: str, by: str, as_json: bool) -> None:
    """Tiếp số của sổ giấy: năm này hộp cấp số từ FIRST. Chỉ khi hộp chưa cấp số nào của năm.

    Ví dụ: commune-box register start den 813 --reason "tiếp sổ giấy đến số 812"
    """
    with opened(context) as store:
        bookkeeping.start_year(store, register, year or _this_year(), first, reason, by, utc_now())
    emit({"register": register, "year": year or _this_year(), "first": first}, f"{register}: {first}", as_json)


@register_group.command()
@_book
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Tệp .pdf hoặc .xlsx."
)
@_year
@click.option("--volume", default="1", show_default=True, help="Quyển số.")
@_filtered
@json_option
@click.pass_obj
def export(
    context: Context,
    book: str,
    output: Path,
    year: int | None,
    volume: str,
    since: Any,
    until: Any,
    words: str,
    standing: str | None,
    as_json: bool,
) -> None:
    """In sổ theo mẫu (PDF khổ A4 ngang) hoặc ghi ra bảng tính.

    Ví dụ: commune-box register export den -o so-den-2026.pdf
    """
    form = output.suffix.lower().lstrip(".")
    if form not in ("pdf", "xlsx"):
        fail(_("Chỉ ghi được tệp .pdf hoặc .xlsx."), ExitCode.USAGE, "unknown-form")
    which, box = year or _this_year(), context.config.box
    wanted = _wanted(since, until, words, standing)
    with opened(context) as store:
        rows = chosen(store.read(lambda db: books.of_year(db, book, which)), wanted)
    filters = wanted.in_words()
    sheet = sheet_of(BOOKS[book], rows, which, box.commune, utc_now(), box.province, volume, filters)
    output.write_bytes(draw(f"register.{form}", sheet.to_json()))
    emit({"file": str(output), "rows": len(rows)}, f"{output}: {len(rows)}", as_json)


@register_group.command()
@_register
@click.argument("number", type=click.IntRange(1))
@click.argument("document_id")
@_year
@_by
@json_option
@click.pass_obj
def use(
    context: Context, register: str, number: int, document_id: str, year: int | None, by: str, as_json: bool
) -> None:
    """Dùng số đang giữ cho một văn bản chờ duyệt.

    Ví dụ: commune-box register use di 12 0199…
    """
    now = utc_now()
    with opened(context) as store:
        taken = registers.Taken(register, year or _this_year(), number, "", "", now)
        bookkeeping.use(store, taken, document_id, by, now)
    emit({"register": register, "number": number, "document": document_id}, f"{number}: {document_id}", as_json)
