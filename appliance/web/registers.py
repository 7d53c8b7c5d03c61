"""``/registers``: the four books as they would be printed, their forms for the clerk, and the overdue list.

Owns the addresses and what forms mean; rows are ``store.books``', decisions are ``bookkeeping``'s, drawing is
``appliance.printing``'s, in a child. Everybody who is signed in may look and print; only the clerk writes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from appliance import bookkeeping
from appliance.commands import CommandRefused
from appliance.domain.zone import VIETNAM
from appliance.printing.child import MEDIA_TYPES, NotPrinted, printed
from appliance.printing.register_sheet import cell_text, remark, sheet_of, shown_day
from appliance.registers.columns import BOOKS, Book
from appliance.registers.rows import Standing
from appliance.store import books, registers, terms
from appliance.store.book_filters import STANDINGS, Filter, chosen
from appliance.store.books import Row
from appliance.store.standing import Role
from appliance.web.access import OFFICERS, allow, only
from appliance.web.office import OFFICE, Office
from appliance.web.people import clean_line
from appliance.web.presenting import page, see_other
from appliance.wording import _, text_of
from appliance.wording.books import BOOKS as TITLES
from appliance.wording.books import COLUMNS, REASONS
from appliance.wording.books import STANDINGS as STANDING_NAMES

ROWS_A_PAGE = 100
PERSONAL, PERSONAL_READERS = frozenset({"ho-so", "lien-thong"}), OFFICERS | only(Role.ADMINISTRATOR)
"""The books that hold personal data (Luật BVDLCN 91/2025), and who may read them."""
_LONG = 60
"""Letters: a column that holds more gets more room in the form."""


def _today(office: Office) -> date:
    return office.clock().astimezone(VIETNAM).date()


def _book(request: web.Request) -> Book:
    """The book that the address names; citizens' names and addresses are not for everybody who is signed in."""
    book = BOOKS.get(request.match_info["book"])
    if book is None:
        raise web.HTTPNotFound
    if book.name in PERSONAL and not _reads_personal(request):
        raise web.HTTPForbidden
    return book


def _reads_personal(request: web.Request) -> bool:
    person = request.app[OFFICE].people.person(request)
    return person is not None and person.role in PERSONAL_READERS


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def asked(query: Mapping[str, str], today: date) -> tuple[int, Filter]:
    """Year and filter of an address; what cannot be understood filters nothing."""
    text = query.get("year", "")
    standing = query.get("standing", "")
    wanted = Filter(
        since=_day(query.get("from", "")),
        until=_day(query.get("to", "")),
        words=clean_line(query.get("q", ""), 200),
        standing=standing if standing in STANDINGS else "",
    )
    return (int(text) if text.isascii() and text.isdigit() and len(text) == 4 else today.year), wanted


async def overview(request: web.Request) -> web.Response:
    """``GET /registers``: each book with this year's figures, what is overdue or due next, a missing calendar."""
    office = request.app[OFFICE]
    today, calendar = _today(office), office.config.working_days()

    def question(db: Any) -> tuple[dict[str, tuple[int, int, int, int]], list[terms.Open]]:
        return (
            {name: books.figures_of(db, book, today.year) for name, book in BOOKS.items()},
            terms.unfinished(db, today, calendar),
        )

    figures, found = await asyncio.to_thread(office.store.read, question)
    hidden = frozenset() if _reads_personal(request) else PERSONAL
    found = [one for one in found if one.row.book.name not in hidden]
    return await page(
        request,
        "registers.html",
        books=BOOKS,
        titles=TITLES,
        figures=figures,
        year=today.year,
        pressing=[one for one in found if one.term.urgency.value != "later"],
        hidden=hidden,
        later=sum(one.term.urgency.value == "later" for one in found),
        missing=calendar.missing(today.year),
        cell=cell_text,
    )


