"""Alerts: what stands, who has taken it upon himself, what is silenced; and the forms for both.

Owns the page and its two forms. What the forms do, commands do alike (`alert_deeds`).
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, NoReturn

from aiohttp import web

from sync.province import alert_deeds
from sync.province.alerting import LONGEST_WHY, fault_of
from sync.province.fleet import CODES, Finding
from sync.province.store import ProvinceStore
from sync.province.store.alert_rows import AlertRows
from sync.province.web.access import Answer
from sync.province.web.board import BOARD
from sync.province.web.keys import SESSION, STORE
from sync.province.web.page import rendered

HOURS = (1, 4, 24, 72, 168)
"""What a form offers; anything up to `alerting.LONGEST_QUIET` is taken."""
RECENT = 7 * 86_400.0


async def alerts(request: web.Request) -> web.Response:
    """`GET /alerts`."""
    return await _page(request)


async def _page(request: web.Request, fault: str = "") -> web.Response:
    facts = await asyncio.to_thread(_standing, request.app[STORE], time.time())
    return rendered(request, "alerts.html", {**facts, "fault": fault, "hours": HOURS}, 422 if fault else 200)


def _standing(store: ProvinceStore, now: float) -> dict[str, Any]:
    """What the page says: the alerts that fire in the order of the wall, loud ones first."""
    rows = AlertRows(store.connection)
    return {
        "alerts": [(one.alert, one.finding, one.taken, one.silenced) for one in alert_deeds.standing(store, now)],
        "silences": rows.silences(now),
        "ended": [(one, Finding(one.code, one.gravity, one.params)) for one in rows.ended(now - RECENT, 50)],
        "communes": {box.box: box.commune for box in store.fleet.boxes()},
        "codes": CODES,
    }


async def acknowledge(request: web.Request) -> web.StreamResponse:
    """`POST /alerts/{number}/acknowledge`: `why`, `hours`."""
    number, why, hours = _number(request), *(await _said(request))
    if fault := fault_of(why, hours):
        return await _page(request, fault)
    store, person = request.app[STORE], _name(request)
    alert = await asyncio.to_thread(alert_deeds.take_on, store, number, person, why, hours, time.time())
    if alert is None:
        raise web.HTTPNotFound
    return await _done(request, alert.box)


async def silence(request: web.Request) -> web.StreamResponse:
    """`POST /silences`: `box`, `code` (each may be empty, not both), `why`, `hours`."""
    form = await request.post()
    box, code = str(form.get("box", "")).strip(), str(form.get("code", ""))
    why, hours = await _said(request)
    known = not box or request.app[STORE].fleet.box(box) is not None
    if fault := fault_of(why, hours) or ("" if (box or code) and known and code in ("", *CODES) else "needs-what"):
        return await _page(request, fault)
    store, person = request.app[STORE], _name(request)
    await asyncio.to_thread(alert_deeds.silence, store, box, code, person, why, hours, time.time())
    return await _done(request, box)


async def end_silence(request: web.Request) -> web.StreamResponse:
    """`POST /silences/{number}/end`."""
    store, number = request.app[STORE], _number(request)
    if not await asyncio.to_thread(alert_deeds.end_silence, store, number, _name(request), time.time()):
        raise web.HTTPNotFound
    return await _done(request, "")


def _number(request: web.Request) -> int:
    typed = request.match_info["number"]
    if not typed.isascii() or not typed.isdecimal() or len(typed) > 15:
        raise web.HTTPNotFound
    return int(typed)


def _name(request: web.Request) -> str:
    return request[SESSION].person.name


async def _said(request: web.Request) -> tuple[str, float]:
    form = await request.post()
    why, typed = str(form.get("why", "")).strip()[:LONGEST_WHY], str(form.get("hours", ""))
    return why, float(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 6 else 0.0


async def _done(request: web.Request, about: str) -> NoReturn:
    """Let the wall know, and lead back to where the form was."""
    await asyncio.to_thread(request.app[BOARD].forget)
    form = await request.post()
    back = str(form.get("back", ""))
    raise web.HTTPSeeOther(f"/box/{about}" if back == "box" and about else "/alerts")


HANDLED: dict[tuple[str, str], Answer] = {
    ("GET", "/alerts"): alerts,
    ("POST", "/alerts/{number}/acknowledge"): acknowledge,
    ("POST", "/silences"): silence,
    ("POST", "/silences/{number}/end"): end_silence,
}
