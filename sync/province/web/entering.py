"""The door: signing in and out, and one's own password.

Owns the two forms. One password is tried at a time, off the event loop: whoever sends a hundred at once finds the lock
after the fifth like anybody else.
"""

from __future__ import annotations

import asyncio
import time

from aiohttp import web

from sync.province.people import passwords
from sync.province.people.entering import Entered, enter
from sync.province.people.rules import LONGEST, LONGEST_SECONDS, SHORTEST, password_fault, password_of
from sync.province.web.access import Answer, cookie_name, may_type_password, secure
from sync.province.web.keys import DOOR, PEOPLE, SESSION
from sync.province.web.page import rendered


def _door(request: web.Request, code: str = "", until: float = 0.0, name: str = "", state: int = 200) -> web.Response:
    facts = {
        "code": code,
        "until": until,
        "name": name,
        "open": may_type_password(request),
        "nobody": not request.app[PEOPLE].every(),
    }
    return rendered(request, "sign-in.html", facts, state)


async def door(request: web.Request) -> web.StreamResponse:
    """`GET /sign-in`."""
    if SESSION in request:
        raise web.HTTPSeeOther("/")
    return _door(request)


async def sign_in(request: web.Request) -> web.StreamResponse:
    """`POST /sign-in`."""
    if not may_type_password(request):
        return _door(request, state=403)
    form = await request.post()
    name, password = str(form.get("name", ""))[:100], str(form.get("password", ""))[: LONGEST + 1]
    people = request.app[PEOPLE]
    async with request.app[DOOR]:
        found = await asyncio.to_thread(enter, people, name, password, time.time())
    if not isinstance(found, Entered):
        return _door(request, found.code, found.until, name, 429 if found.code == "locked" else 401)
    response = web.HTTPSeeOther("/")
    response.set_cookie(
        cookie_name(request), found.secret, max_age=int(LONGEST_SECONDS), httponly=True, secure=secure(request),
        samesite="Strict", path="/",
    )  # fmt: skip
    raise response


async def sign_out(request: web.Request) -> web.StreamResponse:
    """`POST /sign-out`."""
    await asyncio.to_thread(request.app[PEOPLE].end, request.cookies[cookie_name(request)])
    response = web.HTTPSeeOther("/sign-in")
    response.del_cookie(cookie_name(request), path="/", secure=secure(request), httponly=True, samesite="Strict")
    raise response


def _own(request: web.Request, code: str = "", state: int = 200) -> web.Response:
    return rendered(request, "password.html", {"code": code, "least": SHORTEST, "most": LONGEST}, state)


async def own_password(request: web.Request) -> web.StreamResponse:
    """`GET /password`."""
    return _own(request)


async def change_password(request: web.Request) -> web.StreamResponse:
    """`POST /password`: the old one, and the new one twice. Every session of the person ends, this one too."""
    form, person = await request.post(), request[SESSION].person
    old, new, again = (str(form.get(field, ""))[: LONGEST + 1] for field in ("old", "new", "again"))
    if new != again:
        return _own(request, "not-the-same", 422)
    if fault := password_fault(password_of(new), person.name):
        return _own(request, fault, 422)
    people, now = request.app[PEOPLE], time.time()
    async with request.app[DOOR]:
        # Through the same door as anybody: guessing at an unattended screen is slowed down alike.
        found = await asyncio.to_thread(enter, people, person.name, old, now)
        if not isinstance(found, Entered):
            return _own(request, found.code, 429 if found.code == "locked" else 401)
        kept = await asyncio.to_thread(passwords.hashed, password_of(new))
        await asyncio.to_thread(people.set_password, person.name, kept, now)
    people.note_deed(person.name, "password-changed", person.name, "", now)
    raise web.HTTPSeeOther("/sign-in")


HANDLED: dict[tuple[str, str], Answer] = {
    ("GET", "/sign-in"): door,
    ("POST", "/sign-in"): sign_in,
    ("POST", "/sign-out"): sign_out,
    ("GET", "/password"): own_password,
    ("POST", "/password"): change_password,
}
