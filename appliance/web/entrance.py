"""``/sign-in``, ``/sign-out``, ``/sign-in/recovery``, ``/first-run``: how people come in and go out.

Passwords are hashed on two threads of this module's own, and at most ``MOST_WAITING`` people wait for one: a flood of
tries must not take the threads that the pages need. Refuses to say whether a login name exists.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar

from aiohttp import web

from appliance.accounts import acts, entering
from appliance.accounts.rules import LONGEST_PASSWORD, SHORTEST_PASSWORD, AccountRefused
from appliance.store import accounts as rows
from appliance.web.access import EVERYBODY, SIGNED_IN, allow
from appliance.web.office import OFFICE, Office
from appliance.web.people import ENTERED
from appliance.web.presenting import clock_time, page, see_other
from appliance.wording import text_of

T = TypeVar("T")
MOST_WAITING = 20
_LONGEST_FIELD = 200


class Desk:
    """The two turns for work with passwords."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="web-password")
        self._waiting = 0

    async def run(self, work: Callable[[], T]) -> T:
        """Do ``work`` on one of the two threads.

        Raises:
            AccountRefused: ``sign-in-busy``: too many wait already.
        """
        if self._waiting >= MOST_WAITING:
            raise AccountRefused("sign-in-busy")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        """For the lifetime of the application (an aiohttp clean-up context)."""
        yield
        await asyncio.to_thread(self._threads.shutdown)


PASSWORDS = web.AppKey("the two turns for work with passwords", Desk)


def prepare(app: web.Application) -> None:
    """The routes of this module and who may use them."""
    app[PASSWORDS] = desk = Desk()
    app.cleanup_ctx.append(desk.running)
    app.add_routes(
        [
            web.get("/sign-in", form),
            web.post("/sign-in", receive),
            web.post("/sign-out", leave),
            web.get("/sign-in/recovery", recovery_form),
            web.post("/sign-in/recovery", recover),
            web.get("/first-run", first_form),
            web.post("/first-run", first_run),
        ]
    )
    for path in ("/sign-in", "/sign-in/recovery", "/first-run"):
        allow(app, path, read=EVERYBODY, write=EVERYBODY)
    allow(app, "/sign-out", write=SIGNED_IN)


async def form(request: web.Request) -> web.StreamResponse:
    """``GET /sign-in?next=``; who is signed in already goes on, and the very first comes to the first run."""
    onward = own_path(request.query.get("next", "/"))
    if ENTERED in request:
        return see_other(onward)
    if not await _accounts(request.app[OFFICE]):
        return see_other("/first-run")
    return await _sign_in_page(request, onward)


async def receive(request: web.Request) -> web.StreamResponse:
    """``POST /sign-in``: a good password becomes a session; anything else is said in words, on the same page."""
    office, said = request.app[OFFICE], await request.post()
    onward, login = own_path(_field(said, "next") or "/"), _field(said, "login")
    password, now, where = _field(said, "password"), office.clock(), address_of(request)
    try:
        session_id, account = await request.app[PASSWORDS].run(
            lambda: entering.sign_in(office.store, login, password, now, where)
        )
    except AccountRefused as error:
        return await _sign_in_page(request, onward, 422, login=login, trouble=refusal(error, now))
    if before := request.get(ENTERED):  # somebody else sits down at this browser
        await asyncio.to_thread(entering.sign_out, office.store, before.session, before.account, now)
    answer = see_other("/me" if account.must_change else onward)
    office.people.remember(answer, session_id)
    return answer


async def leave(request: web.Request) -> web.StreamResponse:
    """``POST /sign-out``."""
    office, entered = request.app[OFFICE], request[ENTERED]
    await asyncio.to_thread(entering.sign_out, office.store, entered.session, entered.account, office.clock())
    answer = see_other("/sign-in?said=signed-out")
    office.people.forget(answer)
    return answer


async def recovery_form(request: web.Request) -> web.StreamResponse:
    """``GET /sign-in/recovery``."""
    return await _page(request, "recovery.html", login=request.query.get("login", "")[:40])


async def recover(request: web.Request) -> web.StreamResponse:
    """``POST /sign-in/recovery``: a printed code and a new password become a session."""
    office, said = request.app[OFFICE], await request.post()
    login, code, now, where = _field(said, "login"), _field(said, "code"), office.clock(), address_of(request)
    try:
        password = twice(said)
        session_id, _account = await request.app[PASSWORDS].run(
            lambda: entering.recover(office.store, login, code, password, now, where)
        )
    except AccountRefused as error:
        return await _page(request, "recovery.html", 422, login=login, trouble=refusal(error, now))
    answer = see_other("/me?said=recovered")
    office.people.remember(answer, session_id)
    return answer


async def first_form(request: web.Request) -> web.StreamResponse:
    """``GET /first-run``: only while there is no account."""
    if await _accounts(request.app[OFFICE]):
        return see_other("/sign-in")
    return await _page(request, "first_run.html", login="", name="")


async def first_run(request: web.Request) -> web.StreamResponse:
    """``POST /first-run``: the code becomes the first administrator, signed in, with their recovery codes to print."""
    office, said, now = request.app[OFFICE], await request.post(), request.app[OFFICE].clock()
    code, login, name, where = _field(said, "code"), _field(said, "login"), _field(said, "name"), address_of(request)

    def begin(password: str) -> tuple[str, tuple[str, ...]]:
        _made, printed = acts.begin(office.store, code, login, name, password, now)
        session_id, _account = entering.sign_in(office.store, login, password, now, where)
        return session_id, printed

    try:
        password = twice(said)
        session_id, printed = await request.app[PASSWORDS].run(lambda: begin(password))
    except AccountRefused as error:
        return await _page(request, "first_run.html", 422, login=login, name=name, trouble=refusal(error, now))
    answer = await page(request, "codes.html", codes=printed, name=name, login=login, onward="/setup", live_url="")
    office.people.remember(answer, session_id)
    return answer


def own_path(path: str) -> str:
    """``path`` when it stays on this box, else the first page."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path.partition("?")[0] if plain and "\\" not in path else "/"


def twice(said: Mapping[str, Any]) -> str:
    """A new password, typed twice. Raises: AccountRefused (``password-differs``)."""
    if (password := _field(said, "password")) != _field(said, "again"):
        raise AccountRefused("password-differs")
    return password


def refusal(error: AccountRefused, now: datetime) -> str:
    """What was refused, in a sentence with times as people say them: to the minute, and never too early."""
    params = {
        name: clock_time(value + timedelta(seconds=59), now) if isinstance(value, datetime) else value
        for name, value in error.params.items()
    }
    return text_of(error.code, **params)


def address_of(request: web.Request) -> str:
    """The address that a request came from, for the history."""
    return request.remote or "-"


def _field(said: Mapping[str, Any], name: str) -> str:
    return str(said.get(name, ""))[:_LONGEST_FIELD]


async def _accounts(office: Office) -> int:
    return await asyncio.to_thread(office.store.read, rows.count)


async def _sign_in_page(request: web.Request, onward: str, state: int = 200, **facts: Any) -> web.Response:
    return await _page(request, "sign_in.html", state, **{"next": onward, "login": "", **facts})


async def _page(request: web.Request, template: str, state: int = 200, **facts: Any) -> web.Response:
    shared = {"trouble": "", "live_url": "", "least": SHORTEST_PASSWORD, "most": LONGEST_PASSWORD}
    return await page(request, template, state, **shared | facts)
