"""Pages about one paper: a document, its receipt; and what is said where nothing is, or nothing is allowed.

Owns the gathering of one page's facts. No SQL, no judgement, no markup.
"""

from __future__ import annotations

from aiohttp import web

from sync.province.showing import signature_rows
from sync.province.web.access import Answer
from sync.province.web.keys import SESSION, STORE
from sync.province.web.page import rendered


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
    ("GET", "/document/{box}/{document}"): document,
    ("GET", "/receipt/{rid}"): receipt,
}
