"""Pages about one thing: a box, a document, a receipt; and what is said where nothing is, or nothing is allowed.

Owns the gathering of one page's facts. No SQL, no judgement, no markup.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiohttp import web

from sync.province.showing import signature_rows
from sync.province.store import ProvinceStore
from sync.province.web.access import Answer
from sync.province.web.board import BOARD
from sync.province.web.charts import waiting_chart
from sync.province.web.keys import SESSION, STORE
from sync.province.web.page import rendered


async def box(request: web.Request) -> web.Response:
    """One box: its health, its queue over the last day, its documents."""
    store, name = request.app[STORE], request.match_info["box"]
    fleet = await asyncio.to_thread(request.app[BOARD].fleet)
    view = next((view for view in fleet.boxes if view.box.box == name), None)
    if view is None:
        raise web.HTTPNotFound
    return rendered(request, "box.html", {"view": view, **await asyncio.to_thread(_of_box, store, name, time.time())})


def _of_box(store: ProvinceStore, name: str, now: float) -> dict[str, Any]:
    return {
        "documents": store.reading.documents(name, limit=50),
        "refusals": store.reading.refusals(name, limit=20),
        "transfers": [transfer for transfer in store.transfers.every() if transfer.box == name],
        "chart": waiting_chart(store.fleet.heartbeats(name, now - 86_400), now),
    }


async def document(request: web.Request) -> web.Response:
    """One document with its fields, signatures and receipt."""
    store = request.app[STORE]
    found = store.reading.document(request.match_info["document"], request.match_info["box"])
    if found is None:
        raise web.HTTPNotFound
    receipt = store.reading.receipt(found.rid)
    return rendered(
        request,
        "document.html",
        {"document": found, "receipt": receipt, "signatures": signature_rows(found), "zero": bytes(32)},
    )


async def receipt(request: web.Request) -> web.Response:
    """The signed receipt as its bytes (COSE_Sign1)."""
    rid = request.match_info["rid"]
    found = request.app[STORE].reading.receipt(int(rid)) if rid.isdecimal() and len(rid) < 16 else None
    if found is None:
        raise web.HTTPNotFound
    return web.Response(
        body=found.cose,
        content_type="application/cose",
        headers={"Content-Disposition": f'attachment; filename="bien-nhan-{found.rid}.cose"'},
    )


def not_found(request: web.Request) -> web.Response:
    """There is nothing under this address."""
    return rendered(request, "not-found.html", {}, 404) if SESSION in request else web.Response(status=404)


def refused(request: web.Request, code: str) -> web.Response:
    """It may not be asked for like this: `role`, `forged` or `token`."""
    return rendered(request, "refused.html", {"code": code}, 403)


HANDLED: dict[tuple[str, str], Answer] = {
    ("GET", "/box/{box}"): box,
    ("GET", "/document/{box}/{document}"): document,
    ("GET", "/receipt/{rid}"): receipt,
}
