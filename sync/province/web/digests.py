"""The weekly digests: every commune's week on one page, and one commune's as PDF.

Owns the choice of week from the address. What is shown was kept when it was told; `digests` owns what it counts.
"""

from __future__ import annotations

import asyncio
import time

from aiohttp import web

from sync.province.digest_papers import digest_paper
from sync.province.digests import Week, due_week, kept, typed_week
from sync.province.printing.printed import printed
from sync.province.reporting import percent
from sync.province.store.digest_rows import DigestRows
from sync.province.web.access import Answer
from sync.province.web.keys import LETTERHEAD, STORE
from sync.province.web.page import rendered
from sync.province.web.reports import A_PAGE, count, download


def asked_week(request: web.Request) -> Week:
    """The week of the address, else the last one that is due."""
    return typed_week(request.query.get("week", "")) or due_week(time.time())


async def weeks(request: web.Request) -> web.Response:
    """`GET /reports/week`: `week=2026-W46`, `page`."""
    store, week = request.app[STORE], asked_week(request)
    every = await asyncio.to_thread(kept, store, week)
    known = [Week.of(number) for number in await asyncio.to_thread(DigestRows(store.connection).weeks)]
    last = max(1, -(-len(every) // A_PAGE))
    page = min(max(count(request.query.get("page", ""), 1), 1), last)
    facts = {
        "week": week,
        "weeks": known if week in known else [week, *known],
        "digests": every[(page - 1) * A_PAGE : page * A_PAGE],
        "count": len(every),
        "stored": sum(one.stored for one in every),
        "refused": sum(one.refused for one in every),
        "before": sum(one.stored_before for one in every),
        "waiting": sum(one.waiting for one in every),
        "page": page,
        "last": last,
        "percent": percent,
    }
    return rendered(request, "weeks.html", facts)


async def paper(request: web.Request) -> web.Response:
    """`GET /reports/week/{box}`: one commune's digest as PDF; 404 where none was made."""
    store, week, box = request.app[STORE], asked_week(request), request.match_info["box"]
    found = await asyncio.to_thread(kept, store, week, box)
    if not found:
        raise web.HTTPNotFound
    drawn = await asyncio.to_thread(printed, digest_paper(found[0], week, request.app[LETTERHEAD]))
    return download(drawn, "application/pdf", f"tong-hop-{week.name}-{box}.pdf")


HANDLED: dict[tuple[str, str], Answer] = {("GET", "/reports/week"): weeks, ("GET", "/reports/week/{box}"): paper}