async def show(request: web.Request) -> web.Response:
    """``GET /registers/{book}?year&from&to&q&standing&page``: the table, its newest page unless one is asked for."""
    office, book = request.app[OFFICE], _book(request)
    year, wanted = asked(request.query, _today(office))

    def question(db: Any) -> tuple[list[Row], list[int], int]:
        first = registers.first_number(db, book.register, year)
        return books.of_year(db, book.name, year), registers.years(db, book.register), first

    every, years, first = await asyncio.to_thread(office.store.read, question)
    rows = chosen(every, wanted)
    pages = max(1, -(-len(rows) // ROWS_A_PAGE))
    number = request.query.get("page", "")
    at = min(max(1, int(number)), pages) if number.isascii() and number.isdigit() and len(number) < 7 else pages
    query = {name: value for name, value in request.query.items() if name in ("from", "to", "q", "standing") and value}
    return await page(
        request,
        "register.html",
        **_words(book),
        year=year,
        years=sorted({*years, _today(office).year, year}, reverse=True),
        rows=rows[(at - 1) * ROWS_A_PAGE : at * ROWS_A_PAGE],
        total=len(rows),
        every=len(every),
        first=first,
        this_year=year == _today(office).year,
        pages=pages,
        page_at=at,
        wanted=wanted,
        standings=STANDING_NAMES,
        query=urlencode({"year": str(year), **query}),
        asked={"year": str(year), **query},
        live_url="",  # a whole year is read for it: not at every change in the box
    )


def _words(book: Book) -> dict[str, Any]:
    return {
        "book": book,
        "title": TITLES[book.name],
        "columns": {one.name: COLUMNS[f"{book.name}.{one.name}"] for one in (*book.columns, *book.beside)},
        "cell": cell_text,
        "remark": remark,
    }


async def row(request: web.Request) -> web.Response:
    """``GET /registers/{book}/{year}/{number}``: one row with all its lines and the clerk's forms."""
    return await _row_page(request, {}, "", 200)


async def _row_page(request: web.Request, typed: Mapping[str, str], trouble: str, state: int) -> web.Response:
    office, book = request.app[OFFICE], _book(request)
    year, number = int(request.match_info["year"]), int(request.match_info["number"])

    def question(db: Any) -> tuple[Row | None, list[Any]]:
        found = books.row(db, book.name, year, number)
        free = found is not None and found.now is not None and found.now.standing is Standing.RESERVED
        return found, books.waiting_for_number(
            db, book.register
        ) if free and found and not found.taken.document_id else []

    found, waiting = await asyncio.to_thread(office.store.read, question)
    if found is None:
        raise web.HTTPNotFound
    standing = found.now.standing.value if found.now else Standing.ENTERED.value
    return await page(
        request,
        "register_row.html",
        state,
        **_words(book),
        row=found,
        standing=standing,
        standings=STANDING_NAMES,
        reasons=REASONS,
        typed=typed,
        shown_day=shown_day,
        long=_LONG,
        waiting=waiting,
        trouble=trouble,
        live_url="",
    )


async def reserve(request: web.Request) -> web.StreamResponse:
    """``POST /registers/{book}/reserve``: take the next number, with a reason."""
    office, book, by = request.app[OFFICE], _book(request), _by(request)
    if book.name != book.register:
        raise web.HTTPNotFound
    reason = clean_line(str((await request.post()).get("reason", "")), 300)
    taken = await asyncio.to_thread(bookkeeping.reserve, office.store, book.register, reason, by, office.clock())
    return see_other(f"/registers/{book.name}/{taken.year}/{taken.number}?said=number-reserved")


async def start(request: web.Request) -> web.StreamResponse:
    """``POST /registers/{book}/start``: this year goes on where a book of paper stopped."""
    office, book, by = request.app[OFFICE], _book(request), _by(request)
    if book.name != book.register:
        raise web.HTTPNotFound
    form = await request.post()
    first, reason = str(form.get("first", "")).strip(), clean_line(str(form.get("reason", "")), 300)
    number = int(first) if first.isascii() and first.isdigit() and len(first) < 8 else 0
    year = _today(office).year
    await asyncio.to_thread(
        bookkeeping.start_year, office.store, book.register, year, number, reason, by, office.clock()
    )
    return see_other(f"/registers/{book.name}?said=register-started")


async def act(request: web.Request) -> web.StreamResponse:
    """``POST /registers/{book}/{year}/{number}/{act}``: amend, void or use."""
    office, book, by = request.app[OFFICE], _book(request), _by(request)
    if book.extract:
        raise web.HTTPNotFound
    year, number = int(request.match_info["year"]), int(request.match_info["number"])
    what, form = request.match_info["act"], await request.post()
    reason, now = clean_line(str(form.get("reason", "")), 300), office.clock()
    typed = {
        one.name: clean_line(str(form[f"cell-{one.name}"]), 1200) for one in book.writable if f"cell-{one.name}" in form
    }
    try:
        if what == "amend":
            typed |= _due_in_days(form, typed, office, number, year, book)
            count = str(form.get("count", ""))
            seen = int(count) if count.isascii() and count.isdigit() and len(count) < 9 else -1
            await asyncio.to_thread(
                bookkeeping.amend, office.store, book.name, year, number, typed, reason, by, now, seen
            )
        elif what == "void" and book.name == book.register:
            await asyncio.to_thread(bookkeeping.void, office.store, book.register, year, number, reason, by, now)
        elif what == "use" and book.name == book.register:
            taken = registers.Taken(book.register, year, number, "", "", now)
            await asyncio.to_thread(bookkeeping.use, office.store, taken, str(form.get("paper", "")), by, now)
        else:
            raise web.HTTPNotFound
    except CommandRefused as refused:
        column = str(refused.params.get("column", ""))
        names = {"column": _(COLUMNS.get(f"{book.name}.{column}", column))} if column else {}
        return await _row_page(request, typed, text_of(refused.code, **(refused.params | names)), 409)
    said = {"amend": "row-written", "void": "number-voided", "use": "number-used"}[what]
    return see_other(f"/registers/{book.name}/{year}/{number}?said={said}")


def _due_in_days(
    form: Mapping[str, object], typed: Mapping[str, str], office: Office, number: int, year: int, book: Book
) -> dict[str, str]:
    """A term typed as so many working days from the day on which the number was taken."""
    days = str(form.get("due_days", "")).strip()
    if not days or typed.get("due") or not (days.isascii() and days.isdigit() and len(days) < 4):
        return {}
    found = office.store.read(lambda db: registers.find(db, book.register, year, number))
    if found is None:
        return {}
    begin = found.allocated_at.astimezone(VIETNAM).date()
    return {"due": office.config.working_days().after(begin, int(days)).isoformat()}


def _by(request: web.Request) -> str:
    person = request.app[OFFICE].people.person(request)
    if person is None:
        raise web.HTTPForbidden
    return person.by


async def export(request: web.Request) -> web.Response:
    """``GET /registers/{book}/export.{form}?…``: the rows that the filter shows, as PDF or spreadsheet."""
    office, book, form = request.app[OFFICE], _book(request), request.match_info["form"]
    year, wanted = asked(request.query, _today(office))
    now = office.clock()

    def sheet() -> str:
        rows = chosen(office.store.read(lambda db: books.of_year(db, book.name, year)), wanted)
        parent, commune = office.config.box.province, office.config.box.commune
        volume = clean_line(request.query.get("volume", ""), 10) or "1"
        return sheet_of(book, rows, year, commune, now, parent, volume, wanted.in_words()).to_json()

    try:
        made = await printed(f"register.{form}", await asyncio.to_thread(sheet))
    except NotPrinted as error:
        request.app.logger.error("a register was not printed: %s", error)
        raise web.HTTPServiceUnavailable from None
    return attachment(made, f"so-{book.name}-{year}.{form}")


def attachment(made: bytes, name: str) -> web.Response:
    """A file to be saved."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Type": MEDIA_TYPES[name.rpartition(".")[2]],
    }
    return web.Response(body=made, headers=headers)


def prepare(app: web.Application) -> None:
    """Routes, and who may use them."""
    one = r"/registers/{book}/{year:\d{4}}/{number:\d{1,7}}"
    app.add_routes(
        [
            web.get("/registers", overview),
            web.get("/registers/{book}", show),
            web.get(r"/registers/{book}/export.{form:pdf|xlsx}", export),
            web.post("/registers/{book}/reserve", reserve),
            web.post("/registers/{book}/start", start),
            web.get(one, row),
            web.post(one + "/{act}", act),
        ]
    )
    for path in (
        "/registers",
        "/registers/{book}",
        "/registers/{book}/export.{form}",
        "/registers/{book}/{year}/{number}",
    ):
        allow(app, path)
    for path in ("reserve", "start"):
        allow(app, f"/registers/{{book}}/{path}", write=only(Role.CLERK))
    allow(app, "/registers/{book}/{year}/{number}/{act}", write=only(Role.CLERK))
