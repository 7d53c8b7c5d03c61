"""Alerts: what stands, who has taken it upon himself, what is silenced; and the forms for both.

Owns the page and its two forms. The rules are `alerting`'s, the rows `store.alert_rows`'.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, NoReturn

from aiohttp import web

from sync.province.alerting import LONGEST_WHY, Acknowledgement, Silence, answered, fault_of
from sync.province.fleet import CODES, Finding
from sync.province.store import ProvinceStore
from sync.province.store.alert_rows import AlertRows
from sync.province.urgency import urgency
from sync.province.web.access import Answer
from sync.province.web.board import BOARD
from sync.province.web.keys import PEOPLE, SESSION, STORE
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
    silences, given = rows.silences(now), rows.acknowledgements()
    communes = {box.box: box.commune for box in store.fleet.boxes()}
    waiting = {box: presence.waiting for box, presence in store.fleet.presences().items()}
    shown = []
    for alert in rows.standing():
        if not alert.fires(now):
            continue
        finding = Finding(alert.code, alert.gravity, alert.params)
        taken = answered(alert, given, now)
        silenced = next((one for one in silences if one.covers(alert.box, alert.code, now)), None)
        hushed = frozenset({alert.code} if taken or silenced else ())
        place = urgency(alert.box, [finding], waiting.get(alert.box, 0), hushed).place
        shown.append((place, alert, finding, taken, silenced))
    shown.sort(key=lambda entry: (entry[0], entry[1].number))
    return {
        "alerts": [entry[1:] for entry in shown],
        "silences": silences,
        "ended": [(one, Finding(one.code, one.gravity, one.params)) for one in rows.ended(now - RECENT, 50)],
        "communes": communes,
        "codes": CODES,
    }


async def acknowledge(request: web.Request) -> web.StreamResponse:
    """`POST /alerts/{number}/acknowledge`: `why`, `hours`."""
    number, why, hours = _number(request), *(await _said(request))
    if fault := fault_of(why, hours):
        return await _page(request, fault)
    rows, now = AlertRows(request.app[STORE].connection), time.time()
    alert = await asyncio.to_thread(rows.find, number)
    if alert is None or alert.ended_at is not None:
        raise web.HTTPNotFound
    given = Acknowledgement(number, alert.gravity, _name(request), why, now, now + hours * 3600)
    await asyncio.to_thread(rows.acknowledge, given)
    return await _done(request, "alert-acknowledged", alert.box, f"{alert.code}: {why}")


async def silence(request: web.Request) -> web.StreamResponse:
    """`POST /silences`: `box`, `code` (each may be empty, not both), `why`, `hours`."""
    form = await request.post()
    box, code = str(form.get("box", "")).strip(), str(form.get("code", ""))
    why, hours = await _said(request)
    known = not box or request.app[STORE].fleet.box(box) is not None
    if fault := fault_of(why, hours) or ("" if (box or code) and known and code in ("", *CODES) else "needs-what"):
        return await _page(request, fault)
    rows, now = AlertRows(request.app[STORE].connection), time.time()
    await asyncio.to_thread(rows.silence, Silence(box, code, _name(request), why, now, now + hours * 3600))
    return await _done(request, "silenced", box, f"{code or '*'}: {why}")


async def end_silence(request: web.Request) -> web.StreamResponse:
    """`POST /silences/{number}/end`."""
    number = _number(request)
    rows = AlertRows(request.app[STORE].connection)
    if not await asyncio.to_thread(rows.end_silence, number, time.time()):
        raise web.HTTPNotFound
    return await _done(request, "silence-ended", "", str(number))


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


async def _done(request: web.Request, deed: str, about: str, detail: str) -> NoReturn:
    """Keep who did it, let the wall know, and lead back to where the form was."""
    people = request.app[PEOPLE]
    await asyncio.to_thread(people.note_deed, _name(request), deed, about, detail, time.time())
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
