"""What communes tell of their books: sums and shares of all, one line a commune, and an inspection's report as PDF.

Owns the choice of period and limits from the address; the arithmetic is `books`', the lines `office_books`'.
"""

from __future__ import annotations

import asyncio
import time

from aiohttp import web

from sync.province import days
from sync.province.books import Limits, total
from sync.province.inspection import inspection
from sync.province.office_books import OfficeBooks, offices, periods_offered, typed_period
from sync.province.printing.printed import printed
from sync.province.reporting import percent
from sync.province.web.access import Answer
from sync.province.web.keys import LETTERHEAD, STORE
from sync.province.web.page import rendered
from sync.province.web.reports import A_PAGE, count, download

LIMITS = Limits()


async def books(request: web.Request) -> web.Response:
    """`GET /reports/books`: `period=2026-11`, `cost` of one document on paper in đồng, `page`."""
    now = time.time()
    period = typed_period(request.query.get("period", ""), now)
    every = await asyncio.to_thread(offices, request.app[STORE], period)
    told = [one for one in every if one.told]
    page, last = count(request.query.get("page", ""), 1), max(1, -(-len(every) // A_PAGE))
    page = min(max(page, 1), last)
    cost = count(request.query.get("cost", ""), 0)
    summed = total(one.figures for one in told)
    facts = {
        "period": period,
        "periods": list(dict.fromkeys([period, *periods_offered(now)])),
        "offices": every[(page - 1) * A_PAGE : page * A_PAGE],
        "count": len(every),
        "told": len(told),
        "sum": summed,
        "lost": sum(one.lost for one in told),
        "receipts": sum(one.receipts for one in told),
        "cost": cost,
        "saved": cost * summed.get("out.both-online", 0),
        "limits": LIMITS,
        "percent": percent,
        "bad": _bad,
        "page": page,
        "last": last,
    }
    return rendered(request, "books.html", facts)


def _bad(office: OfficeBooks) -> frozenset[str]:
    """Codes of the questions that this office answers badly."""
    return frozenset(one.code for one in office.checks(LIMITS) if one.good is False)


async def paper(request: web.Request) -> web.Response:
    """`GET /reports/books/{box}`: the report of an inspection as PDF."""
    now = time.time()
    period, box = typed_period(request.query.get("period", ""), now), request.match_info["box"]
    found = await asyncio.to_thread(offices, request.app[STORE], period, box)
    if not found:
        raise web.HTTPNotFound
    today = days.today(now)
    made = inspection(found[0], period, LIMITS, request.app[LETTERHEAD], today.month, today.year)
    return download(await asyncio.to_thread(printed, made), "application/pdf", f"kiem-tra-{period}-{box}.pdf")


HANDLED: dict[tuple[str, str], Answer] = {("GET", "/reports/books"): books, ("GET", "/reports/books/{box}"): paper}
