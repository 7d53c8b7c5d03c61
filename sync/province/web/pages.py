"""What each page shows.

Owns the gathering of one page's facts and the choice of language. No SQL, no judgement, no markup.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sync.province import wording
from sync.province.checking import field_value
from sync.province.fleet import Gravity
from sync.province.overview import survey
from sync.province.showing import signature_rows
from sync.province.web.charts import waiting_chart
from sync.province.web.keys import PROVINCE_NAME, STORE
from sync.province.wording import LANGUAGES, Wording

COOKIE = "language"
YEAR = 365 * 86_400
_TEMPLATES = Path(__file__).parent / "templates"
_GRAVITY_CLASS = {Gravity.NOTE: "note", Gravity.WARNING: "warning", Gravity.ALARM: "alarm"}


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _language(request: web.Request) -> str:
    asked = request.query.get("lang") or request.cookies.get(COOKIE, "vi")
    return asked if asked in LANGUAGES else "vi"


def _page(request: web.Request, name: str, facts: Mapping[str, Any], state: int = 200) -> web.Response:
    language = _language(request)
    w = Wording(language)
    text = (
        _environment()
        .get_template(name)
        .render(
            w=w,
            _=w.say,
            wording=wording,
            now=time.time(),
            path=request.path,
            province_name=request.app[PROVINCE_NAME],
            gravity_class=_GRAVITY_CLASS,
            field=field_value,
            **facts,
        )
    )
    response = web.Response(text=text, content_type="text/html", status=state)
    if "lang" in request.query:
        response.set_cookie(COOKIE, language, max_age=YEAR, httponly=True, samesite="Strict")
    return response


async def fleet(request: web.Request) -> web.Response:
    """Every box, and what needs a person."""
    store = request.app[STORE]
    latest = store.reading.documents(limit=50)
    facts = {
        "fleet": survey(store, time.time()),
        "receipts": store.reading.receipts(limit=12),
        "communes": {box.box: box.commune for box in store.fleet.boxes()},
        "subjects": {(held.box, held.document_id): field_value(held.meta, "subject") for held in latest},
    }
    return _page(request, "fleet.html", facts)


async def box(request: web.Request) -> web.Response:
    """One box: its health, its queue over the last day, its documents."""
    store, name, now = request.app[STORE], request.match_info["box"], time.time()
    view = next((view for view in survey(store, now).boxes if view.box.box == name), None)
    if view is None:
        raise web.HTTPNotFound
    facts = {
        "view": view,
        "documents": store.reading.documents(name, limit=50),
        "refusals": store.reading.refusals(name, limit=20),
        "transfers": [transfer for transfer in store.transfers.every() if transfer.box == name],
        "chart": waiting_chart(store.fleet.heartbeats(name, now - 86_400), now),
    }
    return _page(request, "box.html", facts)


async def document(request: web.Request) -> web.Response:
    """One document with its fields, signatures and receipt."""
    store = request.app[STORE]
    found = store.reading.document(request.match_info["document"], request.match_info["box"])
    if found is None:
        raise web.HTTPNotFound
    receipt = store.reading.receipt(found.rid)
    return _page(
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
    return _page(request, "not-found.html", {}, state=404)
