"""``/users``: the administrator's page of accounts: who may sign in, with which role; add, change, block, let in again.

Everything done here is told to the chain with the administrator's name, and stands on the account's own page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from appliance.accounts import acts, codes
from appliance.accounts.rules import AccountRefused, role_of
from appliance.store import accounts as rows
from appliance.store.standing import Role
from appliance.web.access import allow, only
from appliance.web.entrance import PASSWORDS, refusal
from appliance.web.office import OFFICE, Office
from appliance.web.people import ENTERED
from appliance.web.presenting import page, see_other

DEEDS = ("change", "block", "unblock", "password", "sign-out")


def prepare(app: web.Application) -> None:
    """The routes of this module and who may use them."""
    app.add_routes(
        [
            web.get("/users", show),
            web.post("/users", add),
            web.get("/users/{id}", show_one),
            web.post("/users/{id}/do/{deed}", act),
        ]
    )
    administrators = only(Role.ADMINISTRATOR)
    for path in ("/users", "/users/{id}", "/users/{id}/do/{deed}"):
        allow(app, path, read=administrators, write=administrators)


async def show(request: web.Request) -> web.Response:
    """``GET /users``."""
    return await _all(request)


async def add(request: web.Request) -> web.StreamResponse:
    """``POST /users``: a new account with a password that the box makes up, shown once."""
    office, said, by = request.app[OFFICE], await request.post(), request[ENTERED].person.by
    typed = {name: str(said.get(name, ""))[:100] for name in ("login", "name", "role")}
    password, now = codes.make_password(), office.clock()
    try:
        role = role_of(typed["role"])
        made = await request.app[PASSWORDS].run(
            lambda: acts.add(office.store, typed["login"], typed["name"], role, password, by, now)
        )
    except AccountRefused as error:
        return await _all(request, 422, trouble=refusal(error, now), typed=typed)
    return await _one(request, made.id, password=password)


async def show_one(request: web.Request) -> web.Response:
    """``GET /users/{id}``."""
    return await _one(request, request.match_info["id"])


async def act(request: web.Request) -> web.StreamResponse:
    """``POST /users/{id}/do/{deed}``: one of ``DEEDS``."""
    office, account_id, deed = request.app[OFFICE], request.match_info["id"], request.match_info["deed"]
    if deed not in DEEDS:
        raise web.HTTPNotFound
    said, by, now = await request.post(), request[ENTERED].person.by, office.clock()
    password = codes.make_password() if deed == "password" else ""
    try:
        await request.app[PASSWORDS].run(lambda: _do(office, account_id, deed, said, password, by))
    except AccountRefused as error:
        if error.code == "no-such-account":
            raise web.HTTPNotFound from None
        return await _one(request, account_id, 422, trouble=refusal(error, now))
    if password:
        return await _one(request, account_id, password=password)
    return see_other(f"/users/{account_id}?said=user-{deed}")


def _do(office: Office, account_id: str, deed: str, said: Mapping[str, Any], password: str, by: str) -> None:
    store, now = office.store, office.clock()
    if deed == "change":
        acts.change(store, account_id, str(said.get("name", "")), role_of(str(said.get("role", ""))), by, now)
    elif deed == "block":
        acts.block(store, account_id, by, now)
    elif deed == "unblock":
        acts.unblock(store, account_id, by, now)
    elif deed == "password":
        acts.set_password(store, account_id, password, by, now)
    else:
        acts.sign_out_everywhere(store, account_id, by, now)


async def _all(request: web.Request, state: int = 200, **facts: Any) -> web.Response:
    office = request.app[OFFICE]
    accounts, recent = await asyncio.to_thread(office.store.read, lambda db: (rows.listed(db), rows.recent(db)))
    shared = {"accounts": accounts, "recent": recent, "trouble": "", "typed": {}, "now": office.clock(), "live_url": ""}
    return await page(request, "users.html", state, **shared | facts)


async def _one(request: web.Request, account_id: str, state: int = 200, **facts: Any) -> web.Response:
    office = request.app[OFFICE]

    def read(db: Any) -> tuple[rows.Account | None, int, list[Any]]:
        return rows.find(db, account_id), rows.codes_left(db, account_id), rows.told(db, account_id)[-30:][::-1]

    account, left, history = await asyncio.to_thread(office.store.read, read)
    if account is None:
        raise web.HTTPNotFound
    shared = {"account": account, "left": left, "history": history, "trouble": "", "password": "", "live_url": ""}
    return await page(request, "user.html", state, **shared | {"now": office.clock()} | facts)
