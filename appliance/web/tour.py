"""``/tour``: begin the guided tour of the clerk's desk, go on in it, leave it, begin again.

Every step is a form, so that it works without a script; where somebody is, is kept with their account.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from appliance.store import tours
from appliance.store.standing import Role
from appliance.web.access import NOBODY, allow, only
from appliance.web.entrance import own_path
from appliance.web.office import OFFICE
from appliance.web.people import ENTERED
from appliance.web.presenting import page, see_other
from appliance.web.tour_steps import STEPS, TOUR

DEEDS = ("begin", "back", "next", "end")


def prepare(app: web.Application) -> None:
    """The routes of this module and who may use them."""
    app.add_routes([web.get("/tour", show), web.post("/tour/{deed}", go)])
    allow(app, "/tour", read=only(Role.CLERK), write=NOBODY)
    allow(app, "/tour/{deed}", read=NOBODY, write=only(Role.CLERK))


async def show(request: web.Request) -> web.Response:
    """``GET /tour``: all steps to read, and the button that begins."""
    return await page(request, "tour.html", steps=STEPS, live_url="")


async def go(request: web.Request) -> web.StreamResponse:
    """``POST /tour/{deed}``: ``step`` is the one that the form was on, so that a form sent twice goes one step."""
    office, account, deed, form = request.app[OFFICE], request[ENTERED].person.account, request.match_info["deed"], (
        await request.post()
    )  # fmt: skip
    said = str(form.get("step", "0"))
    if deed not in DEEDS or not (said.isascii() and said.isdigit() and int(said) < len(STEPS)):
        raise web.HTTPBadRequest
    step = {"begin": 0, "back": max(0, int(said) - 1), "next": int(said) + 1, "end": len(STEPS)}[deed]

    def change(db: Any) -> None:
        if step < len(STEPS):
            tours.go_to(db, account, TOUR, step)
        else:
            tours.end(db, account, TOUR, office.clock())

    await asyncio.to_thread(office.store.write, change)
    if step < len(STEPS):
        return see_other(STEPS[step].page)
    return see_other("/?said=tour-end" if deed == "next" else own_path(str(form.get("from", "/"))))
