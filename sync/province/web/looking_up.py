"""Looking papers up: by code, box, digest and days, page by page."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

from aiohttp import web

from sync.province import days
from sync.province.store.lookup import Lookup, Wanted
from sync.province.web.access import Answer
from sync.province.web.keys import STORE
from sync.province.web.page import rendered

A_PAGE = 50
FIELDS = ("code", "box", "digest", "from", "to")


async def documents(request: web.Request) -> web.Response:
    """`GET /documents`: newest first; `before` is the receipt number to go on from."""
    typed = {name: request.query.get(name, "").strip()[:100] for name in FIELDS}
    first, last = days.typed(typed["from"]), days.typed(typed["to"])
    after = request.query.get("before", "")
    before = int(after) if after.isascii() and after.isdecimal() and len(after) < 16 else None
    wanted = Wanted(
        typed["code"], typed["box"], typed["digest"], days.begins(first) if first else None,
        days.begins(last + dt.timedelta(days=1)) if last else None,
    )  # fmt: skip
    lookup = Lookup(request.app[STORE].connection)
    found = await asyncio.to_thread(lookup.find, wanted, A_PAGE + 1, before)
    shown = found[:A_PAGE]
    facts: dict[str, Any] = {
        "documents": shown,
        "typed": typed,
        "asked": any(typed.values()),
        "more": shown[-1].rid if len(found) > A_PAGE else None,
        "later": before is not None,
        "boxes": await asyncio.to_thread(request.app[STORE].fleet.boxes) if typed["box"] else (),
    }
    return rendered(request, "documents.html", facts)


HANDLED: dict[tuple[str, str], Answer] = {("GET", "/documents"): documents}
