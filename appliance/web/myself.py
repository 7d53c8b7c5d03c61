"""``/me``: who I am here, my password, my recovery codes."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from appliance.accounts import acts
from appliance.accounts.rules import LONGEST_PASSWORD, SHORTEST_PASSWORD, AccountRefused
from appliance.store import accounts as rows
from appliance.web.access import NOBODY, SIGNED_IN, allow
from appliance.web.entrance import PASSWORDS, refusal, twice
from appliance.web.office import OFFICE
from appliance.web.people import ENTERED
from appliance.web.presenting import page, see_other


def prepare(app: web.Application) -> None:
    """The routes of this module and who may use them."""
    app.add_routes(
        [
            web.get("/me", show),
            web.get("/me/here", here),
            web.post("/me/password", change_password),
            web.post("/me/recovery-codes", give_codes),
        ]
    )
    allow(app, "/me", write=NOBODY)
    allow(app, "/me/here", write=NOBODY)
    allow(app, "/me/password", write=SIGNED_IN)
    allow(app, "/me/recovery-codes", write=SIGNED_IN)


async def show(request: web.Request) -> web.Response:
    """``GET /me``."""
    return await _page(request)


async def here(_request: web.Request) -> web.Response:
    """``GET /me/here``: somebody types or reads at an open page (``box.js``); recognising them is all."""
    return web.Response(status=204)


async def change_password(request: web.Request) -> web.StreamResponse:
    """``POST /me/password``: the old one once, the new one twice; other browsers of this account are signed out."""
    office, entered, said = request.app[OFFICE], request[ENTERED], await request.post()
    old, now = str(said.get("old", ""))[:200], office.clock()
    try:
        new = twice(said)
        await request.app[PASSWORDS].run(
            lambda: acts.change_own_password(office.store, entered.account.id, old, new, entered.session.id_sha256, now)
        )
    except AccountRefused as error:
        return await _page(request, 422, trouble=refusal(error, now))
    return see_other("/me?said=password-changed")


async def give_codes(request: web.Request) -> web.StreamResponse:
    """``POST /me/recovery-codes``: ten new codes on a page to print; the old ones hold no longer."""
    office, account = request.app[OFFICE], request[ENTERED].account
    who = request[ENTERED].person
    printed = await asyncio.to_thread(acts.give_recovery_codes, office.store, account.id, who.by, office.clock())
    return await page(
        request, "codes.html", codes=printed, name=account.name, login=account.login, onward="/me", live_url=""
    )


async def _page(request: web.Request, state: int = 200, **facts: Any) -> web.Response:
    office, account = request.app[OFFICE], request[ENTERED].account

    def read(db: Any) -> tuple[int, list[Any]]:
        return rows.codes_left(db, account.id), rows.told(db, account.id)[-8:][::-1]

    left, history = await asyncio.to_thread(office.store.read, read)
    shared = {"trouble": "", "live_url": "", "least": SHORTEST_PASSWORD, "most": LONGEST_PASSWORD}
    return await page(
        request, "me.html", state, **shared | {"account": account, "left": left, "history": history} | facts
    )
